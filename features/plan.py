"""In which order are features looked up? In steps of one stream by one key; owners are known from earlier steps."""

from collections.abc import Iterable
from dataclasses import dataclass

from features.definition import Feature
from features.needs import columns_used, leaves_of
from features.owners import owners_needed
from features.verbs import Leaf, Of, Verb, inputs_of


@dataclass(frozen=True)
class Step:
    """The verbs that look at one stream by one key."""

    stream: str
    of: Of
    verbs: tuple[Leaf, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns its verbs look at."""
        return frozenset().union(*(columns_used(verb) for verb in self.verbs))


def plan(features: Iterable[Feature], entity: str) -> tuple[Step, ...]:
    """The steps to compute these features, in an order in which each finds what it takes."""
    features = tuple(features)
    wanted = dict.fromkeys(leaf for feature in features for leaf in leaves_of(feature.verb, entity))
    levels: dict[Verb, int] = {}
    for leaf in wanted:
        levels[leaf] = max((levels[part] + 1 for part in _before(leaf, entity)), default=0)
    used = {part for leaf in wanted for part in _before(leaf, entity)}
    last: dict[tuple[str, Of], int] = {}
    for leaf in wanted:
        last[leaf.stream, leaf.of] = max(last.get((leaf.stream, leaf.of), 0), levels[leaf])
    steps: dict[tuple[int, str, Of], list[Leaf]] = {}
    for leaf in wanted:
        # What nothing waits for is looked up together with the last of its stream: a stream is read once or twice.
        level = levels[leaf] if leaf in used else last[leaf.stream, leaf.of]
        steps.setdefault((level, leaf.stream, leaf.of), []).append(leaf)
    return tuple(Step(stream, of, tuple(verbs)) for (_, stream, of), verbs in sorted(steps.items(), key=_place))


def _place(item: tuple[tuple[int, str, Of], list[Leaf]]) -> tuple[int, str, Of]:
    return item[0]


def _before(leaf: Leaf, entity: str) -> tuple[Leaf, ...]:
    """The leaves whose values a leaf takes: its owners, and what bounds it."""
    parts = (*inputs_of(leaf, entity), *owners_needed(leaf.of, entity))
    return tuple(found for part in parts for found in leaves_of(part, entity) if found is not leaf)
