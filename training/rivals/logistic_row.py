"""What does each term of a regression add for one row? All numbers at once, without pandas.

The same arithmetic as for a table (`logistic_terms`), laid out so that a row costs some tens of microseconds however
many features there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.rivals.logistic_terms import CategoryTerm, NumberTerm, Term
from training.rivals.rival import Floats, Row, text_of

MOST_BENDS = 3
"""Five knots make three bends."""


@dataclass(frozen=True)
class Category:
    """What each level of one category adds beyond the mean."""

    place: int
    name: str
    levels: dict[str, float]
    other: float
    missing: float

    def of(self, row: Row) -> float:
        """The effect of the row's level."""
        level = text_of(row.get(self.name))
        return self.missing if level is None else self.levels.get(level, self.other)


class RowEffects:
    """Effects in log-odds of the terms of a regression, each less its mean over the past."""

    def __init__(self, terms: Sequence[Term], weights: Sequence[Sequence[float]], means: Sequence[float]) -> None:
        """`weights` and `means` go with the terms."""
        numbers = [(at, term) for at, term in enumerate(terms) if isinstance(term, NumberTerm)]
        self.names = tuple(term.name for term in terms)
        self.categories = [
            _category(at, term, weights[at], means[at])
            for at, term in enumerate(terms)
            if isinstance(term, CategoryTerm)
        ]
        self._places = np.array([at for at, _ in numbers], np.int64)
        self._asked = [term.name for _, term in numbers]
        self._low, self._high = (np.array([getattr(t, side) for _, t in numbers], float) for side in ("low", "high"))
        self._logs = np.array([n for n, (_, t) in enumerate(numbers) if t.log_scale is not None], np.int64)
        self._middle = np.array([t.log_scale for _, t in numbers if t.log_scale is not None], float)
        # Where a value stands between the edges, on the term's own scale.
        ends = [(t.low, t.high) if t.log_scale is None else _logs(t, t.log_scale) for _, t in numbers]
        self._start = np.array([start for start, _ in ends], float)
        self._reach = np.array([end - start for start, end in ends], float)
        self._slope = np.array([weights[at][0] / t.scales[0] for at, t in numbers], float)
        self._centre = np.array([t.centres[0] for _, t in numbers], float)
        self._mean = np.array([means[at] for at, _ in numbers], float)
        self._missing = np.array([(weights[at][-1] if t.has_missing else 0.0) - means[at] for at, t in numbers], float)
        self.bends = _Bends([(n, t, weights[at]) for n, (at, t) in enumerate(numbers) if t.knots])

    def line_of(self, number: int) -> tuple[float, float, float, float, float]:
        """Of a number, by its place among them: its start and reach, and its effect as a line from the start.

        The line's gain and its height at the start; last the effect where the number is missing.
        """
        start, reach, slope = (float(each[number]) for each in (self._start, self._reach, self._slope))
        height = -float(self._centre[number]) * slope - float(self._mean[number])
        return start, reach, slope / reach, height, float(self._missing[number])

    def of(self, row: Row) -> Floats:
        """The effects [terms], in the order of `names`."""
        found = np.empty(len(self.names))
        for category in self.categories:
            found[category.place] = category.of(row)
        if self._asked:
            found[self._places] = self._of_numbers(np.array([row.get(name) for name in self._asked], np.float64))
        return found

    def _of_numbers(self, values: Floats) -> Floats:
        known = np.isfinite(values)
        unit = np.minimum(np.maximum(np.where(known, values, self._low), self._low), self._high)
        if len(self._logs):
            unit[self._logs] = np.log1p(unit[self._logs] / self._middle)
        unit = (unit - self._start) / self._reach
        effects = (unit - self._centre) * self._slope - self._mean
        self.bends.add(unit, effects)
        return np.where(known, effects, self._missing)


class _Bends:
    """The curved columns of all splines, side by side: [splines, MOST_BENDS], blanks where a spline has fewer."""

    def __init__(self, curved: Sequence[tuple[int, NumberTerm, Sequence[float]]]) -> None:
        self.places: npt.NDArray[np.int64] = np.array([place for place, _, _ in curved], np.int64)
        shape = (len(curved), MOST_BENDS)
        self.knots, self.centres, self.weights = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.before, self.behind = np.zeros(shape), np.zeros(shape)
        self.last = np.array([term.knots[-2] for _, term, _ in curved], float)[:, None]
        self.end = np.array([term.knots[-1] for _, term, _ in curved], float)[:, None]
        for row, (_, term, weights) in enumerate(curved):
            last, end, whole = term.knots[-2], term.knots[-1], (term.knots[-1] - term.knots[0]) ** 2
            for at, knot in enumerate(term.knots[:-2]):
                self.knots[row, at] = knot
                self.before[row, at] = (end - knot) / (end - last)
                self.behind[row, at] = (last - knot) / (end - last)
                self.centres[row, at] = term.centres[at + 1] * whole
                self.weights[row, at] = weights[at + 1] / (term.scales[at + 1] * whole)

    def add(self, unit: Floats, effects: Floats) -> None:
        """Add what the bends add to the effects of the numbers, in place."""
        if not len(self.places):
            return
        here = unit[self.places, None]
        rise = (
            _cubed(here - self.knots) - _cubed(here - self.last) * self.before + _cubed(here - self.end) * self.behind
        )
        effects[self.places] += ((rise - self.centres) * self.weights).sum(axis=1)


def _cubed(distance: Floats) -> Floats:
    beyond = np.maximum(distance, 0.0)
    return np.asarray(beyond * beyond * beyond)


def _logs(term: NumberTerm, middle: float) -> tuple[float, float]:
    return math.log1p(term.low / middle), math.log1p(term.high / middle)


def _category(place: int, term: CategoryTerm, weights: Sequence[float], mean: float) -> Category:
    levels = {level: weights[at] - mean for at, level in enumerate(term.levels)}
    return Category(place, term.name, levels, weights[-2] - mean, weights[-1] - mean)
