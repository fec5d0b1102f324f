"""Local days, where they stand in month and quarter, and which of them are worked."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Micros

HOUR = DAY // 24
FIRST_DAY = date(1970, 1, 1)
Days = NDArray[np.int64]


def local_days(at: Micros, zone: ZoneInfo) -> Days:
    """Days since 1970-01-01 on the wall calendar of a zone."""
    return (at + _offsets(at, zone)) // DAY


def local_hours(at: Micros, zone: ZoneInfo) -> NDArray[np.int64]:
    """Hours of the day, 0 to 23, on the wall clock of a zone."""
    return ((at + _offsets(at, zone)) % DAY) // HOUR


def calendar_values(at: Micros, part: str, zone: ZoneInfo) -> NDArray[np.float64]:
    """A fact of each moment's local day."""
    days, row = np.unique(local_days(at, zone), return_inverse=True)
    return part_of(days, part, country_of(zone.key))[row]


def calendar_value(at: int, part: str, zone: ZoneInfo) -> float:
    """The same of one moment, remembered for each day."""
    return _value_of_day(int((at + offset_at(at // HOUR, zone)) // DAY), part, zone.key)


@cache
def _value_of_day(day: int, part: str, zone: str) -> float:
    return float(part_of(np.array([day]), part, country_of(zone))[0])


def _offsets(at: Micros, zone: ZoneInfo) -> NDArray[np.int64]:
    """Each moment's distance from UTC, looked up once for each hour."""
    if len(at) == 1:
        return np.array([offset_at(int(at[0]) // HOUR, zone)], np.int64)
    hours, row = np.unique(at // HOUR, return_inverse=True)
    return np.array([offset_at(int(hour), zone) for hour in hours], np.int64)[row]


EARLIEST = -62_000_000_000 // 3600
"""Hours before which no calendar reaches (the year 5); rows known from ever lie before."""


@cache
def offset_at(hour: int, zone: ZoneInfo) -> int:
    """A zone's distance from UTC in an hour since 1970, in microseconds."""
    offset = datetime.fromtimestamp(max(hour, EARLIEST) * 3600, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * 1_000_000


def part_of(days: Days, part: str, country: str | None = None) -> NDArray[np.float64]:
    """A fact of each day: see `verbs.Calendar`. Without a country every weekday is a working day."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    if part == "month":
        return np.asarray(months.astype(np.int64) % 12 + 1, np.float64)
    if part == "weekday":
        return np.asarray((days + 3) % 7, np.float64)
    if part in ("is_holiday", "days_to_holiday", "days_since_holiday"):
        return np.array([_around(int(day), part, country) for day in days], np.float64)
    step = 1 if "month" in part else 3 - months.astype(np.int64) % 3
    ends = (months.astype(np.int64) + step).astype("datetime64[M]").astype("datetime64[D]")
    if part == "quarter_elapsed":
        begin = (months.astype(np.int64) + step - 3).astype("datetime64[M]").astype("datetime64[D]")
        return np.asarray((dates - begin).astype(np.int64) / (ends - begin).astype(np.int64), np.float64)
    if part.startswith("working_days"):
        return np.array(
            [working_days(int(day), int(end), country) for day, end in zip(days, ends.astype(np.int64), strict=True)],
            np.float64,
        )
    return np.asarray((ends - dates).astype(np.int64) - 1, np.float64)


def working_days(day: int, end: int, country: str | None) -> int:
    """Working days in [day, end), both in days since 1970.

    >>> working_days(0, 7, None)
    5
    """
    return sum(_is_worked(each, country) for each in range(day, end))


FARTHEST = 400
"""Days to look for a holiday in either direction."""
LAST = (date.max - FIRST_DAY).days
"""The last day that there is a date for."""


def _around(day: int, part: str, country: str | None) -> float:
    if part == "is_holiday":
        return float(_is_holiday(day, country))
    step = 1 if part == "days_to_holiday" else -1
    found = next((n for n in range(FARTHEST) if _is_holiday(day + step * n, country)), None)
    return np.nan if found is None else float(found)


def _is_holiday(day: int, country: str | None) -> bool:
    if country is None or not -FIRST_DAY.toordinal() < day <= LAST:
        return False
    date_of = FIRST_DAY + timedelta(days=day)
    return date_of in _holidays(country, date_of.year)


@cache
def _is_worked(day: int, country: str | None) -> bool:
    """Not at a weekend or on a holiday, or on a weekend day that makes up for one."""
    date_of = FIRST_DAY + timedelta(days=day)
    if country is None or _holidays(country, date_of.year) is None:
        return date_of.weekday() < 5
    return bool(_holidays(country, date_of.year).is_working_day(date_of))  # type: ignore[attr-defined]


@cache
def _holidays(country: str, year: int) -> "dict[date, str]":
    """The public holidays of a country in a year, from the package `holidays`; none of a country it does not know."""
    from holidays import HolidayBase, country_holidays

    try:
        found: dict[date, str] = country_holidays(country, years=year, expand=False)
    except NotImplementedError:
        found = HolidayBase(years=year, expand=False)
    return found


@cache
def country_of(zone: str) -> str | None:
    """The country (ISO 3166) of a time zone, by the time zone database; None for UTC and the like.

    >>> country_of("Asia/Shanghai")
    'CN'
    """
    from importlib.resources import files

    table = files("tzdata") / "zoneinfo" / "zone.tab"
    for line in table.read_text("utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) >= 3 and not line.startswith("#") and fields[2] == zone:
            return fields[0]
    return None
