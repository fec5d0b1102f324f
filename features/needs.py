"""What a feature has to find in a history: streams, whose events, columns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from features.definition import Feature
from features.owners import owners_needed
from features.stream import StreamSet
from features.verbs import Leaf, Of, Verb, inputs_of


@dataclass(frozen=True)
class Need:
    """A stream by one key, and the columns used of it."""

    stream: str
    of: Of
    columns: frozenset[str]


def leaves_of(verb: Verb, entity: str) -> Iterator[Leaf]:
    """Every verb that has to be looked up for this one, its owners' and its parts' before their own; may repeat."""
    for part in inputs_of(verb, entity):
        yield from leaves_of(part, entity)
    if isinstance(verb, Leaf):
        for owner in owners_needed(verb.of, entity):
            yield from leaves_of(owner, entity)
        yield verb


def columns_used(verb: Leaf) -> frozenset[str]:
    """The columns a verb looks at."""
    used = {name for name, _ in getattr(verb, "where", ())}
    return frozenset(used | {getattr(verb, word) for word in ("column", "by") if hasattr(verb, word)})


def needs_of(verb: Verb, entity: str = "deal") -> Iterator[Need]:
    """Everything a verb looks at, its parts' needs and its owners' included."""
    for leaf in leaves_of(verb, entity):
        yield Need(leaf.stream, leaf.of, columns_used(leaf))


def columns_of(features: Iterable[Feature]) -> dict[str, frozenset[str]]:
    """The columns wanted of each stream to compute these features."""
    wanted: dict[str, frozenset[str]] = {}
    for feature in features:
        for need in needs_of(feature.verb, feature.entity):
            wanted[need.stream] = wanted.get(need.stream, frozenset()) | need.columns
    return wanted


def lacking(feature: Feature, streams: StreamSet) -> str | None:
    """Why a feature cannot be computed from these streams; None when it can."""
    for need in needs_of(feature.verb, feature.entity):
        if need.stream not in streams.streams:
            return f"the history has nothing that gives {need.stream}"
        if not streams.has_key(need.stream, need.of):
            return f"{need.stream} do not say which {need.of.replace('&', ' and ')} they belong to"
        if absent := need.columns - streams.columns(need.stream).keys():
            return f"{need.stream} have no {', '.join(sorted(absent))} known at the time"
    return None
