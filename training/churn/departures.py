"""In what do customers depart from the purchase model? A regression and trees that start from what it says.

Both learn what is to be added to log-odds that are given for each row (an offset), so with little to learn from they
add little: a purchase model needs a handful of numbers, features need hundreds of customers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.attribution.native_trees import NativeTrees
from training.rivals.coded_columns import CodedColumns
from training.rivals.default_trees import SETTINGS
from training.rivals.logistic_terms import CategoryTerm, NumberTerm, Term, term_from_json, term_to_json
from training.rivals.rival import Floats, Row, is_number, probabilities, texts
from training.trees import SMOOTHING

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 4_000_000
"""Rows times columns to learn from; with more, fewer dates are looked at."""
PENALTY = 30.0
"""The regression's L2 penalty on standardised columns, in subjects' worth of evidence."""
SMALLEST_LEAF = 15
"""Subjects that a leaf of the trees must hold, on average."""
ROUNDS = 150
TREE_SETTINGS: Mapping[str, object] = {
    **SETTINGS,
    **SMOOTHING,
    "num_leaves": 10,
    "learning_rate": 0.04,
    "extra_trees": True,
    "boost_from_average": False,
}


class OffsetLogistic:
    """Splines of numbers and pooled levels of categories, added to an offset."""

    name = "offset_logistic"

    terms: tuple[Term, ...]
    weights: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    start: float

    def fit(
        self, x: pd.DataFrame, y: Floats, offset: Floats, subject: Sequence[object], *, centred: bool = True
    ) -> Self:
        """Learn from rows with outcome `y`, all arrays [n]; rows of one subject share their evidence.

        `centred`: what is added is none on average; else the offset's own level is corrected too.
        """
        rows_each = len(y) / max(len(set(subject)), 1)
        self.terms = _terms(x, subject)
        design = _design(self.terms, x)
        beta, start = _ridge(design, y, offset, PENALTY * rows_each)
        starts = np.cumsum([0, *(term.columns for term in self.terms)])
        parts = [slice(start, end) for start, end in pairwise(starts.tolist())]
        self.weights = tuple(tuple(beta[part].tolist()) for part in parts)
        mean = design.mean(axis=0) if len(design) else np.zeros(len(beta))
        self.start = 0.0 if centred else start + float(beta @ mean)
        self.means = tuple(float(beta[part] @ mean[part]) for part in parts)
        return self

    def added(self, x: pd.DataFrame) -> Floats:
        """What is added to the log-odds of each row."""
        total = np.full(len(x), self.start)
        for term, weights, mean in zip(self.terms, self.weights, self.means, strict=True):
            total += _columns(term, x) @ np.array(weights) - mean
        return total

    def effects(self, row: Row, only: frozenset[str] | None = None) -> dict[str, float]:
        """What each feature adds to the log-odds of one row, or those named; with what all start from, as `added`."""
        found = {
            term.name: sum(w * column for w, column in zip(weights, term.one(row.get(term.name)), strict=True)) - mean
            for term, weights, mean in zip(self.terms, self.weights, self.means, strict=True)
            if only is None or term.name in only
        }
        return found if only is not None or self.start == 0 else {**found, "": self.start}

    def to_json(self) -> dict[str, object]:
        """Terms and weights."""
        parts = zip(self.terms, self.weights, self.means, strict=True)
        terms = [{**term_to_json(term), "weights": list(weights), "mean": mean} for term, weights, mean in parts]
        return {"terms": terms, "start": self.start}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found, terms = cls(), cast(Sequence[Mapping[str, object]], document["terms"])
        found.terms = tuple(term_from_json(term) for term in terms)
        found.weights = tuple(tuple(cast(list[float], term["weights"])) for term in terms)
        found.means = tuple(cast(float, term["mean"]) for term in terms)
        found.start = cast(float, document["start"])
        return found


class OffsetTrees(CodedColumns):
    """Boosted trees that begin at an offset."""

    name = "offset_trees"

    trees: NativeTrees
    mean: float

    def fit(
        self, x: pd.DataFrame, y: Floats, offset: Floats, subject: Sequence[object], *, centred: bool = True
    ) -> Self:
        """Learn from rows with outcome `y`, all arrays [n]; `centred` as for the regression."""
        import lightgbm

        self.columns = tuple(x.columns)
        fewest = math.ceil(SMALLEST_LEAF * len(y) / max(len(set(subject)), 1))
        settings = {**TREE_SETTINGS, "min_data_in_leaf": max(fewest, 100)}
        kinds = [name for name in self.columns if not is_number(x, name)]
        self.codes = {name: _codes(texts(x, name), subject) for name in kinds}
        rows = lightgbm.Dataset(
            self._matrix(x),
            label=y,
            init_score=offset,
            categorical_feature=[self.columns.index(name) for name in kinds],
            feature_name=[f"f{at}" for at in range(len(self.columns))],
            params=dict(settings),
        )
        trained = lightgbm.train(dict(settings), rows, num_boost_round=ROUNDS)
        self.trees = NativeTrees.from_text(trained.model_to_string())
        self.mean = float(self.trees.raw(self._matrix(x)).mean()) if centred else 0.0
        return self

    def added(self, x: pd.DataFrame) -> Floats:
        """What is added to the log-odds of each row."""
        return np.asarray(self.trees.raw(self._matrix(x)) - self.mean)

    def added_one(self, row: Row) -> float:
        """The same for one row."""
        return self.trees.raw_one(self._line(row)) - self.mean

    def effects(self, row: Row) -> dict[str, float]:
        """Exact TreeSHAP values of one row; together, with what is left over, as `added_one`."""
        values = self.trees.contributions(np.array([self._line(row)]))[0].tolist()
        return {**dict(zip(self.columns, values, strict=False)), "": values[-1] - self.mean}

    def to_json(self) -> dict[str, object]:
        """Columns, codes of categories and LightGBM's own text."""
        return {"columns": list(self.columns), "codes": self.codes, "trees": self.trees.text, "mean": self.mean}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.columns = tuple(cast(list[str], document["columns"]))
        found.codes = cast(dict[str, dict[str, int]], document["codes"])
        found.trees = NativeTrees.from_text(cast(str, document["trees"]))
        found.mean = cast(float, document["mean"])
        return found


