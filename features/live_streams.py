"""Which events are in memory, and which came since? All streams that some features look at, each by its keys.

An event that becomes known is put among those of everyone whose it is, in microseconds; nothing is built anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from features.derived import DERIVED
from features.derived_one import RULES
from features.history import History
from features.indexing import index_of
from features.kept_arrays import Fleeting, Group, Keep, Making
from features.kept_events import Blocks, KeptEvents, laid_out
from features.kept_texts import HeldTexts
from features.kernel import Index
from features.live_arrays import Held, Loaded, loaded
from features.live_events import Event, encoded, key_of
from features.live_index import FAR, LiveIndex
from features.live_segment import Entry, Shape
from features.names import Names
from features.owners import OF_CUSTOMER, parts_of
from features.plan import Step
from features.processors import processors
from features.stream import StreamSet
from features.stream_reader import StreamReader
from features.streams import open_streams
from features.verbs import Of

if TYPE_CHECKING:
    import pyarrow as pa

LOADING_MB = 2_000
"""What DuckDB may take while streams are read; more spills to the home folder."""
AT_HAND = 1_000
"""Up to so many texts are read into objects; more stay where they lie."""
Wanted = Mapping[tuple[str, Of], frozenset[str]]
"""The columns wanted of each stream by each key."""


class LiveStreams:
    """The streams of a history in memory. A layer over others keeps what it is told to itself.

    Nothing here is safe for several threads at once: `features.online` holds a lock.
    """

    def __init__(
        self,
        history: History,
        wanted: Wanted,
        over: "LiveStreams | None" = None,
        before: int = FAR,
        keep: Keep | None = None,
    ) -> None:
        self._keep: Keep = Fleeting() if keep is None else keep
        self.history = history
        self.told: Callable[[], History] = lambda: history
        self.zone = ZoneInfo(history.timezone or "UTC")
        self.streams: StreamSet = over.streams if over is not None else open_streams(history)
        self._over = over
        self._before = before
        self._reader: StreamReader | None = None
        self.wanted = wanted
        self.merged: Mapping[str, set[str]] = {} if over is None else over.merged
        """Customers who were merged, and all who share their events."""
        self._texts: dict[str, dict[str, Names]] = {}
        self._keys: dict[Of, Names] = over._keys if over is not None else {}
        self._indexes: dict[tuple[str, Of], LiveIndex] = {}
        self.by_stream: dict[str, list[Of]] = {}
        for stream, of in wanted:
            self.by_stream.setdefault(stream, []).append(of)

    def keys(self, of: Of) -> Names:
        """The names of all that have events by a key."""
        found = self._keys.get(of)
        if found is None:
            found = self._keys[of] = named(self._keep.find(f"names/{of}"), "names")
        return found

    def layer(self, before: int) -> "LiveStreams":
        """Streams over these, as they were known before a moment, that can be told more and be forgotten."""
        return LiveStreams(self.history, self.wanted, self, before)

    def load(self) -> None:
        """Read all streams now, instead of each when it is first looked at."""
        steps = [Step(stream, of, ()) for stream, of in self.wanted]
        with StreamReader(self.history, steps, LOADING_MB, min(processors(), 8)) as reader:
            self._reader = reader
            for of in dict.fromkeys(of for _, of in self.wanted):
                self._load_all(of)
        self._reader = None

    def _load_all(self, of: Of) -> None:
        """Every stream by a key."""
        keys = self.keys(of)
        shapes = {stream: self._shape_of(stream, of) for stream, whose in self.wanted if whose == of}

        def make() -> Group:
            read = {stream: self._read(shape, of, keys, None) for stream, shape in shapes.items()}
            return laid_out(read, len(keys))

        group = self._keep.group(f"events/{of}", make)
        blocks = Blocks(group)
        for stream, shape in shapes.items():
            self._indexes[stream, of] = self._index(of, KeptEvents(group, blocks, stream, shape), shape)

    def write_names(self, making: Making) -> None:
        """Write all names into a file that is being made."""
        for of, names in self._keys.items():
            making.put(f"names/{of}", Group(texts={"names": names.texts()}))
        for stream, columns in self._texts.items():
            making.put(f"texts/{stream}", Group(texts={column: names.texts() for column, names in columns.items()}))

    def index(self, stream: str, of: Of) -> LiveIndex:
        """A stream by one key."""
        found = self._indexes.get((stream, of))
        if found is None:
            if self._over is not None:
                under = self._over.index(stream, of)
                found = under.layer(self._shape(stream, under.shape.stored, under.shape.derived), self._before)
            else:
                found = self._load(stream, of)
            self._indexes[stream, of] = found
        return found

    def forget(self, stream: str, of: Of) -> None:
        """Read a stream again when it is next looked at."""
        self._indexes.pop((stream, of), None)

    def texts(self, stream: str) -> dict[str, Names]:
        """The names of a stream's category columns, the same by every key."""
        found = self._texts.get(stream)
        if found is None:
            if self._over is not None:
                found = {column: Names(over=names) for column, names in self._over.texts(stream).items()}
            else:
                derived = DERIVED.get(stream, {})
                kinds = self.streams.columns(stream)
                held = self._keep.find(f"texts/{stream}")
                found = {
                    c: named(held, c, derived[c].levels if c in derived else ())
                    for c, kind in kinds.items()
                    if kind == "category"
                }
            self._texts[stream] = found
        return found

    def _shape(self, stream: str, stored: tuple[str, ...], derived: tuple[str, ...]) -> Shape:
        chosen = {column: names for column, names in self.texts(stream).items() if column in (*stored, *derived)}
        needs = {column for name in derived for column in DERIVED[stream][name].needs}
        return Shape(stream, stored, derived, chosen, self.zone, tuple(sorted(needs)))

    def _load(self, stream: str, of: Of) -> LiveIndex:
        shape = self._shape_of(stream, of)
        return self._index(of, self._read(shape, of, self.keys(of), None), shape)

    def _index(self, of: Of, held: Held, shape: Shape) -> LiveIndex:
        keys = self.keys(of)
        index = LiveIndex(of, shape, keys, held)
        index.read = lambda key: self._read(shape, of, keys, key)
        return index

    def _shape_of(self, stream: str, of: Of) -> Shape:
        columns = self.wanted[stream, of] & self.streams.columns(stream).keys()
        derived = tuple(sorted(c for c in columns if c in DERIVED.get(stream, {})))
        return self._shape(stream, tuple(self.streams.stored(stream, columns)), derived)

    def _read(self, shape: Shape, of: Of, keys: Names, only: str | None) -> Loaded:
        """The events as the history has them with what came since, of one key or all."""
        if self._reader is not None:
            table = self._reader.read(shape.stream, of, (*shape.stored, *shape.derived)).read_all()
            return loaded(self._indexed(shape, table), shape, keys)
        told = self.told()
        streams = self.streams if told is self.streams.history else open_streams(told)
        return loaded(self._fetched(streams, shape, of, None if only is None else [only]), shape, keys)

    def _fetched(self, streams: StreamSet, shape: Shape, of: Of, only: Sequence[str] | None) -> Index:
        """The events as a history has them, of some keys or all."""
        with streams.history.connect() as con:
            if only is not None:
                con.execute("CREATE TEMP TABLE asked AS SELECT unnest(?::VARCHAR[]) AS id", [list(only)])
            columns = (*shape.stored, *shape.derived)
            select = streams.select(shape.stream, of, columns, None if only is None else "asked")
            return self._indexed(shape, con.sql(select).to_arrow_table())

    def _indexed(self, shape: Shape, table: "pa.Table") -> Index:
        kinds = self.streams.columns(shape.stream)
        categories = [column for column, kind in kinds.items() if kind == "category"]
        return index_of(table, categories, shape.stream, shape.derived, self.zone)

    def fetch(self, streams: StreamSet, wanted: Iterable[tuple[str, Of]]) -> dict[tuple[str, Of], Index]:
        """Streams anew as a history has them, for `put`. Nobody need wait meanwhile."""
        return {(stream, of): self._fetched(streams, self._shape_of(stream, of), of, None) for stream, of in wanted}

    def put(self, fetched: Mapping[tuple[str, Of], Index]) -> None:
        """These streams are as they were fetched."""
        for (stream, of), index in fetched.items():
            shape = self._shape_of(stream, of)
            self._indexes[stream, of] = self._index(of, loaded(index, shape, self.keys(of)), shape)

    def fetch_unclear(self) -> dict[tuple[str, Of], tuple[list[str], Index]]:
        """The keys whose events have to be read again, and their events, for `clear`. Nobody need wait meanwhile."""
        unclear = {name: sorted(index.unclear) for name, index in [*self._indexes.items()] if index.unclear}
        if not unclear:
            return {}
        streams = open_streams(self.told())
        return {
            (stream, of): (keys, self._fetched(streams, self._indexes[stream, of].shape, of, keys))
            for (stream, of), keys in unclear.items()
        }

    def clear(self, fetched: Mapping[tuple[str, Of], tuple[list[str], Index]]) -> None:
        """The events of these keys are as they were fetched, unless they were read again meanwhile."""
        for (stream, of), (keys, index) in fetched.items():
            held = self._indexes.get((stream, of))
            if held is not None:
                held.read_again(keys, loaded(index, held.shape, self.keys(of)))

    def untold(self) -> set[str]:
        """The streams of which something is looked at that a row alone does not tell."""
        from features.row_events import tellable

        found = set()
        for (stream, _), index in self._indexes.items():
            beside = self.streams.streams[stream].beside
            if not tellable(stream, (c for c in index.shape.stored if c not in beside)):
                found.add(stream)
            if not set(index.shape.derived) <= RULES.get(stream, {}).keys():
                found.add(stream)
        return found

    @property
    def bytes(self) -> int:
        """What the arrays of the streams take."""
        return sum(index.held.bytes for index in self._indexes.values())

    def add(self, event: Event) -> None:
        """An event became known: everyone whose it is has it now."""
        self._tell(event, None)

    def retire(self, event: Event, when: int) -> None:
        """An event counts no longer from a moment on; not ever, where that is the moment it became known."""
        self._tell(event, when)

    def _tell(self, event: Event, when: int | None) -> None:
        stream = event.stream
        if stream not in self.by_stream:
            return
        texts = self.texts(stream)
        joined = self._counting_for(event) if self.merged else ()
        codes: dict[str, int] = {}
        for of in self.by_stream.get(stream, ()):
            key = key_of(self, event, of)
            if key is None:
                continue
            index = self._indexes.get((stream, of))
            if joined and self._over is None and self._is_joined(stream, of, joined):
                continue
            if index is None:
                if self._over is None:
                    continue  # it will be read with this event in it
                index = self.index(stream, of)
            values = {}
            for column in index.shape.stored:
                if column not in codes:
                    codes[column] = encoded(self, event, column, texts.get(column))
                values[column] = codes[column]
            entry = Entry(event.known, event.happened, event.tie, values, event.retired)
            if when is None:
                index.add(key, entry)
            else:
                index.retire(key, entry, when)

    def _counting_for(self, event: Event) -> tuple[str, ...]:
        """The customers an event counts for, where its own was merged into others."""
        customer = event.values.get("customer_id") if event.stream == "deals" else event.keys.get("customer")
        others = self.merged.get(str(customer), ())
        return (str(event.keys["deal"]),) if others and event.stream == "deals" else tuple(others)

    def _is_joined(self, stream: str, of: Of, names: tuple[str, ...]) -> bool:
        """Whether events of merged customers are read from the history by this key; then they will be."""
        if of == "customer" or (stream, of) == ("deals", "deal"):
            found = self._indexes.get((stream, of))
            if found is not None:
                found.unclear.update(names)
            return True
        if any(part == "customer" or part in OF_CUSTOMER for part in parts_of(of)):
            self.forget(stream, of)
            return True
        return False


def named(group: Group | None, column: str, first: Iterable[str] = ()) -> Names:
    """Names as they were kept, or new ones; few are held at hand."""
    found = None if group is None else group.texts.get(column)
    if isinstance(found, HeldTexts) and len(found) > AT_HAND:
        return Names(held=found)
    return Names(first if found is None else found)
