"""The features of one deal or customer at one moment: a list of looks, prepared once, run in microseconds."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from features.calendar import calendar_value
from features.definition import Feature
from features.evaluate import made_of, told_by
from features.live_events import JOINT
from features.live_streams import LiveStreams
from features.needs import columns_used, leaves_of
from features.owners import EVERYONE, owner_of, parts_of
from features.segments import SegmentLook
from features.values_at import One, Scalars
from features.verbs import Leaf, Verb, inputs_of

Shared = dict[tuple[int, str], One]
"""What was looked up already for the owners of others at the same moment."""


ITSELF, ALL = -1, -2
"""Owners that are not looked up: the deal or customer itself, and everyone."""
_Step = tuple[Verb, tuple[int, ...], int, bool, Callable[[Any, Any, tuple[Any, ...]], Any]]
"""A verb, the places of what it is made of, its look (-1 for none), whether others at the moment may share it, and
what tells its value: by the look, or by the arithmetic."""


class Program:
    """Features of one entity in the order in which each finds what it takes."""

    def __init__(self, features: Iterable[Feature], entity: str) -> None:
        self.entity = entity
        self.features = tuple(features)
        self._places: dict[Verb, int] = {}
        self._steps: list[_Step] = []
        self._looks: dict[tuple[str, str], int] = {}
        self._owners: list[tuple[int, ...]] = []
        self._results = [self._place(feature.verb) for feature in self.features]

    def _place(self, verb: Verb) -> int:
        if verb not in self._places:
            inputs = tuple(self._place(part) for part in inputs_of(verb, self.entity))
            look, shared = -1, False
            if isinstance(verb, Leaf):
                owners = tuple(self._owner(key) for key in parts_of(verb.of))
                look = self._looks.setdefault((verb.stream, verb.of), len(self._looks))
                if look == len(self._owners):
                    self._owners.append(owners)
                shared = owners != (ITSELF,) and not inputs
            self._steps.append((verb, inputs, look, shared, told_by(verb) if isinstance(verb, Leaf) else made_of))
            self._places[verb] = len(self._steps) - 1
        return self._places[verb]

    def _owner(self, key: str) -> int:
        if key == EVERYONE:
            return ALL
        verb = owner_of(key, self.entity)
        return ITSELF if verb is None else self._place(verb)

    def run(self, streams: LiveStreams, name: str, at: int, shared: Shared | None = None) -> list[One]:
        """The value of each feature of a deal or customer at a moment (microseconds)."""
        values: list[Any] = []
        add = values.append
        indexes = [streams.index(stream, of) for stream, of in self._looks]
        looks: list[SegmentLook | None] = [None] * len(indexes)
        keys: list[str | None] = [None] * len(indexes)
        for number, (verb, inputs, place, may_share, tell) in enumerate(self._steps):
            if place < 0:
                if inputs:
                    add(tell(Scalars, verb, tuple([values[i] for i in inputs])))
                else:
                    add(calendar_value(at, verb.part, streams.zone))  # type: ignore[union-attr]
                continue
            look = looks[place]
            if look is None:
                owners = self._owners[place]
                keys[place] = key = name if owners == (ITSELF,) else _key(owners, values, name)
                if may_share and shared is not None and key is not None and (number, key) in shared:
                    add(shared[number, key])
                    continue
                look = looks[place] = indexes[place].look(key, at)
            if shared is None or not may_share:
                add(tell(look, verb, tuple([values[i] for i in inputs]) if inputs else ()))
                continue
            key = keys[place]
            if key is None:
                add(tell(look, verb, ()))
                continue
            found = shared.get((number, key), _UNTOLD)
            if found is _UNTOLD:
                found = shared[number, key] = tell(look, verb, ())
            add(found)
        return [values[place] for place in self._results]


_UNTOLD: Any = object()


def _key(owners: Sequence[int], values: Sequence[Any], name: str) -> str | None:
    if len(owners) == 1:
        owner = owners[0]
        return "all" if owner == ALL else values[owner]
    parts = [name if owner == ITSELF else "all" if owner == ALL else values[owner] for owner in owners]
    return None if None in parts else JOINT.join(parts)


def wanted_by(features: Iterable[Feature]) -> dict[tuple[str, str], frozenset[str]]:
    """The columns these features look at, of each stream by each key."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for feature in features:
        for one in leaves_of(feature.verb, feature.entity):
            place = (one.stream, one.of)
            found[place] = found.get(place, frozenset()) | columns_used(one)
    return found
