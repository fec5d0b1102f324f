from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import micros
from features.calendar import local_days, part_of

EPOCH = date(1970, 1, 1)
ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo")


@given(
    moments=st.lists(st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1)), max_size=5),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_local_days_are_those_of_the_wall_calendar(moments, zone):
    at = np.array([micros(moment) for moment in moments], np.int64)

    days = local_days(at, zone)

    expected = [(moment.replace(tzinfo=UTC).astimezone(zone).date() - EPOCH).days for moment in moments]
    assert days.tolist() == expected


@pytest.mark.parametrize("night", [datetime(2024, 3, 10), datetime(2024, 11, 3)])
def test_a_night_in_which_the_clock_changes(night):
    zone = ZoneInfo("America/New_York")
    moments = [night + timedelta(minutes=30 * step) for step in range(60)]

    days = local_days(np.array([micros(m) for m in moments], np.int64), zone)

    assert days.tolist() == [(m.replace(tzinfo=UTC).astimezone(zone).date() - EPOCH).days for m in moments]


@given(days=st.lists(st.dates(date(1960, 1, 1), date(2040, 12, 31)), max_size=20))
def test_where_a_day_stands(days):
    numbers = np.array([(day - EPOCH).days for day in days], np.int64)

    month_ends = [date(day.year, day.month, monthrange(day.year, day.month)[1]) for day in days]
    last_months = [-(-day.month // 3) * 3 for day in days]
    quarter_ends = [date(d.year, m, monthrange(d.year, m)[1]) for d, m in zip(days, last_months, strict=True)]
    assert part_of(numbers, "month").tolist() == [day.month for day in days]
    assert part_of(numbers, "weekday").tolist() == [day.weekday() for day in days]
    ends = list(zip(days, month_ends, quarter_ends, strict=True))
    assert part_of(numbers, "days_to_month_end").tolist() == [(month - day).days for day, month, _ in ends]
    assert part_of(numbers, "days_to_quarter_end").tolist() == [(quarter - day).days for day, _, quarter in ends]


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("part", ["is_holiday", "days_to_holiday", "days_since_holiday", "working_days_to_month_end"])
def test_beyond_the_first_and_the_last_day_there_is_no_holiday(day, part):
    found = part_of(np.array([(day - EPOCH).days]), part, "CN")

    assert len(found) == 1
