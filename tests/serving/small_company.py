"""A small company: four deals in a real history, and models whose answers can be worked out by hand."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.catalog import fingerprint, select
from features.contracts import Known
from features.definition import Feature
from features.evaluate import Category, Values
from features.history import Delivery, History
from features.staff import Staff
from serving.champion import Sources
from serving.settings import ServingSettings

NOW = datetime(2026, 11, 21, 9, 30)
UNTIL = datetime(2026, 11, 1)
FEATURES = select("deal_amount", "deal_stage")


def log_odds(p: float) -> float:
    return math.log(p / (1 - p))


@dataclass(frozen=True)
class SmallReason:
    feature: str
    value: float | str | None
    effect: float
    text: str


@dataclass(frozen=True)
class SmallScore:
    probability: float | None
    low: float | None
    high: float | None
    by_days: Mapping[float, float]
    close_after_days: float | None
    amount: float | None
    reasons: Sequence[SmallReason]
    note: str | None
    around_days: Mapping[float, tuple[float, float]]


@dataclass(frozen=True)
class SmallChampion:
    """Log-odds of 0.4, one more for each ten times 1,000 of amount, `bonus` for the stage Proposal."""

    version: str
    bonus: float = 0.5
    until: datetime = UNTIL
    model: str = "win"
    rung: str = "model"
    features: tuple[Feature, ...] = FEATURES
    fingerprint: str = fingerprint(FEATURES)
    base_rate: float | None = 0.4
    meta: Mapping[str, object] = field(
        default_factory=lambda: {"says": "The model beats the base rate.", "scorecard": {"log_loss": 0.5}}
    )

    def answer(
        self, row: Mapping[str, float | str | None], horizons: Sequence[float], language: str = "en", most: int = 5
    ) -> SmallScore:
        stage = row.get("deal_stage")
        amount = float(row.get("deal_amount") or 1000)
        raises = "raises" if language == "en" else "提高"
        effects = {"deal_amount": math.log10(amount / 1000), "deal_stage": self.bonus * (stage == "Proposal")}
        shown = {"deal_amount": amount, "deal_stage": stage}
        p = 1 / (1 + math.exp(-log_odds(0.4) - sum(effects.values())))
        reasons = [SmallReason(name, shown[name], effect, raises) for name, effect in effects.items() if effect]
        by_days = {days: p * (1 - math.exp(-days / 50)) for days in horizons}
        around = {days: (chance * 0.9, min(chance * 1.1, 1)) for days, chance in by_days.items()}
        return SmallScore(p, p * 0.9, min(p * 1.1, 1), by_days, 40.0, amount, reasons[:most], None, around)


CUSTOMER_FEATURES = select("customer_days_since_purchase", "customer_last_activity", entity="customer")


@dataclass(frozen=True)
class SmallLeaving:
    kind: str
    probability: float
    low: float
    high: float
    by_days: Mapping[float, float]
    orders: float | None
    value_at_risk: float | None
    reasons: Sequence[SmallReason]
    note: str | None


@dataclass(frozen=True)
class SmallLeaver:
    """Of a hundred customers silent for d days, d leave within 30 days; fewer earlier, more later."""

    version: str
    until: datetime = UNTIL
    model: str = "churn"
    rung: str = "pooled rate"
    features: tuple[Feature, ...] = CUSTOMER_FEATURES
    fingerprint: str = fingerprint(CUSTOMER_FEATURES)
    meta: Mapping[str, object] = field(default_factory=dict)

    def answer(
        self,
        row: Mapping[str, float | str | None],
        horizons: Sequence[float],
        language: str,
        most: int,
        as_of: datetime,
    ) -> SmallLeaving:
        assert as_of >= self.until
        silent = float(row.get("customer_days_since_purchase") or 0)
        by_days = {days: 1 - (1 - min(silent / 100, 0.9)) ** (days / 30) for days in horizons}
        p = by_days[horizons[0]]
        said = "silent" if language == "en" else "沉默"
        reasons = [SmallReason("customer_days_since_purchase", silent, silent / 100, said)]
        return SmallLeaving("orders", p, p * 0.9, min(p * 1.1, 1), by_days, 2.0, 100 * p, reasons[:most], None)


@dataclass(eq=False)
class SmallRecords:
    """Deals of a history, found by DuckDB once."""

    deals: dict[str, dict[str, object]]
    data_as_of: datetime = datetime(2026, 11, 21, 8)

    def has(self, deal_id: str) -> bool:
        return deal_id in self.deals

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        deal = self.deals[deal_id]
        closed = deal["closed_at"]
        return deal["created_at"] < as_of and (closed is None or as_of <= closed)  # type: ignore[operator]

    def values(self, deal_ids: Sequence[str], as_of: datetime, entity: str = "deal") -> dict[str, Values]:
        if entity == "customer":
            return self._silent([{"C-1": 10.0, "C-2": 50.0}[one] for one in deal_ids])
        return self._columns([self.deals[deal_id] for deal_id in deal_ids])

    def values_of_records(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> dict[str, Values]:
        return self._columns([{**self.deals.get(str(one.get("deal_id")), {}), **one} for one in records])

    def record(self, deal_id: str) -> dict[str, object]:
        return self.deals[deal_id]

    def rep_of(self, deal_id: str) -> str | None:
        return None

    def has_customer(self, customer_id: str) -> bool:
        return customer_id in ("C-1", "C-2", "C-gone")

    def is_active(self, customer_id: str, as_of: datetime) -> bool:
        return customer_id != "C-gone"

    def customer_record(self, customer_id: str) -> dict[str, object]:
        return {"customer_id": customer_id}

    def reps_of_customer(self, customer_id: str) -> frozenset[str]:
        return frozenset()

    def values_of_customers(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> dict[str, Values]:
        return self._silent([80.0 if one.get("segment") == "quiet" else 10.0 for one in records])

    @staticmethod
    def _silent(days: Sequence[float]) -> dict[str, Values]:
        nothing = Category(np.full(len(days), -1), np.array([], dtype=object))
        return {"customer_days_since_purchase": np.array(days), "customer_last_activity": nothing}

    def staff(self) -> Staff:
        return Staff()

    @staticmethod
    def _columns(deals: Sequence[Mapping[str, object]]) -> dict[str, Values]:
        stages = [deal.get("stage") for deal in deals]
        levels = np.array(sorted({str(stage) for stage in stages if stage is not None}), dtype=object)
        places = {level: place for place, level in enumerate(levels)}
        codes = np.array([-1 if stage is None else places[str(stage)] for stage in stages], np.int64)
        amounts = np.array([float(deal.get("amount") or 1000) for deal in deals])  # type: ignore[arg-type]
        return {"deal_amount": amounts, "deal_stage": Category(codes, levels)}


def small_records(history: History, features: tuple[Feature, ...]) -> SmallRecords:
    """The deals' latest rows."""
    with history.connect() as con:
        rows = con.execute(
            "SELECT deal_id, created_at, closed_at, amount, stage, status FROM "
            f"({history.sql_latest('deals')}) ORDER BY deal_id"
        ).fetchall()
    names = ("deal_id", "created_at", "closed_at", "amount", "stage", "status")
    return SmallRecords({row[0]: dict(zip(names, row, strict=True)) for row in rows})


