"""On which local day is a moment? For many moments at once, in the history's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import DAY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EPOCH = datetime(1970, 1, 1)
SECOND, HOUR = 1_000_000, 3_600_000_000
LAST = 253_370_764_800 * SECOND
"""The year 9999, where the calendar of Python ends, in microseconds."""


def days_after(at: Ints, days: Floats, zone: ZoneInfo) -> pa.Array:
    """The local day so many days after each moment (microseconds, UTC) [n]; null where no days are told."""
    there = np.isfinite(days) & (at + np.nan_to_num(days, nan=0.0, posinf=1e12) * DAY < LAST)
    then = at + np.rint(np.where(there, days, 0.0) * DAY).astype(np.int64)
    return pa.array(((then + _offsets(then, zone)) // DAY).astype(np.int32), pa.int32(), mask=~there).cast(pa.date32())


def written(at: Ints, zone: ZoneInfo) -> pa.Array:
    """Each moment with its local time and offset, as ISO text."""
    moments, place = np.unique(at, return_inverse=True)
    told = [(EPOCH + timedelta(microseconds=each)).replace(tzinfo=UTC) for each in moments.tolist()]
    texts = pa.array([each.astimezone(zone).isoformat() for each in told], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), texts).cast(pa.string())


def _offsets(at: Ints, zone: ZoneInfo) -> Ints:
    """By how much local time is ahead of UTC, in microseconds [n]."""
    hours, place = np.unique(at // HOUR, return_inverse=True)
    begins, ends = (np.array([_offset(hour + next_, zone) for hour in hours.tolist()], np.int64) for next_ in (0, 1))
    found = begins[place]
    # The clocks change within the hour: each moment is asked for itself.
    for row in np.flatnonzero((begins != ends)[place]).tolist():
        found[row] = _at(int(at[row]), zone)
    return np.asarray(found)


@lru_cache(maxsize=200_000)
def _offset(hour: int, zone: ZoneInfo) -> int:
    return _at(hour * HOUR, zone)


def _at(moment: int, zone: ZoneInfo) -> int:
    ahead = (EPOCH + timedelta(microseconds=moment)).replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds() * SECOND)
