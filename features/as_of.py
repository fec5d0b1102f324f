"""Moments, and the one place where the past is cut from the future."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Moments:
    """Whom we ask about and when: one row per (deal, moment) or (customer, moment)."""

    ids: NDArray[np.object_]
    at: Micros

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
    except ValueError as wrong:
        raise NotAMoment(text) from wrong
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone)
    return local.astimezone(UTC).replace(tzinfo=None)


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
    missing = codes < 0
    held = np.where(missing, 0, codes)
    low = starts[held].copy()
    if not len(known):
        return low
    high = starts[held + 1].copy()
    high[missing] = low[missing]
    last = len(known) - 1
    for _ in range(int((high - low).max(initial=0)).bit_length()):
        middle = (low + high) >> 1
        past = (known[np.minimum(middle, last)] < at) & (low < high)
        low = np.where(past, middle + 1, low)
        high = np.where(past | (low >= high), high, middle)
    return low