def pointer(home: Path, model: str) -> Path:
    return home / "champions" / f"{model}.json"


def find(home: Path, model: str) -> Path | None:
    if not pointer(home, model).exists():
        return None
    return home / "champions" / json.loads(pointer(home, model).read_text())["folder"]


def load(folder: Path) -> SmallChampion | SmallLeaver:
    stored = json.loads((folder / "bundle.json").read_text())
    if "churn" in str(folder.relative_to(folder.parents[1])):
        return SmallLeaver(stored["version"], datetime.fromisoformat(stored["until"]), meta=stored.get("meta", {}))
    return SmallChampion(stored["version"], stored["bonus"], datetime.fromisoformat(stored["until"]))


def words(folder: Path) -> dict[str, frozenset[str]]:
    return {} if folder.name.startswith("churn") else {"deal_stage": frozenset({"Proposal", "Contact", "Won"})}


SMALL = Sources(find=find, watched=pointer, load=load, remember=small_records, words=words)

DEALS = (
    ("D-1", datetime(2026, 10, 1), None, 1000, "Proposal", "open"),
    ("D-2", datetime(2026, 10, 2), None, 10000, "Contact", "open"),
    ("D-3", datetime(2026, 9, 1), datetime(2026, 11, 10), 5000, "Won", "won"),
    ("单/4", datetime(2026, 11, 1), None, 100, None, "open"),
)


def deliver(home: Path, deals: Sequence[tuple[object, ...]], taken_at: datetime = NOW) -> None:
    """Put deals on record."""
    types = {
        "deal_id": pa.string(),
        "created_at": pa.timestamp("us"),
        "closed_at": pa.timestamp("us"),
        "amount": pa.decimal128(18, 4),
        "stage": pa.string(),
        "status": pa.string(),
    }
    columns = zip(types.items(), zip(*deals, strict=True), strict=True)
    table = pa.table({name: pa.array(list(values), kind) for (name, kind), values in columns})
    home.mkdir(parents=True, exist_ok=True)
    file = home / "delivery.parquet"
    pq.write_table(table, file)
    known = {"deals": {"amount": Known.AT_CREATION, "stage": Known.AT_CREATION}}
    History.open(home).append(Delivery({"deals": file}, known, "Asia/Shanghai", "CNY", "test", taken_at))
    file.unlink()


def promote(
    home: Path,
    version: str,
    bonus: float = 0.5,
    until: datetime = UNTIL,
    content: str | None = None,
    model: str = "win",
) -> None:
    """Make a model the champion the way promotion does: the bundle first, then the pointer at once.

    The `model` may also be `win.shadow`: then it is put into the champion's shadow.
    """
    folder = home / "champions" / f"{model}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"version": version, "bonus": bonus, "until": until.isoformat()}
    (folder / "bundle.json").write_text(content or json.dumps(stored))
    draft = pointer(home, model).with_suffix(".tmp")
    draft.write_text(json.dumps({"version": version, "folder": folder.name}))
    draft.replace(pointer(home, model))


def found(home: Path) -> ServingSettings:
    """Put a history and a champion into a home; settings for it with which nothing is waited for."""
    deliver(home, DEALS)
    promote(home, "7")
    return ServingSettings(home=home, key_recheck="00:00:00")  # type: ignore[arg-type]
