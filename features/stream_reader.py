"""Reads streams of a history for an engine: one connection, within a memory limit, and no question asked twice.

A stream that several keys are read by is answered once, into a temporary table that DuckDB spills if it must.
"""

from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa

from features.chunks import BATCH
from features.history import History
from features.plan import Step
from features.quoting import name
from features.stream import StreamSet
from features.streams import open_streams
from features.verbs import Of

if TYPE_CHECKING:
    import duckdb

PLAIN = ("activities", "orders", "tickets", "contacts")
"""Streams that are rows of one table: reading them again costs less than keeping them."""
LEAST_MB = 100


class StreamReader:
    """The streams of a history, to be read one at a time. Opens its connection when first asked."""

    def __init__(self, history: History, steps: Iterable[Step], memory_mb: int, threads: int) -> None:
        self.history = history
        self.streams = open_streams(history)
        self._limits = (max(memory_mb // 2, LEAST_MB), threads)
        self._con: duckdb.DuckDBPyConnection | None = None
        self._kept: dict[str, StreamSet] = {}
        keys: dict[str, set[Of]] = {}
        for step in steps:
            keys.setdefault(step.stream, set()).add(step.of)
        self._shared = {stream for stream, found in keys.items() if len(found) > 1 and stream not in PLAIN}

    def __enter__(self) -> "StreamReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop what was kept."""
        if self._con is not None:
            self._con.close()
            self._con = None
        self._kept = {}

    def read(self, stream: str, of: Of, columns: Iterable[str], among: pa.Array | None = None) -> pa.RecordBatchReader:
        """A stream's rows by a key, sorted as `StreamSet.select` says; of the keys `among` alone, where given."""
        con = self._connection()
        asked = None
        if among is not None:
            asked = "asked"
            con.register(asked, pa.table({"id": among}))
        sql = self._set_of(stream).select(stream, of, columns, asked)
        return con.sql(sql).to_arrow_reader(BATCH)

    def _set_of(self, stream: str) -> StreamSet:
        """The streams, this one from its temporary table if several keys ask for it."""
        if stream not in self._shared:
            return self.streams
        if stream not in self._kept:
            table = name(f"stream_{stream}")
            found = self.streams.streams[stream]
            self._connection().execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {found.sql}")
            streams = self.streams.streams | {stream: replace(found, sql=f"SELECT * FROM {table}")}
            self._kept[stream] = StreamSet(self.history, streams)
        return self._kept[stream]

    def _connection(self) -> "duckdb.DuckDBPyConnection":
        if self._con is None:
            memory, threads = self._limits
            self._con = self.history.connect()
            self._con.execute(f"SET memory_limit='{memory}MB'")
            self._con.execute(f"SET threads={threads}")
            self._con.execute("SET preserve_insertion_order=false")
        return self._con
