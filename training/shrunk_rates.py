"""What is won among deals alike, when deals are few? Rates by stage, age, team, segment, each drawn toward all.

Every level of every category shifts the log-odds of the base rate by an amount of its own, which is taken to come from
a normal distribution about zero: partial pooling (Gelman and Hill, *Data Analysis Using Regression and
Multilevel/Hierarchical Models*, 2007). A level seen in few deals stays near everybody's rate, one seen in many goes its
own way. The stage is believed readily, as every sales team knows it to matter; how far age and the other categories are
believed, if at all, is decided on later deals. It can be had from thirty closed deals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import numpy.typing as npt

from training.judged_rows import losses
from training.rivals.base_rate import won_share
from training.rivals.rival import (
    Floats,
    Row,
    decided,
    is_number,
    log_odds,
    number_of,
    probabilities,
    probability,
    text_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

AGE = "deal_age_days"
AGE_BANDS = (0.0, 2.0, 10.0, 40.0, 120.0)
"""Ages in days at which a band begins."""
PLACES = ("deal_pipeline", "deal_stage")
PLACE_PRECISION = 2.0
"""One over the variance of the levels of stages: a level may well differ by most of a unit of log-odds."""
PRECISIONS = (200.0, 40.0, 10.0)
"""The same for all other categories, to choose from; or they take no part."""
MOST_LEVELS = 60
MOST_ROWS = 20_000
STEPS = 50
DEALS_OF_LUCK = 1999
"""How often outcomes are dealt out anew."""


class ShrunkRates:
    """Additive rates by category, partially pooled."""

    name = "shrunk_rates"
    meaning = "The base rate, shifted by what deals of the same stage, age, team and segment did, drawn toward all."

    rate: float
    shifts: dict[str, dict[str, float]]
    precision: float | None

    def fit(self, past: Dataset) -> Self:
        """Learn; raises NothingDecided. Where only wins or only losses are known there is nothing to shift by."""
        known = past.rows(decided(past))
        self.rate, _ = won_share(known)
        if len(set(known.outcome.tolist())) < 2:
            self.precision, self.shifts = None, {}
            return self
        self.precision = _choose(known)
        self.shifts = _fit(known, self.precision)
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The probability of each row; a level not seen before shifts nothing."""
        odds = np.full(len(x), log_odds(self.rate))
        for name, shifts in self.shifts.items():
            if name in x:
                place, levels = _places(x, name)
                odds += np.array([*(shifts.get(level, 0.0) for level in levels), 0.0])[place]
        return probabilities(odds)

    def score(self, row: Row) -> float:
        """The probability of one row."""
        return probability(log_odds(self.rate) + sum(self.effects(row).values()))

    @property
    def baseline(self) -> float:
        """The base rate."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """What each category adds in log-odds."""
        return {name: shifts.get(_level(name, row.get(name)) or "", 0.0) for name, shifts in self.shifts.items()}

    def to_json(self) -> dict[str, object]:
        """The rate and every level's shift."""
        return {"name": self.name, "rate": self.rate, "shifts": self.shifts, "precision": self.precision}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.rate = cast(float, document["rate"])
        found.shifts = cast(dict[str, dict[str, float]], document["shifts"])
        found.precision = cast("float | None", document["precision"])
        return found


def stage_evidence(past: Dataset) -> float:
    """How likely stages would differ so much in what is won if they told nothing: a p-value, 1 without stages.

    Outcomes are dealt out anew among the decided deals (a permutation test; Good, *Permutation, Parametric and
    Bootstrap Tests of Hypotheses*, 2005), so it holds for the thirty deals on which nothing else can be proven.
    """
    known = past.rows(decided(past))
    stages = [name for name in PLACES if name in known.x and known.x[name].nunique() > 1]
    subjects, first, number = np.unique(known.subject.astype(str), return_index=True, return_inverse=True)
    if not stages or len(set(known.outcome.tolist())) < 2:
        return 1.0
    weight = _weight_of_cells(known, _places(known.x, stages[-1])[0] + 1)
    shares = []
    for name in stages:
        place, levels = _places(known.x, name)
        for each in range(len(levels)):
            shares.append(np.bincount(number, weight * (place == each), len(subjects)))
    seen, won = np.column_stack(shares), known.outcome[first]
    size = (seen**2).sum(axis=0).clip(1e-12)

    def apart(dealt: Floats) -> float:
        return float((((dealt - won.mean()) @ seen) ** 2 / size).sum())

    random, found = np.random.default_rng(0), apart(won)
    # One deal after the other: two thousand copies of a large history's outcomes would fill the memory.
    luckier = sum(apart(random.permutation(won)) >= found - 1e-12 for _ in range(DEALS_OF_LUCK))
    return (1 + luckier) / (1 + DEALS_OF_LUCK)


