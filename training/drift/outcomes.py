"""Do outcomes still come as often as was said, and does a column suddenly know them?

**Level.** Each week, those whose outcome became known are held against the chance they were given at the last look
before. A risk-adjusted cumulative sum (Page, *Biometrika* 41, 1954; Steiner and others, *Biostatistics* 1, 2000) adds
up the evidence that the odds have halved, and another that they have doubled. Evidence of `LIMIT` is reached by chance
in about one year of 100. Chances of those decided are first set right on the predictions that were made before their
outcomes, since who is decided soon is not like the others; and where weeks of the history differed by more than chance
explains, evidence counts for that much less.

**Leaks.** The share of the uncertainty about the outcome that one feature explains (its uncertainty coefficient, Theil
1970, less what chance explains) is held against the most it explained in any such window of the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.drift.gauges import Gauge, Numbers, Texts
from training.drift.variation import FEWEST_WINDOWS, WEEK, WINDOW
from training.judged_rows import log_odds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATIO = 2.0
"""The change of the odds that is looked for, up and down."""
LIMIT = 8.5
"""Log of the evidence at which a change is certain enough: by chance some exp(8.5) weeks pass, a hundred years."""
TOLERANCE = 0.15
"""Log-odds by which outcomes may be off for good: no level is known better than that beforehand."""
PRIOR = 20.0
"""Outcomes' worth of belief, for each band, that the chances need no setting right."""
AGES = (7.0, 15.0, 30.0, 60.0, 120.0, 250.0)
"""Days since the beginning that part bands: who is decided at once is often decided against."""
QUARTER = (15.0, 31.0, 77.0)
"""Days left of the quarter that part bands: its last two weeks, those before, the middle, and its first two."""
FEWEST = 30
"""Outcomes below which nothing is said of leaks."""
MORE = 0.2
"""A feature leaks when it explains so much more of the outcome than it ever did."""
LEAK = 16.0
"""And when the evidence for the surplus, in nats of outcomes explained, is so much: a chance of one in ten million."""
YOUNG = 56.0
"""Days: leaks are sought among all that were decided, and among those that began so lately."""
CELLS = 5
"""Values of a number are sorted into so many cells, besides missing."""


@dataclass(frozen=True)
class Decided:
    """Outcomes [n] that became known: 1 or 0, the chance given at the last look before, days from the subject's
    beginning until then, and the moment (microseconds) at which it became known."""

    outcome: Floats
    p: Floats
    age: Floats
    known: Ints

    def rows(self, chosen: NDArray[np.bool_]) -> "Decided":
        """The chosen rows."""
        return Decided(self.outcome[chosen], self.p[chosen], self.age[chosen], self.known[chosen])


@dataclass(frozen=True)
class Level:
    """How chances given beforehand are set right for those just decided, and how unevenly weeks went.

    `weights` belong to the columns of `_design`. `unevenness` is the variance of a week's, or a month's, surplus over
    what chance explains, at least 1.
    """

    weights: tuple[float, ...]
    unevenness: float

    def expected(self, decided: Decided) -> Floats:
        """The chance that one of those decided ended well."""
        return np.asarray(1 / (1 + np.exp(-_design(decided) @ np.array(self.weights))))

    def to_json(self) -> list[float]:
        """Unevenness, then the weights."""
        return [float(f"{value:.9g}") for value in (self.unevenness, *self.weights)]

    @staticmethod
    def from_json(numbers: list[float]) -> "Level":
        """What `to_json` wrote."""
        return Level(tuple(numbers[1:]), numbers[0])


@dataclass(frozen=True)
class Evidence:
    """The evidence that the odds fell or rose by `RATIO`, and what came since it began to grow, so many weeks ago."""

    lower: float
    higher: float
    weeks: int
    outcomes: int
    came: float
    expected: float

    @property
    def alarm(self) -> bool:
        """Whether a change is certain enough."""
        return max(self.lower, self.higher) >= LIMIT


