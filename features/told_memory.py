"""How is a memory told rows while others ask it? One telling at a time, most of it with nobody waiting.

What takes long, reading what rows mean of the past, is done without keeping anybody from asking. Who needs one state
over several questions can tell whether rows came between that matter, or keep them waiting.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock, RLock

from features.absorbing import Absorbing
from features.contracts import DELETED
from features.history import History
from features.kept_arrays import Keep
from features.live_streams import LiveStreams
from features.plain_rows import moment, naive, plain_row
from features.reading_together import Together, Waiting
from features.span import last_recorded

FAR = datetime(9999, 1, 1)
AT_ONCE = 64
"""Rows told before others may have their turn."""
LATELY = 10_000
"""News of which is kept when they were recorded."""
MOMENTS_KEPT = 100
"""Moments of the past of which is kept what was recorded before them."""
Told = tuple[str, Mapping[str, object], datetime]
"""A row that was recorded: its table, its typed values, since when it is on record (naive UTC)."""
Stumbled = Callable[[int, Exception], None]
"""Hears the place of a row that could not be taken, and why."""


class ToldRows:
    """What a memory does to be told rows; `data_as_of` is the latest moment at which anything was recorded."""

    def __init__(
        self,
        history: History,
        streams: LiveStreams,
        absorbing: Absorbing,
        kept: Keep,
        data_as_of: datetime | None,
    ) -> None:
        self.history, self.data_as_of = history, data_as_of
        self._streams, self._absorbing, self._kept_rows = streams, absorbing, kept
        self._lock, self._telling = RLock(), Lock()
        self._news = 0
        self._lately: deque[datetime] = deque(maxlen=LATELY)
        self._told_at: list[datetime] = []
        self._recorded: dict[datetime, datetime | None] = {}

    def absorb(self, table: str, row: Mapping[str, object], recorded_at: datetime) -> bool:
        """Take a row that was just recorded: in the contract's names and types, times naive UTC. False if no news.

        A column that is absent keeps its value. Afterwards the features are those of a history with this row in it.
        Most rows take some microseconds; those that change what was known before take as long as it takes to read
        the rows of their deal or key.
        """
        return self.absorb_all([(table, row, recorded_at)])[0]

    def absorb_all(self, told: Sequence[Told], stumbled: Stumbled | None = None) -> list[bool]:
        """Take rows one after another: which of them are news. Those that have to be read are read together.

        Meanwhile others may ask: they see the rows taken so far. A row that cannot be taken is handed to `stumbled`
        and left out, with its place; without `stumbled` it raises.
        """
        with self._telling:
            found = [False] * len(told)
            together = Together(self._absorbing)
            for first in range(0, len(told), AT_ONCE):
                with self._lock:
                    for place in range(first, min(first + AT_ONCE, len(told))):
                        try:
                            found[place] = self._take(together, place, *told[place])
                        except Exception as failure:
                            if stumbled is None:
                                raise
                            stumbled(place, failure)
            self._read_together(together, together.waiting, found, stumbled)
            unclear = self._streams.fetch_unclear() if len(told) > 1 or together.waiting else {}
            with self._lock:
                self._streams.clear(unclear)
            return found

    def _take(
        self, together: Together, place: int, table: str, row: Mapping[str, object], recorded_at: datetime
    ) -> bool:
        """Take a row in memory; it waits where that does not do."""
        columns = self._absorbing.columns(table)
        if columns is None:
            return False
        given = {c: v for c, v in row.items() if c in columns and (c != DELETED.name or v is not None)}
        plain, at = plain_row(table, given), moment(recorded_at)
        taken: bool | None = None
        if not together.waits(table, plain):
            taken, changes = self._absorbing.take(table, dict(plain), at)
            for change in changes:
                together.add(place, "deal_changes", change, at)
        if taken is None:
            together.add(place, table, plain, at)
        self._note(recorded_at if taken else None)
        return bool(taken)

    def _read_together(
        self, together: Together, waiting: Sequence[Waiting], found: list[bool], stumbled: Stumbled | None
    ) -> None:
        """Read what rows mean that wait, and put it in place. Where that fails, the rows are read one by one."""
        if not waiting:
            return
        try:
            meaning = together.read(waiting)
        except Exception as failure:
            if len(waiting) > 1:
                for one in waiting:
                    self._read_together(together, [one], found, stumbled)
            elif stumbled is None:
                raise
            else:
                stumbled(waiting[0].place, failure)
            return
        with self._lock:
            for place, news in together.put(meaning).items():
                found[place] = True
                for taken in news:
                    self._note(naive(taken.version.at))

    def _note(self, recorded_at: datetime | None) -> None:
        """A row that is news was recorded then."""
        if recorded_at is None:
            return
        self._news += 1
        self._lately.append(recorded_at)
        if not self._told_at or recorded_at != self._told_at[-1]:
            insort(self._told_at, recorded_at)
        if self.data_as_of is None or recorded_at > self.data_as_of:
            self.data_as_of = recorded_at

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is told while one holds it, and nobody else asks: for some milliseconds."""
        with self._lock:
            yield

    def mark(self) -> int:
        """How many rows were news so far."""
        return self._news

    def told_since(self, mark: int, as_of: datetime) -> bool:
        """Whether since a mark any row was told that counts from before a moment (naive UTC)."""
        with self._lock:
            count = self._news - mark
            return count > len(self._lately) or any(at < as_of for at in [*self._lately][len(self._lately) - count :])

    def pause(self, longest: float) -> bool:
        """From here to `go_on` nothing is told; False where that could not be had within so many seconds."""
        return self._telling.acquire(timeout=longest)

    def go_on(self) -> None:
        """Rows may be told again."""
        self._telling.release()

    def recorded_before(self, as_of: datetime) -> datetime | None:
        """The latest moment before another (naive UTC) at which anything was recorded; None where nothing was.

        It is known at once of the present; of a moment in the past the history is asked, once for each.
        """
        latest = self.data_as_of
        if latest is None or latest < as_of:
            return latest
        found = self._recorded.get(as_of, FAR)
        if found is FAR:
            if len(self._recorded) >= MOMENTS_KEPT:
                self._recorded.clear()
            found = self._recorded[as_of] = last_recorded(self.history, as_of, self._kept_rows)
        with self._lock:
            place = bisect_left(self._told_at, as_of)
            told = self._told_at[place - 1] if place else None
        return max((at for at in (found, told) if at is not None), default=None)
