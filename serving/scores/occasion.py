"""When is a score asked, by when shall it happen, and how old is what is known?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from features.as_of import parse_moment
from serving.champion import Records
from serving.language import Language
from serving.moments import in_utc, written
from serving.problems.errors import DateNotAccepted, MomentNotAccepted
from serving.questions.asked import AskedOfAll
from serving.questions.questions import MOST_DAYS
from serving.scores.one_state import Changing
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
    data_as_of: datetime | None = None
    """The latest moment at which anything was recorded, as far as this answer may know."""

    behind: int | None = 0
    """How many accepted events the history in memory has not yet; None where that could not be asked."""

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
    behind: int | None = 0,
    present: datetime | None = None,
) -> Occasion:
    """What a request means at this moment. Where events are `behind`, or it is not known, answers say they are stale.

    `present` is the moment to judge by where none is asked for, and the latest that may be asked for; default `now`.
    Raises NotAMoment, MomentNotAccepted (the future), ModelKnowsTheFuture, DateNotAccepted.
    """
    present = now if present is None else present
    as_of = present if asked.as_of is None else parse_moment(asked.as_of, str(pair.zone))
    if as_of > present:
        raise MomentNotAccepted(in_utc(as_of).isoformat(), in_utc(present).isoformat())
    bundled = pair.at(as_of)
    zone = pair.zone
    # An asked date goes to the end of that day, a horizon to a time within its day: the date has the last word.
    ends = _ends(asked.horizons, as_of, zone)
    if asked.dates:
        ends |= {day.isoformat(): _days_to_the_end_of(day, as_of, zone) for day in asked.dates}
    seen = recorded_before(pair, as_of)
    source = _source(bundled, as_of, now, stale_after, seen, current=behind == 0)
    days = _days(tuple(asked.horizons), ends)
    return Occasion(
        pair, bundled, records, as_of, now, *days, asked.reasons, language, source, data_as_of=seen, behind=behind
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
        seen = recorded_before(pair, now)
        source = _source(bundled, now, now, stale_after, seen)
        return Occasion(pair, bundled, None, now, now, *days, asked.reasons, language, source, data_as_of=seen)


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
    bundled: Bundled,
    as_of: datetime,
    now: datetime,
    stale_after: timedelta,
    seen: datetime | None,
    *,
    current: bool = True,
) -> Source:
    champion = bundled.champion
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


def recorded_before(pair: Pair, as_of: datetime) -> datetime | None:
    """The latest moment before another at which anything was recorded, as far as the history in memory knows.

    Of a moment in the past the history may have to be asked.
    """
    records = pair.records
    if records is None:
        return None
    # Asked by name: a check against the protocol takes longer than a score's trees.
    if hasattr(records, "recorded_before"):
        return cast(Changing, records).recorded_before(as_of)
    latest = records.data_as_of
    return None if latest is None else min(latest, as_of)


def _days_to_the_end_of(day: date, as_of: datetime, zone: ZoneInfo) -> float:
    today = _local(as_of, zone).date()
    if not today <= day <= today + MOST_DAYS * DAY:
        raise DateNotAccepted(day, today, today + MOST_DAYS * DAY)
    end = datetime.combine(day + DAY, time(), zone).astimezone(UTC).replace(tzinfo=None)
    return (end - as_of) / DAY


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return in_utc(moment).astimezone(zone)
