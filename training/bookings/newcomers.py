"""What will deals bring that do not exist yet: how many are created, how soon are they won, and for how much?

Wins of deals not yet created are drawn without drawing the deals: deals that arrive at random at a known pace and are
won after random times are won at a known pace too (a thinned Poisson process). Each win is one of the recent ones
again, with its customer, rep, product and amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from features.bookings.pipeline import NO_DAY
from features.calendar import Days
from training.bookings.open_deals import Events
from training.bookings.profile import DayProfile

Floats = NDArray[np.float64]
HALF_LIFE = 120.0
"""Days after which a deal created counts half as much for the pace at which deals are created."""
RECENT = 730
"""Days within which deals tell how soon deals are won."""
QUARTER = 91
SEASON_PULL = 3.0
"""A month's season is drawn toward none as by so many months."""


@dataclass(frozen=True)
class Arrivals:
    """Deals created: `pace` a day of average worth, times the season of the month; `sooner` [days] is the share of
    deals that is won by so many days of working time after their creation."""

    pace: float
    season: Floats
    sooner: Floats

    def expected(self, days: Days, weight: Floats) -> Floats:
        """Deals to be created on each day; `weight` is the day's worth, 1 on average."""
        return np.asarray(self.pace * weight * self.season[_months(days)])

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {"pace": self.pace, "season": self.season.tolist(), "sooner": self.sooner.tolist()}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Arrivals":
        """What `to_json` wrote."""
        lists = [np.array(cast(list[float], document[name])) for name in ("season", "sooner")]
        return Arrivals(cast(float, document["pace"]), *lists)


def fit_arrivals(
    created: Days, closed: Days, won: NDArray[np.bool_], as_of: int, profile: DayProfile, longest: int
) -> Arrivals:
    """Learn from the deals on record before a day: when they were created and closed (NO_DAY: open), and which were
    won.

    `longest` is for how many days the shares won are needed.
    """
    first = int(created.min()) if len(created) else as_of
    days = np.arange(first, max(as_of, first + 1))
    came = np.bincount(np.clip(created - first, 0, len(days) - 1), minlength=len(days)).astype(float)
    worth = _worth(profile, days)
    age = as_of - days
    weight = 0.5 ** (age / HALF_LIFE)
    season = _season(came, worth, days)
    seasonal = worth * season[_months(days)]
    pace = float((came * weight).sum() / max(float((seasonal * weight).sum()), 1e-9))
    recent = created >= as_of - RECENT
    return Arrivals(pace, season, _won_by(created[recent], closed[recent], won[recent], as_of, longest))


def wins_by_day(arrivals: Arrivals, profile: DayProfile, first: int, days: int) -> Floats:
    """Wins to be expected on each of the days from `first`, of deals created from `first` on."""
    ahead = np.arange(first, first + days)
    worth = _worth(profile, ahead)
    created = arrivals.expected(ahead, worth)
    pace = np.diff(np.concatenate([[0.0], arrivals.sooner]))
    pace = np.concatenate([pace, np.zeros(max(days - len(pace), 0))])[:days]
    # Days and months that sell little hand their wins to those around them: only a quarter's sum is kept.
    smooth = np.convolve(created, pace)[:days]
    quarter = np.arange(days) // QUARTER
    total, share = np.bincount(quarter, smooth), np.bincount(quarter, smooth * worth)
    return np.asarray(smooth * worth * (total / np.maximum(share, 1e-12))[quarter])


def draw_wins(expected: Floats, level: Floats, recent: Floats, random: np.random.Generator) -> Events:
    """Draw wins: `expected` [days] of them, times `level` [draws, days]; each repeats a line of weight `recent`
    [lines].
    """
    count = random.poisson(expected[None, :] * level)
    draw, day = np.nonzero(count)
    times = count[draw, day]
    row = random.choice(len(recent), int(times.sum()), p=recent / recent.sum()) if times.sum() else np.empty(0)
    return Events(row.astype(np.int32), np.repeat(draw, times).astype(np.int16), np.repeat(day, times).astype(np.int16))


def _won_by(created: Days, closed: Days, won: NDArray[np.bool_], as_of: int, longest: int) -> Floats:
    """Share of deals won by the end of each day after their creation, others lost or open (Aalen and Johansen)."""
    if not len(created):
        return np.zeros(longest)
    ended = closed != NO_DAY
    length = np.clip(np.where(ended, closed, as_of) - created, 0, longest)
    at_risk = np.bincount(length, minlength=longest + 1)[::-1].cumsum()[::-1].astype(float)
    wins = np.bincount(length[ended & won], minlength=longest + 1).astype(float)
    losses = np.bincount(length[ended & ~won], minlength=longest + 1).astype(float)
    hazard = np.minimum((wins + losses) / np.maximum(at_risk, 1), 1.0)
    staying = np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])
    return np.asarray(np.cumsum(staying * wins / np.maximum(at_risk, 1))[:longest])


def _season(came: Floats, worth: Floats, days: Days) -> Floats:
    """What a month of the year is worth for new deals beside its neighbours; ones with less than two years."""
    season = np.ones(12)
    if len(days) < 700:
        return season
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    _, row = np.unique(month, return_inverse=True)
    count, work = np.bincount(row, came), np.maximum(np.bincount(row, worth), 1e-9)
    rate = count / work
    trend = np.convolve(np.pad(rate, 6, mode="edge"), np.ones(13) / 13, "valid")
    full = np.bincount(row) >= 28
    ratio = rate / np.maximum(trend, 1e-9)
    of_year = np.array([month[row == one][0] % 12 for one in range(len(count))])
    for each in range(12):
        some = ratio[(of_year == each) & full]
        season[each] = (some.sum() + SEASON_PULL) / (len(some) + SEASON_PULL)
    return np.asarray(season / season.mean())


def _worth(profile: DayProfile, days: Days) -> Floats:
    year = profile.weight(np.arange(days[0], days[0] + 364))
    return np.asarray(profile.weight(days) / year.mean())


def _months(days: Days) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
