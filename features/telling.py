"""Which rows that are told are news, and which whole rows stand then? Asked of a history for many rows at once.

Each row is completed with what was on record at its own moment, in the order in which the rows came. The folding and
the memory ask the same, so that both know the same.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from features.books import NEVER
from features.contracts import DELETED, STORED_AS, TABLES, Kind
from features.history import History
from features.plain_rows import Row, moment, plain_row, typed
from features.untold_changes import changes_noticed, untold_fields
from features.version_sql import sql_told

if TYPE_CHECKING:
    import duckdb

DEALS, CHANGES = "deals", "deal_changes"


@dataclass(frozen=True)
class Version:
    """A row as it counts from a moment (microseconds); `known` where its key was on record before."""

    row: Row
    at: int
    gone: bool
    known: bool = False


@dataclass(frozen=True)
class Taken:
    """A version that is news. `before` is what stood at its moment, `last` says that nothing told so far counts later.

    `latest` is the last row of the same key that was told before, deletions aside.
    """

    table: str
    version: Version
    before: Version | None
    last: bool
    latest: Version | None


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

    def add(self, version: Version) -> bool:
        """Put a version in its place; whether it is the last."""
        place = bisect_right(self.moments, version.at)
        self.versions.insert(place, version)
        self.moments.insert(place, version.at)
        return place == len(self.versions) - 1


class Telling:
    """Tells rows to a history in memory: what of them is news, and the whole rows that stand then."""

    def __init__(self, history: History, con: "duckdb.DuckDBPyConnection") -> None:
        self._history, self._con = history, con
        self._keys: dict[str, dict[tuple[object, ...], _Key]] = {}

    def tell(
        self, told: Sequence[tuple[str, Row, int]], untold: Sequence[Collection[str]] | None = None
    ) -> list[list[Taken]]:
        """The versions that each row adds: its own, and those of changes that it shows. A row: table, values, moment.

        `untold` names for each row the fields whose changes nobody else tells; without it the history says which.
        """
        rows: dict[str, list[Row]] = {}
        for table, row, _ in told:
            rows.setdefault(table, []).append(row)
        for table in rows:
            if table != CHANGES:
                self._read(table, rows[table])
        if untold is None:
            untold = self._untold(told) if DEALS in rows else [()] * len(told)
        noticed = [self._noticed(*one, fields) for one, fields in zip(told, untold, strict=True)]
        changes = [row for _, found in noticed for row in found]
        if CHANGES in rows or changes:
            self._read(CHANGES, [*rows.get(CHANGES, ()), *changes])
        found: list[list[Taken]] = []
        for (table, row, at), (own, shown) in zip(told, noticed, strict=True):
            # A deal was told when its changes were looked for.
            some = [own if table == DEALS else self._tell(table, row, at)]
            some += [self._tell(CHANGES, change, at) for change in shown]
            found.append([one for one in some if one is not None])
        return found

    def _untold(self, told: Sequence[tuple[str, Row, int]]) -> list[frozenset[str]]:
        """Row by row the fields whose changes nobody has told so far."""
        fields = frozenset(untold_fields(self._history))
        found = []
        for table, row, _ in told:
            if table == CHANGES:
                fields -= {str(row["field"])}
            found.append(fields)
        return found

    def _noticed(self, table: str, row: Row, at: int, untold: Collection[str]) -> tuple[Taken | None, list[Row]]:
        """A row of a deal, which is told here, and the changes that it shows."""
        if table != DEALS:
            return None, []
        taken = self._tell(DEALS, row, at)
        if taken is None or DELETED.name in row:
            return taken, []
        latest = taken.latest
        before, since = (None, NEVER) if latest is None else (latest.row, latest.at)
        return taken, changes_noticed(before, since, row, at, untold)

    def _tell(self, table: str, row: Row, at: int) -> Taken | None:
        key = self._key(table, row)
        standing, latest = key.standing(at), key.latest()
        values = {column: value for column, value in row.items() if column != DELETED.name}
        before = {} if standing is None else standing.row
        gone = len(values) < len(row)
        if gone:
            if standing is not None and standing.gone:
                return None
            # A deletion that came before its row is kept: when the row comes late, it ends it.
        elif standing is not None and not standing.gone and all(before.get(c) == v for c, v in values.items()):
            return None
        version = Version({**before, **values}, at, gone=gone, known=bool(key.versions))
        return Taken(table, version, standing, key.add(version), latest)

    def _key(self, table: str, row: Row) -> _Key:
        name = tuple(row[column] for column in TABLES[table].key)
        return self._keys.setdefault(table, {}).setdefault(name, _Key())

    def _read(self, table: str, rows: Sequence[Row]) -> None:
        """What is on record of the keys of these rows."""
        if table not in self._history.tables():
            return
        key = TABLES[table].key
        names = list(dict.fromkeys(tuple(row[column] for column in key) for row in rows))
        kinds = [STORED_AS[kind_of(table, column)] for column in key]
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


def kind_of(table: str, column: str) -> Kind:
    """What a column holds; columns beyond the contract hold texts."""
    found = TABLES[table].column(column)
    return Kind.TEXT if found is None else found.kind
