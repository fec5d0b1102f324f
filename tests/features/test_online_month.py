"""A month of an invented company, told to a memory row by row: the batch's features after every row."""

import random
import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts import DELETED, STORED_AS, TABLES, Known
from features.history import Delivery, History
from features.online import Memory
from simulation.company import CompanySettings
from simulation.writing import write_company
from tests.features.memory_and_batch import Row, computed, differing, features_of, told

JUST_AFTER = timedelta(microseconds=1)
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Recorded:
    """A row, and when it was recorded; None for ever."""

    at: datetime | None
    table: str
    row: Row


def as_recorded(folder: Path) -> list[Recorded]:
    """The company's rows as its CRM recorded them: what closes later is told again when it does."""
    found: list[Recorded] = []
    for path in sorted(folder.glob("*.parquet")):
        table, keys = path.stem, set()
        for row in pq.read_table(path).to_pylist():
            key = tuple(row[column] for column in TABLES[table].key)
            if key not in keys and None not in key:
                keys.add(key)
                recorded = row.pop("recorded_at", None)
                own = {c if TABLES[table].column(c) else f"attr_{c}": value for c, value in row.items()}
                found += _versions(table, own, recorded)
    return found


def _versions(table: str, row: Row, recorded: datetime | None) -> list[Recorded]:
    if table == "deals":
        return _twice(table, row, "created_at", "closed_at", {"status": "open", "lost_reason": None})
    if table == "tickets":
        return _twice(table, row, "opened_at", "closed_at", {"satisfaction": None})
    if table == "subscriptions":
        return _twice(table, row, "started_on", "cancelled_on", {})
    happened = {"fx_rates": "valid_on"}.get(table, TABLES[table].happened)
    own = None if happened is None else _moment(row[happened])
    return [Recorded(own if recorded is None or own is None else max(own, recorded), table, row)]


def _twice(table: str, row: Row, begins: str, ends: str, before: Row) -> list[Recorded]:
    begun, ended = _moment(row[begins]), _moment(row[ends])
    if begun is None or (ended is not None and ended < begun) or row.get("status") not in (None, "open", "won", "lost"):
        return []
    first = Recorded(begun, table, {**row, ends: None, **before})
    return [first] if ended is None else [first, Recorded(ended, table, row)]


def _moment(told: object) -> datetime | None:
    if isinstance(told, datetime) or told is None:
        return told
    assert isinstance(told, date)
    return datetime.combine(told, time(), ZONE).astimezone(UTC).replace(tzinfo=None)


def corrections(rows: list[Recorded], start: datetime, days: int, chance: random.Random) -> list[Recorded]:
    """What is told again in a month: mistakes mended, deals opened again or deleted, customers described anew."""
    found = []
    changes: dict[str, tuple[int, Row]] = {
        "activities": (8, {"outcome": "corrected", "duration_minutes": 11.0}),
        "orders": (3, {"quantity": 3.0}),
        "customers": (8, {"segment": "strategic", "tier": "A"}),
        "contacts": (3, {"is_decision_maker": True}),
        "products": (2, {"family": "Other"}),
    }
    for table, (number, change) in changes.items():
        known = [one for one in rows if one.table == table and (one.at is None or one.at < start)]
        for n, one in enumerate(chance.sample(known, number)):
            at = start + timedelta(seconds=chance.randrange(86_400 * days), microseconds=n + 1)
            found.append(Recorded(at, table, {**one.row, **change}))
    closed = [one for one in rows if one.table == "deals" and one.row["status"] != "open" and one.at and one.at < start]
    for n, one in enumerate(chance.sample(closed, 5)):
        at = start + timedelta(seconds=chance.randrange(86_400 * days), microseconds=n + 100)
        if n < 3:
            found.append(Recorded(at, "deals", {**one.row, "status": "open", "closed_at": None}))
        else:
            found.append(Recorded(at, "deals", {"deal_id": one.row["deal_id"], DELETED.name: at}))
    return found


