"""How do rows that were told one by one become a delivery of the history? As the memory that was told them has them.

Each row is completed with what was on record at its own moment, in the order in which the rows came, and each counts
from when it was recorded. The delivery's entry names the last row it brought, so that a fold that was cut off between
the history and whoever keeps the rows is found, and not done twice.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from features.appending import ATTEMPTS, AnotherWriter, _NumberTaken, write_part, writing
from features.books import NEVER
from features.contracts import DELETED, STORED_AS, TABLES, Kind
from features.delivery import NO_CURRENCY
from features.fold_marks import Mark, latest_mark
from features.history import History
from features.ledger import Entry, Part, sums_of, text_of
from features.plain_rows import Row, moment, plain_row, typed
from features.untold_changes import changes_noticed, untold_fields
from features.version_sql import sql_told

if TYPE_CHECKING:
    import duckdb

DEALS, CHANGES = "deals", "deal_changes"


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
        for table, added in Telling(history, con).tell(ready).items():
            if added:
                parts[table] = (_write(con, history, table, added, number),)
                news[table] = len(added)
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


@dataclass(frozen=True)
class Version:
    """A row as it counts from a moment (microseconds); `known` where its key was on record before."""

    row: Row
    at: int
    gone: bool
    known: bool = False


class _Key:
    """What is on record of one row, oldest first."""

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        self.versions = list(versions)
        self.moments = [version.at for version in self.versions]

    def standing(self, at: int) -> Version | None:
        """The version that counts at a moment."""
        place = bisect_right(self.moments, at)
        return self.versions[place - 1] if place else None

    def latest(self) -> Version | None:
        """The last row that was told, deletions aside."""
        return next((version for version in reversed(self.versions) if not version.gone), None)

    def add(self, version: Version) -> None:
        place = bisect_right(self.moments, version.at)
        self.versions.insert(place, version)
        self.moments.insert(place, version.at)


class Telling:
    """Tells rows to a history in memory: what of them is news, and the whole rows that stand then."""

    def __init__(self, history: History, con: "duckdb.DuckDBPyConnection") -> None:
        self._history, self._con = history, con
        self._keys: dict[str, dict[tuple[object, ...], _Key]] = {}
        self._added: dict[str, list[Version]] = {}
        self._untold: set[str] = set()

    def tell(self, told: Sequence[tuple[str, Row, int]]) -> dict[str, list[Version]]:
        """The versions that rows add, by table, in the order in which they came. A row: table, values, moment."""
        rows: dict[str, list[Row]] = {}
        for table, row, _ in told:
            rows.setdefault(table, []).append(row)
        if DEALS in rows:
            self._untold = untold_fields(self._history)
            deals = {row["deal_id"] for row in rows[DEALS]}
            self._read(DEALS, [{"deal_id": deal} for deal in deals])
        for table in rows:
            if table not in (DEALS, CHANGES):
                self._read(table, rows[table])
        noticed = [self._noticed(table, row, at) for table, row, at in told]
        changes = [row for found in noticed for row in found]
        if CHANGES in rows or changes:
            self._read(CHANGES, [*rows.get(CHANGES, ()), *changes])
        for (table, row, at), found in zip(told, noticed, strict=True):
            if table != DEALS:  # a deal was told when its changes were looked for
                self._tell(table, row, at)
            for change in found:
                self._tell(CHANGES, change, at)
        return self._added

    def _noticed(self, table: str, row: Row, at: int) -> list[Row]:
        """The changes that a row of a deal shows; the deal is told."""
        if table == CHANGES:
            self._untold.discard(str(row["field"]))
        if table != DEALS:
            return []
        key = self._key(DEALS, row)
        latest = key.latest()
        taken = self._tell(DEALS, row, at)
        if not taken or DELETED.name in row:
            return []
        return changes_noticed(
            None if latest is None else latest.row, NEVER if latest is None else latest.at, row, at, self._untold
        )

    def _tell(self, table: str, row: Row, at: int) -> bool:
        key = self._key(table, row)
        standing = key.standing(at)
        values = {column: value for column, value in row.items() if column != DELETED.name}
        before = {} if standing is None else standing.row
        if len(values) < len(row):
            if standing is not None and standing.gone:
                return False
            # A deletion that came before its row is kept: when the row comes late, it ends it.
            found = Version({**before, **values}, at, gone=True, known=bool(key.versions))
        else:
            if standing is not None and not standing.gone and all(before.get(c) == v for c, v in values.items()):
                return False
            found = Version({**before, **values}, at, gone=False, known=bool(key.versions))
        key.add(found)
        self._added.setdefault(table, []).append(found)
        return True

    def _key(self, table: str, row: Row) -> _Key:
        name = tuple(row[column] for column in TABLES[table].key)
        return self._keys.setdefault(table, {}).setdefault(name, _Key())

    def _read(self, table: str, rows: Sequence[Row]) -> None:
        """What is on record of the keys of these rows."""
        if table not in self._history.tables():
            return
        key = TABLES[table].key
        names = list(dict.fromkeys(tuple(row[column] for column in key) for row in rows))
        kinds = [STORED_AS[_kind(table, column)] for column in key]
        asked = {
            column: pa.array([typed(table, column, one[place]) for one in names], kind)
            for place, (column, kind) in enumerate(zip(key, kinds, strict=True))
        }
        self._con.register(f"asked_{table}", pa.table(asked))
        columns = [c for c in self._history.columns(table) if c != "recorded_at"]
        chosen = ", ".join(f'"{column}"' for column in columns)
        on_record = sql_told(self._history, table, f"SELECT * FROM asked_{table}")
        found = self._con.execute(
            f"SELECT version_at, gone, {chosen} FROM ({on_record}) ORDER BY version_at NULLS FIRST, version"
        ).fetchall()
        versions: dict[tuple[object, ...], list[Version]] = {}
        for at, gone, *values in found:
            row = plain_row(table, dict(zip(columns, values, strict=True)))
            name = tuple(row[column] for column in key)
            versions.setdefault(name, []).append(Version(row, NEVER if at is None else moment(at), bool(gone)))
        self._keys.setdefault(table, {}).update({name: _Key(one) for name, one in versions.items()})


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
            pa.scalar(typed(table, column, value), STORED_AS[_kind(table, column)])


def _kind(table: str, column: str) -> Kind:
    found = TABLES[table].column(column)
    return Kind.TEXT if found is None else found.kind


def _write(
    con: "duckdb.DuckDBPyConnection", history: History, table: str, added: Sequence[Version], number: int
) -> Part:
    """Write versions of rows as a file of a table."""
    seen = dict.fromkeys((*history.columns(table), *(column for version in added for column in version.row)))
    given = tuple(column for column in seen if column != "recorded_at")
    columns = {
        column: pa.array([typed(table, column, v.row.get(column)) for v in added], STORED_AS[_kind(table, column)])
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
