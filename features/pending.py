"""What would the history say with the rows that came since? Rows told to the memory, as further files of the history.

For what a row changes of the past: the streams' own SELECTs answer, over the rows of the one deal or key concerned.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from features.contracts import DELETED, TABLES
from features.history import History
from features.kernel import MISSING
from features.ledger import Part, Parts
from features.live_streams import Event, Value
from features.plain_rows import Row, plain_column, typed_columns
from features.quoting import name, text
from features.streams import open_streams

if TYPE_CHECKING:
    import duckdb

FED = {
    "deals": (
        "deals",
        "creations",
        "states",
        "outcomes",
        "openings",
        "stage_changes",
        "stage_stays",
        "amount_changes",
        "close_date_changes",
        "owner_changes",
        "category_changes",
    ),
    "activities": ("activities",),
    "orders": ("orders", "purchases"),
    "subscriptions": ("subscriptions", "cancellations", "endings"),
    "tickets": ("tickets", "resolutions", "ratings"),
    "customers": ("customers",),
    "contacts": ("contacts",),
    "products": ("products",),
    "reps": ("reps",),
}
"""The streams that a table's rows are events of; those of deals' changes are the deals'."""
EPOCH = datetime(1970, 1, 1)


class ToldMore(History):
    """A history with further files; `only` keeps the rows of one deal, customer or key."""

    def __init__(self, history: History, files: Mapping[str, list[tuple[Path, Part]]]) -> None:
        self.__dict__.update(history.__dict__)
        self._under = history
        self._more = {table: [str(path) for path, _ in found] for table, found in files.items()}
        self._only: frozenset[str] = frozenset()
        parts: dict[str, tuple[Part, ...]] = dict(history.log.parts)
        for table, found in files.items():
            parts[table] = (*parts.get(table, ()), *(part for _, part in found))
        self.log = replace(history.log)
        self.log.__dict__["parts"] = _frozen(parts)

    def restricted(self, con: "duckdb.DuckDBPyConnection", tables: tuple[str, ...], column: str, key: str) -> "ToldMore":
        """The same with no other rows of these tables than those of a key; for questions over this connection."""
        for table in tables:
            only = f"SELECT * FROM ({self.sql_versions(table)}) WHERE {name(column)} = {text(key)}"
            con.execute(f"CREATE TEMP TABLE {name(f'only_{table}')} AS {only}")
        other = copy.copy(self)
        other._only = frozenset(tables)
        return other

    def files(self, table: str) -> list[str]:
        """The files of a table's rows, those that came since among them."""
        return [*self._under.files(table), *self._more.get(table, ())]

    def sql_versions(self, table: str) -> str:
        """SELECT of every version of every row kept."""
        return f"SELECT * FROM {name(f'only_{table}')}" if table in self._only else super().sql_versions(table)

    def _tracked(self) -> frozenset[str]:
        return self._under._tracked()


def _frozen(parts: dict[str, tuple[Part, ...]]) -> Parts:
    return parts


