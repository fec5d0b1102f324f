"""Which weeks, months and quarters are there, and which of their days are worked?

Days are whole numbers since 1970-01-01 on the wall calendar of the history's time zone. Weeks begin on Monday (ISO
8601).
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.as_of import micros
from features.calendar import FIRST_DAY, Days, local_days, working_days
from features.errors import ForesellError

FREQUENCIES = ("week", "month", "quarter")
MONDAY = 3
"""1970-01-01 was a Thursday: the Monday before it is day -3."""
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
"""Years are no frequency of a forecast, but some sales are posted once a year."""


class UnknownFrequency(ForesellError):
    problem = "'{0}' is no frequency of a forecast."
    fix = "write --freq week, month or quarter."


def check_frequency(frequency: str) -> None:
    """Raises UnknownFrequency."""
    if frequency not in FREQUENCIES:
        raise UnknownFrequency(frequency)


def period_start(days: Days, frequency: str) -> Days:
    """The first day of the week, month, quarter or year that each day lies in.

    >>> period_start(np.array([0, 31, 40]), "month").tolist()
    [0, 31, 31]
    >>> period_start(np.array([0, 4]), "week").tolist()
    [-3, 4]
    """
    if frequency == "week":
        return (np.asarray(days, np.int64) + MONDAY) // 7 * 7 - MONDAY
    step = _MONTHS[frequency]
    months = np.asarray(days, np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return _first_days(months // step * step)


def period_edges(day: int, frequency: str, count: int) -> Days:
    """First days of the period that holds `day` and of the `count` that follow: [count + 1].

    >>> period_edges(40, "quarter", 2).tolist()
    [0, 90, 181]
    """
    first = period_start(np.array([day], np.int64), frequency)
    if frequency == "week":
        return np.asarray(first[0] + 7 * np.arange(count + 1), np.int64)
    month = first.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)[0]
    return _first_days(month + _MONTHS[frequency] * np.arange(count + 1))


def edges_between(first: int, last: int, frequency: str) -> Days:
    """First days of every period from the one that holds `first` to the one after that which holds `last`."""
    start, end = period_start(np.array([first, last], np.int64), frequency)
    if frequency == "week":
        return np.arange(start, end + 8, 7)
    month, until = np.array([start, end]).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return _first_days(np.arange(month, until + 2 * _MONTHS[frequency], _MONTHS[frequency]))


def worked(days: Days, country: str | None) -> NDArray[np.bool_]:
    """Whether each day is worked in a country (ISO 3166): long holidays and the days that make up for them included."""
    return np.array([working_days(int(day), int(day) + 1, country) > 0 for day in days], bool)


def day_of(moment: datetime, timezone: str | None) -> int:
    """The local day on which a naive UTC moment falls."""
    return int(local_days(np.array([micros(moment)], np.int64), ZoneInfo(timezone or "UTC"))[0])


def date_of(day: int) -> date:
    """A day as a date."""
    return FIRST_DAY + timedelta(days=int(day))


def _first_days(months: NDArray[np.int64]) -> Days:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
