"""What may a caller tell? The shape of events, checked at the door; what a row may say stands in the contract."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from features.contracts import TABLES
from serving.questions.questions import Question

MOST_EVENTS = 1000

TableName = Annotated[str, Field(max_length=100), WithJsonSchema({"type": "string", "enum": [*TABLES]})]
Row = Annotated[
    dict[str, object],
    WithJsonSchema(
        {
            "type": "object",
            "description": "Columns of the contract, and `attributes` for columns of your own.",
            "additionalProperties": {"type": ["string", "number", "boolean", "object", "null"]},
        }
    ),
]


class EventTold(Question):
    """One row of a table as it now stands, or the key of one that was deleted."""

    table: TableName
    """A table of the contract."""

    row: Row
    """The row's columns. What is left out keeps its value; `null` empties it."""

    deleted: bool = False
    """The row was deleted; it is told by its key alone."""

    recorded_at: Annotated[str, Field(max_length=40)] | None = None
    """When the source came to know it, default now: a time with offset, or a day, which means its first moment."""

    id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The source's own name of the event, new for each: sent again with the same, it is accepted once."""


class EventsTold(Question):
    """Up to 1,000 events, accepted all or none."""

    events: Annotated[list[EventTold], Field(min_length=1, max_length=MOST_EVENTS)]
    """The events, in the order in which they happened to be recorded."""


class EventsAccepted(Question):
    """What became of the events. They are on disk; nothing that happens to a process or a machine's power undoes it."""

    accepted: int
    """Events that are new."""

    repeated: int
    """Events that say what was accepted before."""

    position: int
    """The position of the latest event accepted by now; `GET /v1/events/status` says how far each of them got."""

    seen: Literal["by the next score", "after the next folding"]
    """When scores see them: at once, unless rows are of a table or column that the history never had."""

    seen_after_folding: list[str]
    """The tables whose rows are seen only when the history has taken them up."""


class EventsStanding(Question):
    """How far events have got."""

    position: int
    """The latest event accepted."""

    folded: int
    """The history has every event up to this one."""

    waiting: int
    """How many events the history has not yet."""

    waiting_most: int
    """How many may wait; more are refused until some were written."""

    oldest_waiting_seconds: float | None
    """How long the oldest of them has waited."""

    folded_in: int | None
    """The entry of the history's log that holds the latest of those that it has."""

    folded_at: str | None
    """When that was written; null where nothing was yet."""

    absorbed: int | None
    """Scores of the process that answers see every event up to this one; None where no model is in memory."""

    refused: int
    """Rows set aside because the history could not take them; the log of the service says why."""
