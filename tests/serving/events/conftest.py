"""Telling events to a database, and a memory that writes down what it is told."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from features.history import History
from serving.events.feed import open_feed
from serving.events.follower import Told
from serving.events.intake import Receipt, Sender, accept, read_events
from serving.events.questions import EventTold
from serving.store.opening import Store

NOW = datetime(2026, 11, 21, 9, 30)
UTC = ZoneInfo("UTC")
Tell = Callable[..., Receipt]


def event(table: str = "activities", recorded: str | None = None, **row: object) -> EventTold:
    """An event; an activity where nothing else is said."""
    if table == "activities":
        row = {"activity_id": "a", "type": "call", "happened_at": "2026-11-20T10:00:00Z", **row}
    return EventTold(table=table, row=row, recorded_at=recorded)


def tell_to(store: Store, *events: EventTold, now: datetime = NOW, actor: str = "key:a", most: int = 1000) -> Receipt:
    """Accept events in one call."""
    read = read_events(events, UTC, actor, now)
    with store.session() as session:
        return accept(session, read, Sender(actor, "r-1", now), most)


class Remembering:
    """A memory that writes down what it is told; `stumbles` over rows of a table."""

    def __init__(self, history: History, stumbles: str = "") -> None:
        self.history, self.stumbles = history, stumbles
        self.told: list[tuple[str, dict[str, object], datetime]] = []

    def absorb_all(self, told: Sequence[Told], stumbled: Callable[[int, Exception], None]) -> None:
        for place, (table, row, recorded_at) in enumerate(told):
            if table == self.stumbles:
                stumbled(place, KeyError("status"))
            else:
                self.told.append((table, dict(row), recorded_at))

    @property
    def keys(self) -> list[object]:
        """The first value of each row told."""
        return [next(iter(row.values())) for _, row, _ in self.told]


@pytest.fixture
def tell(store: Store) -> Tell:
    """Accepts events; each call a second after the one before."""
    open_feed(store)
    calls: list[None] = []

    def call(*events: EventTold, **how: object) -> Receipt:
        calls.append(None)
        return tell_to(store, *events, **{"now": NOW + timedelta(seconds=len(calls)), **how})  # type: ignore[arg-type]

    return call
