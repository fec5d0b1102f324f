"""In which rounds do moments and events meet? In each, moments ask by keys that earlier rounds have told them."""

from dataclasses import dataclass

from features.definition import Feature
from features.engines.splits import rows_of
from features.history import History
from features.needs import leaves_of
from features.owners import EVERYONE, owners_needed
from features.plan import Step, plan
from features.verbs import Leaf, Of, inputs_of


@dataclass(frozen=True)
class Errand:
    """What moments ask by one key in one round: the steps, and how many buckets their events and they are put in.

    `number` is its own among all errands; `first` is the number of its first bucket in the round.
    """

    number: int
    of: Of
    steps: tuple[Step, ...]
    buckets: int
    first: int

    @property
    def is_for_all(self) -> bool:
        """Whether every moment looks at the same events, of which each bucket has a copy."""
        return self.of == EVERYONE


Round = tuple[Errand, ...]


def rounds_of(
    features: tuple[Feature, ...], entity: str, history: History, events: int, copies: int, spread: int
) -> tuple[Round, ...]:
    """The rounds to compute these features.

    A bucket holds about so many `events`; those of everyone are put in `copies` buckets. What is worth it is
    put in `spread` buckets at least.
    """
    stages = _stages(features, entity)
    rounds: list[Round] = []
    number = 0
    for stage in range(max(stages.values(), default=-1) + 1):
        by_key: dict[Of, list[Step]] = {}
        for step, its in stages.items():
            if its == stage:
                by_key.setdefault(step.of, []).append(step)
        errands, first = [], 0
        for of, steps in sorted(by_key.items()):
            rows = sum(rows_of(step.stream, history) for step in steps)
            buckets = copies if of == EVERYONE else max(-(-rows // events), spread if rows > WORTH_IT else 1)
            errands.append(Errand(number, of, tuple(steps), buckets, first))
            first += buckets
            number += 1
        rounds.append(tuple(errands))
    return tuple(rounds)


WORTH_IT = 50_000
"""Events from which it is worth to share an errand among all cores."""


def _stages(features: tuple[Feature, ...], entity: str) -> dict[Step, int]:
    """Each step's round: after those of the values it takes."""
    told: dict[Leaf, int] = {}
    stages: dict[Step, int] = {}
    for step in plan(features, entity):
        before = (part for verb in step.verbs for part in _taken(verb, entity))
        stages[step] = max((told[part] + 1 for part in before), default=0)
        told.update(dict.fromkeys(step.verbs, stages[step]))
    return stages


def _taken(verb: Leaf, entity: str) -> set[Leaf]:
    parts = (*inputs_of(verb, entity), *owners_needed(verb.of, entity))
    return {leaf for part in parts for leaf in leaves_of(part, entity)} - {verb}


def buckets_in(errands: Round) -> int:
    """How many buckets a round has."""
    return sum(errand.buckets for errand in errands)
