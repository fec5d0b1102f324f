"""Features of one deal or customer now, or of a thousand: the streams in memory, told what happens as it happens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import RLock

import numpy as np

from features.absorbing import Absorbing
from features.as_of import micros
from features.deal_facts import BY_DEAL
from features.definition import Entity, Feature
from features.evaluate import Category, Values
from features.history import History
from features.live_streams import OTHERS, LiveStreams
from features.one_moment import Program, Shared, wanted_by
from features.overlay import Overlay, Record
from features.owners import OF_CUSTOMER, parts_of
from features.plain_rows import typed
from features.span import last_recorded
from features.table import check
from features.values_at import One
from features.verbs import First, Latest

FAR = datetime(9999, 1, 1)
AT_ONCE = 64
"""Deals whose features are looked up before others may have their turn."""


class Memory:
    """The streams that some features need, in memory, for one history and what is told since.

    `data_as_of` is the latest moment before `not_after` at which anything was recorded (naive UTC). The features may
    be of deals and of customers. Raises NotInHistory where the history does not give one.

    Several threads may ask and tell at once: one lock is held for a row told and for AT_ONCE deals asked, so every
    answer sees each row wholly or not at all.
    """

    def __init__(self, history: History, features: tuple[Feature, ...], not_after: datetime = FAR) -> None:
        check(features, history)
        history = history.with_log(history.log)  # what is imported later comes row by row
        self.history = history
        self.features = features
        self.data_as_of = last_recorded(history, not_after)
        self._lock = RLock()
        self._programs = {
            entity: Program([f for f in features if f.entity == entity], entity)
            for entity in dict.fromkeys(feature.entity for feature in features)
        }
        self._streams = LiveStreams(history, _wanted(history, features))
        self._streams.load()
        self._absorbing = Absorbing(history, self._streams)
        kinds = {stream: self._streams.streams.columns(stream) for stream in self._streams.by_stream}
        self._texts = {
            feature.name
            for feature in features
            if isinstance(feature.verb, Latest | First)
            and kinds[feature.verb.stream][feature.verb.column] == "category"
        }

    def absorb(self, table: str, row: Mapping[str, object], recorded_at: datetime) -> bool:
        """Take a row that was just recorded: in the contract's names and types, times naive UTC. False if no news.

        A column that is absent keeps its value. Afterwards the features are those of a history with this row in it.
        Most rows take some microseconds; those that change what was known before take as long as it takes to read
        the rows of their deal or key.
        """
        with self._lock:
            taken = self._absorbing.absorb(table, row, recorded_at)
            if taken and (self.data_as_of is None or recorded_at > self.data_as_of):
                self.data_as_of = recorded_at
            return taken

    def has(self, deal_id: str) -> bool:
        """Whether the deal is on record at all."""
        facts = self._absorbing.facts
        with self._lock:
            return facts is not None and facts.on_record(deal_id)

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        """Whether the deal was on record and open just before a moment (naive UTC)."""
        if self._absorbing.facts is None:
            return False
        at = micros(as_of)
        with self._lock:
            lives = self._streams.index("creations", "deal").look(deal_id, at).count((), None)
            states = self._streams.index("states", "deal").look(deal_id, at)
            return lives > 0 and states.text("status", states.latest(())) in (None, "open")

    def values(self, ids: Sequence[str], as_of: datetime, entity: Entity | None = None) -> dict[str, Values]:
        """The features of deals or customers on record, at a moment (naive UTC).

        `entity` says which, where the features are of both; else it is theirs.
        """
        program = self._programs[entity if entity is not None else next(iter(self._programs), "deal")]
        at, shared = micros(as_of), Shared()
        found: list[list[One]] = []
        for first in range(0, len(ids), AT_ONCE):
            with self._lock:
                # What others told meanwhile counts for the deals of the next turn and for all they share.
                shared.clear()
                for name in ids[first : first + AT_ONCE]:
                    found.append(program.run(self._streams, name, at, shared if len(ids) > 1 else None))
        return self._columns(program, found)

    def values_of_records(self, records: Sequence[Record], as_of: datetime) -> dict[str, Values]:
        """The features of deals as these records tell them, at a moment (naive UTC).

        A record has the contract's deal fields by name and `attributes`. With the `deal_id` of a deal on
        record its fields count as changed just now; any other record is a new deal, created at its
        `created_at` or just now.
        """
        absorbing, program = self._absorbing, self._programs["deal"]
        assert absorbing.facts is not None
        at = micros(as_of)
        found: list[list[One]] = []
        for record in records:
            with self._lock:
                told = Overlay(self._streams, absorbing.facts, record, at, absorbing.rates, absorbing.places)
                found.append(program.run(told.streams, told.deal, at))
        return self._columns(program, found)

    def record(self, deal_id: str) -> dict[str, object]:
        """The deal's fields as last recorded, those never given left out; empty for an unknown deal."""
        facts = self._absorbing.facts
        with self._lock:
            found = None if facts is None or facts.latest.gone(deal_id) else facts.latest.row(deal_id)
        return {} if found is None else {c: typed("deals", c, v) for c, v in found[0].items() if v is not None}

    @property
    def bytes(self) -> int:
        """What the arrays of the memory take."""
        return self._streams.bytes + self._absorbing.bytes

    def _columns(self, program: Program, rows: list[list[One]]) -> dict[str, Values]:
        texts = [feature.name in self._texts for feature in program.features]
        numbers = [[value for value, text in zip(row, texts, strict=True) if not text] for row in rows]
        columns = iter(np.array(numbers, np.float64).reshape(len(rows), texts.count(False)).T)
        return {
            feature.name: _category([row[place] for row in rows]) if text else next(columns)
            for place, (feature, text) in enumerate(zip(program.features, texts, strict=True))
        }


def _category(texts: list[One]) -> Category:
    levels = list(dict.fromkeys(text for text in texts if text is not None))
    places = {text: place for place, text in enumerate(levels)}
    codes = np.array([-1 if text is None else places[text] for text in texts], np.int64)
    return Category(codes, np.array(levels, object))


def _wanted(history: History, features: tuple[Feature, ...]) -> dict[tuple[str, str], frozenset[str]]:
    """The columns of each stream by each key: those the features look at, and those it takes to absorb rows."""
    from features.streams import open_streams

    streams = open_streams(history)
    wanted = wanted_by(features)

    def want(stream: str, of: str, *columns: str) -> None:
        if stream in streams.streams and streams.has_key(stream, of):
            there = frozenset(columns) & streams.columns(stream).keys()
            wanted[stream, of] = wanted.get((stream, of), frozenset()) | there

    if "deals" in history.tables():
        for stream, columns in BY_DEAL.items():
            want(stream, "deal", *columns)
    for stream, of in [*wanted]:
        for part in parts_of(of):
            if part in streams.streams[stream].keys:
                continue
            if part in OF_CUSTOMER:
                want("customers", "customer", part)
            if part == "team":
                want("reps", "rep", "team_id")
        for column in wanted[stream, of]:
            if column in streams.streams[stream].beside:
                shared, _, its = streams.streams[stream].beside[column]
                want(OTHERS[shared], shared, its)
    return wanted
