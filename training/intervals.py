"""How sure is a probability? An 80 % interval from how alike deals really went, and how levels move.

What is bounded is the true chance of deals alike, not the share that a few of them happen to win. Two things keep a
stated 30 % from being it. Deals like this one may go otherwise than said, by an amount that later deals tell as far as
there are many of them (binomial, counted in deals, not rows) and that is small to begin with (`OWN`): the luck of those
that were judged is no part of the interval but for what it hides. And whole periods go better or worse than the one
before: a shift of all log-odds, its size estimated from blocks of time by moments (after DerSimonian and Laird 1986),
later ones counting for more, since what is served has learned from the earlier ones, and drawn to what is usual
(`USUAL_SHIFT`), since so few blocks tell of a size only roughly. Both are measured on predictions made before the
outcomes were known.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import cast

import numpy as np
from numpy.typing import NDArray

from training.judged_rows import Floats, log_odds

Z80 = 1.2815515655446004
"""Half the width of an 80 % interval, in standard deviations."""
BANDWIDTH = 0.7
"""Deals are alike when their log-odds differ by about so much."""
BLOCKS = 6
LEAST_SHIFT = 0.1
"""No level is believed to be steadier than this, in log-odds."""
USUAL_SHIFT = 0.3
"""A shift's size before any period was seen, in log-odds; it weighs as much as one block."""
HALF_LIFE = 3.0
"""A block counts half as much as one that is so many blocks later."""
OWN = 0.4
"""By how much deals of one chance may go otherwise than others, in log-odds, before any were judged."""


@dataclass(frozen=True)
class Spread:
    """Standard deviation of the log-odds at a few places of their scale."""

    at: tuple[float, ...]
    deviation: tuple[float, ...]

    def around(self, odds: float) -> tuple[float, float]:
        """The 80 % interval of a probability given as log-odds."""
        at, deviation = self.at, self.deviation
        # On the straight line between places, as `np.interp` has it at ten times the cost; level beyond them. One
        # function, and not three: a score asks for four intervals, two ends each.
        if at[0] < odds < at[-1]:
            place = bisect_right(at, odds) - 1
            slope = (deviation[place + 1] - deviation[place]) / (at[place + 1] - at[place])
            half = Z80 * (slope * (odds - at[place]) + deviation[place])
        else:
            half = Z80 * (deviation[0] if odds <= at[0] else deviation[-1])
        low, high = odds - half, odds + half
        below = 1 / (1 + exp(-low)) if low >= 0 else (share := exp(low)) / (1 + share)
        above = 1 / (1 + exp(-high)) if high >= 0 else (share := exp(high)) / (1 + share)
        return below, above

    def to_json(self) -> dict[str, object]:
        """The places and the deviations there."""
        return {"at": list(self.at), "deviation": list(self.deviation)}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Spread":
        """What `to_json` wrote."""
        return Spread(tuple(cast(list[float], document["at"])), tuple(cast(list[float], document["deviation"])))


def spread_of_rate(rate: float, deals: int) -> Spread:
    """The spread where nothing but a share among some deals is known (Jeffreys' prior worth one deal)."""
    inside = (rate * deals + 0.5) / (deals + 1)
    deviation = (1 / max((deals + 1) * inside * (1 - inside), 1e-9) + LEAST_SHIFT**2) ** 0.5
    return Spread((0.0,), (float(deviation),))


def fit_spread(won: Floats, p: Floats, weight: Floats, deal: NDArray[np.object_], at: NDArray[np.int64]) -> Spread:
    """Learn the spread from decided rows: outcome, probability said before, weight, deal, moment (microseconds)."""
    odds = log_odds(p)
    _, number = np.unique(deal.astype(str), return_inverse=True)
    shift = level_shift(won, p, weight, number, at)
    places = np.unique(np.quantile(odds, np.linspace(0.02, 0.98, 15)))
    deviations = []
    for place in places:
        near = weight * np.exp(-0.5 * ((odds - place) / BANDWIDTH) ** 2)
        by_deal = np.bincount(number, near)
        alike = by_deal.sum() ** 2 / max(float((by_deal**2).sum()), 1e-12)
        rate = (float((near * won).sum() / near.sum()) * alike + 0.5) / (alike + 1)
        deviations.append((1 / (alike * rate * (1 - rate) + 1 / OWN**2) + shift**2) ** 0.5)
    return Spread(tuple(places.tolist()), tuple(float(d) for d in deviations))


def level_shift(won: Floats, p: Floats, weight: Floats, number: NDArray[np.int64], at: NDArray[np.int64]) -> float:
    """Root mean square of the shift of log-odds in blocks of time, beyond what chance explains."""
    edges = np.quantile(at, np.linspace(0, 1, BLOCKS + 1)[1:-1])
    block = np.searchsorted(edges, at)
    shifts, variances, ages = [], [], []
    for each in np.unique(block):
        rows = block == each
        information = float((weight[rows] * p[rows] * (1 - p[rows])).sum())
        if information <= 0 or len(set(number[rows].tolist())) < 20:
            continue
        pull = np.bincount(number[rows], weight[rows] * (won[rows] - p[rows]))
        shifts.append(float(pull.sum()) / information)
        variances.append(float((pull**2).sum()) / information**2)
        ages.append(float(block.max() - each))
    if len(shifts) < 3:
        return USUAL_SHIFT
    # About zero and not about the blocks' mean: a level that is off the same way throughout is off all the same.
    count = 0.5 ** (np.array(ages) / HALF_LIFE)
    precision = count / np.maximum(np.array(variances), 1e-9)
    excess = max(float((precision * np.array(shifts) ** 2).sum()) - count.sum(), 0.0) / precision.sum()
    return max(LEAST_SHIFT, float(np.sqrt((count.sum() * excess + USUAL_SHIFT**2) / (count.sum() + 1))))