def _level(name: str, value: object) -> str | None:
    """The level of a value: its text, or the band of an age."""
    if name != AGE:
        return text_of(value)
    age = number_of(value)
    return None if age != age else f"{max(int(np.searchsorted(AGE_BANDS, age, side='right')) - 1, 0)}"


def _places(x: pd.DataFrame, name: str) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Each row's place among the levels, -1 where it is missing, and the levels."""
    import pandas as pd

    values = x[name]
    if name == AGE:
        values = pd.Series([_level(name, value) for value in values.tolist()], dtype=object)
    place, levels = pd.factorize(values, sort=True)
    return np.asarray(place, dtype=np.int64), [str(level) for level in levels]


def _is_category(x: pd.DataFrame, name: str) -> bool:
    return name == AGE or not is_number(x, name)


def _choose(known: Dataset) -> float | None:
    """The precision of the other categories that does best on later deals; None, they are left out, where none
    is better by more than a standard error."""
    from training.rivals.logistic import time_folds
    from training.stacking import clearly_less

    others = [name for name in map(str, known.x.columns) if name not in PLACES and _is_category(known.x, name)]
    folds = [(known.rows(earlier), known.rows(later)) for earlier, later in time_folds(known)] if others else []
    if not folds:
        return None
    costs: dict[float | None, list[Floats]] = {each: [] for each in (None, *PRECISIONS)}
    for earlier, later in folds:
        for precision, cost in costs.items():
            fitted = ShrunkRates()
            fitted.rate, fitted.shifts = won_share(earlier)[0], _fit(earlier, precision)
            cost.append(losses(later.outcome, fitted.predict(later.x)))
    weight = np.concatenate([later.weight for _, later in folds])
    subject = np.concatenate([later.subject for _, later in folds])
    found = {each: np.concatenate(cost) for each, cost in costs.items()}
    best = min(found, key=lambda each: float(np.average(found[each], weights=weight)))
    return best if best is not None and clearly_less(found[best], found[None], weight, subject) else None


def _fit(known: Dataset, precision: float | None) -> dict[str, dict[str, float]]:
    """Each level's shift, by Newton's method on the penalised likelihood; a deal counts once per stage."""
    known = _thinned(known)
    columns, penalties, names = [], [], []
    cell = np.zeros(len(known), np.int64)
    for name in [str(each) for each in known.x.columns]:
        stage = name in PLACES
        if not stage and (precision is None or not _is_category(known.x, name)):
            continue
        place, levels = _places(known.x, name)
        if stage:
            cell = cell * (len(levels) + 1) + place + 1
        if len(levels) > MOST_LEVELS or len(levels) + bool((place < 0).any()) < 2:
            continue
        for number, level in enumerate(levels):
            columns.append((place == number).astype(float))
            penalties.append(PLACE_PRECISION if stage else cast(float, precision))
            names.append((name, level))
    weight = _weight_of_cells(known, cell)
    found = _newton(columns, np.array(penalties), known.outcome, weight, log_odds(won_share(known)[0]))
    shifts: dict[str, dict[str, float]] = {}
    for (name, level), shift in zip(names, found, strict=True):
        shifts.setdefault(name, {})[level] = shift
    return shifts


def _weight_of_cells(known: Dataset, cell: npt.NDArray[np.int64]) -> Floats:
    """Rows of one deal in one stage together weigh what one of them would."""
    _, number = np.unique(known.subject.astype(str), return_inverse=True)
    _, place, count = np.unique(np.column_stack([number, cell]), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(known.weight / count[place.ravel()] / max(float(known.weight.mean()), 1e-12))


def _newton(columns: Sequence[Floats], penalties: Floats, won: Floats, weight: Floats, start: float) -> list[float]:
    if not columns:
        return []
    design, shift = np.column_stack(columns), np.zeros(len(columns))
    for _ in range(STEPS):
        p = probabilities(start + design @ shift)
        pull = design.T @ (weight * (won - p)) - penalties * shift
        bend = (design.T * (weight * p * (1 - p))) @ design + np.diag(penalties)
        step = np.linalg.solve(bend, pull)
        shift = shift + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    return [float(each) for each in shift]


def _thinned(known: Dataset) -> Dataset:
    step = -(-len(known) // MOST_ROWS)
    if step <= 1:
        return known
    _, number = np.unique(known.subject.astype(str), return_inverse=True)
    return known.rows(np.asarray(number % step == 0))