def _terms(x: pd.DataFrame, subject: Sequence[object]) -> tuple[Term, ...]:
    even = np.ones(len(x))
    found: list[Term | None] = []
    for name in x.columns:
        if is_number(x, name):
            found.append(NumberTerm.learn(name, x[name].to_numpy(dtype=np.float64), even, curved=True))
        else:
            found.append(CategoryTerm.learn(name, texts(x, name), subject))
    return tuple(term for term in found if term is not None)


def _columns(term: Term, x: pd.DataFrame) -> Floats:
    if isinstance(term, NumberTerm):
        return term.design(x[term.name].to_numpy(dtype=np.float64))
    return term.design(texts(x, term.name))


def _design(terms: Sequence[Term], x: pd.DataFrame) -> Floats:
    return np.column_stack([np.empty((len(x), 0)), *(_columns(term, x) for term in terms)])


def _ridge(design: Floats, y: Floats, offset: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights that fit y with an offset under an L2 penalty, and the intercept: Newton with halved steps."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        full = np.column_stack([design, np.ones(len(y))])
        ridge = np.full(full.shape[1], penalty)
        ridge[-1] = 1.0
        beta = np.zeros(full.shape[1])
        value = _cost(full, y, offset, beta, ridge)
        for _ in range(50):
            p = probabilities(offset + full @ beta)
            slope = full.T @ (p - y) + ridge * beta
            bend = (full.T * (p * (1 - p))) @ full + np.diag(ridge)
            step, size = np.linalg.solve(bend, slope), 1.0
            while (new := _cost(full, y, offset, beta - size * step, ridge)) > value and size > 1e-4:
                size /= 2
            beta, gain, value = beta - size * step, value - new, new
            if gain < 1e-8 * max(abs(value), 1.0):
                break
    return np.asarray(beta[:-1]), float(beta[-1])


def _cost(full: Floats, y: Floats, offset: Floats, beta: Floats, ridge: Floats) -> float:
    odds = offset + full @ beta
    return float((np.logaddexp(0, odds) - y * odds).sum() + 0.5 * (ridge * beta**2).sum())


def _codes(values: list[str | None], subject: Sequence[object], fewest: int = 10) -> dict[str, int]:
    """Codes of the levels that enough subjects have: rarer ones count as missing."""
    whose: dict[str, set[object]] = {}
    for value, one in zip(values, subject, strict=True):
        if value is not None:
            whose.setdefault(value, set()).add(one)
    often = sorted(level for level, some in whose.items() if len(some) >= fewest)
    return {level: code for code, level in enumerate(often)}
