"""What does the service say of itself: its models, whether it is ready, and what it took in?"""

from typing import Literal, TypedDict


class ModelServed(TypedDict):
    """A model that is live."""

    model: str
    version: str
    live: bool
    rung: str
    until: str
    feature_fingerprint: str
    features: int
    base_rate: float | None
    serves: str | None
    says: str | None
    closed_deals: int | None
    scorecard: dict[str, object]


class ModelsServed(TypedDict):
    """The models that are live."""

    models: list[ModelServed]


class Trouble(TypedDict):
    """Something that could not be loaded."""

    type: str
    detail: str
    fix: str


class Part(TypedDict):
    """How one part of the service stands."""

    part: str
    state: str
    detail: str


class Readiness(TypedDict):
    """Whether scores can be answered, and what stands in the way."""

    ready: bool
    model_version: str | None
    data_as_of: str | None
    troubles: list[Trouble]
    parts: list[Part]


class EventsAccepted(TypedDict):
    """What became of the events. They are on disk; nothing that happens to a process or a machine's power undoes it."""

    accepted: int
    repeated: int
    position: int
    seen: Literal["by the next score", "after the next folding"]
    seen_after_folding: list[str]
