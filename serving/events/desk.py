"""Where the service takes events, and where it says how far they got. One desk in each process."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from features.errors import ForesellError
from features.history import History
from serving.access import audit
from serving.events.feed import Reach, oldest_waiting, open_feed, reach, reach_of
from serving.events.follower import Follower
from serving.events.intake import Sender, accept, read_events
from serving.events.questions import EventsAccepted, EventsStanding, EventsTold
from serving.events.settling import settle
from serving.problems.errors import StoreAway
from serving.store.idempotency import Work
from serving.store.opening import Store
from serving.telemetry.metrics import Metrics

ACCEPTED = 202
HISTORY_KEPT_SECONDS = 60.0


@dataclass(frozen=True)
class _Shape:
    """What a history has: tables with their columns, and its time zone."""

    zone: ZoneInfo
    columns: dict[str, frozenset[str]]


class Desk:
    """Takes events. `clock` is the moment scores are as of, `wall_clock` when something comes, both naive UTC."""

    def __init__(
        self,
        store: Store,
        home: Path,
        follower: Follower,
        most_waiting: int,
        clock: Callable[[], datetime],
        wall_clock: Callable[[], datetime],
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self._store, self._home, self.follower, self._most_waiting = store, home, follower, most_waiting
        self._clock, self._wall_clock, self._tick = clock, wall_clock, tick
        self._shape: tuple[float, _Shape] | None = None
        # Writers of one process wait for each other here, not in the database, where waiting is by trying again.
        self.turn = asyncio.Lock()

    def open(self) -> Reach:
        """Make the database and the history agree on what is folded. Blocks. Raises StoreAway."""
        open_feed(self._store)
        try:
            return settle(self._store, History.open(self._home))
        except (ForesellError, OSError):
            return open_feed(self._store)  # a history that cannot be read is the shelf's to say

    def read(self, told: EventsTold, actor: str, request_id: str, request_key: str | None = None) -> Work:
        """Read events, and say what accepting them takes: to be done in a transaction while one has the `turn`.

        Raises EventsNotAccepted; the work raises that too, and TooManyEventsWaiting.
        """
        shape = self._shape_of_history()
        events = read_events(told.events, shape.zone, actor, self._clock(), request_key)
        unseen = [one.table for one in events if self._is_unseen(shape, one.table, one.columns)]
        sender = Sender(actor, request_id, self._wall_clock())

        def do(session: Session) -> tuple[int, bytes]:
            receipt = accept(session, events, sender, self._most_waiting, self._clock())
            if receipt.accepted:
                said = {"accepted": receipt.accepted, "repeated": receipt.repeated, "position": receipt.position}
                audit.note(session, audit.By(actor, request_id), "events.accept", "events", said, sender.now)
            answer = EventsAccepted(
                accepted=receipt.accepted,
                repeated=receipt.repeated,
                position=receipt.position,
                seen="after the next folding" if unseen else "by the next score",
                seen_after_folding=list(dict.fromkeys(unseen)),
            )
            return ACCEPTED, answer.model_dump_json().encode()

        return do

    def standing(self) -> EventsStanding:
        """How far events have got. Raises StoreAway."""
        with self._store.session() as session:
            now = reach(session)
            oldest = oldest_waiting(session, now.folded) if now.waiting else None
        age = None if oldest is None else max((self._wall_clock() - oldest).total_seconds(), 0.0)
        return EventsStanding(
            position=now.last,
            folded=now.folded,
            waiting=now.waiting,
            waiting_most=self._most_waiting,
            oldest_waiting_seconds=age,
            folded_in=now.entry,
            folded_at=None if now.folded_at is None else now.folded_at.replace(tzinfo=UTC).isoformat(),
            absorbed=self.follower.position,
            refused=now.refused,
        )

    def count(self, metrics: Metrics) -> None:
        """Tell the metrics how many events wait for the history."""
        with suppress(StoreAway):
            metrics.queue("events", reach_of(self._store).waiting)

    def _shape_of_history(self) -> _Shape:
        """What the history has, as the memory knows it; without a memory, as it was on disk a minute ago."""
        history = self.follower.history()
        if history is None and self._shape is not None and self._tick() - self._shape[0] < HISTORY_KEPT_SECONDS:
            return self._shape[1]
        try:
            history = history or History.open(self._home)
            columns = {table: frozenset(history.columns(table)) for table in history.tables()}
            found = _Shape(ZoneInfo(history.timezone or "UTC"), columns)
        except (ForesellError, OSError):
            found = self._shape[1] if self._shape is not None else _Shape(ZoneInfo("UTC"), {})
        self._shape = (self._tick(), found)
        return found

    @staticmethod
    def _is_unseen(shape: _Shape, table: str, columns: frozenset[str]) -> bool:
        return table not in shape.columns or not columns <= shape.columns[table]
