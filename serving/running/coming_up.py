"""In which order does a serving process come up? What the first score needs comes first, all else after it.

A score by features needs the database (whose is this key?), the bundles, and who counts and logs it: that is `first`.
The desk for events, lists, jobs and the routes cost more processor time than all of that, so they are `rest`:
imported and made while the first scores are answered already. The history is read into memory once the desk has made
database and history agree on which events the history has.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.datastructures import State

from features.definition import Feature
from features.history import History
from serving.access.gate import Gate
from serving.champion import Records, Sources, real_sources
from serving.events.follower import Follower
from serving.health.watching import watched
from serving.release import release
from serving.score_log.queue import ScoreLog
from serving.scores.scorebook import ScoreBook
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.store.opening import open_store
from serving.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from serving.store.opening import Store

Clock = Callable[[], datetime]
LATER = (
    "serving.cards.lists",
    "serving.cards.on_record",
    "serving.events.desk",
    "serving.health.readiness",
    "serving.upkeep.at_work",
    "serving.api.routes",
)
"""What the first scores do not need and all else does: importing it takes longer than loading a bundle."""


class Running:
    """All that lives as long as the process, put into `state`, where routes find it."""

    def __init__(
        self,
        state: State,
        settings: ServingSettings,
        clock: Clock,
        wall_clock: Clock,
        metrics: Metrics,
        sources: Sources | None,
        jobs: bool,
    ) -> None:
        self.state, self._settings, self._metrics, self._jobs = state, settings, metrics, jobs
        self._clock, self._wall_clock = clock, wall_clock
        self._sources = sources or real_sources(clock)
        self._agreed = Event()
        self._store: Store | None = None
        self._shelf: Shelf | None = None
        self._score_log: ScoreLog | None = None
        self._follower: Follower | None = None
        self._counted, self._working = ExitStack(), ExitStack()
        state.settings, state.metrics = settings, metrics

    async def first(self) -> None:
        """What scores by features need; returns when a bundle serves. Raises StoreNotOpened, StoreTooNew."""
        settings, state = self._settings, self.state
        self._store = store = await to_thread.run_sync(open_store, settings.store_address)
        self._follower = follower = Follower(store, longest_wait=settings.wait_for_events)
        sources = replace(self._sources, remember=self._remember)
        self._shelf = shelf = Shelf(
            settings.home, sources, settings.look_every, settings.retry_load_after, follower=follower
        )
        self._score_log = score_log = ScoreLog(
            settings.home, settings.score_log_most, settings.score_log_every, self._metrics
        )
        state.store, state.shelf, state.follower = store, shelf, follower
        state.wall_clock = self._wall_clock
        state.gate = Gate(store, settings, self._wall_clock)
        state.book = ScoreBook(
            shelf,
            self._clock,
            settings.stale_after,
            settings.piece_rows,
            settings.large_calls_at_once,
            follower=follower,
            log=score_log,
            metrics=self._metrics,
            first_load_wait=settings.first_load_wait,
        )
        self._counted.enter_context(watched(settings, self._metrics, store, shelf, self._clock, release()))
        score_log.start()
        await to_thread.run_sync(shelf.start, settings.first_load_wait)

    async def rest(self) -> None:
        """What all other calls need, and the process's own work. Raises StoreAway; then it may be tried again."""
        await to_thread.run_sync(import_the_rest)
        from serving.cards.lists import Lists
        from serving.cards.on_record import OnRecord
        from serving.events.desk import Desk
        from serving.health.readiness import Parts, StoreLook
        from serving.upkeep.at_work import at_work

        settings, state = self._settings, self.state
        store, shelf, follower, score_log = self._store, self._shelf, self._follower, self._score_log
        assert store is not None
        assert shelf is not None
        assert follower is not None
        assert score_log is not None
        desk = Desk(store, settings.home, follower, settings.events_waiting_most, self._clock, self._wall_clock)
        await to_thread.run_sync(desk.open)
        self._agreed.set()
        state.events = desk
        state.parts = Parts(settings, shelf, follower, score_log, StoreLook(store, follower), self._clock)
        state.lists = Lists(store, self._clock, settings.stale_after)
        state.recorded = OnRecord(shelf, state.book, state.lists, follower, self._clock)
        self._metrics.when_asked(lambda: desk.count(self._metrics))
        follower.start(settings.follow_every)
        if self._jobs:
            self._working.enter_context(at_work(settings, store, self._clock, self._wall_clock, self._metrics))

    async def close(self) -> None:
        """End all that was begun, the last first."""
        try:
            self._working.close()
            self._counted.close()
        finally:
            self._agreed.set()
            if self._shelf is not None:
                await to_thread.run_sync(self._shelf.close)
            if self._score_log is not None:
                await to_thread.run_sync(self._score_log.close)
            if self._follower is not None:
                self._follower.close()
            if self._store is not None:
                self._store.close()

    def _remember(self, history: History, features: tuple[Feature, ...]) -> Records:
        """A history in memory, once it is known which events it has."""
        self._agreed.wait()
        return self._sources.remember(history, features)


def import_the_rest() -> None:
    """Import what `rest` needs, in a thread: meanwhile scores are answered."""
    for module in LATER:
        import_module(module)