def deliver(history: History, rows: list[Recorded], folder: Path, taken: datetime) -> None:
    """Import rows as they were recorded: no key twice in one delivery."""
    rounds: list[tuple[set[object], list[Recorded]]] = []
    for one in rows:
        key = (one.table, *(str(one.row.get(column)) for column in TABLES[one.table].key))
        place = next((r for r in rounds if key not in r[0]), None)
        if place is None:
            place = (set(), [])
            rounds.append(place)
        place[0].add(key)
        place[1].append(one)
    known = {"deals": {"competitor": Known.AT_CREATION, "budget_confirmed": Known.AT_CREATION}}
    for number, (_, chosen) in enumerate(rounds):
        files: dict[str, Path] = {}
        tables: dict[str, list[Row]] = defaultdict(list)
        for one in chosen:
            tables[one.table].append({**one.row, "recorded_at": one.at})
        for table, told_rows in tables.items():
            path = folder / f"{number}-{table}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            columns = dict.fromkeys(column for row in told_rows for column in row)
            kinds = {c: STORED_AS[found.kind] if (found := TABLES[table].column(c)) else pa.string() for c in columns}
            pq.write_table(pa.table({c: pa.array([r.get(c) for r in told_rows], kinds[c]) for c in columns}), path)
            files[table] = path
        history.append(Delivery(files, known, "Asia/Shanghai", "CNY", "the company", taken))


def test_a_month_told_row_by_row_is_the_batch_after_every_row(tmp_path):
    chance, settings = random.Random(4), CompanySettings(deals=260)
    write_company(settings, tmp_path / "files")
    rows = as_recorded(tmp_path / "files")
    end = datetime.combine(settings.end, time()) - timedelta(days=20)
    start = end - timedelta(days=30)
    month = [one for one in rows if one.at is not None and start < one.at < end]
    month += corrections(rows, start, 30, chance)
    month.sort(key=lambda one: (one.at, chance.random()))  # of what was recorded together, anything may come first
    history = History.open(tmp_path / "home")
    deliver(history, [one for one in rows if one.at is None or one.at <= start], tmp_path / "before", start)
    shutil.copytree(tmp_path / "home", tmp_path / "full")
    full = History.existing(tmp_path / "full")
    deliver(full, month, tmp_path / "after", end)

    features = features_of(history)
    memory = Memory(history, features)
    owner = {str(one.row["deal_id"]): str(one.row.get("customer_id")) for one in rows if one.table == "deals"}
    names = {"deal": sorted(owner), "customer": sorted({c for c in owner.values() if c != "None"})}
    asked: dict[str, list[tuple[str, datetime]]] = {"deal": [], "customer": []}
    answers: dict[str, list[Row]] = {"deal": [], "customer": []}
    step = 0
    while month:
        at = month[0].at
        assert at is not None
        touched = {entity: {every[step * 7 % len(every)]} for entity, every in names.items()}
        while month and month[0].at == at:
            one = month.pop(0)
            memory.absorb(one.table, one.row, at)
            deal, customer = one.row.get("deal_id"), one.row.get("customer_id")
            touched["deal"] |= {str(deal)} if deal else set()
            touched["customer"] |= {str(c) for c in (customer, owner.get(str(deal))) if c}
        for entity, ids in touched.items():
            asked[entity] += [(name, at + JUST_AFTER) for name in sorted(ids)]
            answers[entity] += told(memory, sorted(ids), at + JUST_AFTER, entity)
        step += 1

    assert step > 300
    for entity, moments in asked.items():
        expected = computed(full, features, moments, entity)
        for (name, at), one, other in zip(moments, answers[entity], expected, strict=True):
            assert differing(one, other) == {}, (entity, name, at)
    assert memory.data_as_of == max(at for _, at in asked["deal"]) - JUST_AFTER
