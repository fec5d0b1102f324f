"""What does a win bundle say of many open deals? The numbers of `Bundle.score`, whole columns at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.evaluate import Category
from training.amounts import AGES, Amounts
from training.bundle import SURE, Bundle
from training.curve.spread import CurveSpread
from training.intervals import Z80, Spread
from training.rivals.rival import probabilities
from training.table_scoring.curves import Answers, CurveTable
from training.table_scoring.feature_columns import FeatureColumns
from training.timing import BANDS, Curve, Timing
from training.win_curve import WinCurve

Floats = NDArray[np.float64]
AGE, STAGE, AMOUNT, PRODUCT = "deal_age_days", "deal_stage", "deal_amount", "product"


@dataclass(frozen=True)
class WinNumbers:
    """What is known of each deal, NaN where nothing is.

    `probability`, `low`, `high`, `close_after_days` and `amount` are [n]; `by_days`, `low_by` and `high_by`
    [n, horizons]. `answers` are those of the curve that was asked.
    """

    probability: Floats
    low: Floats
    high: Floats
    by_days: Floats
    low_by: Floats
    high_by: Floats
    close_after_days: Floats
    amount: Floats
    answers: Answers | None = None


class WinTable:
    """A win bundle, laid out for many rows."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._names = [feature.name for feature in bundle.features]
        estimate = bundle.estimate
        self._curve = CurveTable(estimate.curve, bundle.scorer, self._names) if isinstance(estimate, WinCurve) else None

    def numbers(self, columns: FeatureColumns, horizons: Sequence[float], *, why: bool = False) -> WinNumbers:
        """Score each row; horizons in days. With `why` a curve tells its effects too. Raises WrongType."""
        columns = columns.told_as(self.bundle.features)
        bundle, nowhere = self.bundle, np.full((len(columns), len(horizons)), np.nan)
        amount = amounts_of(bundle.amounts, columns)
        answers = None if self._curve is None else self._curve.answers(columns, [*horizons, math.inf], why=why)
        timed = Timed(bundle.timing, columns)
        median = timed.each(_median) if answers is None else answers.median
        if bundle.estimate is None or bundle.base_rate is None or bundle.spread is None:
            by_days = timed.over(horizons, lambda curve, days: curve.share_by(days))
            unknown = np.full(len(columns), np.nan)
            return WinNumbers(unknown, unknown, unknown, by_days, nowhere, nowhere, median, amount)
        said = self._estimated(columns) if answers is None else answers.said[:, -1]
        p = np.clip(said, SURE, 1 - SURE)
        low, high = around(bundle.spread, _log_odds(p))
        if answers is None:
            by_days = p[:, None] * timed.over(horizons, bundle.timing.of_winners_by)
        else:
            by_days = np.minimum(answers.said[:, :-1], p[:, None])
        sure = bundle.spread_by or CurveSpread((math.inf,), (bundle.spread,))
        pairs = [around_by(sure, by_days[:, at], days) for at, days in enumerate(horizons)]
        low_by, high_by = (np.column_stack([pair[side] for pair in pairs]) if pairs else nowhere for side in (0, 1))
        return WinNumbers(p, low, high, by_days, low_by, high_by, median, amount, answers)

    def _estimated(self, columns: FeatureColumns) -> Floats:
        """What an estimate without a curve says."""
        assert self.bundle.estimate is not None
        if not len(columns):
            return np.empty(0)
        return self.bundle.estimate.predict(columns.frame(self._names))


def around(spread: Spread, odds: Floats) -> tuple[Floats, Floats]:
    """`Spread.around` of many log-odds [n]."""
    half = Z80 * np.interp(odds, spread.at, spread.deviation)
    return probabilities(odds - half), probabilities(odds + half)


def around_by(sure: CurveSpread, p: Floats, days: float) -> tuple[Floats, Floats]:
    """`CurveSpread.around` of many chances [n] for one horizon."""
    odds = _log_odds(np.clip(p, SURE, 1 - SURE))
    above, last = int(np.searchsorted(sure.days, days)), len(sure.days)
    (low, high), (low_after, high_after) = (
        around(sure.spreads[at], odds) for at in (max(above - 1, 0), min(above, last - 1))
    )
    if 0 < above < last and math.isfinite(sure.days[above]):
        before, after = sure.days[above - 1], sure.days[above]
        way = math.log(days / before) / math.log(after / before)
    else:
        way = 1.0 if above == 0 or (above < last and math.isinf(days)) else 0.0
    return np.minimum(p, low + way * (low_after - low)), np.maximum(p, high + way * (high_after - high))


def amounts_of(amounts: Amounts, columns: FeatureColumns) -> Floats:
    """`Amounts.expected` of each row [n], NaN where nothing is known."""
    usual = math.nan if amounts.mean is None else amounts.mean
    by_product = columns.told(PRODUCT, amounts.by_product, usual, amounts.by_product.get("", usual))
    amount = columns.numbers(AMOUNT)
    if amounts.kept is None:
        return by_product
    share = np.full(len(columns), amounts.kept)
    factors = amounts.factors.get("stage", {})
    share *= columns.told(STAGE, factors, 1.0, factors.get("", 1.0))
    for name, values, starts in (("age", columns.numbers(AGE), AGES), ("size", amount, amounts.sizes)):
        factors = amounts.factors.get(name, {})
        by_band = np.array([*(factors.get(f"{band}", 1.0) for band in range(len(starts) + 1)), factors.get("", 1.0)])
        band = np.searchsorted(np.array(starts, float), np.nan_to_num(values), side="right")
        share *= by_band[np.where(np.isfinite(values), band, len(starts) + 1)]
    return np.where(np.isfinite(amount), amount * share, by_product)


class Timed:
    """The curve of timing of each row; rows of one stage and band of age share it."""

    def __init__(self, timing: Timing, columns: FeatureColumns) -> None:
        ages, stages = columns.numbers(AGE), columns.texts(STAGE)
        band = np.maximum(np.searchsorted(BANDS, np.nan_to_num(ages), side="right") - 1, 0)
        band = np.where(np.isnan(ages), len(BANDS), band)
        kinds, self.place = np.unique(band * (len(stages.levels) + 1) + stages.codes + 1, return_inverse=True)
        starts = [*BANDS, None]
        self.curves = [
            timing.curve(starts[kind // width], _level(stages, kind % width - 1))
            for kind, width in ((int(kind), len(stages.levels) + 1) for kind in kinds)
        ]

    def each(self, asked: Callable[[Curve], float]) -> Floats:
        """One number of each row's curve [n]."""
        return np.array([asked(curve) for curve in self.curves], float)[self.place]

    def over(self, horizons: Sequence[float], asked: Callable[[Curve, float], float]) -> Floats:
        """A number of each row's curve and horizon [n, horizons]."""
        told = np.array([[asked(curve, days) for days in horizons] for curve in self.curves], float)
        return told.reshape(len(self.curves), len(horizons))[self.place]


def _level(stages: Category, code: int) -> str | None:
    return None if code < 0 else str(stages.levels[code])


def _median(curve: Curve) -> float:
    found = curve.median_days()
    return math.nan if found is None else found


def _log_odds(p: Floats) -> Floats:
    return np.asarray(np.log(p) - np.log1p(-p))
