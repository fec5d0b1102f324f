"""How do rows travel between workers? As parcels: a few thousand rows in Arrow's own bytes, and where they go.

Whoever moves parcels never looks inside. So a cluster moves bytes, and rows are rows only in Arrow and NumPy.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Key = tuple[int, int, int]
"""The bucket a parcel goes to, its turn there, and which of several of the same turn it is."""
Parcel = tuple[Key, bytes]
MOST_ROWS = 50_000
"""Rows of a parcel: it must fit in memory a hundred times over, for so many are sorted at once."""

Ints = NDArray[np.int64]


def packed(table: pa.Table) -> bytes:
    """A table as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def unpacked(freight: list[bytes]) -> pa.Table:
    """The rows of several parcels of the same columns, in their order."""
    tables = [pa.ipc.open_stream(part).read_all() for part in freight]
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)


def parcelled(table: pa.Table, place: Ints, turn: int, part: int, first: int = 0) -> Iterator[Parcel]:
    """The rows as parcels to the buckets of `place`, counted from `first`; rows of one bucket keep their order."""
    if not len(table):
        return
    if place[0] == place[-1] and (place == place[0]).all():
        yield from _cut(table, (first + int(place[0]), turn, part))
        return
    order = np.argsort(place, kind="stable")
    sorted_places = place[order]
    rows = table.take(pa.array(order)).combine_chunks()
    edges = np.flatnonzero(np.diff(sorted_places)) + 1
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(order)], strict=True):
        yield from _cut(rows.slice(begin, end - begin), (first + int(sorted_places[begin]), turn, part))


def _cut(table: pa.Table, key: Key) -> Iterator[Parcel]:
    for begin in range(0, len(table), MOST_ROWS):
        yield key, packed(table.slice(begin, MOST_ROWS))


def by_bucket(parcels: Iterable[Parcel]) -> Iterator[tuple[int, Iterator[tuple[int, Iterator[Parcel]]]]]:
    """Sorted parcels: each bucket, in it each turn, in it the parcels; to be read in this order."""
    for bucket, inside in groupby(parcels, key=lambda parcel: parcel[0][0]):
        yield bucket, groupby(inside, key=lambda parcel: parcel[0][1])
