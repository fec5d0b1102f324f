"""Do stated intervals of probabilities hold what came, over stretches of later time?

An interval bounds the true chance of deals alike: the share of them that would be won if there were endlessly many. So
it is judged on groups: later rows are cut into stretches of time and, within each, into groups of like probability.
What is seen of a group is its own share won, which lies about the true one by the luck of its few deals. With s what
was said on average, w the half-width stated on that side, and L^2 the variance of the share by luck alone, the group
counts as held where its share lies within s -+ sqrt(w^2 + (z L)^2), z being the normal quantile of 80 %: if the true
chance lies about s as widely as stated, and luck is independent of it, eight groups in ten are held. Without L even
perfect intervals would seem to miss.

L^2 = sum over deals of n^2 p (1 - p) / (sum of n)^2: n is the weight of a deal's rows and p the mean chance said of
them. All rows of a deal share one outcome, and deals of unlike chances are luckier together than their mean tells: a
pooled p (1 - p) would call luck what is said to differ. Groups of one stretch share what that stretch brought, so the
groups are fewer pieces of evidence than they are in number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.judged_rows import Floats, JudgedRows, Labels, decided_rows

Z_80 = 1.2815515655446004
FEWEST_DEALS = 20


@dataclass(frozen=True)
class IntervalCoverage:
    """How many groups there were, and in what share of them the stated 80 % interval held what came."""

    groups: int
    held: float | None


def interval_coverage(
    y: Floats,
    p: Floats,
    low: Floats,
    high: Floats,
    weight: Floats,
    cluster: Labels,
    at: Floats,
    *,
    stretches: int = 8,
    alike: int = 4,
) -> IntervalCoverage:
    """Judge 80 % intervals [n] of probabilities [n] on rows at moments [n], in groups of at least 20 deals.

    Raises NothingToJudge, NotAProbability.
    """
    rows, known = decided_rows(y, p, weight, cluster)
    low, high, when = low[known], high[known], at[known].astype(np.float64)
    stretch = _parts(when, stretches)
    held: list[bool] = []
    for one in np.unique(stretch):
        there = np.flatnonzero(stretch == one)
        group = _parts(rows.p[there], alike)
        for number in np.unique(group):
            mask = np.zeros(len(rows.y), bool)
            mask[there[group == number]] = True
            part = rows.part(mask)
            if part.deals >= FEWEST_DEALS:
                held.append(_holds(part, low[mask], high[mask]))
    return IntervalCoverage(len(held), float(np.mean(held)) if held else None)


def _holds(part: JudgedRows, low: Floats, high: Floats) -> bool:
    said, came = part.average(part.p), part.average(part.y)
    below, above = said - part.average(low), part.average(high) - said
    luck = Z_80 * luck_of(part)
    return bool(said - np.hypot(below, luck) <= came <= said + np.hypot(above, luck))


def luck_of(part: JudgedRows) -> float:
    """Standard deviation of a group's share won about what was said, if each deal has the chance said of it."""
    size = part.by_deal(part.weight)
    p = part.by_deal(part.weight * part.p) / size
    return float(np.sqrt((size**2 * p * (1 - p)).sum()) / size.sum())


def _parts(values: Floats, wanted: int) -> Floats:
    """Parts of about as many rows by value; alike values stay together."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, wanted + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, values, side="left"), dtype=np.float64)
