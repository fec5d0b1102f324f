"""What does a careful logistic regression say? Curves for numbers, levels for categories, a chosen penalty.

Given every help: it sees the same features, chooses between straight lines and splines and among penalties by how well
it foretells later deals, and often beats trees on a few thousand deals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import numpy.typing as npt

from training.judged_rows import log_loss
from training.rivals.logistic_row import RowEffects
from training.rivals.logistic_terms import CategoryTerm, NumberTerm, Term, term_from_json, term_to_json
from training.rivals.newton import Regression
from training.rivals.rival import (
    Floats,
    RivalNotApplicable,
    Row,
    decided,
    is_number,
    probabilities,
    probability,
    require,
    text_of,
    texts,
)

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Inverse L2 penalties to choose from (scikit-learn's C), with row weights averaging one."""
CAUTIOUS = 0.1
"""The strength on too few deals to choose one."""
FOLD_CUTS = (0.4, 0.6, 0.8, 1.0)
FEWEST_PER_FOLD = 10
MOST_ROWS_TO_CHOOSE = 12_000

Mask = npt.NDArray[np.bool_]


class Logistic:
    """Penalised logistic regression on splines and pooled levels."""

    name = "logistic"
    meaning = "Logistic regression on the same features: smooth curves, rare values pooled, penalty chosen by time."

    terms: tuple[Term, ...]
    weights: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    centre: float
    strength: float
    curved: bool

    def __init__(self, like: Logistic | None = None) -> None:
        self._like = like

    def fit(self, past: Dataset) -> Self:
        """Choose, unless `like` has chosen, and fit.

        Raises NothingDecided, and RivalNotApplicable where only wins or only losses are known.
        """
        from threadpoolctl import threadpool_limits

        past = past.rows(decided(past))
        if len(np.unique(past.outcome)) < 2:
            raise RivalNotApplicable(self.name, "only one outcome is on record")
        # Matrices this narrow gain nothing from a second thread and lose twentyfold by it beside a busy neighbour.
        with threadpool_limits(1):
            self.curved, self.strength = (self._like.curved, self._like.strength) if self._like else self._chosen(past)
            self.terms = _learn_terms(past, curved=self.curved)
            design = _design(self.terms, past.x)
            coefficients, intercept = Regression(design, past.outcome, past.weight).solve(self.strength)
        self._keep(coefficients, intercept, np.average(design, axis=0, weights=past.weight))
        return self

    def _chosen(self, past: Dataset) -> tuple[bool, float]:
        """Whether to bend, and the strength."""
        return choose(past, STRENGTHS, MOST_ROWS_TO_CHOOSE)

    def _keep(self, coefficients: Floats, intercept: float, mean_design: Floats) -> None:
        starts = np.cumsum([0, *(term.columns for term in self.terms)])
        parts = [slice(start, end) for start, end in pairwise(starts.tolist())]
        self.weights = tuple(tuple(coefficients[part].tolist()) for part in parts)
        self.means = tuple(float(coefficients[part] @ mean_design[part]) for part in parts)
        self.centre = intercept + sum(self.means)
        self.__dict__.pop("of_row", None)

    def predict(self, x: pd.DataFrame) -> Floats:
        """The probability of each row; raises ColumnsMissing."""
        return probabilities(self.log_odds(x))

    def log_odds(self, x: pd.DataFrame) -> Floats:
        """The log-odds of each row; raises ColumnsMissing."""
        require(self.name, x, [term.name for term in self.terms])
        odds = np.full(len(x), self.centre)
        for term, weights, mean in zip(self.terms, self.weights, self.means, strict=True):
            odds += _columns(term, x) @ np.array(weights) - mean
        return odds

    def score(self, row: Row) -> float:
        """The probability of one row."""
        return probability(self.centre + float(self.of_row.of(row).sum()))

    @cached_property
    def of_row(self) -> RowEffects:
        """The terms laid out for one row after the other."""
        return RowEffects(self.terms, self.weights, self.means)

    @property
    def baseline(self) -> float:
        """The probability where every feature adds what it adds on average."""
        return probability(self.centre)

    def effects(self, row: Row) -> dict[str, float]:
        """What each feature adds in log-odds, beyond what it adds on average."""
        return dict(zip(self.of_row.names, self.of_row.of(row).tolist(), strict=True))

    def to_json(self) -> dict[str, object]:
        """Terms, weights and what was chosen."""
        return {
            "name": self.name,
            "strength": self.strength,
            "curved": self.curved,
            "centre": self.centre,
            "terms": [
                {**term_to_json(term), "weights": list(weights), "mean": mean}
                for term, weights, mean in zip(self.terms, self.weights, self.means, strict=True)
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        rival.strength = cast(float, document["strength"])
        rival.curved = cast(bool, document["curved"])
        rival.centre = cast(float, document["centre"])
        terms = cast(Sequence[Mapping[str, object]], document["terms"])
        rival.terms = tuple(term_from_json(term) for term in terms)
        rival.weights = tuple(tuple(cast(list[float], term["weights"])) for term in terms)
        rival.means = tuple(cast(float, term["mean"]) for term in terms)
        return rival


def time_folds(past: Dataset) -> list[tuple[Mask, Mask]]:
    """Pairs of earlier and later rows, three folds; a deal is wholly in one part, by its first moment.

    Folds in which either part lacks ten wins or ten losses are left out.
    """
    deals, rows = np.unique(past.subject.astype(str), return_inverse=True)
    first = np.full(len(deals), past.as_of.max())
    np.minimum.at(first, rows, past.as_of)
    place = np.empty(len(deals))
    place[np.argsort(first, kind="stable")] = (np.arange(len(deals)) + 1) / len(deals)
    at = place[rows]
    folds = [(at <= start, (at > start) & (at <= end)) for start, end in pairwise(FOLD_CUTS)]
    return [fold for fold in folds if all(_enough(past, part) for part in fold)]


def _enough(past: Dataset, part: Mask) -> bool:
    won = past.outcome[part] >= 0.5
    deals = past.subject[part]
    return min(len(set(deals[won].tolist())), len(set(deals[~won].tolist()))) >= FEWEST_PER_FOLD


def choose(past: Dataset, strengths: Sequence[float], most_rows: int) -> tuple[bool, float]:
    """Whether to bend, and the strength, with the least log loss on later deals."""
    past = _thinned(past, most_rows)
    folds = [(past.rows(earlier), past.rows(later)) for earlier, later in time_folds(past)]
    if not folds:
        return False, CAUTIOUS
    found = _losses(folds, strengths)
    return min(found, key=lambda choice: found[choice])


def _losses(folds: Sequence[tuple[Dataset, Dataset]], strengths: Sequence[float]) -> dict[tuple[bool, float], float]:
    """The log loss of straight and bent terms at each strength, summed over the folds' later parts."""
    losses = {(bent, c): 0.0 for bent in (False, True) for c in strengths}
    for fit, test in folds:
        terms = _learn_terms(fit, curved=True)
        seen, unseen = _design(terms, fit.x), _design(terms, test.x)
        straight = np.array([kept for term in terms for kept in term.straight], bool)
        for bent, columns in ((False, straight), (True, slice(None))):
            regression, later = Regression(seen[:, columns], fit.outcome, fit.weight), unseen[:, columns]
            for c in sorted(strengths):
                coefficients, intercept = regression.solve(c)
                p = probabilities(later @ coefficients + intercept)
                losses[bent, c] += log_loss(test.outcome, p, test.weight) * test.weight.sum()
    return losses


def _thinned(past: Dataset, most_rows: int) -> Dataset:
    """Every k-th deal where there are more rows than a choice of penalty needs."""
    step = -(-len(past) // most_rows)
    if step == 1:
        return past
    _, rows = np.unique(past.subject.astype(str), return_inverse=True)
    return past.rows(rows % step == 0)


def _learn_terms(past: Dataset, *, curved: bool) -> tuple[Term, ...]:
    import pandas as pd

    terms: list[Term | None] = []
    deals = pd.factorize(past.subject)[0]
    for name in past.x.columns:
        if is_number(past.x, name):
            values = past.x[name].to_numpy(dtype=np.float64)
            terms.append(NumberTerm.learn(name, values, past.weight, curved=curved))
        else:
            terms.append(CategoryTerm.learn(name, texts(past.x, name), deals))
    return tuple(term for term in terms if term is not None)


def _columns(term: Term, x: pd.DataFrame) -> Floats:
    if isinstance(term, NumberTerm):
        return term.design(x[term.name].to_numpy(dtype=np.float64))
    # Each level is read once, whatever the number of rows.
    import pandas as pd

    codes, levels = pd.factorize(x[term.name])
    places = np.array([*(term.place(text_of(level)) for level in levels), term.place(None)])
    columns = np.zeros((len(x), term.columns))
    columns[np.arange(len(x)), places[codes]] = 1.0
    return columns


def _design(terms: Sequence[Term], x: pd.DataFrame) -> Floats:
    return np.column_stack([np.empty((len(x), 0)), *(_columns(term, x) for term in terms)])
