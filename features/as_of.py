"""Moments, and the one place where the past is cut from the future."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.errors import ForesellError

Micros = NDArray[np.int64]
"""Microseconds since 1970-01-01 UTC."""

DAY = 86_400_000_000
"""Microseconds in a day."""


class NotAMoment(ForesellError):
    problem = "'{0}' is not a day or a time."
    fix = "write 2026-11-21, or a full time such as 2026-11-21T09:30:00+08:00."


class Moments:
    """Whom we ask about and when: one row per (deal, moment) or (customer, moment).

    Given by the name in each row, or (`coded`) by names and each row's place among them, which takes less memory.
    """

    def __init__(self, ids: NDArray[np.object_], at: Micros) -> None:
        self.at = at
        self._ids: NDArray[np.object_] | None = ids
        self._coded: tuple[NDArray[np.object_], NDArray[np.int64]] | None = None

    @staticmethod
    def coded(names: NDArray[np.object_], codes: NDArray[np.int64], at: Micros) -> "Moments":
        """Moments of `names[codes]`; the names are different from each other."""
        moments = Moments(names[:0], at)
        moments._ids, moments._coded = None, (names, codes)
        return moments

    @property
    def ids(self) -> NDArray[np.object_]:
        """The name in each row."""
        if self._ids is None:
            assert self._coded is not None
            self._ids = self._coded[0][self._coded[1]]
        return self._ids

    @property
    def names(self) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        """The different names, and each row's place among them."""
        if self._coded is None:
            places: dict[object, int] = {}
            codes = np.array([places.setdefault(name, len(places)) for name in self.ids.tolist()], np.int64)
            self._coded = (np.array(list(places), object), codes)
        return self._coded

    def __len__(self) -> int:
        return len(self.at)


def parse_moment(text: str, timezone: str) -> datetime:
    """The naive UTC moment a user means.

    A day means 00:00 of that day in `timezone`: what happened on the day itself is not seen. A time
    without offset is read in `timezone`. Raises NotAMoment.

    >>> parse_moment("2026-11-21", "Asia/Shanghai")
    datetime.datetime(2026, 11, 20, 16, 0)
    >>> parse_moment("2026-11-21T09:30:00Z", "Asia/Shanghai")
    datetime.datetime(2026, 11, 21, 9, 30)
    """
    zone = ZoneInfo(timezone)
    try:
        if len(text) == 10:
            local = datetime.combine(date.fromisoformat(text), time(), zone)
        else:
            local = datetime.fromisoformat(text)
        if local.tzinfo is None:
            local = local.replace(tzinfo=zone)
        return local.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as wrong:  # 0001-01-01 in Shanghai lies before the first moment there is
        raise NotAMoment(text) from wrong


def micros(moment: datetime) -> int:
    """A naive UTC moment as microseconds since 1970.

    >>> micros(datetime(1970, 1, 2))
    86400000000
    """
    return int(np.datetime64(moment, "us").astype(np.int64))


def moments_back(last: datetime, first: datetime, days: int) -> list[datetime]:
    """Moments every so many days from `last` back to `first`, oldest first.

    >>> [m.day for m in moments_back(datetime(2026, 1, 20), datetime(2026, 1, 5), 7)]
    [6, 13, 20]
    """
    count = max((last - first).days // days, 0)
    return [last - timedelta(days=days * back) for back in range(count, -1, -1)]


def known_before(starts: Micros, known: Micros, codes: NDArray[np.int64], at: Micros) -> NDArray[np.int64]:
    """For each (key, moment) the end of the key's events that were on record before the moment.

    `known` is sorted within each key's segment `starts[k]:starts[k + 1]`; the answer is an absolute
    position. The comparison is strict: an event at the moment itself is not seen. A code of -1 (a key
    without events) gets position 0 of an empty segment. Every look into the past goes through here.
    """
    held = np.maximum(codes, 0)
    low = starts[held]
    if not len(known):
        return low
    length = np.where(codes < 0, 0, starts[held + 1] - low)
    longest = int(length.max(initial=0))
    # `low` is the answer's lower bound; it takes every step of a power of two that stays within the past.
    end = low + length
    step = 1 << max(longest.bit_length() - 1, 0)
    there, past = np.empty(len(low), bool), np.empty(len(low), bool)
    further, times = np.empty_like(low), np.empty(len(low), known.dtype)
    while step and longest:
        np.add(low, step, out=further)
        np.less_equal(further, end, out=there)
        np.subtract(further, 1, out=further)
        np.take(known, further, out=times, mode="clip")
        np.less(times, at, out=past)
        np.logical_and(there, past, out=there)
        np.multiply(there, step, out=further)
        np.add(low, further, out=low)
        step >>= 1
    return low
