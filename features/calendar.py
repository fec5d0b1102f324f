"""Local days and where they stand in month and quarter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Micros

HOUR = DAY // 24


def local_days(at: Micros, zone: ZoneInfo) -> NDArray[np.int64]:
    """Days since 1970-01-01 on the wall calendar of a zone. Offsets are looked up once for each hour."""
    hours, row = np.unique(at // HOUR, return_inverse=True)
    offsets = np.array([_offset(int(hour), zone) for hour in hours], np.int64)
    return (at + offsets[row]) // DAY


def _offset(hour: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * 1_000_000


def part_of(days: NDArray[np.int64], part: str) -> NDArray[np.float64]:
    """A fact of each day: month 1 to 12, weekday 0 (Monday) to 6, whole days left in month or quarter."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    if part == "month":
        return np.asarray(months.astype(np.int64) % 12 + 1, np.float64)
    if part == "weekday":
        return np.asarray((days + 3) % 7, np.float64)
    step = 1 if part == "days_to_month_end" else 3 - months.astype(np.int64) % 3
    ends = (months.astype(np.int64) + step).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((ends - dates).astype(np.int64) - 1, np.float64)
