"""How do rows that were told one by one become a delivery of the history? As the memory that was told them has them.

Each row is completed with what was on record at its own moment, in the order in which the rows came, and each counts
from when it was recorded. The delivery's entry names the last row it brought, so that a fold that was cut off between
the history and whoever keeps the rows is found, and not done twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from features.appending import ATTEMPTS, AnotherWriter, _NumberTaken, write_part, writing
from features.contracts import DELETED, STORED_AS, TABLES, Kind
from features.delivery import NO_CURRENCY
from features.fold_marks import Mark, latest_mark
from features.history import History
from features.ledger import Entry, Part, sums_of, text_of
from features.plain_rows import Row, moment, plain_row, typed
from features.telling import Telling, Version, kind_of

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Told:
    """A row as it was told: the contract's typed values by column, `attr_<name>`; `deleted_at` in a deleted row."""

    table: str
    row: Mapping[str, object]
    recorded_at: datetime


@dataclass(frozen=True)
class Folded:
    """What a fold came to: the entry of the log (None where a history had not even begun), and the news by table."""

    entry: int | None
    news: Mapping[str, int] = field(default_factory=dict)


def fold(history: History, told: Sequence[Told], mark: Mark, taken_at: datetime, timezone: str = "UTC") -> Folded:
    """Add rows to the history as one delivery, all or nothing; the object sees it afterwards.

    A fold with the same mark, or one beyond it, is not done again. The entry is written also where nothing was news:
    the log says how far the rows reach. `timezone` is that of a history which has none yet. The rows must be such as
    `refusals` has nothing against. Raises HistoryNotWritten.
    """
    with writing(history):
        for _ in range(ATTEMPTS):
            history.log = history.ledger.read()
            done = latest_mark(history.entries, mark.name)
            if done is not None and done[0].last >= mark.last:
                return Folded(done[1])
            if not history.store.shared:
                history.ledger.sweep(history.log)
            try:
                return _fold(history, told, mark, taken_at, timezone)
            except _NumberTaken:
                continue
        raise AnotherWriter(history.store.place)


def _fold(history: History, told: Sequence[Told], mark: Mark, taken_at: datetime, timezone: str) -> Folded:
    number = len(history.entries) + 1
    parts: dict[str, tuple[Part, ...]] = {}
    news: dict[str, int] = {}
    with history.connect() as con:
        ready = [(one.table, plain_row(one.table, one.row), moment(one.recorded_at)) for one in told]
        added: dict[str, list[Version]] = {}
        for taken in Telling(history, con).tell(ready):
            for one in taken:
                added.setdefault(one.table, []).append(one.version)
        for table, versions in added.items():
            parts[table] = (_write(con, history, table, versions, number),)
            news[table] = len(versions)
    if not parts and not history.entries:
        return Folded(None)
    entry = Entry(
        history.log.number + 1,
        mark.origin,
        text_of(taken_at),
        history.timezone or timezone,
        history.currency or NO_CURRENCY,
        {},
        parts,
        sums=sums_of(parts),
        tables=tuple(parts),
    )
    try:
        history.ledger.commit(entry)
    except FileExistsError as taken:
        raise _NumberTaken from taken
    history.log = history.log.with_entry(entry)
    return Folded(entry.number, news)


def refusals(told: Sequence[Told]) -> dict[int, str]:
    """Why the history cannot take some rows, by their place among them."""
    refused: dict[int, str] = {}
    for place, one in enumerate(told):
        try:
            row = plain_row(one.table, one.row)
            if missing := [column for column in TABLES[one.table].key if row.get(column) is None]:
                raise ValueError(f"{', '.join(missing)} is missing")
            _can_be_stored(one.table, row)
        except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError, pa.ArrowException) as wrong:
            refused[place] = f"{type(wrong).__name__}: {wrong}".splitlines()[0]
    return refused


def _can_be_stored(table: str, row: Row) -> None:
    for column, value in row.items():
        if not isinstance(value, str):
            pa.scalar(typed(table, column, value), STORED_AS[kind_of(table, column)])


def _write(
    con: "duckdb.DuckDBPyConnection", history: History, table: str, added: Sequence[Version], number: int
) -> Part:
    """Write versions of rows as a file of a table."""
    seen = dict.fromkeys((*history.columns(table), *(column for version in added for column in version.row)))
    given = tuple(column for column in seen if column != "recorded_at")
    columns = {
        column: pa.array([typed(table, column, v.row.get(column)) for v in added], STORED_AS[kind_of(table, column)])
        for column in given
    }
    at = pa.array([v.at for v in added], pa.int64()).cast(STORED_AS[Kind.MOMENT])
    gone = pa.array([v.at if v.gone else None for v in added], pa.int64()).cast(STORED_AS[Kind.MOMENT])
    columns |= {"recorded_at": at, "version_at": at, DELETED.name: gone}
    columns |= {
        "delivery": pa.array([number] * len(added), pa.int64()),
        "delivery_row": pa.array(range(1, len(added) + 1), pa.int64()),
        "known_key": pa.array([v.known for v in added], pa.bool_()),
    }
    con.register("folded", pa.table(columns))
    con.execute("CREATE TEMP TABLE additions AS SELECT * FROM folded")
    con.unregister("folded")
    part = write_part(con, history, table, number, (*given, "recorded_at"))
    # Two rows of one key in a file are versions of each other, also where the history had none.
    keys = {tuple(v.row[column] for column in TABLES[table].key) for v in added}
    return replace(part, versions=part.versions or len(keys) < len(added) or part.deletions > 0)
