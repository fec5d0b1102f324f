"""The features of one deal or customer at one moment: a list of looks, prepared once, run in microseconds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from features.calendar import calendar_value
from features.definition import Feature
from features.evaluate import leaf, made_of
from features.live_streams import JOINT, LiveStreams
from features.needs import leaves_of
from features.owners import EVERYONE, owner_of, parts_of
from features.segments import SegmentLook
from features.values_at import One, Scalars
from features.verbs import Calendar, Leaf, Verb, inputs_of

Shared = dict[tuple[int, str], One]
"""What was looked up already for the owners of others at the same moment."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A verb, the places of what it is made of, the places of its owners (-1: itself, -2: everyone), its look."""

    verb: Verb
    inputs: tuple[int, ...]
    owners: tuple[int, ...]
    look: int


class Program:
    """Features of one entity in the order in which each finds what it takes."""

    def __init__(self, features: Iterable[Feature], entity: str) -> None:
        self.entity = entity
        self.features = tuple(features)
        self._places: dict[Verb, int] = {}
        self._steps: list[_Step] = []
        self._looks: dict[tuple[str, str], int] = {}
        self._results = [self._place(feature.verb) for feature in self.features]

    def _place(self, verb: Verb) -> int:
        if verb not in self._places:
            inputs = tuple(self._place(part) for part in inputs_of(verb, self.entity))
            owners: tuple[int, ...] = ()
            look = -1
            if isinstance(verb, Leaf):
                owners = tuple(self._owner(key) for key in parts_of(verb.of))
                look = self._looks.setdefault((verb.stream, verb.of), len(self._looks))
            self._steps.append(_Step(verb, inputs, owners, look))
            self._places[verb] = len(self._steps) - 1
        return self._places[verb]

    def _owner(self, key: str) -> int:
        if key == EVERYONE:
            return -2
        verb = owner_of(key, self.entity)
        return -1 if verb is None else self._place(verb)

    def run(self, streams: LiveStreams, name: str, at: int, shared: Shared | None = None) -> list[One]:
        """The value of each feature of a deal or customer at a moment (microseconds)."""
        values: list[Any] = []
        looks: list[SegmentLook | None] = [None] * len(self._looks)
        keys: list[str | None] = [None] * len(self._looks)
        indexes = [streams.index(stream, of) for stream, of in self._looks]
        for number, step in enumerate(self._steps):
            verb, place = step.verb, step.look
            if place < 0:
                if isinstance(verb, Calendar):
                    values.append(calendar_value(at, verb.part, streams.zone))
                else:
                    values.append(made_of(Scalars, verb, tuple([values[i] for i in step.inputs])))
                continue
            look = looks[place]
            if look is None:
                keys[place] = key = _key(step.owners, values, name)
                look = looks[place] = _Waiting(indexes[place], key, at)  # type: ignore[assignment]
            key = keys[place]
            if shared is not None and key is not None and step.owners != (-1,) and not step.inputs:
                if (number, key) in shared:
                    values.append(shared[number, key])
                    continue
                found = leaf(_real(looks, place), verb, ())
                shared[number, key] = found
                values.append(found)
                continue
            values.append(leaf(_real(looks, place), verb, tuple([values[i] for i in step.inputs])))
        return [values[place] for place in self._results]


class _Waiting:
    """A look that is made when it is first needed."""

    __slots__ = ("at", "index", "key")

    def __init__(self, index: Any, key: str | None, at: int) -> None:
        self.index, self.key, self.at = index, key, at


def _real(looks: list[Any], place: int) -> SegmentLook:
    look = looks[place]
    if isinstance(look, _Waiting):
        look = looks[place] = look.index.look(look.key, look.at)
    return look  # type: ignore[no-any-return]


def _key(owners: Sequence[int], values: Sequence[Any], name: str) -> str | None:
    if len(owners) == 1:
        owner = owners[0]
        return name if owner == -1 else "all" if owner == -2 else values[owner]
    parts = [name if owner == -1 else "all" if owner == -2 else values[owner] for owner in owners]
    return None if None in parts else JOINT.join(parts)


def wanted_by(features: Iterable[Feature]) -> dict[tuple[str, str], frozenset[str]]:
    """The columns these features look at, of each stream by each key."""
    from features.needs import columns_used

    found: dict[tuple[str, str], frozenset[str]] = {}
    for feature in features:
        for one in leaves_of(feature.verb, feature.entity):
            place = (one.stream, one.of)
            found[place] = found.get(place, frozenset()) | columns_used(one)
    return found


__all__ = ["Callable", "Program", "Shared", "wanted_by"]
