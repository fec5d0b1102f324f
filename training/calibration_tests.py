"""Could these probabilities be exactly right, given what came? Two tests that count deals, not rows.

Rows of a deal share its outcome, so the textbook variances would be far too small; both tests take the spread of the
deals' own sums instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.judged_rows import JudgedRows

EVENTS_PER_GROUP = 20
"""Groups in which fewer deals than this are expected to be won, or lost, are joined with their neighbours: the skew of
rare outcomes would make the second test refuse right probabilities too often."""
FEWEST_DEALS = 20


@dataclass(frozen=True)
class CalibrationTests:
    """p-values under "every probability is right"; None where a sample is too small to tell.

    `spiegelhalter` (z-test; Spiegelhalter, Statistics in Medicine 5, 1986) sees probabilities that are too bold or too
    timid; `groups` (Hosmer and Lemeshow 1980, as a Hotelling test of the groups' residuals over deals; compare Archer
    and Lemeshow 2006 for clustered samples) sees any group of like probabilities that came more or less often.
    """

    z: float | None
    spiegelhalter: float | None
    statistic: float | None
    groups_tested: int
    groups: float | None


def calibration_tests(rows: JudgedRows, bins: int = 10) -> CalibrationTests:
    """Test judged rows; the groups are of about equal weight, as many as `bins` where outcomes are enough."""
    from scipy.special import fdtrc, ndtr

    residual = rows.weight * (rows.y - rows.p)
    pull = rows.by_deal(residual * (1 - 2 * rows.p))
    spread = math.sqrt(float((pull**2).sum()))
    events = min(len(set(rows.deal[rows.y == value].tolist())) for value in (0, 1))
    if rows.deals < FEWEST_DEALS or events < 1 or not spread > 0:
        return CalibrationTests(None, None, None, 0, None)
    z = float(pull.sum()) / spread
    by_z = 2 * float(ndtr(-abs(z)))
    group = _groups(rows, bins)
    count = int(group.max()) + 1
    sums = np.column_stack([rows.by_deal(np.where(group == one, residual, 0.0)) for one in range(count)])
    mean, scatter = sums.mean(axis=0), np.atleast_2d(np.cov(sums, rowvar=False))
    if min(_expected(rows)) < EVENTS_PER_GROUP or np.linalg.cond(scatter) > 1e12:
        return CalibrationTests(z, by_z, None, count, None)
    statistic = float(rows.deals * mean @ np.linalg.solve(scatter, mean))
    scaled = statistic * (rows.deals - count) / (count * (rows.deals - 1))
    return CalibrationTests(z, by_z, statistic, count, float(fdtrc(count, rows.deals - count, scaled)))


def _groups(rows: JudgedRows, wanted: int) -> NDArray[np.intp]:
    """Groups from 0 by probability, of about equal weight and of enough expected deals of both outcomes.

    Equal probabilities stay together. What came is not looked at: groups chosen by it would be no test.
    """
    _, place = np.unique(rows.p, return_inverse=True)
    mass = np.bincount(place, rows.weight)
    middle = np.cumsum(mass) - mass / 2
    group = np.minimum((middle / rows.weight.sum() * wanted).astype(int), wanted - 1)[place]
    joined = np.zeros(len(rows.y), np.intp)
    number, current = 0, np.zeros(len(rows.y), bool)
    for one in range(wanted):
        current |= group == one
        if current.any() and min(_expected(rows.part(current))) >= EVENTS_PER_GROUP:
            joined[current], number, current = number, number + 1, np.zeros(len(rows.y), bool)
    # What is left over at the end belongs to the last group that stands.
    joined[current] = max(number - 1, 0)
    return joined


def _expected(rows: JudgedRows) -> tuple[float, float]:
    """How many deals are expected to be won, and lost."""
    share = rows.by_deal(rows.weight * rows.p) / rows.by_deal(rows.weight)
    return float(share.sum()), float((1 - share).sum())
