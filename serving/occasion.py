"""When is a score asked, by when shall the deal be won, and how old is what is known?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from features.as_of import parse_moment
from serving.errors import DateNotAccepted, MomentNotAccepted
from serving.language import Language
from serving.questions import MOST_DAYS, DealsAsked
from serving.shelf import Pair

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Occasion:
    """What is the same for all deals of a request. Moments are naive UTC.

    `horizons` gives the calendar day each horizon (in days) ends on; `dates` the days from `as_of` to the end of
    each asked date.
    """

    pair: Pair
    as_of: datetime
    scored_at: datetime
    horizons: Mapping[float, date]
    dates: Mapping[date, float]
    most_reasons: int
    language: Language
    stale: bool

    @property
    def days(self) -> tuple[float, ...]:
        """Every horizon the model is asked for, in days, ascending."""
        return tuple(sorted({*self.horizons, *self.dates.values()}))

    @property
    def data_as_of(self) -> datetime | None:
        """The latest moment at which anything was recorded, as far as this answer may know."""
        return _seen(self.pair, self.as_of)

    def day_after(self, days: float | None) -> date | None:
        """The day of the calendar so many days on; None where that is unknown or beyond the calendar."""
        if days is None:
            return None
        try:
            return _local(self.as_of + timedelta(days=days), self.pair.zone).date()
        except (OverflowError, ValueError):
            return None


def occasion(pair: Pair, asked: DealsAsked, language: Language, now: datetime, stale_after: timedelta) -> Occasion:
    """What a request means at this moment.

    Raises NotAMoment, MomentNotAccepted (the future), ModelKnowsTheFuture, DateNotAccepted.
    """
    as_of = now if asked.as_of is None else parse_moment(asked.as_of, str(pair.zone))
    if as_of > now:
        raise MomentNotAccepted(in_utc(as_of).isoformat(), in_utc(now).isoformat())
    pair.must_not_know(as_of)
    seen = _seen(pair, as_of)
    return Occasion(
        pair,
        as_of,
        now,
        {days: _local(as_of + days * DAY, pair.zone).date() for days in asked.horizons},
        {day: _days_to_the_end_of(day, as_of, pair.zone) for day in asked.dates},
        asked.reasons,
        language,
        seen is None or as_of - seen > stale_after,
    )


def in_utc(moment: datetime) -> datetime:
    """A naive UTC moment with its offset, as answers carry it."""
    return moment.replace(tzinfo=UTC)


def in_utc_if_known(moment: datetime | None) -> datetime | None:
    """The same where there is one."""
    return None if moment is None else in_utc(moment)


def _seen(pair: Pair, as_of: datetime) -> datetime | None:
    latest = pair.records.data_as_of
    return None if latest is None else min(latest, as_of)


def _days_to_the_end_of(day: date, as_of: datetime, zone: ZoneInfo) -> float:
    today = _local(as_of, zone).date()
    if not today <= day <= today + MOST_DAYS * DAY:
        raise DateNotAccepted(day, today, today + MOST_DAYS * DAY)
    end = datetime.combine(day + DAY, time(), zone).astimezone(UTC).replace(tzinfo=None)
    return (end - as_of) / DAY


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return in_utc(moment).astimezone(zone)
