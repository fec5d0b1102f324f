"""The streams of a history in memory: each loaded when first asked for, and kept."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from features.definition import Feature
from features.history import History
from features.indexing import index_of
from features.kernel import Index
from features.needs import lacking
from features.streams import open_streams
from features.verbs import Of

Columns = Mapping[str, frozenset[str]]
"""The columns wanted of each stream."""


class InMemory:
    """The streams of a history, sorted for the kernel."""

    def __init__(self, history: History, columns: Columns) -> None:
        self._history = history
        self._columns = columns
        self._streams = open_streams(history)
        self._indexes: dict[tuple[str, Of], Index] = {}
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
        kinds = self._streams.columns(stream)
        wanted = sorted(self._columns.get(stream, frozenset()) & kinds.keys())
        with self._history.connect() as con:
            table = con.sql(self._streams.select(stream, of, wanted)).to_arrow_table()
        categories = [column for column, kind in kinds.items() if kind == "category"]
        return index_of(table, categories, stream, wanted, self._zone)
