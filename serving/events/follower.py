"""Does the memory know every event that was accepted? It is told them before the next score, in every process.

How the shelf and the scores use it (one Follower in each process):

* whoever loads a memory calls `loaded(memory, history.log)` in the loading thread, before the memory answers for the
  first time: it is told every event that the history, as it was loaded, has not;
* before scores by id are computed: `await follower.catch_up()`. Afterwards every memory that was loaded and is still
  in use knows all events that were accepted before the call, in whichever process or instance. True says so; False
  says that the database could not be asked, or that it would have taken longer than scores wait, and scores should say
  that they may be stale;
* when the history has grown: `covers(memory, log)` says whether the memory knows all that is new in the log already,
  because it is nothing but folded events. Then it need not be loaded again; else load it, as ever.

`start` does the same every so often, so that a score that comes after a long while has little to wait for.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from features.contracts import DELETED, TABLES
from features.errors import ForesellError
from features.fold_marks import latest_mark, mark_of
from features.history import History
from features.ledger import Log
from features.told_rows import read_again
from serving.events.feed import MOST_AHEAD, PAGE, Accepted, events_after, reach_of
from serving.events.glance import Glance, Seen, glance_at
from serving.problems.errors import StoreAway
from serving.store.opening import Store
from serving.telemetry.request_log import FACTS, LOGGER

MOST_TOLD = 200_000
"""Rows told to one memory before it is loaded anew: what was told row by row takes more room than what was read."""
MANY = 10_000
"""Events told at once to a memory that nobody asks yet: late ones cost the same queries however many they are."""
CLOSE_SECONDS = 5.0
LONGEST_WAIT = timedelta(seconds=1)
"""How long a score waits for events to be told, where nothing else is said."""
JUST_AFTER = timedelta(microseconds=1)

Told = tuple[str, Mapping[str, object], datetime]
"""A row as a memory takes it: table, values, since when it is on record."""

log = logging.getLogger(LOGGER)


@runtime_checkable
class Absorbs(Protocol):
    """A memory that can be told rows: `features.online.Memory`."""

    history: History

    def absorb_all(self, told: Sequence[Told], stumbled: Callable[[int, Exception], None]) -> object:
        """Take rows that were recorded, in their order; one that cannot be taken is handed back with its place."""


class _Following:
    """How far one memory was told. `unseen`: positions of events it could not take, for want of their table."""

    def __init__(self, log: Log, name: str) -> None:
        mark = latest_mark(log.entries, name) if name else None
        self.name, self.number = name, log.number
        self.position = 0 if mark is None else mark[0].last
        self.told = 0
        self.unseen: list[int] = []


class Follower:
    """Tells the memories of one process what is accepted anywhere. Its methods may be called from any thread."""

    def __init__(
        self,
        store: Store,
        glance: Glance | None = None,
        most_told: int = MOST_TOLD,
        longest_wait: timedelta = LONGEST_WAIT,
    ) -> None:
        self._store, self._most_told = store, most_told
        self._longest_wait = longest_wait.total_seconds()
        self._last = 0
        self._told_until: datetime | None = None
        self._glance = glance or glance_at(store)
        self._followed: WeakKeyDictionary[Absorbs, tuple[_Following, Log]] = WeakKeyDictionary()
        self._absorbing = Lock()
        self._all_told: Seen | None = None
        self._running: asyncio.Future[bool] | None = None
        self._next: asyncio.Future[bool] | None = None
        self._current = True
        self._thread: Thread | None = None
        self._stop = Event()
        self.failures = 0

    @property
    def current(self) -> bool:
        """Whether the latest attempt to learn of new events succeeded."""
        return self._current

    @property
    def position(self) -> int | None:
        """The event up to which every memory in use was told; None where there is no memory."""
        return min((following.position for following, _ in list(self._followed.values())), default=None)

    @property
    def behind(self) -> int:
        """How many events are known to be accepted that not every memory in use was told yet."""
        position = self.position
        return 0 if position is None else max(self._last - position, 0)

    def present(self, now: datetime) -> datetime:
        """The moment (naive UTC) that scores are as of: now, or just after the latest event that a memory was told.

        The instance that accepted it may have a clock ahead of ours; its clock is not followed for hours.
        """
        told = self._told_until
        return now if told is None or not now <= told < now + MOST_AHEAD else told + JUST_AFTER

    def start(self, every: timedelta) -> None:
        """Tell the memories what is new in a thread, every so often, besides before scores."""
        self._thread = Thread(target=self._keep_following, args=(every.total_seconds(),), name="events", daemon=True)
        self._thread.start()

    def loaded(self, memory: object, log: Log) -> bool:
        """A memory was read from a history with this log: tell it what the history has not, and follow from now on.

        Blocks; call it where the memory was loaded, before the memory is asked. False where the database could not be
        asked: the memory is told as soon as it answers. A memory that cannot be told rows is left alone.
        """
        if not isinstance(memory, Absorbs):
            return True
        following = _Following(log, "")
        try:
            # What may be much is told before others wait for it.
            self._tell(memory, following, log, self._glance_once(), MANY)
        except (StoreAway, SQLAlchemyError) as failure:
            self._away(failure)
        with self._absorbing:
            self._followed[memory] = (following, log)
            self._all_told = None
            return self._tell_all()

    def covers(self, memory: object, log: Log) -> bool:
        """Whether the memory knows all that a later state of its history's log says: nothing but events it was told.

        False asks for the memory to be loaded anew.
        """
        if not isinstance(memory, Absorbs):
            return False
        with self._absorbing:
            found = self._followed.get(memory)
            if found is None:
                return False
            following, _ = found
            for entry in log.entries:
                if entry.number <= following.number:
                    continue
                mark = mark_of(entry)
                if mark is None or mark.name != following.name or mark.last > following.position:
                    return False
                if any(position <= mark.last for position in following.unseen):
                    return False
            return following.told <= self._most_told

    def history(self) -> History | None:
        """The history of a memory that is followed; None where there is none."""
        return next((memory.history for memory in list(self._followed)), None)

    async def catch_up(self) -> bool:
        """Tell the memories every event accepted before this call. Some microseconds where nothing is new.

        False where the database could not be asked, or where it takes longer than may be waited: the telling goes on,
        and `behind` says how much is left. Calls that come while one is at work share the next.
        """
        if self._all_told is not None and self._glance.unchanged():
            return True
        if self._next is None or self._next.done():
            self._next = asyncio.ensure_future(self._after(self._running))
        done, _ = await asyncio.wait([self._next], timeout=self._longest_wait)
        return bool(done) and done.pop().result()

    async def _after(self, running: "asyncio.Future[bool] | None") -> bool:
        if running is not None and not running.done():
            await asyncio.wait([running])
        # From here on a call may have missed what this one reads: it gets the next.
        self._running, self._next = self._next, None
        return await to_thread.run_sync(self.catch_up_now)

    def catch_up_now(self) -> bool:
        """The same for a thread that may wait."""
        with self._absorbing:
            return self._tell_all()

    def close(self) -> None:
        """Stop, and give the connection back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        self._glance.close()

    def _keep_following(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                if self._all_told is None or not self._glance.unchanged():
                    self.catch_up_now()
            except Exception:
                log.exception("the look for new events failed")

    def _tell_all(self) -> bool:
        try:
            seen = self._glance.look()
            self._last = seen[1]
            if seen != self._all_told:
                self._all_told = None
                for memory, (following, at) in list(self._followed.items()):
                    self._tell(memory, following, at, seen)
                self._all_told = seen
        except (StoreAway, SQLAlchemyError) as failure:
            self._away(failure)
            return False
        self._current = True
        return True

    def _glance_once(self) -> Seen:
        found = reach_of(self._store)
        # What counts from then may be in the history that was read.
        self._hear_of(found.latest)
        return found.name, found.last

    def _hear_of(self, recorded_at: datetime | None) -> None:
        told = self._told_until
        # Where a clock was days ahead and is right again, its moments are not waited for.
        if recorded_at is not None and (told is None or not told - MOST_AHEAD < recorded_at <= told):
            self._told_until = recorded_at

    def _away(self, failure: Exception) -> None:
        if self._current:
            log.warning("events could not be read", extra={FACTS: {"problem": str(failure)}})
        self._current, self._all_told = False, None

    def _tell(self, memory: Absorbs, following: _Following, at: Log, seen: Seen, page: int = PAGE) -> None:
        name, last = seen
        if name != following.name:
            # Another sequence, or the first: what the history has of it was read with the memory.
            begun = _Following(at, name)
            following.name, following.position = begun.name, begun.position
        for events in events_after(self._store, following.position, last, page):
            self._tell_page(memory, following, events)

    def _tell_page(self, memory: Absorbs, following: _Following, page: Sequence[Accepted]) -> None:
        told: list[Told] = []
        positions: list[int] = []

        def stumbled(place: int, failure: Exception) -> None:
            # One row must not keep the others from being told; the history gets it by another way.
            self.failures += 1
            following.unseen.append(positions[place])
            log.error("an event could not be taken", exc_info=failure, extra={FACTS: {"event": positions[place]}})

        for event in page:
            positions.append(event.position)
            try:
                row = read_again(event.table, event.row)
                if event.deleted:
                    row[DELETED.name] = event.recorded_at
                if not self._is_seen(memory, event.table, row):
                    following.unseen.append(event.position)
                told.append((event.table, row, event.recorded_at))
            except (ForesellError, ValueError, ArithmeticError, LookupError, TypeError, AssertionError) as failure:
                stumbled(len(positions) - 1, failure)
                positions.pop()
        memory.absorb_all(told, stumbled)
        self._hear_of(max((at for _, _, at in told), default=None))
        following.position = page[-1].position
        following.told += len(page)

    @staticmethod
    def _is_seen(memory: Absorbs, table: str, row: Mapping[str, object]) -> bool:
        """Whether the memory has the row's table, and the columns of the contract that the row fills."""
        if table not in memory.history.tables():
            return False
        held = {*memory.history.columns(table), DELETED.name}
        return all(value is None or name in held or TABLES[table].column(name) is None for name, value in row.items())
