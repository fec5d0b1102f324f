"""Data sets whose truth is known, and one small invented company, imported and trained on once."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.as_of import DAY
from features.contracts import STORED_AS, TABLES
from features.definition import Feature
from features.history import Delivery, History
from features.importing import import_folder
from features.kernel import MISSING
from features.open_deals import open_deals
from simulation.company import CompanySettings
from simulation.writing import write_company
from training.amounts import Amounts
from training.bundle import Bundle
from training.dataset import Dataset
from training.intervals import spread_of_rate
from training.recipe import train_win
from training.rivals import Rival
from training.rivals.base_rate import BaseRate
from training.rivals.rival import probabilities
from training.timing import Timing
from training.win_candidate import WinCandidate

START = int(np.datetime64("2024-01-01", "us").astype(np.int64))


@dataclass(frozen=True)
class Invented:
    """Deals with a constant daily chance to be won and to be lost, looked at at some ages while open.

    `p` is the true probability of each row; it depends on the deal's `sign` alone.
    """

    dataset: Dataset
    p: np.ndarray  # type: ignore[type-arg]


def invent(
    deals: int,
    seed: int,
    *,
    days: float = 400,
    mean_days: float = 30,
    strength: float = 1.5,
    won_slower: float = 1.0,
    ages: tuple[float, ...] = (0, 7, 30),
    extra: Callable[[np.random.Generator, np.ndarray], dict[str, np.ndarray]] | None = None,  # type: ignore[type-arg]
) -> Invented:
    """Deals begun at random within `days`; what is not decided by then is undecided.

    Log-odds of the win are `strength` times a standard normal `sign`; open for an exponential time of
    `mean_days` on average, deals that will be won for `won_slower` times as long as those that will be lost.
    """
    random = np.random.default_rng(seed)
    start = np.sort(random.uniform(0, days, deals))
    sign = random.normal(size=deals)
    chance = probabilities(strength * sign)
    won = random.random(deals) < chance
    length = random.exponential(mean_days, deals) * np.where(won, won_slower, 1.0)
    deal, age = np.repeat(np.arange(deals), len(ages)), np.tile(np.array(ages, float), deals)
    seen = (length[deal] > age) & (start[deal] + age < days)
    deal, age = deal[seen], age[seen]
    columns = {"sign": sign[deal], "deal_stage": np.where(age == 0, "New", "Talks").astype(object)}
    columns |= extra(random, deal) if extra else {}
    at = START + np.round((start[deal] + age) * DAY).astype(np.int64)
    closed = START + np.round((start + length) * DAY).astype(np.int64)[deal]
    end = START + round(days * DAY)
    everything = Dataset(
        x=pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()}),
        outcome=won[deal].astype(float),
        decided_after=(closed - at) / DAY,
        followed_for=(end - at) / DAY,
        weight=np.zeros(len(deal)),
        subject=np.array([f"d{one:05d}" for one in deal], object),
        as_of=at.astype("datetime64[us]"),
        age=age,
        closed_known=np.where(closed < end, closed, MISSING),
        seen_until=end,
    )
    # The chance is that of a deal still open: slower wins make old deals better than young ones.
    stay_won = np.exp(-age / (mean_days * won_slower))
    stay_lost = np.exp(-age / mean_days)
    p = chance[deal] * stay_won / (chance[deal] * stay_won + (1 - chance[deal]) * stay_lost)
    return Invented(everything.between(np.iinfo(np.int64).min, end, end), p)


@dataclass(frozen=True)
class Company:
    """A small invented company: its exported files, its home, and when its history ends (naive UTC)."""

    folder: Path
    home: Path
    end: datetime

    @property
    def history(self) -> History:
        return History.existing(self.home)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """400 deals on record; tests that import more copy the home first."""
    folder = tmp_path_factory.mktemp("company")
    settings = CompanySettings(deals=400)
    write_company(settings, folder / "files")
    end = datetime.combine(settings.end, datetime.min.time())
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", end)
    return Company(folder / "files", folder / "home", end)


@pytest.fixture(scope="session")
def candidate(company: Company) -> WinCandidate:
    """What training on the company gives."""
    return train_win(company.history, company.end)


@pytest.fixture(scope="session")
def invented() -> Callable[..., Invented]:
    """The maker of data sets whose truth is known."""
    return invent


@pytest.fixture(scope="session")
def bundle_of() -> Callable[..., Bundle]:
    """A maker of bundles around an estimate fitted on a data set."""

    def make(estimate: Rival | None, dataset: Dataset, features: tuple[Feature, ...] = ()) -> Bundle:
        return Bundle(
            "win",
            "candidate",
            "model",
            datetime(2025, 1, 1),
            features,
            estimate,
            BaseRate().fit(dataset).rate,
            spread_of_rate(0.4, 100),
            Timing.fit(dataset),
            Amounts(None, None, {}),
            {"says": "told by a test"},
        )

    return make


@pytest.fixture
def rewritten(company: Company) -> Callable[[datetime, Path], History]:
    """The company's history after a later delivery that changes all it can of what was open at a moment."""

    def make(as_of: datetime, folder: Path) -> History:
        home = folder / "home"
        shutil.copytree(company.home, home)
        history, later = company.history, company.end + timedelta(days=30)
        ids = open_deals(history, as_of).ids.tolist()
        with history.connect() as con:
            created = con.execute(
                f"SELECT deal_id, created_at FROM ({history.sql_latest('deals')}) WHERE deal_id IN (SELECT unnest(?))",
                [ids],
            ).fetchall()
            customers = con.execute(f"SELECT customer_id FROM ({history.sql_latest('customers')})").fetchall()
        other = {"customer_id": "C-other", "product_id": "P-other", "source": "rewritten"}
        deals = [
            # All are described anew; the first has closed.
            {"deal_id": deal, "created_at": at, **other, "status": "open", "closed_at": None}
            | ({"status": "won", "closed_at": later} if deal == ids[0] else {})
            for deal, at in created
        ]
        deals.append({**deals[-1], "deal_id": "brand new", "created_at": later, "status": "open", "closed_at": None})
        told = {"stage": "Negotiation", "amount": "1", "rep_id": "R-other", "status": "lost"}
        changes = [
            {"deal_id": deal, "field": field, "changed_at": as_of + timedelta(days=1), "new_value": value}
            for deal in ids[1:]
            for field, value in told.items()
        ]
        # Written down later, of a time before the moment.
        calls = [
            {"activity_id": f"late {deal}", "deal_id": deal, "type": "call", "happened_at": as_of - timedelta(days=2)}
            | {"recorded_at": later}
            for deal in ids
        ]
        orders = [
            {"order_id": f"later {one}", "customer_id": one, "ordered_at": as_of, "amount": Decimal("9.0000")}
            for (one,) in customers
        ]
        described = [{"customer_id": one, "industry": "changed", "size": "changed"} for (one,) in customers]
        rates = [{"currency": "USD", "valid_on": later.date(), "rate": 70.0}]
        tables = {"deals": deals, "deal_changes": changes, "activities": calls, "orders": orders}
        tables |= {"customers": described, "fx_rates": rates}
        files = {table: _written(folder, table, rows) for table, rows in tables.items()}
        after = History.existing(home)
        after.append(Delivery(files, {}, "Asia/Shanghai", "CNY", "later", later))
        return after

    return make


def _written(folder: Path, table: str, rows: Sequence[Mapping[str, object]]) -> Path:
    kinds = {name: found.kind for name in rows[0] if (found := TABLES[table].column(name))}
    columns = {name: pa.array([row[name] for row in rows], STORED_AS[kind]) for name, kind in kinds.items()}
    pq.write_table(pa.table(columns), folder / f"{table}.parquet")
    return folder / f"{table}.parquet"
