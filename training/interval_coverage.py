"""Do stated intervals of probabilities hold what came, over stretches of later time?

An interval bounds the share won among deals alike, so it is judged on groups: later rows are cut into stretches of time
and, within each, into groups of like probability. A group's own share is known only up to the luck of its few deals,
which is added to the interval: without it even perfect intervals would seem to miss.
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
    size = part.by_deal(part.weight)
    deals = float(size.sum() ** 2 / (size**2).sum())
    luck = Z_80 * np.sqrt(said * (1 - said) / deals)
    return bool(said - np.hypot(below, luck) <= came <= said + np.hypot(above, luck))


def _parts(values: Floats, wanted: int) -> Floats:
    """Parts of about as many rows by value; alike values stay together."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, wanted + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, values, side="left"), dtype=np.float64)
