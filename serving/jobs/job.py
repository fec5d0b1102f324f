"""What is a job, and when is it due? Work that the service does by itself: all the time, or once a night."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from serving.settings import ServingSettings
from serving.store.opening import Store

ROUND = "round"
"""The one slot of a job that runs all the time."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""How long a job that failed waits: twice as long each time."""
CLOCK_SLACK = timedelta(minutes=1)
"""A moment further ahead than this was written by a clock that has been put back since."""


@dataclass(frozen=True)
class JobContext:
    """What a job has to work with. `now` is naive UTC: the moment it works as of."""

    store: Store
    home: Path
    settings: ServingSettings
    now: datetime
    say: Callable[[str], None]


@dataclass(frozen=True)
class PastRun:
    """What became of a slot so far. Moments are naive UTC."""

    outcome: str
    ended_at: datetime | None
    next_try_at: datetime | None

    def rests(self, now: datetime) -> bool:
        """Whether it failed, and is to wait before the next attempt."""
        return self.next_try_at is not None and now < self.next_try_at <= now + LONGEST_PAUSE + CLOCK_SLACK


@dataclass(frozen=True)
class Every:
    """Due when this long has passed since it last ended."""

    interval: timedelta

    def slot(self, now: datetime) -> str:
        """The slot that may be due: always the same one."""
        return ROUND

    def is_due(self, past: PastRun | None, now: datetime) -> bool:
        """Whether the slot is to be run."""
        if past is None:
            return True
        if past.outcome == "done" and past.ended_at is not None:
            return now >= past.ended_at + self.interval or now < past.ended_at - CLOCK_SLACK
        return not past.rests(now)

    def __str__(self) -> str:
        return f"every {self.interval}"


@dataclass(frozen=True)
class Nightly:
    """Due once for each local day, from a local hour on; a night that was missed is made up for, the latest only."""

    at: time
    zone: ZoneInfo

    def slot(self, now: datetime) -> str:
        """The latest local day whose hour has come.

        >>> Nightly(time(2), ZoneInfo("Asia/Shanghai")).slot(datetime(2026, 11, 27, 17, 59))
        '2026-11-27'
        >>> Nightly(time(2), ZoneInfo("Asia/Shanghai")).slot(datetime(2026, 11, 27, 18, 0))
        '2026-11-28'
        """
        local = now.replace(tzinfo=UTC).astimezone(self.zone)
        today = local.date()
        begun = datetime.combine(today, self.at, self.zone).astimezone(UTC).replace(tzinfo=None) <= now
        return (today if begun else today - timedelta(days=1)).isoformat()

    def is_due(self, past: PastRun | None, now: datetime) -> bool:
        """Whether the slot is to be run."""
        return past is None or (past.outcome != "done" and not past.rests(now))

    def __str__(self) -> str:
        return f"nightly at {self.at:%H:%M} ({self.zone.key})"


Due = Every | Nightly


def always(_: JobContext) -> bool:
    """There is always something to do."""
    return True


@dataclass(frozen=True)
class Job:
    """Work with a name. `run` returns in a sentence what was done; it may be run again after it was cut off.

    A job that computes much runs `apart`, in a process of its own, so that scores stay quick; its `run` is then a
    function of a module. `wanted` is a quick look whether there is anything to do at all.
    """

    name: str
    says: str
    due: Due
    run: Callable[[JobContext], str]
    apart: bool = False
    wanted: Callable[[JobContext], bool] = always


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed.

    >>> [str(pause_after(n)) for n in (1, 2, 9)]
    ['0:01:00', '0:02:00', '1:00:00']
    """
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


def named(jobs: Sequence[Job], name: str) -> Job | None:
    """The job of this name."""
    return next((job for job in jobs if job.name == name), None)
