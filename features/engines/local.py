"""The engine of one machine: streams of a history in memory, sorted for the kernel."""

from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.definition import Feature
from features.history import History
from features.kernel import MISSING, Index, Ints, build_index, codes_in
from features.needs import lacking
from features.quoting import name
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

    def lacking(self, feature: Feature) -> str | None:
        """Why the history cannot give a feature; None when it can."""
        return lacking(feature, self._streams)

    def index(self, stream: str, of: Of) -> Index:
        """The events of a stream by one key, sorted by key and by when they became known."""
        if (stream, of) not in self._indexes:
            self._indexes[stream, of] = self._load(stream, of)
        return self._indexes[stream, of]

    def _load(self, stream: str, of: Of) -> Index:
        found = self._streams[stream]
        wanted = sorted(self._columns.get(stream, frozenset()) & found.columns.keys())
        chosen = "".join(f", {_filled(column, found)}" for column in wanted)
        with self._history.connect() as con:
            table = con.sql(
                f"SELECT key_{of} AS id, known, happened, coalesce(retired, {MISSING}) AS retired{chosen} "
                f"FROM ({found.sql}) "
                f"WHERE key_{of} IS NOT NULL AND (retired IS NULL OR retired > known) "
                "ORDER BY id, known, happened, tie"
            ).to_arrow_table()
        return index_of(table, found, wanted)


def index_of(table: pa.Table, stream: Stream, columns: list[str]) -> Index:
    """An index from rows (id, known, happened, retired, columns...) sorted by id and known; no number is NULL."""
    ids, names = _codes(table["id"])
    values: dict[str, Ints] = {}
    levels = {}
    for column in columns:
        if stream.columns[column] == "category":
            values[column], dictionary = _codes(table[column])
            levels[column] = np.array(dictionary.to_pylist(), dtype=object)
        else:
            values[column] = _integers(table[column])
    retired = _integers(table["retired"])
    return build_index(
        names,
        np.searchsorted(ids, np.arange(len(names) + 1)).astype(np.int64),
        _integers(table["known"]),
        _integers(table["happened"]),
        values,
        levels,
        retired if (retired != MISSING).any() else None,
    )


def _filled(column: str, stream: Stream) -> str:
    if stream.columns[column] == "category":
        return name(column)
    return f"coalesce({name(column)}, {MISSING})::BIGINT AS {name(column)}"


def _integers(column: pa.ChunkedArray) -> Ints:
    parts = [np.frombuffer(c.buffers()[1], np.int64)[c.offset : c.offset + len(c)] for c in column.chunks if len(c)]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Texts as codes into a dictionary in order of appearance; -1 is missing."""
    chunks = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if not chunks.num_chunks:
        return np.empty(0, np.int64), pa.nulls(0, pa.string())
    return np.concatenate([codes_in(chunk.indices) for chunk in chunks.chunks]), chunks.chunk(0).dictionary
