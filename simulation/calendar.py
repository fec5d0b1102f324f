"""When does the company work, and what does the season do to its business?

Days are counted from the company's first day. The calendar reaches past the end of the history, so
that the fate of deals still open at the end can be followed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from simulation.chance import Flags, Floats, Ints, normal, streams
from simulation.company import LONGEST_LIFE, CompanySettings
from simulation.errors import BadCompany

if TYPE_CHECKING:
    from datetime import datetime

SECOND = 1_000_000
_MARGIN = LONGEST_LIFE + 400
_MONTHS = (0.95, 0.85, 1.12, 1.0, 1.0, 1.08, 0.95, 0.92, 1.1, 0.95, 1.06, 1.02)
_YEARLY_GROWTH = 0.15


@dataclass(frozen=True)
class Calendar:
    """One entry per day from the first; times are microseconds of UTC since 1970."""

    first: date
    working: Flags
    push: Floats
    """How eagerly papers are signed that day: 1 on a plain day, more at the end of a quarter."""
    arrivals: Floats
    """New deals to be expected that day, on any scale."""
    midnight: Ints
    """The day's 00:00 in the company's zone, microseconds of UTC."""
    epoch_day: Ints
    """Days since 1970 of each day."""
    quarter: Ints
    """Quarters since year 0 of each day: 4 * year + 0..3."""

    def moment(self, day: Ints, second: Floats) -> Ints:
        """Microseconds of UTC at this second of these days, cut to whole seconds."""
        return np.asarray(self.midnight[day] + second.astype(np.int64) * SECOND)


@cache
def build_calendar(settings: CompanySettings) -> Calendar:
    """The calendar of the history and of the years after it in which its last deals close."""
    length = settings.days + _MARGIN
    days = [settings.start + timedelta(days=number) for number in range(length)]
    working = np.array([day.weekday() < 5 for day in days])
    working &= ~np.array([day in _holidays(settings, days) for day in days])
    month = np.array([day.month for day in days], dtype=np.int64)
    quarter = np.array([4 * day.year + (day.month - 1) // 3 for day in days], dtype=np.int64)
    return Calendar(
        first=settings.start,
        working=working,
        push=_push(working, quarter),
        arrivals=_arrivals(settings, working, month, quarter),
        midnight=_midnights(settings, days),
        epoch_day=np.array([day.toordinal() - date(1970, 1, 1).toordinal() for day in days], dtype=np.int64),
        quarter=quarter,
    )


def _holidays(settings: CompanySettings, days: list[date]) -> frozenset[date]:
    return _public_holidays(settings.country, days[0].year, days[-1].year)


@cache
def _public_holidays(country: str, first: int, last: int) -> frozenset[date]:
    from holidays import country_holidays

    try:
        return frozenset(country_holidays(country, years=range(first, last + 1)))
    except NotImplementedError as unknown:
        raise BadCompany("country", country, "an ISO 3166 code such as CN, DE or US") from unknown


def _midnights(settings: CompanySettings, days: list[date]) -> Ints:
    zone = ZoneInfo(settings.timezone)
    return np.array([int(_midnight(day, zone).timestamp()) * SECOND for day in days], dtype=np.int64)


def _midnight(day: date, zone: ZoneInfo) -> "datetime":
    from datetime import datetime

    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _working_days_left(working: Flags, quarter: Ints) -> Ints:
    """Working days of the quarter still to come, this day included."""
    total = np.cumsum(working[::-1])[::-1]
    after = np.searchsorted(quarter, quarter, side="right")
    return np.asarray(total - np.append(total, 0)[after], dtype=np.int64)


def _push(working: Flags, quarter: Ints) -> Floats:
    left = _working_days_left(working, quarter)
    return np.where(left <= 3, 2.2, np.where(left <= 10, 1.6, np.where(left >= 50, 0.8, 1.0)))


def _arrivals(settings: CompanySettings, working: Flags, month: Ints, quarter: Ints) -> Floats:
    day = np.arange(working.size)
    season = np.array(_MONTHS)[month - 1]
    season *= 1.0 + _YEARLY_GROWTH * day / 365.0
    season *= np.where(working, 1.0, 0.04)
    season *= np.where(_working_days_left(working, quarter) <= 10, 1.15, 1.0)
    season *= np.where(_around_long_holidays(working), 0.5, 1.0)
    weekly, daily = (streams(settings.seed, name, day.astype(np.int64)) for name in ("weeks", "days"))
    return np.asarray(season * np.exp(0.12 * normal(weekly, 0)[day // 7] + 0.25 * normal(daily, 0)))


def _around_long_holidays(working: Flags) -> Flags:
    """Days within a week of five or more days off in a row: the year's quiet weeks."""
    off = np.concatenate(([False], ~working, [False]))
    edges = np.flatnonzero(off[1:] != off[:-1]).reshape(-1, 2)
    quiet = np.zeros(working.size, dtype=np.bool_)
    for first, after in edges[edges[:, 1] - edges[:, 0] >= 5]:
        quiet[max(0, first - 6) : after + 6] = True
    return quiet
