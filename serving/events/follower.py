"""Does the memory know every event that was accepted? It is told them before the next score, in every process.

How the shelf and the scores use it (one Follower in each process):

* whoever loads a memory calls `loaded(memory, history.log)` in the loading thread, before the memory answers for the
  first time: it is told every event that the history, as it was loaded, has not;
* before scores by id are computed: `await follower.catch_up()`. Afterwards every memory that was loaded and is still
  in use knows all events that were accepted before the call, in whichever process or instance. True says so; False
  says that the database could not be asked, and scores should say that they may be stale;
* when the history has grown: `covers(memory, log)` says whether the memory knows all that is new in the log already,
  because it is nothing but folded events. Then it need not be loaded again; else load it, as ever.

`start` does the same every so often, so that a score that comes after a long while has little to wait for.
"""

import asyncio
import logging
from collections.abc import Mapping
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
from serving.events.feed import Accepted, events_after, reach_of
from serving.events.glance import Glance, Seen, glance_at
from serving.problems.errors import StoreAway
from serving.store.opening import Store
from serving.telemetry.request_log import FACTS, LOGGER

MOST_TOLD = 200_000
"""Rows told to one memory before it is loaded anew: what was told row by row takes more room than what was read."""
CLOSE_SECONDS = 5.0

log = logging.getLogger(LOGGER)


@runtime_checkable
class Absorbs(Protocol):
    """A memory that can be told rows: `features.online.Memory`."""

    history: History

    def absorb(self, table: str, row: Mapping[str, object], recorded_at: datetime) -> bool:
        """Take a row that was just recorded; False if it is no news."""


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

    def __init__(self, store: Store, glance: Glance | None = None, most_told: int = MOST_TOLD) -> None:
        self._store, self._most_told = store, most_told
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
            self._tell(memory, following, log, self._glance_once())
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

        False where the database could not be asked. Calls that come while one is at work share the next.
        """
        if self._all_told is not None and self._glance.unchanged():
            return True
        if self._next is None or self._next.done():
            self._next = asyncio.ensure_future(self._after(self._running))
        return await asyncio.shield(self._next)

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
        return found.name, found.last

    def _away(self, failure: Exception) -> None:
        if self._current:
            log.warning("events could not be read", extra={FACTS: {"problem": str(failure)}})
        self._current, self._all_told = False, None

    def _tell(self, memory: Absorbs, following: _Following, at: Log, seen: Seen) -> None:
        name, last = seen
        if name != following.name:
            # Another sequence, or the first: what the history has of it was read with the memory.
            begun = _Following(at, name)
            following.name, following.position = begun.name, begun.position
        for page in events_after(self._store, following.position, last):
            for event in page:
                self._tell_one(memory, following, event)

    def _tell_one(self, memory: Absorbs, following: _Following, event: Accepted) -> None:
        try:
            row = read_again(event.table, event.row)
            if event.deleted:
                row[DELETED.name] = event.recorded_at
            if not self._is_seen(memory, event.table, row):
                following.unseen.append(event.position)
            memory.absorb(event.table, row, event.recorded_at)
        except (ForesellError, ValueError, ArithmeticError, LookupError, TypeError, AssertionError):
            # One row must not keep the others from being told; the history gets it by another way.
            self.failures += 1
            following.unseen.append(event.position)
            log.exception("an event could not be taken", extra={FACTS: {"event": event.position}})
        following.position = event.position
        following.told += 1

    @staticmethod
    def _is_seen(memory: Absorbs, table: str, row: Mapping[str, object]) -> bool:
        """Whether the memory has the row's table, and the columns of the contract that the row fills."""
        if table not in memory.history.tables():
            return False
        held = {*memory.history.columns(table), DELETED.name}
        return all(value is None or name in held or TABLES[table].column(name) is None for name, value in row.items())