def level_of(decided: Decided) -> Level:
    """Learn from outcomes whose chances had been given before them."""
    weights = _fit(_design(decided), decided.outcome)
    fitted = Level(tuple(weights.tolist()), 1.0)
    if not len(decided.outcome):
        return fitted
    expected = fitted.expected(decided)
    surplus, chance = decided.outcome - expected, expected * (1 - expected)
    week = (decided.known - decided.known.min()) // WEEK
    ratios = [1.0]
    for weeks in (1, WINDOW):
        sums, variances = np.bincount(week // weeks, surplus), np.bincount(week // weeks, chance)
        if (variances > 0).sum() >= FEWEST_WINDOWS:
            ratios.append(float((sums**2).sum() / variances.sum()))
    return Level(fitted.weights, max(ratios))


def evidence_of(level: Level, decided: Decided, since: int, weeks: int) -> Evidence:
    """The evidence after so many weeks since the moment `since`, from outcomes that became known in them."""
    week = (decided.known - since) // WEEK
    inside = (week >= 0) & (week < weeks)
    week, decided = week[inside], decided.rows(inside)
    expected = level.expected(decided)
    lower = _sums(decided.outcome, expected, week, weeks, 1 / RATIO) / level.unevenness
    higher = _sums(decided.outcome, expected, week, weeks, RATIO) / level.unevenness
    down, began_down = _cumulated(lower)
    up, began_up = _cumulated(higher)
    began = began_down if down >= up else began_up
    rows = week >= began
    came, said = float(decided.outcome[rows].sum()), float(expected[rows].sum())
    return Evidence(down, up, max(weeks - began, 0), int(rows.sum()), came, said)


def _design(decided: Decided) -> Floats:
    """One, log-odds, and the band of age and of the quarter's days left, each as a column of 0 and 1."""
    day = decided.known.astype("datetime64[us]").astype("datetime64[D]")
    month = day.astype("datetime64[M]").astype(np.int64)
    ends = (month + 3 - month % 3).astype("datetime64[M]").astype("datetime64[D]")
    left = (ends - day).astype(np.int64).astype(np.float64)
    age = np.searchsorted(AGES, decided.age, side="right")
    quarter = np.searchsorted(QUARTER, left, side="right")
    return np.column_stack(
        [
            np.ones(len(left)),
            log_odds(decided.p),
            *(age == each for each in range(len(AGES) + 1)),
            *(quarter == each for each in range(len(QUARTER) + 1)),
        ]
    ).astype(np.float64)


def _fit(design: Floats, outcome: Floats) -> Floats:
    """Weights of a logistic regression by Newton's method, drawn to "as was said" as by `PRIOR` outcomes."""
    centre = np.zeros(design.shape[1])
    centre[1] = 1.0
    weights, pull = centre.copy(), PRIOR / 4 * np.eye(len(centre))
    # The level itself is free: what is not known of it is known from the outcomes alone.
    pull[0, 0] = 0.25
    for _ in range(50):
        fitted = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (outcome - fitted) - pull @ (weights - centre)
        bend = (design.T * (fitted * (1 - fitted))) @ design + pull
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(weights)


def _sums(outcome: Floats, expected: Floats, week: Ints, weeks: int, ratio: float) -> Floats:
    """Each week's log-likelihood ratio of odds changed by `ratio` to odds as expected."""
    tolerated = float(np.sign(np.log(ratio))) * TOLERANCE
    expected = 1 / (1 + np.exp(-(log_odds(expected) + tolerated)))
    each = outcome * np.log(ratio) - np.log1p((ratio - 1) * expected)
    return np.asarray(np.bincount(week, each, weeks)[:weeks])


def _cumulated(steps: Floats) -> tuple[float, int]:
    """The sum that is never below zero, at its end, and the week in which it last left zero."""
    total, began = 0.0, 0
    for number, step in enumerate(steps.tolist()):
        total = max(total + step, 0.0)
        if total == 0.0:
            began = number + 1
    return total, began


def explained(column: NDArray[Any], outcome: Floats, gauge: Gauge) -> tuple[float, float]:
    """The share of the outcomes' uncertainty that a feature explains, chance taken off; that uncertainty in nats."""
    if len(outcome) < FEWEST or outcome.min() == outcome.max():
        return 0.0, 0.0
    _, cell = np.unique(_cells(column, gauge), return_inverse=True)
    size = np.bincount(cell).astype(np.float64)
    whole = _entropy(np.array([outcome.sum()]), np.array([float(len(outcome))]))
    gain = whole - _entropy(np.bincount(cell, outcome).astype(np.float64), size)
    return float((gain - (len(size) - 1) / 2) / whole), whole


def _entropy(came: Floats, size: Floats) -> float:
    """Rows times the entropy of their outcome, in nats, over cells."""
    gone = size - came
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(part > 0, part * np.log(part / size), 0.0).sum() for part in (came, gone)]
    return -float(sum(parts))


def _cells(column: NDArray[Any], gauge: Gauge) -> NDArray[Any]:
    """Which cell each value falls into: a text's own among the usual ones, a number's fifth, missing apart."""
    if isinstance(gauge, Texts):
        number: Mapping[str, int] = {value: place for place, value in enumerate(gauge.usual)}
        return np.array([-1 if v is None else number.get(v, len(number)) for v in column], np.int64)
    assert isinstance(gauge, Numbers)
    values = column.astype(np.float64)
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), -1)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, CELLS + 1)[1:-1], method="inverted_cdf"))
    # The lowest value stands apart where many share it, as zero of most counts.
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="left"))
