"""What is one event, whose is it, and what does it carry of its owners? As events come to the streams in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from features.kernel import MISSING
from features.live_index import LiveIndex
from features.names import Names
from features.owners import EVERYONE, OF_CUSTOMER, parts_of
from features.verbs import Of

if TYPE_CHECKING:
    from features.live_streams import LiveStreams

Value = int | str | None
JOINT = "\x1f"
"""Between the two names of a crossed key, as `features.stream` writes it."""
OTHERS = {"contact": "contacts", "customer": "customers", "rep": "reps"}
"""The stream that describes an owner."""


@dataclass(slots=True)
class Event:
    """One event of a stream: whose it is, its times, its values (numbers in ten-thousandths, moments, texts)."""

    stream: str
    keys: Mapping[str, str | None]
    known: int
    happened: int
    tie: Any
    values: Mapping[str, Value] = field(default_factory=dict)
    retired: int = MISSING


def key_of(streams: "LiveStreams", event: Event, of: Of) -> str | None:
    """Whose an event is by a key; None for nobody's."""
    if of == EVERYONE:
        return "all"
    if of in event.keys:
        return event.keys[of]
    found = []
    for part in parts_of(of):
        own = part in event.keys
        name = event.keys[part] if own else "all" if part == EVERYONE else _held(streams, event, part)
        if name is None:
            return None
        found.append(name)
    return JOINT.join(found)


def encoded(streams: "LiveStreams", event: Event, column: str, names: Names | None) -> int:
    """A value of an event as it is kept; one that takes a join is looked up."""
    value = event.values.get(column)
    beside = streams.streams.streams[event.stream].beside
    if column not in event.values and column in beside:
        shared, _, its = beside[column]
        value = _number_held(streams, OTHERS[shared], shared, event.keys.get(shared), its, event.known)
    if names is not None:
        assert value is None or isinstance(value, str)
        return names.add(value)
    assert not isinstance(value, str)
    return MISSING if value is None else value


def _held(streams: "LiveStreams", event: Event, key: str) -> str | None:
    """A key that belongs to the event's customer or seller, as known when the event was."""
    if key in OF_CUSTOMER:
        return _text_held(streams, "customers", "customer", event.keys.get("customer"), key, event.known)
    if key == "team":
        return _text_held(streams, "reps", "rep", event.keys.get("rep"), "team_id", event.known)
    return None


def _text_held(streams: "LiveStreams", stream: str, of: Of, key: str | None, column: str, known: int) -> str | None:
    """What a described thing was last said to be, as known at a moment."""
    if key is None:
        return None
    index = streams.index(stream, of)
    return index.shape.texts[column].text(_last_value(index, key, column, known, -1))


def _number_held(streams: "LiveStreams", stream: str, of: Of, key: str | None, column: str, known: int) -> int | None:
    """The same of a number."""
    found = MISSING if key is None else _last_value(streams.index(stream, of), key, column, known, MISSING)
    return None if found == MISSING else found


def _last_value(index: LiveIndex, key: str, column: str, known: int, missing: int) -> int:
    run = index.base(key) if (grown := index.grown(key)) is None else None
    runs: Iterable[Any] = grown.runs if grown is not None else () if run is None else (run,)
    found = missing
    for run in runs:
        look = run.at(known + 1)
        held, values = look.seen(column)
        if len(held):
            found = values[-1]
    return found
