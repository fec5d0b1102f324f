"""What would the history say with the rows that came since? Rows told to the memory, as further files of the history.

For what a row changes of the past: the streams' own SELECTs answer, over the rows of the one deal or key concerned.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from threading import RLock
from typing import Any
from weakref import finalize

import pyarrow as pa

from features.contracts import DELETED, STORED_AS, TABLES, Kind
from features.history import History
from features.kernel import MISSING
from features.ledger import Part, Parts
from features.live_events import Event, Value
from features.plain_rows import Row, typed
from features.quoting import name, text, texts
from features.streams import FED, open_streams
from features.telling import kind_of
from features.version_sql import sql_stored, sql_type

Files = dict[str, list[tuple[Path, Part]]]
"""The files of rows that came, by table."""


class ToldMore(History):
    """A history with further files; where it is restricted, tables have no other rows than those of one key."""

    def __init__(self, history: History, files: Files) -> None:
        self.__dict__.update(history.__dict__)
        self._under = history
        self._more = {table: [str(path) for path, _ in found] for table, found in files.items()}
        self._only: dict[str, str] = {}
        parts: dict[str, tuple[Part, ...]] = dict(history.log.parts)
        for table, found in files.items():
            parts[table] = (*parts.get(table, ()), *(part for _, part in found))
        self.log = replace(history.log)
        self.log.__dict__["parts"] = _frozen(parts)

    def restricted(self, tables: tuple[str, ...], column: str, keys: Sequence[str], folder: Path) -> "ToldMore":
        """The same with no other rows of these tables than those of some keys, which are put into files of a folder.

        What is asked by another column than the rows' own key takes all that was told of the rows found.
        """
        other = copy.copy(self)
        other._only = {table: str(folder / f"{table}.parquet") for table in tables}
        with self.connect() as con:
            for table, path in other._only.items():
                stored, own = sql_stored(self, table), name(TABLES[table].key[0])
                whose = f"{name(column)} IN (SELECT unnest({texts(tuple(keys))}))"
                if name(column) != own:
                    whose = f"{own} IN (SELECT {own} FROM {stored} WHERE {whose})"
                only = f"SELECT * FROM {stored} WHERE {whose}"
                con.execute(f"COPY ({only}) TO {text(path)} (FORMAT parquet)")
        return other

    def files(self, table: str) -> list[str]:
        """The files of a table's rows, those that came since among them."""
        if table in self._only:
            return [self._only[table]]
        return [*self._under.files(table), *self._more.get(table, ())]

    def _tracked(self) -> frozenset[str]:
        return self._under._tracked()


def _frozen(parts: dict[str, tuple[Part, ...]]) -> Parts:
    return parts


class Pending:
    """The rows that came since the history was read, in the order in which they came."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._waiting: dict[str, list[tuple[Row, int]]] = {}
        self._files: Files = {}
        self._lock = RLock()
        self._folder: Path | None = None
        self._number = 0

    def add(self, table: str, row: Row, at: int) -> None:
        """A whole version of a row, on record since a moment."""
        with self._lock:
            self._waiting.setdefault(table, []).append((row, at))

    def amend(self, table: str, row: Row | None) -> None:
        """The row that came last is this whole version; or it was no news."""
        with self._lock:
            waiting = self._waiting.get(table)
            if waiting:
                _, at = waiting.pop()
                if row is not None:
                    waiting.append((row, at))

    def told(self) -> History:
        """The history with all rows that came."""
        with self._lock:
            for table in [table for table, rows in self._waiting.items() if rows]:
                self._files.setdefault(table, []).append(self._written(table, self._waiting.pop(table)))
            return ToldMore(self.history, self._files) if self._files else self.history

    def with_more(self, rows: Mapping[str, list[tuple[Row, int]]]) -> tuple[History, Files]:
        """The history with all rows that came and whole versions of more, and the files of these for `take`."""
        with self._lock:
            self.told()
            more = {table: [self._written(table, some)] for table, some in rows.items() if some}
            tables = dict.fromkeys((*self._files, *more))
            files = {table: [*self._files.get(table, ()), *more.get(table, ())] for table in tables}
            return ToldMore(self.history, files), more

    def take(self, files: Files) -> None:
        """The rows of these files came."""
        with self._lock:
            for table, found in files.items():
                self._files.setdefault(table, []).extend(found)

    def _written(self, table: str, rows: list[tuple[Row, int]]) -> tuple[Path, Part]:
        """A file with whole versions of rows, each with the moment since when it counts."""
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="foresell-told-"))
            finalize(self, rmtree, self._folder, ignore_errors=True)
        path = self._folder / f"{self._number:08d}.parquet"
        seen = dict.fromkeys((*self.history.columns(table), *(column for row, _ in rows for column in row)))
        given = tuple(column for column in seen if column not in ("recorded_at", DELETED.name))
        columns = (*given, DELETED.name)
        kinds = [f"{name(column)} {sql_type(table, column)}" for column in columns]
        kinds += [f"{name(c)} TIMESTAMP" for c in ("recorded_at", "version_at")]
        kinds += ["delivery BIGINT", "delivery_row BIGINT"]
        number = len(self.history.entries) + 1
        held: dict[str, pa.Array] = {}
        for column in columns:
            kind = STORED_AS[kind_of(table, column)]
            held[column] = pa.array([typed(table, column, row.get(column)) for row, _ in rows], kind)
        at = pa.array([at for _, at in rows], pa.int64()).cast(STORED_AS[Kind.MOMENT])
        held |= {"recorded_at": at, "version_at": at, "delivery": pa.array([number] * len(rows), pa.int64())}
        held["delivery_row"] = pa.array(range(self._number, self._number + len(rows)), pa.int64())
        with self.history.connect() as con:
            con.register("came", pa.table(held))
            con.execute(f"CREATE TEMP TABLE told ({', '.join(kinds)})")
            con.execute("INSERT INTO told BY NAME SELECT * FROM came")
            con.execute(f"COPY told TO {text(str(path))} (FORMAT parquet)")
        self._number += len(rows)
        gone = sum(row.get(DELETED.name) is not None for row, _ in rows)
        return path, Part(str(path), len(rows), "", (*given, "recorded_at"), True, gone)


def events_on_record(history: History, table: str, column: str, keys: Sequence[str], wanted: set[str]) -> list[Event]:
    """The events of the streams that a table feeds, of some keys' rows alone, as the history has them."""
    if not isinstance(history, ToldMore):
        history = ToldMore(history, {})
    tables: tuple[str, ...] = ("deals", "deal_changes") if table in ("deals", "deal_changes") else (table,)
    tables = tuple(one for one in tables if one in history.tables())
    found: list[Event] = []
    with TemporaryDirectory(prefix="foresell-told-") as folder, history.connect() as con:
        streams = open_streams(history.restricted(tables, column, keys, Path(folder)))
        for stream in FED["deals" if table == "deal_changes" else table]:
            if stream in wanted and stream in streams.streams:
                one = streams.streams[stream]
                keys = [k for k in one.keys if k != "everyone"]
                kinds = one.columns
                chosen = [f"key_{k}" for k in keys] + [
                    "known",
                    "happened",
                    "coalesce(retired, -9223372036854775808)",
                    "tie",
                ]
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
