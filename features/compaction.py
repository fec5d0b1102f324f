"""How do the many files of a history become few without changing a single answer?

The rows of each table are copied as they are, with the numbers that order them, into sorted files; one entry of the
log then names these in place of all before. Until that entry stands the history is as it was, and after it too: only
the names of files have changed. The old files stay for readers that opened them, until they are swept.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from features.appending import MEMORY, AnotherWriter, sorted_by, writing
from features.history import History
from features.ledger import SCHEMA, Compaction, Log, Part, seal, text_of
from features.quoting import name, texts

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PIECE_ROWS = 5_000_000
"""Rows of one file; a longer table becomes several, sorted one after the other."""
BATCH_ROWS = 100_000
"""Rows written at once, and the rows of a row group."""


class Compacted(NamedTuple):
    """What a compaction did. `tables` were rewritten; `swept` files that no reader needs any more were removed."""

    tables: tuple[str, ...]
    files_before: int
    files_after: int
    swept: int


def _silent(_: str) -> None:
    """No progress."""


def compact(
    history: History,
    at: datetime,
    grace: timedelta,
    progress: Callable[[str], None] = _silent,
    piece_rows: int = PIECE_ROWS,
) -> Compacted:
    """Merge the files of every table, and sweep files that were replaced `grace` or longer before `at`.

    `at` is naive UTC. Answers, fingerprint and deliveries stay as they are; the object sees the new files.
    Raises HistoryNotWritten; the history is then as it was.
    """
    with writing(history):
        log = history.log = history.ledger.read()
        history.ledger.sweep(log)
        before = len(log.files)
        wanted = [table for table, parts in log.parts.items() if _is_scattered(log, table, parts)]
        if wanted or log.later:
            history.log = log = _commit(history, log, wanted, at, progress, piece_rows)
        swept = history.ledger.retire(log, at, grace)
        return Compacted(tuple(wanted), before, len(log.files), swept)


def _is_scattered(log: Log, table: str, parts: tuple[Part, ...]) -> bool:
    """Whether a table's files are more than one compaction would leave, or of an earlier layout."""
    if any(part.layout < SCHEMA for part in parts):
        return True
    settled = log.compaction.parts.get(table, ()) if log.compaction else ()
    return len(parts) > 1 and parts != settled


def _commit(
    history: History, log: Log, wanted: list[str], at: datetime, progress: Callable[[str], None], piece_rows: int
) -> Log:
    number = log.number + 1
    parts = dict(log.parts)
    with history.connect() as con:
        con.execute(f"SET memory_limit='{MEMORY}'")
        for table in wanted:
            progress(f"merging {len(parts[table]):,} files of {table}")
            parts[table] = _merged(con, history, table, number, piece_rows)
    named = {part.file for found in parts.values() for part in found}
    superseded = dict(log.compaction.superseded) if log.compaction else {}
    there = history.store.sizes()
    superseded = {file: since for file, since in superseded.items() if file in there}
    superseded |= {file: text_of(at) for file in sorted(log.files - named)}
    bare = tuple(replace(entry, parts={}) for entry in log.entries)
    compaction = Compaction(number, text_of(at), bare, parts, superseded)
    try:
        history.ledger.commit(compaction)
    except FileExistsError as taken:
        raise AnotherWriter(history.store.place) from taken
    return Log(bare, compaction, number)


def _merged(
    con: "duckdb.DuckDBPyConnection", history: History, table: str, number: int, piece_rows: int
) -> tuple[Part, ...]:
    """A table's rows in new files. A table without rows keeps one for the names of its columns."""
    parts = history.log.parts[table]
    columns = tuple(dict.fromkeys(column for part in parts for column in part.columns))
    filled = [part for part in parts if part.rows]
    if not filled:
        return (replace(parts[0], columns=columns, layout=SCHEMA),)
    source = f"read_parquet({texts(history.files(table))}, union_by_name=true)"
    stored = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    order = ", ".join(f"{name(c)} NULLS LAST" for c in sorted_by(table) if c in stored)
    reader = con.sql(f"SELECT * FROM {source} ORDER BY {order}, delivery, delivery_row").to_arrow_reader(BATCH_ROWS)
    versions = any(part.versions for part in parts)
    gone = any(part.deletions for part in filled)
    return tuple(
        Part(file, rows, digest, columns, versions, deletions if gone else 0, SCHEMA)
        for file, rows, digest, deletions in _pieces(history, table, number, reader, piece_rows)
    )


def _pieces(
    history: History, table: str, number: int, reader: "pa.RecordBatchReader", piece_rows: int
) -> Iterator[tuple[str, int, str, int]]:
    """Write the batches to files of so many rows each; file, rows, checksum and deletions of each."""
    import pyarrow.parquet as pq

    batch = next(reader, None)
    while batch is not None:
        file = f"tables/{table}/{number:08d}-{uuid4().hex[:8]}.parquet"
        draft = history.store.draft(file)
        rows = deletions = 0
        with pq.ParquetWriter(draft, reader.schema, compression="zstd") as writer:
            while batch is not None and rows < piece_rows:
                here, batch = batch.slice(0, piece_rows - rows), batch.slice(piece_rows - rows)
                writer.write_batch(here, row_group_size=BATCH_ROWS)
                rows += here.num_rows
                if "deleted_at" in here.schema.names:
                    deletions += here.num_rows - here.column("deleted_at").null_count
                if not batch.num_rows:
                    batch = next(reader, None)
        digest = seal(draft)
        history.store.keep(file, draft)
        yield file, rows, digest, deletions
