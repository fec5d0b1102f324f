"""When is a score asked, by when shall it happen, and how old is what is known?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from features.as_of import parse_moment
from serving.champion import Records
from serving.language import Language
from serving.moments import in_utc, written
from serving.problems.errors import DateNotAccepted, MomentNotAccepted
from serving.questions.asked import AskedOfAll
from serving.questions.questions import MOST_DAYS
from serving.scores.written import Source
from serving.shelf.pairs import Bundled, Pair

DAY = timedelta(days=1)
MOST_KEPT = 100
"""Lists of horizons whose days are kept."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is the same for all deals or customers of a request. Moments are naive UTC.

    `records` is the history as this caller may see it; None where the request needs none. `ends` gives for each
    calendar day (as ISO text) that is answered the days until then, `within` the horizons by their number of days as
    text, `days` all that the model is asked for. `source` says where the answers come from.
    """

    pair: Pair
    bundled: Bundled
    records: Records | None
    as_of: datetime
    scored_at: datetime
    ends: tuple[tuple[str, float], ...]
    within: tuple[tuple[str, float], ...]
    days: tuple[float, ...]
    most_reasons: int
    language: Language
    source: Source

    @property
    def data_as_of(self) -> datetime | None:
        """The latest moment at which anything was recorded, as far as this answer may know."""
        return _seen(self.pair, self.as_of)

    @property
    def stale(self) -> bool:
        """Whether the data is old, or of unknown age."""
        return self.source.stale

    def day_after(self, days: float | None) -> str | None:
        """The day of the calendar so many days on, as ISO text; None where unknown or beyond the calendar."""
        if days is None:
            return None
        try:
            return _local(self.as_of + timedelta(days=days), self.pair.zone).date().isoformat()
        except (OverflowError, ValueError):
            return None


def occasion(
    pair: Pair,
    asked: AskedOfAll,
    language: Language,
    now: datetime,
    stale_after: timedelta,
    records: Records | None = None,
    *,
    current: bool = True,
) -> Occasion:
    """What a request means at this moment. Unless `current`, answers say that they are stale.

    Raises NotAMoment, MomentNotAccepted (the future), ModelKnowsTheFuture, DateNotAccepted.
    """
    as_of = now if asked.as_of is None else parse_moment(asked.as_of, str(pair.zone))
    if as_of > now:
        raise MomentNotAccepted(in_utc(as_of).isoformat(), in_utc(now).isoformat())
    bundled = pair.at(as_of)
    zone = pair.zone
    # An asked date goes to the end of that day, a horizon to a time within its day: the date has the last word.
    ends = _ends(asked.horizons, as_of, zone)
    if asked.dates:
        ends |= {day.isoformat(): _days_to_the_end_of(day, as_of, zone) for day in asked.dates}
    source = _source(pair, bundled, as_of, now, stale_after, current=current)
    days = _days(tuple(asked.horizons), ends)
    return Occasion(
        pair, bundled, records, as_of, now, days.ends, days.within, days.days, asked.reasons, language, source
    )


class Occasions:
    """Occasions of the present: which days horizons end on is kept from one request to the next."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], _Days] = {}

    def now(
        self,
        pair: Pair,
        bundled: Bundled,
        asked: AskedOfAll,
        language: Language,
        now: datetime,
        stale_after: timedelta,
    ) -> Occasion:
        """`occasion` of a request that names neither a moment nor dates, and needs no history."""
        # Horizons of whole days end on another day of the calendar after midnight, which no zone has in between
        # quarters of an hour.
        horizons = tuple(asked.horizons)
        key = (horizons, pair.zone.key, now.date(), now.hour, now.minute // 15)
        days = self._kept.get(key)
        if days is None:
            days = _days(horizons, _ends(horizons, now, pair.zone))
            if all(each % 1 == 0 for each in horizons):
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[key] = days
        source = _source(pair, bundled, now, now, stale_after)
        return Occasion(
            pair, bundled, None, now, now, days.ends, days.within, days.days, asked.reasons, language, source
        )


class _Days(NamedTuple):
    """What `Occasion` has under these names."""

    ends: tuple[tuple[str, float], ...]
    within: tuple[tuple[str, float], ...]
    days: tuple[float, ...]


def _ends(horizons: Sequence[float], as_of: datetime, zone: ZoneInfo) -> dict[str, float]:
    """The days of the calendar that horizons end on, and how far off they are."""
    return {_local(as_of + days * DAY, zone).date().isoformat(): days for days in horizons}


def _days(horizons: tuple[float, ...], ends: Mapping[str, float]) -> _Days:
    # The first horizon comes first: churn answers for it above all.
    days = tuple(dict.fromkeys((*horizons, *ends.values())))
    return _Days(tuple(ends.items()), tuple((_plain(number), number) for number in horizons), days)


def _source(
    pair: Pair, bundled: Bundled, as_of: datetime, now: datetime, stale_after: timedelta, *, current: bool = True
) -> Source:
    champion, seen = bundled.champion, _seen(pair, as_of)
    return Source(
        champion.version,
        champion.rung,
        _text(seen),
        written(bundled.level_as_of),
        written(now),
        not current or seen is None or as_of - seen > stale_after,
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)


@lru_cache(1024)
def _plain(days: float) -> str:
    return f"{days:g}"


def _seen(pair: Pair, as_of: datetime) -> datetime | None:
    latest = None if pair.records is None else pair.records.data_as_of
    return None if latest is None else min(latest, as_of)


def _days_to_the_end_of(day: date, as_of: datetime, zone: ZoneInfo) -> float:
    today = _local(as_of, zone).date()
    if not today <= day <= today + MOST_DAYS * DAY:
        raise DateNotAccepted(day, today, today + MOST_DAYS * DAY)
    end = datetime.combine(day + DAY, time(), zone).astimezone(UTC).replace(tzinfo=None)
    return (end - as_of) / DAY


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return in_utc(moment).astimezone(zone)
