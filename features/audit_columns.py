"""What does each column say of each deal, using only what was on record before a moment?"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.as_of import micros
from features.contracts import ATTRIBUTE_PREFIX, SNAPSHOT, TABLES, Kind, Known
from features.history import History
from features.leak_tests import Flags, Floats, Ints
from features.quoting import name, text
from features.stream_sql import change_events, known_since, status_events

MOST_DEALS = 200_000
"""Deals tested; of more, a sample that depends on their identifiers alone."""

UNTESTED = frozenset({"deal_id", "status", "created_at", "closed_at", "lost_reason", "recorded_at"})
"""Columns that are the outcome, or identify the row."""

DATES = (Kind.DAY, Kind.MOMENT)
NUMBERS = (Kind.MONEY, Kind.NUMBER, Kind.INTEGER, Kind.SHARE)


@dataclass(frozen=True)
class Deals:
    """The deals created before a moment, in the order of their identifiers. Times in microseconds.

    `won` and `closed` are as known before the moment; `closed_at` is 0 for a deal still open.
    """

    ids: NDArray[np.object_]
    created_at: Ints
    closed_at: Ints
    closed: Flags
    won: Flags

    def __len__(self) -> int:
        return len(self.created_at)

    @property
    def days_to_close(self) -> Floats:
        """The length of each closed deal, in days."""
        return np.asarray((self.closed_at - self.created_at)[self.closed] / 86_400e6)


@dataclass(frozen=True)
class Tested:
    """One column's values for all deals: numbers (NaN missing), or codes of texts (-1 missing).

    A date is a number: days after the deal's creation. `when` says of what moment the values are. `asked`
    marks the deals that could have a value (those with a customer, for a customer's column); None is all.
    """

    table: str
    column: str
    known: Known
    when: str
    values: Floats | Ints
    levels: NDArray[np.object_] | None = None
    is_date: bool = False
    asked: Flags | None = None

    @property
    def numbers(self) -> Floats | None:
        """The values as numbers; None for texts."""
        return np.asarray(self.values, np.float64) if self.levels is None else None

    @property
    def given(self) -> Flags:
        """Whether each deal has a value."""
        return ~np.isnan(self.values) if self.levels is None else np.asarray(self.values >= 0)

    @property
    def usable(self) -> bool:
        """Whether models look at the column as it is declared."""
        return self.known in (Known.AT_CREATION, Known.TRACKED)


def load_deals(history: History, until: datetime) -> Deals:
    """The deals on record before `until` (naive UTC), with what had become of them."""
    moment = micros(until)
    with history.connect() as con:
        rows = con.sql(
            f"WITH first AS (SELECT deal_id, epoch_us(created_at) AS created, {known_since('deals')} AS known "
            f"FROM ({history.sql_versions('deals')}) WHERE version = 0), "
            f"stood AS (SELECT DISTINCT deal_id FROM ({history.sql_versions('deals')}) "
            f"WHERE retired_at IS NULL OR epoch_us(retired_at) >= {moment}), "
            "ended AS (SELECT deal_id, status, happened "
            f"FROM ({status_events(history)}) WHERE known < {moment} QUALIFY row_number() OVER "
            "(PARTITION BY deal_id ORDER BY known DESC, happened DESC, status) = 1), "
            "chosen AS (SELECT f.deal_id, created, coalesce(status, 'open') AS status, "
            "coalesce(happened, 0) AS happened "
            "FROM first f SEMI JOIN stood USING (deal_id) LEFT JOIN ended e ON e.deal_id = f.deal_id "
            f"WHERE f.known < {moment} "
            f"ORDER BY md5(f.deal_id) LIMIT {MOST_DEALS}) SELECT * FROM chosen ORDER BY deal_id"
        ).to_arrow_table()
    status = np.asarray(rows["status"].to_numpy(zero_copy_only=False), object)
    closed = status != "open"
    ended = np.where(closed, rows["happened"].to_numpy(), 0).astype(np.int64)
    ids = np.asarray(rows["deal_id"].to_numpy(zero_copy_only=False), object)
    return Deals(ids, rows["created"].to_numpy().astype(np.int64), ended, closed, status == "won")


def deal_columns(history: History, deals: Deals, until: datetime) -> list[Tested]:
    """Every column and attribute of deals that says something, as it was first on record, or as of now.

    What is declared at_creation is read from the row's first version: that is what a model would see. What
    is not to be used is read from the latest.
    """
    changed = tracked_fields(history, until)
    names = [c for c in history.columns("deals") if c not in UNTESTED]
    known = {c: history.known("deals", c.removeprefix(ATTRIBUTE_PREFIX)) for c in names}
    # Tracked by changes that were recorded later: as of the moment there was only the row.
    known |= {c: Known.CURRENT for c in names if known[c] is Known.TRACKED and c not in changed}
    first = [c for c in names if known[c] is Known.AT_CREATION]
    last = [c for c in names if known[c] in (Known.CURRENT, Known.AT_CLOSE)]
    found = []
    creation = f"SELECT * FROM ({history.sql_versions('deals')}) WHERE version = 0"
    latest = history.sql_latest("deals", until)
    for chosen, source, when in ((first, creation, "at creation"), (last, latest, "latest")):
        table = _aligned(history, deals, source, chosen)
        found += [_tested("deals", c, known[c], when, table[c], deals) for c in chosen]
    return [column for column in found if column.given.any()]


def tracked_columns(history: History, deals: Deals, until: datetime) -> list[Tested]:
    """Each tracked field as first written down, and halfway between a deal's creation and its close."""
    fields = [c for c in tracked_fields(history, until) if history.known("deals", c) is Known.TRACKED]
    noticed = noticed_fields(history, until)
    halfway = deals.created_at + (np.where(deals.closed, deals.closed_at, micros(until)) - deals.created_at) // 2
    found = []
    for field in fields:
        events = change_events(history, field)
        if events is None:
            continue
        value = _typed(field)
        first = (
            f"SELECT deal_id, arg_min({value}, (known, happened)) AS value FROM ({events}) "
            f"WHERE known < {micros(until)} GROUP BY deal_id"
        )
        middle = (
            f"SELECT m.deal_id, {value} AS value FROM moments m ASOF JOIN ({events}) e "
            "ON e.deal_id = m.deal_id AND e.known < m.at"
        )
        for source, when in ((first, "first"), (middle, "halfway")):
            texts = _aligned(history, deals, source, ["value"], halfway)["value"]
            tested = _tested("deals", field, Known.TRACKED, when, texts, deals)
            # That an import did not see a deal while it was open says nothing of the deal.
            found.append(replace(tested, asked=tested.given) if field in noticed else tested)
    return [column for column in found if column.given.any()]


def customer_columns(history: History, deals: Deals, until: datetime) -> list[Tested]:
    """The usable columns of each deal's customer, as first on record."""
    if "customers" not in history.tables() or history.known("deals", "customer_id") is not Known.AT_CREATION:
        return []
    if "customer_id" not in history.columns("deals"):
        return []
    skipped = ("customer_id", "name", "created_at", "recorded_at", "parent_id", "merged_into")
    names = [
        c
        for c in history.columns("customers")
        if c not in skipped and history.known("customers", c.removeprefix(ATTRIBUTE_PREFIX)) is Known.AT_CREATION
    ]
    chosen = "".join(f", c.{name(column)}" for column in (*names, "customer_id"))
    source = (
        f"SELECT d.deal_id{chosen} FROM ({history.sql_versions('deals')}) d JOIN (SELECT * FROM "
        f"({history.sql_versions('customers')}) WHERE version = 0 AND {known_since('customers')} < {micros(until)}) c "
        "ON c.customer_id = d.customer_id WHERE d.version = 0"
    )
    table = _aligned(history, deals, source, [*names, "customer_id"])
    there = np.asarray(table["customer_id"].is_valid())
    found = [
        replace(_tested("customers", c, Known.AT_CREATION, "at creation", table[c], deals), asked=there) for c in names
    ]
    return [column for column in found if column.given.any()]


def tracked_fields(history: History, until: datetime) -> list[str]:
    """The fields that changes on record before the moment speak of, `status` apart."""
    if "deal_changes" not in history.tables():
        return []
    with history.connect() as con:
        found = con.execute(
            f"SELECT DISTINCT field FROM ({history.sql_versions('deal_changes')}) "
            f"WHERE field <> 'status' AND {known_since('deal_changes')} < {micros(until)} ORDER BY 1"
        )
        return [row[0] for row in found.fetchall()]


def told(origin: str) -> str:
    """SQL that holds for changes that the source told, and not an import that noticed them by comparing."""
    return f"{origin} IS DISTINCT FROM {text(SNAPSHOT)}"


def noticed_fields(history: History, until: datetime) -> frozenset[str]:
    """The fields whose changes were all noticed by imports: known only of deals that were open at one of them."""
    if "deal_changes" not in history.tables():
        return frozenset()
    with history.connect() as con:
        found = con.execute(
            f"SELECT field FROM ({history.sql_versions('deal_changes')}) WHERE {known_since('deal_changes')} < "
            f"{micros(until)} GROUP BY field HAVING NOT bool_or({told('origin')})"
        )
        return frozenset(row[0] for row in found.fetchall())


def _typed(field: str) -> str:
    """SQL of a change's new value as the contract stores the field; NULL where it cannot be read."""
    found = TABLES["deals"].column(field)
    if found and found.kind in NUMBERS:
        return "try_cast(new_value AS DOUBLE)"
    if found and found.kind in DATES:
        return "try_cast(left(new_value, 10) AS DATE)"
    return "new_value"


def _aligned(history: History, deals: Deals, source: str, columns: list[str], moments: Ints | None = None) -> pa.Table:
    """The columns of `source` (which has deal_id) for each deal, in the order of the deals."""
    asked = {"deal_id": pa.array(deals.ids, pa.string()), "place": pa.array(np.arange(len(deals)))}
    asked["at"] = pa.array(deals.created_at if moments is None else moments)
    chosen = ", ".join(f"s.{name(c)}" for c in columns) or "NULL"
    with history.connect() as con:
        con.register("moments", pa.table(asked))
        return con.sql(
            f"SELECT {chosen} FROM moments m LEFT JOIN ({source}) s ON s.deal_id = m.deal_id ORDER BY m.place"
        ).to_arrow_table()


def _tested(table: str, column: str, known: Known, when: str, values: pa.ChunkedArray, deals: Deals) -> Tested:
    found = TABLES[table].column(column)
    kind = found.kind if found else None
    shown = column.removeprefix(ATTRIBUTE_PREFIX)
    if kind is None or kind in NUMBERS:
        numbers = _floats(values)
        if numbers is not None:
            return Tested(table, shown, known, when, numbers)
    if kind is None or kind in DATES:
        days = _days(values, deals)
        if days is not None:
            return Tested(table, shown, known, when, days, is_date=True)
    codes, levels = _texts(values)
    return Tested(table, shown, known, when, codes, levels)


def _floats(values: pa.ChunkedArray) -> Floats | None:
    """The numbers; None if any given value is no number."""
    try:
        numbers = pc.cast(values, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return np.asarray(numbers.to_numpy(), np.float64)


def _days(values: pa.ChunkedArray, deals: Deals) -> Floats | None:
    """Dates as days after each deal's creation; None if any given value is no date."""
    try:
        texts = pc.utf8_slice_codeunits(pc.cast(values, pa.string()), 0, 10)
        dates = pc.cast(pc.cast(texts, pa.date32()), pa.timestamp("us"))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    at = pc.fill_null(pc.cast(dates, pa.int64()), 0).to_numpy()
    days = (at - deals.created_at) / 86_400e6
    return np.where(np.asarray(dates.is_valid()), days, np.nan)


def _texts(values: pa.ChunkedArray) -> tuple[Ints, NDArray[np.object_]]:
    encoded = pc.cast(values, pa.string()).combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, np.array(encoded.dictionary.to_pylist(), dtype=object)
