"""How good were these probabilities: how far from what came, in what order, and do they come true?

Rows weigh by inverse probability of censoring, and rows of one deal are one piece of evidence: intervals and tests
count deals, not rows. What a sample cannot tell is None, and a note says why. Two estimates are compared in `paired`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from training.calibration_tests import calibration_tests
from training.judged_rows import Floats, JudgedRows, Labels, decided_rows, log_loss, log_odds, losses
from training.paired import Comparison, compare

__all__ = ["Bin", "Comparison", "Scorecard", "compare", "judge"]

NORMAL_95 = 1.959963984540054
FEW_DEALS = 30
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
class ByAmount:
    """Figures in which each row counts for its amount: the rate is the share of the money that was won."""

    log_loss: float
    brier: float
    rate: float
    mean_probability: float


@dataclass(frozen=True)
class Scorecard:
    """The quality of one set of probabilities.

    A calibration slope below 1 says the probabilities are too extreme, above 1 too timid; its interval is 95 % and
    counts deals. `calibration_intercept` belongs to that slope; `calibration_shift` is the log-odds to add to all.
    `spiegelhalter_p` and `groups_p` are the p-values of `calibration_tests`. `by_amount` counts each row
    for its amount as well.
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
    spiegelhalter_p: float | None = None
    groups_p: float | None = None
    by_amount: ByAmount | None = None

    def metrics(self) -> dict[str, float]:
        """The single numbers that are known, by name."""
        by_amount = {} if self.by_amount is None else vars(self.by_amount)
        found = {**vars(self), **{f"amount_{name}": value for name, value in by_amount.items()}}
        return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def judge(
    y: Floats,
    p: Floats,
    weight: Floats | None = None,
    cluster: Labels | None = None,
    *,
    segments: Mapping[str, Labels] | None = None,
    amount: Floats | None = None,
    bins: int = 10,
) -> Scorecard:
    """Score probabilities [n] against outcomes [n] (1 won, 0 lost, NaN undecided and left out).

    `cluster` names the deal of a row (default: each row its own), `segments` gives labels [n] by segment name and
    fills `Scorecard.segments` under "name=label", `amount` [n] is money, NaN where it is not known.
    Raises NothingToJudge, NotAProbability.
    """
    judged, known = decided_rows(y, p, weight, cluster)
    named = {name: labels[known].astype(str) for name, labels in (segments or {}).items()}
    parts = {
        f"{name}={label}": judged.part(labels == label)
        for name, labels in named.items()
        for label in np.unique(labels).tolist()
    }
    whole = _card(judged, bins, {name: _card(part, min(bins, 5), {}) for name, part in parts.items()})
    return whole if amount is None else replace(whole, by_amount=_by_amount(judged, amount[known]))


def _by_amount(judged: JudgedRows, amount: Floats) -> ByAmount | None:
    """The figures of rows whose amount is known and above zero, weighed by it."""
    there = np.isfinite(amount) & (amount > 0)
    if not there.any():
        return None
    rows = judged.part(there)
    rows = replace(rows, weight=rows.weight * amount[there])
    return ByAmount(
        rows.average(losses(rows.y, rows.p)),
        rows.average((rows.y - rows.p) ** 2),
        rows.average(rows.y),
        rows.average(rows.p),
    )


def _card(judged: JudgedRows, bins: int, segments: Mapping[str, Scorecard]) -> Scorecard:
    auc, precision = _ranking(judged)
    intercept, slope, error = _calibration(judged)
    tests = calibration_tests(judged, bins)
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
        spiegelhalter_p=tests.spiegelhalter,
        groups_p=tests.groups,
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
