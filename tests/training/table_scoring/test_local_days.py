from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.as_of import micros
from training.table_scoring.local_days import days_after, written


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"])
def test_days_are_those_of_the_calendar_there(zone):
    """Also in the hours in which clocks change; St. John's changed them a minute after midnight."""
    random, there = np.random.default_rng(0), ZoneInfo(zone)
    begin = [datetime(2010, 3, 14, 3, 20), datetime(2026, 3, 29, 0, 30), datetime(2026, 4, 4, 14, 50)]
    moments = [each + timedelta(minutes=int(more)) for each in begin for more in random.integers(0, 600, 200)]
    days = random.choice([0.0, 0.01, 1.0, 217.0, 364.999], len(moments))

    found = days_after(np.array([micros(each) for each in moments]), days, there)

    for moment, later, day in zip(moments, days.tolist(), found.to_pylist(), strict=True):
        assert day == (moment + timedelta(days=later)).replace(tzinfo=UTC).astimezone(there).date()


def test_without_days_or_beyond_the_calendar_there_is_none():
    at = np.full(4, micros(datetime(2026, 1, 1)))

    found = days_after(at, np.array([np.nan, 5e8, 1.0, np.inf]), ZoneInfo("UTC"))

    assert found.to_pylist() == [None, None, datetime(2026, 1, 2).date(), None]


def test_moments_are_written_with_their_offset():
    at = np.array([micros(datetime(2026, 6, 1)), micros(datetime(2026, 1, 1))])

    assert written(at, ZoneInfo("Europe/Berlin")).to_pylist() == [
        "2026-06-01T02:00:00+02:00",
        "2026-01-01T01:00:00+01:00",
    ]
