"""Is more won, or decided sooner, in some months than in others, year after year? A shift of log-odds by month.

Two waves through the year (a year's and half a year's), so that neighbouring months lean on each other. How large they
are is estimated from how large they turn out (empirical Bayes: the waves' heights are drawn about none with a deviation
that fits them best; Efron and Morris 1973), beside a level and a trend, so that a season is not taken for either. One
good November is luck: the evidence is counted in months of the record and not in deals alone (sandwich estimate over
months; Liang and Zeger 1986). It is kept only where the shift learned before helps on later outcomes.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY
from training.judged_rows import losses
from training.rivals.rival import Row, number_of, probabilities
from training.stacking import clearly_less

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]
MONTH = "month"
"""The feature that says which month it is, 1 to 12. Learners do not see it: they would learn the one year they know."""
FEWEST_YEARS = 2.0
"""Years that outcomes must span: with fewer a season cannot be told from a trend."""
YEAR = 365.25
WAVES = 2
DEVIATIONS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations of a wave's height to choose from, in log-odds."""
STEPS = 25


@dataclass(frozen=True)
class Season:
    """What each month adds to the log-odds, January first."""

    months: tuple[float, ...]

    def shift(self, month: Floats) -> Floats:
        """The shift of each month [n]; 0 where it is not known."""
        known = np.isfinite(month)
        place = (np.where(known, month, 1).astype(int) - 1) % 12
        return np.where(known, np.array(self.months)[place], 0.0)

    def shift_of(self, row: Row) -> float:
        """The shift of one row."""
        return float(self.shift(np.array([number_of(row.get(MONTH))]))[0])

    def to_json(self) -> list[float]:
        """The twelve shifts."""
        return list(self.months)

    @staticmethod
    def from_json(document: object) -> "Season | None":
        """What `to_json` wrote; None of None."""
        return None if document is None else Season(tuple(cast("list[float]", document)))


@dataclass(frozen=True)
class Told:
    """Rows [n] whose answer is known: log-odds said of them, answer, weight, month, moment in years, subject."""

    odds: Floats
    happened: Floats
    weight: Floats
    month: Floats
    year: Floats
    subject: NDArray[np.object_]

    @staticmethod
    def of(rows: "Dataset", odds: Floats) -> "Told":
        """Stacked rows and what was said of each [n]."""
        at = rows.as_of.astype("datetime64[us]").astype(np.int64) / DAY / YEAR
        return Told(odds, rows.outcome, rows.weight, rows.x[MONTH].to_numpy(float), at, rows.subject)

    def and_later(self, later: "Told") -> "Told":
        """These and later ones."""
        both = zip(vars(self).values(), vars(later).values(), strict=True)
        return Told(*(np.concatenate(pair) for pair in both))


def without_month(rows: "Dataset") -> "Dataset":
    """The rows as learners may see them."""
    return replace(rows, x=rows.x.drop(columns=MONTH)) if MONTH in rows.x else rows


def find_season(earlier: Told, later: Told) -> Season | None:
    """The season of all rows, where the season of the earlier ones would have helped on the later; else None.

    It must lower the loss there by more than a standard error. What was said had been calibrated on the later ones, so
    that the mean of their months is in it already: on them the shift adds nothing on average.
    """
    years = np.concatenate([earlier.year, later.year])
    if np.ptp(years) < FEWEST_YEARS:
        return None
    tried = fit_season(earlier)
    plain = losses(later.happened, probabilities(later.odds))
    shifted = losses(later.happened, probabilities(later.odds + tried.shift(later.month)))
    if not clearly_less(shifted, plain, later.weight, later.subject):
        return None
    found = fit_season(earlier.and_later(later))
    held = float(np.average(found.shift(later.month), weights=later.weight))
    return Season(tuple(np.round(np.array(found.months) - held, 12).tolist()))


def fit_season(told: Told) -> Season:
    """The shift of each month, drawn to none by how little the record tells of it."""
    known = np.isfinite(told.month)
    month, year = told.month[known], told.year[known]
    _, number, looks = np.unique(told.subject[known].astype(str), return_inverse=True, return_counts=True)
    # Many looks at a subject are one piece of evidence.
    weight = told.weight[known] / told.weight[known].mean() / looks[number]
    waves = _waves(month)
    trend = np.column_stack([np.ones(len(year)), (year - year.mean()) / max(float(np.ptp(year)), 1e-9)])
    design = np.hstack([waves, trend])
    height, variance = _estimate(design, told.odds[known], told.happened[known], weight, np.floor(year * 12))
    waves_only = slice(0, 2 * WAVES)
    height, variance = height[waves_only], variance[waves_only, waves_only]
    deviation = max(DEVIATIONS, key=lambda each: _likelihood(height, variance + each**2 * np.eye(2 * WAVES)))
    drawn = deviation**2 * np.linalg.solve(variance + deviation**2 * np.eye(2 * WAVES), height)
    months = _waves(np.arange(1, 13, dtype=float)) @ drawn
    return Season(tuple(np.round(months - months.mean(), 12).tolist()))


def _waves(month: Floats) -> Floats:
    angle = 2 * np.pi * (month - 0.5) / 12
    return np.column_stack([f(n * angle) for n in range(1, WAVES + 1) for f in (np.sin, np.cos)])


def _estimate(
    design: Floats, odds: Floats, happened: Floats, weight: Floats, month_of_record: Floats
) -> tuple[Floats, Floats]:
    """Coefficients of a logistic regression beside known log-odds, and their covariance counted over months."""
    found = np.zeros(design.shape[1])
    hold = 1e-3 * np.eye(len(found))
    for _ in range(STEPS):
        p = probabilities(odds + design @ found)
        information = (design * (weight * p * (1 - p))[:, None]).T @ design + hold
        step = np.linalg.solve(information, design.T @ (weight * (happened - p)) - hold @ found)
        found = found + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    p = probabilities(odds + design @ found)
    pulls = design * (weight * (happened - p))[:, None]
    _, group = np.unique(month_of_record, return_inverse=True)
    by_month = np.column_stack([np.bincount(group, pull) for pull in pulls.T])
    inverse = np.linalg.inv(information)
    groups = len(by_month)
    few = groups / max(groups - len(found), 1)
    return found, few * inverse @ (by_month.T @ by_month) @ inverse + 1e-6 * np.eye(len(found))


def _likelihood(height: Floats, variance: Floats) -> float:
    _, size = np.linalg.slogdet(variance)
    return -0.5 * float(height @ np.linalg.solve(variance, height)) - 0.5 * float(size)
