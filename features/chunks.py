"""Events of a stream in the order of their keys, some keys at a time: whole keys, and no more in memory than that."""

from bisect import bisect_left
from collections.abc import Iterator

import pyarrow as pa

BATCH = 60_000
"""Rows DuckDB hands over at once."""


def chunks(reader: pa.RecordBatchReader, events: int) -> Iterator[pa.Table]:
    """Tables of about so many events, sorted by `id`, each key in one table alone. At least one table, if empty."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    given = False
    for batch in reader:
        if not len(batch):
            continue
        waiting.append(batch)
        rows += len(batch)
        if rows < events:
            continue
        table = pa.Table.from_batches(waiting)
        ids = table["id"]
        cut = bisect_left(range(rows), ids[-1].as_py(), key=lambda row: ids[row].as_py())
        if cut == 0:
            continue  # one key alone: wait for its end
        given = True
        yield table.slice(0, cut)
        rest = table.slice(cut).combine_chunks()
        waiting = rest.to_batches()
        rows = rest.num_rows
    if waiting or not given:
        yield pa.Table.from_batches(waiting, reader.schema)
