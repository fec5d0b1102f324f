"""Too little history for a model: the mean of the last periods, continued, and as wide as what is on record says.

The company's total of a period is drawn about that mean, with the spread of the periods on record drawn toward a usual
one as by a few periods. Who and when: each draw shares its total out among those who bought of late. So weeks, months
and groups add up here too, and nothing grows: no draw lies far above what was ever sold in a period.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import period_edges, period_start
from features.bookings.pace import OWNERS, Sales, Texts
from features.calendar import Days
from training.bookings.levels import Codes
from training.bookings.profile import DayProfile
from training.bookings.series_view import HORIZON_DAYS

Floats = NDArray[np.float64]
SPAN = {"week": 7, "month": 30, "quarter": 91, "year": 365}
LATEST = 3
"""Periods whose mean is continued."""
USUAL = 0.6
"""Standard deviation of a period beside its mean where nothing is known."""
PULL = 3.0
"""As by so many periods."""
HIGHEST = 3.0
"""No draw of a period lies above so many times the most that was sold in one."""
LUMPY = 0.5
"""Shape of the gamma law of an average buyer's share of a period."""
LEAST = 1e-9


@dataclass(frozen=True)
class PlainRest:
    """`target` [periods, draws] are totals of the periods between `base`, from `first_day` on; `weight` [atoms] is what
    each sold of late."""

    owners: dict[str, Texts]
    first_day: int
    draws: int
    seed: int
    base: Days
    target: Floats
    weight: Floats
    profile: DayProfile

    def totals(self, codes: Codes, groups: int, edges: Days) -> Floats:
        """[groups, periods, draws]."""
        days = np.arange(self.first_day, int(self.base[-1]))
        period = np.searchsorted(self.base, days, side="right") - 1
        weight = self.profile.weight(days)
        share = weight / np.bincount(period, weight, len(self.base) - 1)[period]
        to = np.searchsorted(edges, days, side="right") - 1
        inside = (to >= 0) & (to < len(edges) - 1)
        part = np.zeros((len(self.base) - 1, len(edges) - 1))
        np.add.at(part, (period[inside], to[inside]), share[inside])
        found = np.zeros((groups, len(edges) - 1, self.draws))
        for number in np.flatnonzero(part.any(axis=1)).tolist():
            mine = np.zeros((groups, self.draws))
            np.add.at(mine, codes, self._shares(number))
            drawn = mine * self.target[number]
            for place in np.flatnonzero(part[number]).tolist():
                found[:, place] += part[number, place] * drawn
        return found

    def _shares(self, period: int) -> Floats:
        """Shares of the atoms in a period, adding up to one in each draw: [atoms, draws]."""
        usual = self.weight / self.weight.sum()
        random = np.random.default_rng([self.seed, 9, period])
        luck = random.standard_gamma(np.maximum(LUMPY * usual * len(usual), LEAST)[:, None], (len(usual), self.draws))
        total = luck.sum(axis=0)
        shared = np.where(total > LEAST, luck / np.maximum(total, LEAST), usual[:, None])
        return np.asarray(shared)


def plain_rest(sold: Sales, profile: DayProfile, day: int, draws: int, seed: int) -> PlainRest:
    """What is to come after a day, from the lines on record before it (one at least)."""
    frequency = plain_frequency(sold, day)
    totals = past_totals(sold, day, frequency)
    base = period_edges(day, frequency, HORIZON_DAYS // SPAN[frequency] + 2)
    drawn = _drawn(totals, draws, seed, len(base) - 1)
    running = np.arange(int(base[0]), int(base[1]))
    weight = profile.weight(running)
    drawn[0] *= weight[running >= day].sum() / weight.sum()
    atoms, of = _atoms(sold)
    worth = np.bincount(of, np.maximum(sold.amount, 0.0), len(atoms["rep"])).astype(np.float64)
    worth = np.maximum(worth, max(float(worth.mean()), LEAST) * 0.05)
    return PlainRest(atoms, day, draws, seed, base, drawn, worth, profile)


def plain_frequency(sold: Sales, day: int) -> str:
    """The longest of month and week of which three are over since the first sale; else the week."""
    first = int(sold.day.min())
    return "month" if int(period_start(np.array([day]), "month")[0]) - first >= LATEST * SPAN["month"] else "week"


def past_totals(sold: Sales, day: int, frequency: str) -> Floats:
    """What was sold in each whole period counted back from a day, since the first sale; the first one may be short."""
    span = SPAN[frequency]
    first = int(sold.day.min())
    count = max((day - first) // span, 1)
    back = (day - 1 - sold.day) // span
    inside = (back >= 0) & (back < count)  # what the day itself has sold so far is of no whole period
    found = np.bincount(back[inside], sold.amount[inside], count).astype(np.float64)
    if day - first < span:
        found = found * span / max(day - first, span / 2)  # one period that has only begun
    return found[::-1]


def _drawn(totals: Floats, draws: int, seed: int, periods: int) -> Floats:
    """Draws of a period's total about the mean of the latest: [periods, draws]."""
    late = totals[-12:]
    # A rule that says nothing at all after a quiet quarter is sure of what it cannot know.
    mean = max(float(totals[-LATEST:].mean()), float(np.abs(late).mean()) * 0.25, LEAST)
    seen = float(((late - late.mean()) ** 2).sum())
    spread = float(np.sqrt((seen + PULL * (USUAL * mean) ** 2) / (len(late) - 1 + PULL)))
    spread = float(np.hypot(spread, spread / np.sqrt(min(len(totals), LATEST))))  # the mean is not known well either
    shape = (mean / spread) ** 2
    luck = np.random.default_rng([seed, 8]).standard_gamma(shape, (periods, draws)) / shape
    highest = HIGHEST * max(float(np.abs(totals).max()), mean)
    found = np.minimum(mean * luck, highest)
    return np.asarray(np.minimum(found * mean / np.maximum(found.mean(axis=1, keepdims=True), LEAST), highest))


def _atoms(sold: Sales) -> tuple[dict[str, Texts], Codes]:
    code = np.zeros(len(sold), np.int64)
    for owner in OWNERS:
        names, one = np.unique(sold.owners[owner].astype(str), return_inverse=True)
        code = np.unique(code * len(names) + one, return_inverse=True)[1]
    _, first, of = np.unique(code, return_index=True, return_inverse=True)
    return {owner: sold.owners[owner][first] for owner in OWNERS}, of.astype(np.int64)


__all__ = ["PlainRest", "past_totals", "plain_frequency", "plain_rest"]
