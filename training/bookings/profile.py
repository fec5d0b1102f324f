"""On which days of a period does a company sell? Weights of days, learned from the past.

A day's weight is the product of what its kind is worth: its weekday (and whether it is worked: Spring Festival and
Golden Week come by the working calendar), its place in the month and in the quarter, each the sold amount
over what the other parts expect (iterative proportional fitting; Deming and Stephan 1940), drawn toward one as far as
the differences between kinds could be chance (empirical Bayes; Morris 1983). Data posted on one day of a period end up
with all the weight on that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import period_edges, period_start, worked
from features.calendar import Days

Floats = NDArray[np.float64]
ROUNDS = 8
LEAST_SIGNAL = 1e-4
"""Variance of a part's true effects that is never denied."""
LEAST = 1e-6
REST = 7
"""Kind of a day that is not worked: weekdays are 0 to 6."""
FROM_END = 5
"""Last days of a month or quarter that have a kind of their own."""
FROM_START = 5
PARTS = ("weekday", "of_month", "of_quarter", "month")


@dataclass(frozen=True)
class DayProfile:
    """Weights by kind of day; `country` is whose holidays count (ISO 3166), None for weekdays only."""

    country: str | None
    weekday: Floats
    of_month: Floats
    of_quarter: Floats
    month: Floats
    """The first, second and third month of a quarter."""

    def weight(self, days: Days) -> Floats:
        """The weight of each day, above zero; only ratios mean anything."""
        kinds = _kinds(days, self.country)
        return np.asarray(
            np.maximum(
                self.weekday[kinds[0]] * self.of_month[kinds[1]] * self.of_quarter[kinds[2]] * self.month[kinds[3]],
                LEAST,
            )
        )

    def to_json(self) -> dict[str, object]:
        """All of it."""
        parts = {name: getattr(self, name).tolist() for name in PARTS}
        return {"country": self.country, **parts}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "DayProfile":
        """What `to_json` wrote."""
        parts = [np.array(cast(list[float], document[name])) for name in PARTS]
        return DayProfile(cast("str | None", document["country"]), *parts)


def fit_profile(day: Days, amount: Floats, first: int, last: int, country: str | None) -> DayProfile:
    """Learn from what was sold on which day, over all days from `first` to `last` (both counted)."""
    sizes = (8, 1 + FROM_START + FROM_END, 1 + FROM_END, 3)
    if last < first or not len(day):
        return DayProfile(country, _usual(), *(np.ones(size) for size in sizes[1:]))
    days = np.arange(first, last + 1)
    sold: Floats = np.bincount(np.clip(day - first, 0, len(days) - 1), np.maximum(amount, 0), len(days)).astype(float)
    # One huge order must not make a holiday of every other day like its own.
    cap = np.quantile(sold[sold > 0], 0.98) if (sold > 0).any() else 0.0
    sold = np.minimum(sold, cap)
    months = period_start(days, "month")
    level = _level(sold, months)
    kinds = _kinds(days, country)
    parts = [np.ones(size) for size in sizes]
    chance = float(np.var(sold / level))
    for _ in range(ROUNDS):
        for number, kind in enumerate(kinds):
            others = np.prod([parts[n][k] for n, k in enumerate(kinds) if n != number], axis=0) * level
            came = np.bincount(kind, sold, sizes[number]).astype(float)
            expected = np.bincount(kind, others, sizes[number]).astype(float)
            seen = np.bincount(kind, minlength=sizes[number])
            parts[number] = _drawn(came, expected, seen, chance)
    return DayProfile(country, *parts)


def shares(profile: DayProfile, edges: Days, finer: Days) -> Floats:
    """The share of each period between `edges` that falls into each period between `finer`: [periods, finer periods].

    Rows add up to 1 where `finer` covers the whole period.
    """
    days = np.arange(edges[0], edges[-1])
    weight = profile.weight(days)
    period = np.searchsorted(edges, days, side="right") - 1
    total = np.bincount(period, weight, len(edges) - 1)
    part = np.searchsorted(finer, days, side="right") - 1
    inside = (part >= 0) & (part < len(finer) - 1)
    found = np.zeros((len(edges) - 1, len(finer) - 1))
    np.add.at(found, (period[inside], part[inside]), weight[inside] / total[period[inside]])
    return found


def _drawn(came: Floats, expected: Floats, seen: NDArray[np.int64], chance: float) -> Floats:
    """What came over what was expected of each kind of day, drawn toward one as by so many days as chance asks."""
    there = (seen > 0) & (expected > 0)
    raw = np.divide(came, expected, out=np.ones_like(came), where=there)
    if not there.any():
        return raw
    excess = ((raw[there] - 1) ** 2 - chance / seen[there]).mean()
    pull = chance / max(float(excess), LEAST_SIGNAL)
    return np.where(there, 1 + (raw - 1) * seen / np.maximum(seen + pull, LEAST), 1.0)


def _usual() -> Floats:
    return np.array([1.0, 1, 1, 1, 1, 0.2, 0.1, 0.1])


def _level(sold: Floats, months: Days) -> Floats:
    """The mean sold a day in the months around each day: a trend is no profile."""
    _, row = np.unique(months, return_inverse=True)
    mean = np.bincount(row, sold) / np.bincount(row)
    kernel = np.ones(min(3, len(mean)))
    smooth = np.convolve(mean, kernel, "same") / np.convolve(np.ones_like(mean), kernel, "same")
    return np.maximum(smooth, LEAST)[row]


def _kinds(days: Days, country: str | None) -> tuple[NDArray[np.int64], ...]:
    weekday = (days + 3) % 7
    at_work = worked(days, country)
    kind = np.where(at_work, np.minimum(weekday, 4 + (weekday > 4)), np.where(weekday > 4, weekday, REST))
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 3
    return kind, _place(days, "month", FROM_START), _place(days, "quarter", 0), month


def _place(days: Days, frequency: str, from_start: int) -> NDArray[np.int64]:
    """0 for a day in the middle, then the first days of the period, then the last, counted from its end."""
    start = period_start(days, frequency)
    ends = {int(one): int(period_edges(int(one), frequency, 1)[1]) for one in np.unique(start)}
    end = np.array([ends[int(one)] for one in start], np.int64)
    since, left = days - start, end - days - 1
    place = np.where(since < from_start, 1 + since, 0)
    return np.where(left < FROM_END, 1 + from_start + left, place)
