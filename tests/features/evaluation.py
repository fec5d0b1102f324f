"""The verbs' values at many moments, from streams that a test has in memory: no engine, no file, no partition."""

from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from features import verbs
from features.as_of import Moments
from features.calendar import calendar_values
from features.evaluate import crossed, leaf, made_of
from features.kernel import Index, Ints, take
from features.looks import VectorLook
from features.owners import EVERYONE, owner_of, parts_of
from features.values_at import Category, Values, Vectors
from features.verbs import Leaf, Of, Verb, inputs_of


class Streams(Protocol):
    """Where the kernel's indexes come from: a history in memory, a partition, one deal."""

    def index(self, stream: str, of: Of) -> Index:
        """The events of a stream by one key."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendar."""


class Evaluation:
    """The values of any verbs at the same moments, from streams in memory; shared parts are computed once."""

    def __init__(self, streams: Streams, moments: Moments, entity: str = "deal") -> None:
        self.streams = streams
        self.moments = moments
        self.entity = entity
        self._values: dict[Verb, Values] = {}
        self._looks: dict[tuple[str, Of], VectorLook] = {}

    def value(self, verb: Verb) -> Values:
        """One verb's value at each moment."""
        if verb not in self._values:
            self._values[verb] = self._compute(verb)
        return self._values[verb]

    def _compute(self, verb: Verb) -> Values:
        if isinstance(verb, verbs.Calendar):
            return calendar_values(self.moments.at, verb.part, self.streams.zone)
        inputs = tuple(self.value(part) for part in inputs_of(verb, self.entity))
        if isinstance(verb, Leaf):
            found: Values = leaf(self.look(verb.stream, verb.of), verb, inputs)
        else:
            found = made_of(Vectors, verb, inputs)
        return found

    def look(self, stream: str, of: Of) -> VectorLook:
        """The look of each moment's owner at a stream."""
        if (stream, of) not in self._looks:
            index = self.streams.index(stream, of)
            self._looks[stream, of] = VectorLook(index, self.codes(index, of), self.moments.at)
        return self._looks[stream, of]

    def codes(self, index: Index, of: Of) -> Ints:
        """For each moment the segment of its owner in an index; -1 for none."""
        if of == EVERYONE:
            return np.zeros(len(self.moments), np.int64) if len(index.ids) else np.full(len(self.moments), -1)
        if of == self.entity:
            return index.codes_of(self.moments.ids)
        owner = self.owner(of)
        if len(owner.codes) < len(owner.levels):
            return index.codes_of(owner.texts())
        return take(index.codes_of(owner.levels), owner.codes, -1)

    def owner(self, of: Of) -> Category:
        """The name of each moment's owner."""
        found = [self._single_owner(key) for key in parts_of(of)]
        return found[0] if len(found) == 1 else crossed(found[0], found[1])

    def _single_owner(self, key: str) -> Category:
        verb = owner_of(key, self.entity)
        if verb is None:
            return as_category(self.moments.ids)
        owner = self.value(verb)
        assert isinstance(owner, Category)
        return owner


def as_category(names: "np.typing.NDArray[np.object_]") -> Category:
    """Names as codes into their different values."""
    levels = list(dict.fromkeys(names.tolist()))
    place = {name: code for code, name in enumerate(levels)}
    return Category(np.array([place[name] for name in names.tolist()], np.int64), np.array(levels, object))
