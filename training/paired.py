"""Is one estimate better than another beyond noise, on the same rows? Deals or customers are drawn again, not rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.judged_rows import Floats, JudgedRows, Labels, decided_rows, losses

PICKS_AT_ONCE = 4_000_000
"""Keeps the memory of a bootstrap within some 100 MB."""
MOST_DRAWN = 4_000
"""More deals than this are drawn in as many bundles of deals: the interval is the same within some 2 %."""
TAIL = 0.025


@dataclass(frozen=True)
class Comparison:
    """A loss of ours less the rival's (below zero: ours is better), with a 95 % interval over deals."""

    difference: float
    low: float | None
    high: float | None
    deals: int
    draws: int

    @property
    def error(self) -> float | None:
        """The standard error that the interval stands for; None without one."""
        return None if self.low is None or self.high is None else (self.high - self.low) / (2 * 1.96)

    @property
    def verdict(self) -> str:
        """better, worse, or no different: whether the interval leaves zero out."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return "no different"
        return "better" if self.high < 0 else "worse"


@dataclass(frozen=True)
class Paired:
    """One question: outcomes [n], what ours and the rival said of them [n], weights [n], the deal of each row [n]."""

    outcome: Floats
    ours: Floats
    rival: Floats
    weight: Floats | None = None
    subject: Labels | None = None


def compare(
    y: Floats,
    ours: Floats,
    rival: Floats,
    weight: Floats | None = None,
    cluster: Labels | None = None,
    *,
    draws: int = 2000,
    seed: int = 0,
    squared: bool = False,
) -> Comparison:
    """Paired bootstrap over deals of the difference in log loss (percentile interval; Davison and Hinkley 1997, 2.4).

    `squared` compares Brier scores instead. Raises NothingToJudge, NotAProbability. With a single deal the interval
    is None.
    """
    return compare_mean([Paired(y, ours, rival, weight, cluster)], [1.0], draws=draws, seed=seed, squared=squared)


def compare_mean(
    asked: Sequence[Paired], shares: Sequence[float], *, draws: int = 2000, seed: int = 0, squared: bool = False
) -> Comparison:
    """The same for a mean of several questions about the same deals, such as horizons; `shares` sum to 1.

    A deal is drawn with all its rows of all questions. Raises NothingToJudge, NotAProbability.
    """
    parts = [_gains(each, squared) for each in asked]
    names, place = np.unique(np.concatenate([name for name, _, _ in parts]), return_inverse=True)
    deals = len(names)
    gain, size = np.zeros((2, len(parts), deals))
    start = 0
    for row, (name, its_gain, its_size) in enumerate(parts):
        where = place[start : start + len(name)]
        gain[row, where], size[row, where] = its_gain, its_size
        start += len(name)
    weights = np.asarray(shares, np.float64)
    difference = float(weights @ (gain.sum(axis=1) / size.sum(axis=1)))
    if deals < 2:
        return Comparison(difference, None, None, deals, 0)
    random = np.random.default_rng(seed)
    if deals > MOST_DRAWN:
        bundle = random.permutation(deals) % MOST_DRAWN
        gain = np.stack([np.bincount(bundle, row, MOST_DRAWN) for row in gain])
        size = np.stack([np.bincount(bundle, row, MOST_DRAWN) for row in size])
    drawn = np.empty(draws)
    step = max(1, PICKS_AT_ONCE // gain.shape[1])
    for first in range(0, draws, step):
        picks = random.integers(0, gain.shape[1], (min(step, draws - first), gain.shape[1]))
        drawn[first : first + step] = sum(
            share * its_gain[picks].sum(axis=1) / np.maximum(its_size[picks].sum(axis=1), 1e-300)
            for share, its_gain, its_size in zip(weights, gain, size, strict=True)
        )
    low, high = np.quantile(drawn, (TAIL, 1 - TAIL))
    return Comparison(difference, float(low), float(high), deals, draws)


def _gains(each: Paired, squared: bool) -> tuple[Labels, Floats, Floats]:
    """The judged deals' names, and by deal the weighted difference in loss and the weight."""
    ours, known = decided_rows(each.outcome, each.ours, each.weight, each.subject)
    rival, _ = decided_rows(each.outcome, each.rival, each.weight, each.subject)
    per_row = _loss(ours, squared) - _loss(rival, squared)
    names = np.arange(len(each.outcome)) if each.subject is None else np.asarray(each.subject)
    return np.unique(names[known].astype(str)), ours.by_deal(ours.weight * per_row), ours.by_deal(ours.weight)


def _loss(rows: JudgedRows, squared: bool) -> Floats:
    return (rows.y - rows.p) ** 2 if squared else losses(rows.y, rows.p)
