"""The engine of one machine: streams of a history in memory, sorted for the kernel."""

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.history import History
from features.kernel import MISSING, Index, build_index
from features.streams import Stream, open_streams
from features.verbs import Of

Columns = dict[str, frozenset[str]]
"""The columns wanted of each stream."""


class LocalStreams:
    """The streams of a history, each loaded when first asked for and kept."""

    def __init__(self, history: History, columns: Columns) -> None:
        self._history = history
        self._columns = columns
        self._streams = open_streams(history)
        self._indexes: dict[tuple[str, str], Index] = {}
        self._zone = ZoneInfo(history.timezone or "UTC")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendar."""
        return self._zone

    def index(self, stream: str, of: Of) -> Index:
        """The events of a stream by one key, sorted by key and by when they became known."""
        if (stream, of) not in self._indexes:
            self._indexes[stream, of] = self._load(stream, of)
        return self._indexes[stream, of]

    def _load(self, stream: str, of: Of) -> Index:
        found = self._streams[stream]
        wanted = sorted(self._columns.get(stream, frozenset()) & found.columns.keys())
        chosen = "".join(f', "{column}"' for column in wanted)
        with self._history.connect() as con:
            table = con.sql(
                f"SELECT key_{of} AS id, known, happened, retired{chosen} FROM ({found.sql}) "
                f"WHERE key_{of} IS NOT NULL AND (retired IS NULL OR retired > known) "
                "ORDER BY id, known, happened, tie"
            ).to_arrow_table()
        return index_of(table, found, wanted)


def index_of(table: pa.Table, stream: Stream, columns: list[str]) -> Index:
    """An index from rows (id, known, happened, retired, columns...) sorted by id and known."""
    ids = table["id"].combine_chunks().dictionary_encode()
    ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    starts = np.searchsorted(np.asarray(ids.indices), np.arange(len(ids.dictionary) + 1))
    values: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
    levels = {}
    for column in columns:
        if stream.columns[column] == "category":
            values[column], levels[column] = _codes(table[column])
        else:
            values[column] = _integers(table[column], MISSING)
    retired = table["retired"]
    return build_index(
        ids.dictionary,
        starts.astype(np.int64),
        _integers(table["known"], MISSING),
        _integers(table["happened"], MISSING),
        values,
        levels,
        None if retired.null_count == len(retired) else _integers(retired, MISSING),
    )


def _integers(column: pa.ChunkedArray, missing: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray(pc.fill_null(pc.cast(column, pa.int64()), missing).to_numpy()).astype(np.int64)


def _codes(
    column: pa.ChunkedArray,
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.object_]]]:
    encoded = pc.cast(column, pa.string()).combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
    return codes, np.array(encoded.dictionary.to_pylist(), dtype=object)
