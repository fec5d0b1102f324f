"""How do workers make events of files? Each reads some rows, and tells the events in them by the keys that are asked.

Where the rows of a table may be cut anywhere, events are made of what was read (`events_cut`). Else the rows are first
brought together by deal or by another column (`rows_read`, `versions_told`), then events are made (`events_told`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.contracts import DELETED, TABLES
from features.engines.parcels import Parcel, by_bucket, parcelled, unpacked
from features.engines.rounds import Errand, Round
from features.engines.splits import (
    Item,
    PartOfHistory,
    Split,
    split_of,
    sql_of_item,
    stored_columns,
    worker_connection,
)
from features.history import History
from features.plan import Step
from features.quoting import name
from features.streams import open_streams
from features.version_sql import sql_type

if TYPE_CHECKING:
    import duckdb

ORDER = " ORDER BY id, known, happened, tie"


@dataclass(frozen=True)
class Wanted:
    """Events that an errand wants: those of a step, which is the errand's `turn`-th."""

    errand: Errand
    turn: int
    step: Step


@dataclass(frozen=True)
class Reading:
    """What is read together: streams whose tables are split in the same way."""

    history: History
    split: Split
    wanted: tuple[Wanted, ...]
    memory_mb: int

    def part(self, stored: dict[str, str], versions: dict[str, str] | None = None) -> PartOfHistory:
        """The history with a part of these tables."""
        return PartOfHistory(self.history, stored, versions, self.memory_mb)


def readings_of(errands: Round, history: History, memory_mb: int) -> list[Reading]:
    """What has to be read for a round. What cannot be split is read stream by stream."""
    together: dict[Split, list[Wanted]] = {}
    alone: list[Wanted] = []
    for errand in errands:
        for turn, step in enumerate(errand.steps):
            split = split_of(step.stream, history)
            (together.setdefault(split, []) if split else alone).append(Wanted(errand, turn, step))
    found = [Reading(history, split, tuple(wanted), memory_mb) for split, wanted in together.items()]
    return found + [Reading(history, (), (wanted,), memory_mb) for wanted in alone]


def events_cut(reading: Reading, items: Iterable[Item]) -> Iterator[Parcel]:
    """The events in some rows of one table."""
    for item in items:
        part = reading.part({item.table: sql_of_item(reading.history, item)})
        with part.connect() as con:
            yield from _events(reading, part, con, item.number)


def events_whole(reading: Reading, numbers: Iterable[int]) -> Iterator[Parcel]:
    """The events of a stream that is read at once."""
    for number in numbers:
        part = reading.part({})
        with part.connect() as con:
            yield from _events(reading, part, con, number)


def rows_read(reading: Reading, buckets: int, by_key: bool, items: Iterable[Item]) -> Iterator[Parcel]:
    """Rows as they lie in the files, to the bucket of their split's column, or of their table's key."""
    columns = dict(reading.split)
    turns = {table: turn for turn, table in enumerate(columns)}
    for item in items:
        held = TABLES[item.table].key if by_key else (columns[item.table],)
        with reading.part({}).connect() as con:
            rows = sql_of_item(reading.history, item)
            yield from _placed(con, f"SELECT * FROM {rows}", held, buckets, (turns[item.table], item.number))


def versions_told(reading: Reading, buckets: int, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """Every version of the rows of a bucket, to the bucket of their split's column."""
    for bucket, turns in by_bucket(parcels):
        with worker_connection(reading.memory_mb) as con:
            here = _registered(reading, con, turns)
            part = reading.part(here)
            for turn, (table, column) in enumerate(reading.split):
                yield from _placed(con, part.of_this_part(part.sql_versions(table)), (column,), buckets, (turn, bucket))


def events_told(reading: Reading, versions: bool, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """The events in the rows, or in the versions, of each bucket."""
    for bucket, turns in by_bucket(parcels):
        blank = reading.part({})
        with blank.connect() as con:
            here = _registered(reading, con, turns, versions)
            part = reading.part({}, here) if versions else reading.part(here)
            yield from _events(reading, part, con, bucket)


def _events(reading: Reading, part: PartOfHistory, con: "duckdb.DuckDBPyConnection", number: int) -> Iterator[Parcel]:
    streams = open_streams(part)
    for wanted in reading.wanted:
        step, errand = wanted.step, wanted.errand
        kinds = streams.columns(step.stream)
        sql = part.of_this_part(with_tie(streams.select(step.stream, step.of, step.columns & kinds.keys())))
        if not errand.is_for_all:
            yield from _placed(con, sql, ("id",), errand.buckets, (wanted.turn, number), errand.first)
            continue
        table = con.sql(sql).to_arrow_table()
        for bucket in range(errand.first, errand.first + errand.buckets):
            for key, freight in parcelled(table, np.zeros(len(table), np.int64), wanted.turn, number):
                yield (bucket, *key[1:]), freight


def with_tie(select: str) -> str:
    """A stream's SELECT with what breaks ties, and in no order: rows are put in order where they arrive."""
    assert select.endswith(ORDER), select
    return select.removesuffix(ORDER).replace(" AS retired", " AS retired, tie", 1)


def _placed(
    con: "duckdb.DuckDBPyConnection",
    sql: str,
    columns: tuple[str, ...],
    buckets: int,
    turn: tuple[int, int],
    first: int = 0,
) -> Iterator[Parcel]:
    """The rows of a SELECT as parcels to the buckets of these columns; `turn` is their turn and number there."""
    held = ", ".join(name(column) for column in columns)
    table = con.sql(f"SELECT *, (hash({held}) % {buckets})::BIGINT AS bucket FROM ({sql})").to_arrow_table()
    place = table["bucket"].to_numpy()
    yield from parcelled(table.drop_columns("bucket"), place, *turn, first)


def _registered(
    reading: Reading,
    con: "duckdb.DuckDBPyConnection",
    turns: Iterator[tuple[int, Iterator[Parcel]]],
    versions: bool = False,
) -> dict[str, str]:
    """The relations of a bucket's tables; empty ones for those without rows in it."""
    found = {}
    for turn, parcels in turns:
        table = reading.split[turn][0]
        found[table] = f"part_of_{table}"
        con.register(found[table], unpacked([freight for _, freight in parcels]))
    for table, _ in reading.split:
        if table not in found:
            assert not versions, "versions are put together for one table alone"
            found[table] = f"({_nothing(reading.history, table)})"
    return found


def _nothing(history: History, table: str) -> str:
    types = {"version_at": "TIMESTAMP", "delivery": "INTEGER", "delivery_row": "BIGINT", DELETED.name: "TIMESTAMP"}
    chosen = (f"NULL::{types.get(c) or sql_type(table, c)} AS {name(c)}" for c in stored_columns(history, table))
    return f"SELECT {', '.join(chosen)} WHERE false"
