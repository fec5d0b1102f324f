"""How good were these probabilities, and is one model better than another beyond noise?

Rows weigh by inverse probability of censoring, and rows of one deal are one piece of evidence: intervals and bootstrap
count deals, not rows. What a sample cannot tell is None, and a note says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from training.judged_rows import Floats, JudgedRows, Labels, decided_rows, log_loss, log_odds, losses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NORMAL_95 = 1.959963984540054
FEW_DEALS = 30
PICKS_AT_ONCE = 4_000_000
"""Keeps the memory of a bootstrap within some 100 MB."""
FARTHEST_SLOPE = 50.0


@dataclass(frozen=True)
class Bin:
    """Deals called alike: what was said (`mean_probability`) and what came (`rate`, with a 95 % interval)."""

    lowest: float
    highest: float
    mean_probability: float
    rate: float
    rate_low: float
    rate_high: float
    rows: int
    deals: int


@dataclass(frozen=True)
class Scorecard:
    """The quality of one set of probabilities.

    A calibration slope below 1 says the probabilities are too extreme, above 1 too timid; its interval is 95 % and
    counts deals. `calibration_intercept` belongs to that slope; `calibration_shift` is the log-odds to add to all.
    """

    rows: int
    deals: int
    rate: float
    mean_probability: float
    log_loss: float
    brier: float
    auc: float | None
    average_precision: float | None
    calibration_slope: float | None
    calibration_slope_low: float | None
    calibration_slope_high: float | None
    calibration_intercept: float | None
    calibration_shift: float | None
    reliability: tuple[Bin, ...]
    notes: tuple[str, ...] = ()
    segments: Mapping[str, Scorecard] = field(default_factory=dict)

    def metrics(self) -> dict[str, float]:
        """The single numbers that are known, by name."""
        return {name: float(value) for name, value in vars(self).items() if isinstance(value, int | float)}


@dataclass(frozen=True)
class Comparison:
    """Log loss of ours less the rival's (below zero: ours is better), with a 95 % interval over deals."""

    difference: float
    low: float | None
    high: float | None
    deals: int
    draws: int

    @property
    def verdict(self) -> str:
        """better, worse, or no different: whether the interval leaves zero out."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return "no different"
        return "better" if self.high < 0 else "worse"


def judge(
    y: Floats,
    p: Floats,
    weight: Floats | None = None,
    cluster: Labels | None = None,
    *,
    segments: Mapping[str, Labels] | None = None,
    bins: int = 10,
) -> Scorecard:
    """Score probabilities [n] against outcomes [n] (1 won, 0 lost, NaN undecided and left out).

    `cluster` names the deal of a row (default: each row its own), `segments` gives labels [n] by segment name and
    fills `Scorecard.segments` under "name=label". Raises NothingToJudge, NotAProbability.
    """
    judged, known = decided_rows(y, p, weight, cluster)
    named = {name: labels[known].astype(str) for name, labels in (segments or {}).items()}
    parts = {
        f"{name}={label}": judged.part(labels == label)
        for name, labels in named.items()
        for label in np.unique(labels).tolist()
    }
    return _card(judged, bins, {name: _card(part, min(bins, 5), {}) for name, part in parts.items()})


def compare(
    y: Floats,
    ours: Floats,
    rival: Floats,
    weight: Floats | None = None,
    cluster: Labels | None = None,
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Paired bootstrap over deals of the difference in log loss (percentile interval; Davison and Hinkley 1997, 2.4).

    Raises NothingToJudge, NotAProbability. With a single deal the interval is None.
    """
    judged, _ = decided_rows(y, ours, weight, cluster)
    theirs, _ = decided_rows(y, rival, weight, cluster)
    per_row = losses(judged.y, judged.p) - losses(theirs.y, theirs.p)
    gain, size = judged.by_deal(judged.weight * per_row), judged.by_deal(judged.weight)
    difference, deals = float(gain.sum() / size.sum()), judged.deals
    if deals < 2:
        return Comparison(difference, None, None, deals, 0)
    random, drawn = np.random.default_rng(seed), np.empty(draws)
    step = max(1, PICKS_AT_ONCE // deals)
    for start in range(0, draws, step):
        picks = random.integers(0, deals, (min(step, draws - start), deals))
        drawn[start : start + step] = gain[picks].sum(axis=1) / size[picks].sum(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Comparison(difference, float(low), float(high), deals, draws)


def _card(judged: JudgedRows, bins: int, segments: Mapping[str, Scorecard]) -> Scorecard:
    auc, precision = _ranking(judged)
    intercept, slope, error = _calibration(judged)
    notes = []
    if auc is None:
        notes.append("only one outcome occurs: ranking and calibration slope cannot be told")
    elif slope is None:
        notes.append("the calibration slope cannot be told: probabilities are all alike, or split the outcomes")
    if judged.deals < FEW_DEALS:
        notes.append(f"only {judged.deals} deals: every figure here is rough")
    return Scorecard(
        rows=len(judged.y),
        deals=judged.deals,
        rate=judged.average(judged.y),
        mean_probability=judged.average(judged.p),
        log_loss=log_loss(judged.y, judged.p, judged.weight),
        brier=judged.average((judged.y - judged.p) ** 2),
        auc=auc,
        average_precision=precision,
        calibration_slope=slope,
        calibration_slope_low=None if slope is None or error is None else slope - NORMAL_95 * error,
        calibration_slope_high=None if slope is None or error is None else slope + NORMAL_95 * error,
        calibration_intercept=intercept,
        calibration_shift=_shift(judged) if auc is not None else None,
        reliability=_reliability(judged, bins),
        notes=tuple(notes),
        segments=segments,
    )


def _ranking(judged: JudgedRows) -> tuple[float | None, float | None]:
    """Weighted area under the ROC curve and average precision; ties share a step."""
    order = np.argsort(-judged.p, kind="stable")
    p, y, weight = judged.p[order], judged.y[order], judged.weight[order]
    ends = np.append(np.flatnonzero(np.diff(p)), len(p) - 1)
    won, lost = np.cumsum(weight * y)[ends], np.cumsum(weight * (1 - y))[ends]
    if won[-1] <= 0 or lost[-1] <= 0:
        return None, None
    auc = np.trapezoid(np.append(0, won), np.append(0, lost)) / (won[-1] * lost[-1])
    precision = (np.diff(won, prepend=0) * won / (won + lost)).sum() / won[-1]
    return float(auc), float(precision)


def _calibration(judged: JudgedRows) -> tuple[float | None, float | None, float | None]:
    """Intercept, slope and the slope's deal-robust error of outcome on log-odds (Cox 1958), by Newton's method."""
    odds = log_odds(judged.p)
    if odds.max() - odds.min() < 1e-9 or judged.y.min() == judged.y.max():
        return None, None, None
    design, beta = np.column_stack([np.ones_like(odds), odds]), np.array([0.0, 1.0])
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -700, 700)))
        pull = design.T @ (judged.weight * (judged.y - fitted))
        bend = (design.T * (judged.weight * fitted * (1 - fitted))) @ design
        if np.linalg.cond(bend) > 1e14:
            return None, None, None
        step = np.linalg.solve(bend, pull)
        beta = beta + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if abs(beta[1]) > FARTHEST_SLOPE:
            return None, None, None
        if np.abs(step).max() < 1e-10:
            break
    by_deal = np.column_stack([judged.by_deal(judged.weight * (judged.y - fitted) * column) for column in design.T])
    inverse = np.linalg.inv(bend)
    spread = inverse @ (by_deal.T @ by_deal) @ inverse * judged.deals / max(judged.deals - 1, 1)
    # With a deal or two of the rarer outcome the estimate of the error can come out negative.
    if not spread[1, 1] > 0:
        return None, None, None
    return float(beta[0]), float(beta[1]), float(math.sqrt(spread[1, 1]))


