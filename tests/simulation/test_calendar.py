from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from simulation.calendar import build_calendar
from simulation.company import CompanySettings


@pytest.fixture(scope="module")
def year():
    return CompanySettings(start=date(2025, 1, 1), days=365)


def on(settings, month, day):
    return (date(2025, month, day) - settings.start).days


def test_nobody_works_on_weekends_and_public_holidays(year):
    working = build_calendar(year).working

    assert working[on(year, 1, 3)]
    assert not working[on(year, 1, 4)]
    assert not working[on(year, 10, 2)]
    assert not working[on(year, 1, 29)]


def test_papers_are_signed_at_the_end_of_a_quarter(year):
    push = build_calendar(year).push

    assert push[on(year, 6, 30)] > push[on(year, 6, 20)] > push[on(year, 5, 20)] > push[on(year, 4, 3)]


def test_spring_festival_is_quiet(year):
    arrivals = build_calendar(year).arrivals
    festival = arrivals[on(year, 1, 24) : on(year, 2, 9)].mean()

    assert festival < 0.6 * arrivals[on(year, 2, 20) : on(year, 3, 20)].mean()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_a_local_moment_is_told_in_utc(zone):
    settings = CompanySettings(start=date(2025, 1, 1), days=200, timezone=zone, country="US")
    told = build_calendar(settings).moment(np.array([150]), np.array([9 * 3600.0]))[0]

    assert told == datetime(2025, 5, 31, 9, tzinfo=ZoneInfo(zone)).timestamp() * 1_000_000
