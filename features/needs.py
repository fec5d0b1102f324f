"""What a feature has to find in a history: streams, whose events, columns."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from features import verbs
from features.definition import Feature
from features.evaluate import OWNERS
from features.streams import Stream
from features.verbs import Of, Verb


@dataclass(frozen=True)
class Need:
    """A stream by one key, and the columns used of it."""

    stream: str
    of: Of
    columns: frozenset[str]


def needs_of(verb: Verb) -> Iterator[Need]:
    """Everything a verb looks at, its parts' needs and its owners' included."""
    for field in fields(verb):
        part = getattr(verb, field.name)
        if isinstance(part, Verb):
            yield from needs_of(part)
    stream = getattr(verb, "stream", None)
    if stream is None:
        return
    column = getattr(verb, "column", None)
    used = frozenset([*([column] if column else []), *(name for name, _ in getattr(verb, "where", ()))])
    of: Of = getattr(verb, "of", "deal")
    yield Need(stream, of, used)
    if isinstance(verb, verbs.SmoothedRate):
        yield Need(stream, "everyone", used)
    if of in OWNERS:
        yield from needs_of(OWNERS[of])


def columns_of(features: tuple[Feature, ...]) -> dict[str, frozenset[str]]:
    """The columns wanted of each stream to compute these features."""
    wanted: dict[str, frozenset[str]] = {}
    for feature in features:
        for need in needs_of(feature.verb):
            wanted[need.stream] = wanted.get(need.stream, frozenset()) | need.columns
    return wanted


def lacking(feature: Feature, streams: dict[str, Stream]) -> str | None:
    """Why a feature cannot be computed from these streams; None when it can."""
    for need in needs_of(feature.verb):
        stream = streams.get(need.stream)
        if stream is None:
            return f"the history has nothing that gives {need.stream}"
        if need.of not in stream.keys:
            return f"{need.stream} do not say which {need.of} they belong to"
        if absent := need.columns - stream.columns.keys():
            return f"{need.stream} have no {', '.join(sorted(absent))} known at the time"
    return None