class Pending:
    """The rows that came since the history was read, in the order in which they came."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._waiting: dict[str, list[tuple[Row, int]]] = {}
        self._files: dict[str, list[tuple[Path, Part]]] = {}
        self._folder: TemporaryDirectory[str] | None = None
        self._number = 0

    def add(self, table: str, row: Row, at: int) -> None:
        """A whole version of a row, on record since a moment."""
        self._waiting.setdefault(table, []).append((row, at))

    def amend(self, table: str, row: Row | None) -> None:
        """The row that came last is this whole version; or it was no news."""
        waiting = self._waiting.get(table)
        if waiting:
            _, at = waiting.pop()
            if row is not None:
                waiting.append((row, at))

    def told(self) -> History:
        """The history with all rows that came."""
        for table in [table for table, rows in self._waiting.items() if rows]:
            self._write(table)
        return ToldMore(self.history, self._files) if self._files else self.history

    def standing(self, table: str, key: Row, at: int) -> tuple[Row, bool] | None:
        """The version of a row on record at a moment and whether it stands last; None where there is none."""
        columns = [c for c in self.history.columns(table) if c != "recorded_at"]
        held = " AND ".join(f"{name(c)} = ?" for c in TABLES[table].key)
        values = [_moment(v) if isinstance(v, int) else v for v in key.values()]
        sql = (
            f"SELECT {', '.join(name(c) for c in columns)}, version_at, retired_at IS NULL AS last, deleted_at "
            f"FROM ({self.told().sql_versions(table)}) WHERE {held} AND (version_at IS NULL OR version_at <= ?) "
            "ORDER BY version DESC LIMIT 1"
        )
        with self.history.connect() as con:
            found = con.sql(sql, params=[*values, _moment(at)]).to_arrow_table()
        if not found.num_rows:
            return None
        row = {c: plain_column(table, c, found[c])[0] for c in columns}
        return row, bool(found["last"][0].as_py())

    def _write(self, table: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = self._waiting.pop(table)
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="foresell-told-")
        path = Path(self._folder.name) / f"{self._number:08d}.parquet"
        first = self._number
        self._number += len(rows)
        columns = tuple(c for c in self.history.columns(table) if c != "recorded_at")
        plain: list[Row] = [row for row, _ in rows]
        found: dict[str, Any] = typed_columns(table, plain, (*columns, DELETED.name))
        at = pa.array([at for _, at in rows], pa.int64()).cast(pa.timestamp("us"))
        found |= {"recorded_at": at, "version_at": at}
        found["delivery"] = pa.array([len(self.history.entries) + 1] * len(rows), pa.int64())
        found["delivery_row"] = pa.array(range(first, first + len(rows)), pa.int64())
        pq.write_table(pa.table(found), path)
        gone = sum(row.get(DELETED.name) is not None for row in plain)
        part = Part(str(path), len(rows), "", (*columns, "recorded_at"), True, gone)
        self._files.setdefault(table, []).append((path, part))


def _moment(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def events_on_record(history: History, table: str, column: str, key: str, wanted: set[str]) -> list[Event]:
    """The events of the streams that a table feeds, of one key's rows alone, as the history has them."""
    if not isinstance(history, ToldMore):
        history = ToldMore(history, {})
    tables = ("deals", "deal_changes") if table in ("deals", "deal_changes") else (table,)
    tables = tuple(one for one in tables if one in history.tables())
    found: list[Event] = []
    with history.connect() as con:
        streams = open_streams(history.restricted(con, tables, column, key))
        for stream in FED["deals" if table == "deal_changes" else table]:
            if stream in wanted and stream in streams.streams:
                one = streams.streams[stream]
                keys = [k for k in one.keys if k != "everyone"]
                kinds = one.columns
                chosen = [f"key_{k}" for k in keys] + ["known", "happened", "coalesce(retired, -9223372036854775808)", "tie"]
                chosen = [name(c) if c.startswith("key_") else c for c in chosen] + [name(c) for c in kinds]
                rows = con.execute(
                    f"SELECT {', '.join(chosen)} FROM ({one.sql}) WHERE retired IS NULL OR retired > known "
                    "ORDER BY known, happened, tie"
                ).fetchall()
                found += [_event(stream, keys, list(kinds), row) for row in rows]
    return found


def _event(stream: str, keys: list[str], columns: list[str], row: tuple[Any, ...]) -> Event:
    whose = dict(zip(keys, row, strict=False))
    known, happened, retired, tie = row[len(keys) : len(keys) + 4]
    values: dict[str, Value] = dict(zip(columns, row[len(keys) + 4 :], strict=True))
    if stream == "states":
        tie = None  # a number of the whole stream, which says nothing beside another reading's
    return Event(stream, whose, known, happened, tie, values, MISSING if retired is None else retired)
