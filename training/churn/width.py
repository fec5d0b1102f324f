"""How far may what comes lie from a stated chance? The 80 % interval, as wide as earlier ones should have been.

Two things keep a stated 30 % from being the share that churns. Everybody goes better or worse than said: the estimate
tells how far it expects the level to move (or a usual distance is taken), and how far it did move away on past dates
says by how much that must be stretched. Dates close together are off alike, so they are counted in blocks; few blocks
leave the stretch itself unsure, hence a prior and Student's t (a scaled inverse chi-squared variance; Gelman and
others, *Bayesian Data Analysis*, 3rd ed. 2013, section 2.6). And some groups of like chances are off beyond their
date's level: a variance by moments (DerSimonian and Laird 1986). Both are measured on chances stated before the
outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Micros
from training.churn.estimate import chance, odds_of
from training.churn.level import shift_of
from training.intervals import LEAST_SHIFT, Z80, fit_spread
from training.judged_rows import Floats, log_odds
from training.rivals.rival import probabilities

UNTOLD = 0.4
"""Standard deviation of the level, in log-odds, that is begun with where an estimate tells none."""
PRIOR = 6.0
"""Blocks of dates that what an estimate tells of its level is worth as evidence."""
BLOCK = 91.0
"""Days of a block, at least: a level that is off stays so for about a season."""
ALIKE = 4
"""Groups of like chances on a date."""
FEWEST = 20
"""Customers that a group must hold to tell."""


@dataclass(frozen=True)
class Width:
    """What bounds a chance, in log-odds.

    `own` is the standard deviation of customers like these at places `at` of the scale; `stretch` times what is told of
    the level (`untold` where nothing is) that of everybody; `z` what half an 80 % interval is of both.
    """

    at: tuple[float, ...]
    own: tuple[float, ...]
    stretch: float
    untold: float
    z: float

    def around(self, p: float, unsure: float) -> tuple[float, float]:
        """The 80 % interval of a chance whose level is unsure by so much (a standard deviation, 0 for untold)."""
        odds = odds_of(p)
        own = float(np.interp(odds, self.at, self.own))
        half = self.z * math.hypot(own, self.stretch * (unsure or self.untold))
        return chance(odds - half), chance(odds + half)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {"at": list(self.at), "own": list(self.own)} | {n: getattr(self, n) for n in ("stretch", "untold", "z")}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> Width:
        """What `to_json` wrote."""
        at, own = (tuple(cast(list[float], document[name])) for name in ("at", "own"))
        return Width(at, own, *(cast(float, document[name]) for name in ("stretch", "untold", "z")))


def width_of_rate(rate: float, customers: int) -> Width:
    """Where nothing but a share among some customers is known, and nothing of how it moves."""
    return Width((0.0,), (_least(rate, customers),), 1.0, UNTOLD, _quantile(PRIOR))


def width_of_snapshot(y: Floats, p: Floats, weight: Floats, subject: NDArray[np.object_], at: Micros) -> Width:
    """Where there is no time for the level to move in; arrays [n]."""
    spread = fit_spread(y, p, weight, subject, at)
    return Width(spread.at, spread.deviation, 0.0, 0.0, Z80)


def fit_width(y: Floats, p: Floats, unsure: Floats, subject: NDArray[np.object_], at: Micros, days: float) -> Width:
    """Learn from moments whose `days` are over: outcome, chance said before, how unsure its level was then, all [n]."""
    odds, dates = log_odds(p), np.unique(at)
    moved: dict[int, list[float]] = {}
    off: list[Floats] = []
    precision: list[Floats] = []
    for date in dates.tolist():
        then = at == date
        shift, variance = shift_of(y[then], odds[then])
        told = float(unsure[then][0]) or UNTOLD
        block = int((int(dates[-1]) - date) // (max(days, BLOCK) * DAY))
        moved.setdefault(block, []).append((shift**2 - variance) / told**2)
        q, groups = probabilities(odds[then] + shift), _alike(p[then])
        precision.append(np.array([(q[one] * (1 - q[one])).sum() for one in groups]))
        off.append(np.array([(y[then][one] - q[one]).sum() for one in groups]) / precision[-1])
    blocks = len(moved)
    # A block's dates are summed before it is cut off at nothing: chance alone must not look like movement.
    far = sum(max(sum(some) / len(some), 0.0) for some in moved.values())
    stretch = math.sqrt((PRIOR + far) / (PRIOR + blocks))
    own = max(_excess(off, precision), _least(float(y.mean()), len(set(subject.tolist()))))
    return Width((0.0,), (own,), stretch, UNTOLD, _quantile(PRIOR + blocks))


def _alike(p: Floats) -> list[NDArray[np.intp]]:
    """Groups of rows of like chances, of FEWEST rows at least."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, ALIKE + 1)[1:-1]))
    group = np.searchsorted(edges, p)
    rows = [np.flatnonzero(group == one) for one in np.unique(group)]
    return [one for one in rows if len(one) >= FEWEST]


def _excess(off: list[Floats], precision: list[Floats]) -> float:
    """Standard deviation of groups beyond chance; for each date, what its groups are off and how precisely known.

    About the mean of each date, whose level was learned from the same groups: that costs a degree of freedom.
    """
    excess, weight, freedom = 0.0, 0.0, 0
    for mine, w in zip(off, precision, strict=True):
        if len(w) > 1:
            excess += float((w * (mine - np.average(mine, weights=w)) ** 2).sum()) - (len(w) - 1)
            weight += float(w.sum() - (w**2).sum() / w.sum())
            freedom += len(w) - 1
    return math.sqrt(max(excess, 0.0) / weight) if freedom > 1 else 0.0


def _least(rate: float, customers: int) -> float:
    """A share is not known better than so many customers tell (Jeffreys' prior worth one)."""
    inside = (rate * customers + 0.5) / (customers + 1)
    return math.sqrt(1 / ((customers + 1) * inside * (1 - inside)) + LEAST_SHIFT**2)


def _quantile(freedom: float) -> float:
    """Half an 80 % interval of Student's t, in standard deviations."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.9))