def _shift(judged: JudgedRows) -> float:
    """Log-odds to add to every probability so that their mean meets the rate, by bisection."""
    odds, low, high = log_odds(judged.p), -60.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        fitted = 1 / (1 + np.exp(-np.clip(odds + middle, -700, 700)))
        low, high = (middle, high) if judged.average(fitted - judged.y) < 0 else (low, middle)
    return (low + high) / 2


def _reliability(judged: JudgedRows, bins: int) -> tuple[Bin, ...]:
    """Bins of about equal weight; equal probabilities stay together."""
    _, place = np.unique(judged.p, return_inverse=True)
    below = np.cumsum(np.bincount(place, judged.weight)) - np.bincount(place, judged.weight) / 2
    bin_of = np.minimum((below / judged.weight.sum() * bins).astype(int), bins - 1)[place]
    return tuple(_bin(judged.part(bin_of == number)) for number in np.unique(bin_of))


def _bin(part: JudgedRows) -> Bin:
    rate = part.average(part.y)
    low, high = _wilson(rate, _evidence(part, rate))
    return Bin(
        float(part.p.min()),
        float(part.p.max()),
        part.average(part.p),
        rate,
        low,
        high,
        len(part.y),
        part.deals,
    )


def _evidence(part: JudgedRows, rate: float) -> float:
    """Deals' worth of evidence behind a rate: its binomial over its between-deal variance (Korn and Graubard 1998)."""
    size = part.by_deal(part.weight)
    evenly = float(size.sum() ** 2 / (size**2).sum())
    variance = float((part.by_deal(part.weight * (part.y - rate)) ** 2).sum() / size.sum() ** 2)
    return min(rate * (1 - rate) / variance, evenly) if variance > 0 and part.deals > 1 else evenly


def _wilson(rate: float, evidence: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z2 = NORMAL_95**2 / evidence
    middle = (rate + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * rate * (1 - rate) + z2 * z2 / 4) / (1 + z2)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def reliability_figure(scorecard: Scorecard, title: str = "Said and came") -> Figure:
    """What was said against what came, one point per bin with its 95 % interval; no display is needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5.5), layout="constrained")
    axes = figure.add_subplot()
    said = [one.mean_probability for one in scorecard.reliability]
    came = [one.rate for one in scorecard.reliability]
    below = [max(one.rate - one.rate_low, 0.0) for one in scorecard.reliability]
    above = [max(one.rate_high - one.rate, 0.0) for one in scorecard.reliability]
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="as said")
    axes.errorbar(said, came, yerr=[below, above], fmt="o", capsize=3, label="share won, 95 %")
    slope = scorecard.calibration_slope
    facts = f"{scorecard.deals:,} deals, log loss {scorecard.log_loss:.3f}"
    axes.set_title(f"{title}\n{facts}" + ("" if slope is None else f", slope {slope:.2f}"), fontsize=11)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="probability said", ylabel="share won", aspect="equal")
    axes.legend(loc="upper left", frameon=False)
    return figure
