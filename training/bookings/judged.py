"""How good were forecasts made from past moments, estimate by estimate and level by level?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.bookings.rest import QUANTILES
from training.forecast.scores import accuracy, bias, coverage, mase, pinball, rmsse
from training.paired import Comparison

Floats = NDArray[np.float64]
BOOTSTRAPS = 2000
NOTHING = 1e-9
"""What is less than so much of all that was sold before is nothing."""
LOW, HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


@dataclass(frozen=True)
class Block:
    """One estimate's answers from one past moment, at one frequency and level.

    `actual` and `mean` are [groups, periods], `quantiles` [11, groups, periods], `past` [groups, earlier periods]; what
    is not known yet is NaN.
    """

    origin: int
    frequency: str
    level: str
    estimate: str
    actual: Floats
    mean: Floats
    quantiles: Floats
    past: Floats
    season: int

    @property
    def losses(self) -> tuple[float, float]:
        """Twice the mean quantile loss, summed, and what was sold: their ratio is the scaled CRPS."""
        loss, sold = self.by_period.sum(axis=0).tolist()
        return loss, sold

    @property
    def by_period(self) -> Floats:
        """The same of each period: [periods, 2], zeros where it is not over."""
        loss = np.nansum(pinball(self.actual, self.quantiles, QUANTILES) * _WEIGHTS[:, None, None], axis=(0, 1))
        sold = np.nansum(np.abs(self.actual), axis=0)
        # Sales and returns that cancel out leave a rounding error, and nothing is to be scaled by that.
        if sold.sum() <= NOTHING * float(np.nansum(np.abs(self.past))):
            sold = np.zeros_like(sold)
        return np.stack([2.0 * loss, sold], axis=1)


def _weights() -> Floats:
    """The share of the unit line that each quantile stands for: the grid is uneven."""
    middle = (np.array(QUANTILES[1:]) + np.array(QUANTILES[:-1])) / 2
    return np.diff(np.concatenate([[0.0], middle, [1.0]]))


_WEIGHTS = _weights()


@dataclass(frozen=True)
class Score:
    """The figures of one estimate at one level, over all past moments."""

    scrps: float
    wql: float
    mase: float
    rmsse: float
    coverage: float
    bias: float
    accuracy: float
    points: int

    def figures(self) -> dict[str, float]:
        """Those that are known."""
        return {name: float(value) for name, value in vars(self).items() if np.isfinite(value)}


@dataclass(frozen=True)
class Judged:
    """All blocks of a measure."""

    measure: str
    blocks: tuple[Block, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def estimates(self) -> tuple[str, ...]:
        """The estimates, in the order they were asked."""
        return tuple(dict.fromkeys(block.estimate for block in self.blocks))

    @property
    def views(self) -> tuple[tuple[str, str], ...]:
        """The pairs of frequency and level that were judged."""
        return tuple(dict.fromkeys((block.frequency, block.level) for block in self.blocks))

    def some(self, estimate: str, view: tuple[str, str]) -> list[Block]:
        """An estimate's blocks at a frequency and level."""
        return [b for b in self.blocks if b.estimate == estimate and (b.frequency, b.level) == view]

    def score(self, estimate: str, view: tuple[str, str]) -> Score | None:
        """The figures of an estimate; None where it did not answer."""
        return _score(self.some(estimate, view))

    def common(self, estimates: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The views that all of these answered."""
        return tuple(view for view in self.views if all(self.some(name, view) for name in estimates))

    def overall(self, estimate: str, views: Iterable[tuple[str, str]] | None = None) -> float | None:
        """The mean of the scaled CRPS over views; by default those that the estimate answered."""
        chosen = self.common((estimate,)) if views is None else tuple(views)
        found = [score.scrps for view in chosen if (score := self.score(estimate, view)) is not None]
        found = [one for one in found if np.isfinite(one)]
        return float(np.mean(found)) if found else None

    def compare(self, ours: str, theirs: str, views: Sequence[tuple[str, str]] | None = None) -> Comparison | None:
        """Our mean scaled CRPS less theirs over the views both answered; periods are drawn with replacement.

        Moments a month apart look at the same months ahead, so they are no evidence each: a period is drawn with all
        that was said of it, from whichever moment. `deals` of the answer counts the periods.
        """
        chosen = self.common((ours, theirs)) if views is None else tuple(views)
        parts = []
        for view in chosen:
            both = {name: {b.origin: b for b in self.some(name, view)} for name in (ours, theirs)}
            periods, rows = [np.empty(0, np.int64)], [np.empty((0, 2))]
            for origin in sorted(both[ours].keys() & both[theirs].keys()):
                mine, other = both[ours][origin].by_period, both[theirs][origin].by_period
                length = self._length(view[0])
                said = np.stack([mine[:, 0] - other[:, 0], mine[:, 1]], axis=1).repeat(length, axis=0) / length
                over = np.isfinite(both[ours][origin].actual).any(axis=0).repeat(length)
                periods.append(origin + np.flatnonzero(over))
                rows.append(said[over])
            parts.append((np.concatenate(periods), np.concatenate(rows)))
        parts = [part for part in parts if part[1][:, 1].sum() > 0]
        return _bootstrapped(parts) if parts else None

    def _length(self, frequency: str) -> int:
        """Periods from one moment to the next that one of a frequency is made of: moments follow the first view."""
        return 3 if (self.views[0][0], frequency) == ("month", "quarter") else 1


def _bootstrapped(parts: Sequence[tuple[NDArray[np.int64], Floats]]) -> Comparison:
    """Of (period, [loss less the other's, sold]) of each view; a period may be there several times."""
    periods = np.unique(np.concatenate([part[0] for part in parts]))
    tables = np.zeros((len(parts), len(periods), 2))
    for row, (at, values) in enumerate(parts):
        np.add.at(tables[row], np.searchsorted(periods, at), values)
    difference = float((tables[:, :, 0].sum(1) / tables[:, :, 1].sum(1)).mean())
    if len(periods) < 2:
        return Comparison(difference, None, None, len(periods), 0)
    random = np.random.default_rng(0)
    picks = random.integers(0, len(periods), (BOOTSTRAPS, len(periods)))
    counts = np.stack([np.bincount(pick, minlength=len(periods)) for pick in picks])
    sums = np.einsum("do,lok->dlk", counts, tables)
    # A draw of nothing but periods without sales has nothing to be scaled by and says nothing.
    sums = sums[(sums[:, :, 1] > 0).any(axis=1)]
    drawn = np.nanmean(np.where(sums[:, :, 1] > 0, sums[:, :, 0] / np.maximum(sums[:, :, 1], 1e-12), np.nan), axis=1)
    wide = _wider(len(periods))
    low, high = (difference + wide * (float(end) - difference) for end in np.quantile(drawn, (0.025, 0.975)))
    return Comparison(difference, min(low, difference), max(high, difference), len(periods), BOOTSTRAPS)


def _wider(size: int) -> float:
    """What a bootstrap of few is too narrow by: it divides by n, and knows no law of Student's."""
    from scipy.stats import norm, t

    return float(t.isf(0.025, size - 1) / norm.isf(0.025) * np.sqrt(size / (size - 1)))


def _score(blocks: Sequence[Block]) -> Score | None:
    if not blocks:
        return None
    losses = np.array([block.losses for block in blocks])
    actual = np.concatenate([b.actual.ravel() for b in blocks])
    mean = np.concatenate([b.mean.ravel() for b in blocks])
    low = np.concatenate([b.quantiles[LOW].ravel() for b in blocks])
    high = np.concatenate([b.quantiles[HIGH].ravel() for b in blocks])
    inner = [q for q in range(len(QUANTILES)) if 0.1 <= QUANTILES[q] <= 0.9]
    deciles = sum(2.0 * float(np.nansum(pinball(b.actual, b.quantiles, QUANTILES)[inner].mean(axis=0))) for b in blocks)
    sold = losses[:, 1].sum()
    hits = [accuracy(a, m) for a, m in zip(actual.tolist(), mean.tolist(), strict=True) if np.isfinite(a)]
    middle = QUANTILES.index(0.5)
    return Score(
        float(losses[:, 0].sum() / sold) if sold > 0 else np.nan,
        deciles / sold if sold > 0 else np.nan,
        _mean(mase(b.actual, b.quantiles[middle], b.past, b.season) for b in blocks),
        _mean(rmsse(b.actual, b.mean, b.past, b.season) for b in blocks),
        coverage(actual[None], low[None], high[None]),
        bias(actual[None], mean[None]),
        _mean(hits),
        int(np.isfinite(actual).sum()),
    )


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else np.nan
