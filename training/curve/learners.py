"""The learners of a curve: how likely is it, in each interval? Trees and a regression, pooled over the intervals.

Both see one row per moment and interval, with the interval as a column: one learner answers for all of them, and what
few moments tell of a late interval leans on what many tell of the early ones. In trees the interval crosses with
everything, in the regression it shifts the level.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Self, cast

import numpy as np
from numpy.typing import NDArray

from training.curve.hazards import INTERVAL
from training.rivals.logistic import Logistic, choose
from training.rivals.rival import Row, number_of
from training.trees import Trees

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

Floats = NDArray[np.float64]
MOST_ROWS_OF_REGRESSION = 30_000
"""A regression's few hundred numbers gain nothing from more rows; every k-th subject is kept."""


ROWS_OF_SHIFT = 200


class PeriodTrees(Trees):
    """Boosted trees over moments and intervals."""

    name = "period_trees"
    shift: tuple[float, ...]
    """What each interval as such adds on average, in log-odds."""

    def fit(self, past: "Dataset") -> Self:
        """Learn from stacked rows; raises NothingDecided, RivalNotApplicable."""
        super().fit(past)
        place, some = self.columns.index(INTERVAL), past.x.iloc[:: -(-len(past) // ROWS_OF_SHIFT)]
        matrix = self._matrix(some)
        steps = []
        for number in range(int(past.x[INTERVAL].max()) + 1):
            matrix[:, place] = number
            steps.append(float(self.trees.contributions(matrix)[:, place].mean()))
        self.shift = tuple(steps)
        return self

    def odds(self, x: "pd.DataFrame", intervals: int) -> Floats:
        """Log-odds of each row in each of so many intervals, [n, intervals]."""
        matrix = self._matrix(x.assign(**{INTERVAL: 0.0}))
        place = self.columns.index(INTERVAL)
        found = np.empty((len(x), intervals))
        for number in range(intervals):
            matrix[:, place] = number
            found[:, number] = self.trees.raw(matrix)
        return found

    def odds_of(self, row: Row, intervals: int) -> list[float]:
        """The same for one row, without pandas."""
        line, place = self._line({**row, INTERVAL: 0.0}), self.columns.index(INTERVAL)
        found = []
        for number in range(intervals):
            line[place] = float(number)
            found.append(self.trees.raw_one(line))
        return found

    def contributions_of(self, row: Row, intervals: int) -> tuple[Floats, Floats]:
        """Where each interval starts [intervals], and what each column adds there [intervals, columns].

        Exact TreeSHAP values; what the interval as such adds is in its own column.
        """
        lines = np.tile(self._line({**row, INTERVAL: 0.0}), (intervals, 1))
        lines[:, self.columns.index(INTERVAL)] = np.arange(intervals)
        values = self.trees.contributions(lines)
        return values[:, -1], values[:, :-1]

    def to_json(self) -> dict[str, object]:
        """The trees and what each interval adds."""
        return {**super().to_json(), "shift": list(self.shift)}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The trees that `to_json` wrote."""
        learner = super().from_json(document)
        learner.shift = tuple(cast(list[float], document["shift"]))
        return learner


MOST_STEPS = 3
FEWEST_PER_STEP = 120
"""Yeses that a step of intervals must have to be told apart from the others."""
STRENGTHS = (0.003, 0.03, 0.3)
ROWS_TO_CHOOSE = 6_000
"""The penalty is chosen more coarsely than a rival's, since trees stand beside the regression."""


class PeriodLogistic(Logistic):
    """Logistic regression over moments and intervals; each interval has a level of its own."""

    name = "period_logistic"

    def fit(self, past: "Dataset") -> Self:
        """Learn from stacked rows; raises NothingDecided, RivalNotApplicable."""
        past = _thinned(past)
        texts = np.array([_name(number) for number in past.x[INTERVAL]], object)
        super().fit(replace(past, x=past.x.assign(**{INTERVAL: texts})))
        for kept in ("told", "_place", "_known_steps"):
            self.__dict__.pop(kept, None)
        return self

    def _chosen(self, past: "Dataset") -> tuple[bool, float]:
        return choose(past, STRENGTHS, ROWS_TO_CHOOSE)

    def odds(self, x: "pd.DataFrame", intervals: int) -> Floats:
        """Log-odds of each row in each of so many intervals, [n, intervals]."""
        nowhere = np.full(len(x), None, object)
        plain = self.log_odds(x.assign(**{INTERVAL: nowhere}))
        return np.asarray(plain[:, None] + self.steps_of(intervals)[None, :])

    def odds_of(self, row: Row, intervals: int) -> list[float]:
        """The same for one row, without pandas."""
        plain = self.centre + float(self.of_row.of({**row, INTERVAL: None}).sum())
        found: list[float] = (plain + self.steps_of(intervals)).tolist()
        return found

    def contributions_of(self, row: Row, intervals: int) -> tuple[Floats, dict[str, Floats]]:
        """Where each interval starts [intervals], and what each feature adds there, in all alike [intervals]."""
        start, effects = self.levels_of(row)
        values = np.repeat(effects[:, None], intervals, axis=1)
        return start + self.steps_of(intervals), dict(zip(self.told, values, strict=True))

    def levels_of(self, row: Row) -> tuple[float, Floats]:
        """Where an interval that is not known starts, and what each feature of `told` adds, in log-odds."""
        effects = self.of_row.of({**row, INTERVAL: None})
        if self._place is None:
            return self.centre, effects
        return self.centre + float(effects[self._place]), np.delete(effects, self._place)

    @cached_property
    def told(self) -> tuple[str, ...]:
        """The features that tell something, the interval left out."""
        return tuple(name for name in self.of_row.names if name != INTERVAL)

    @cached_property
    def _place(self) -> int | None:
        return self.of_row.names.index(INTERVAL) if INTERVAL in self.of_row.names else None

    @cached_property
    def _known_steps(self) -> dict[int, Floats]:
        return {}

    def steps_of(self, intervals: int) -> Floats:
        """What an interval adds beyond what a missing one does."""
        if (known := self._known_steps.get(intervals)) is None:
            category = next((each for each in self.of_row.categories if each.name == INTERVAL), None)
            rows = [{INTERVAL: _name(number)} for number in range(intervals)]
            known = np.array([0.0 if category is None else category.of(row) - category.missing for row in rows])
            self._known_steps[intervals] = known
        return known

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The regression that `to_json` wrote."""
        return super().from_json({**document, "name": Logistic.name})


class SteppedLogistic:
    """A regression of its own for the first intervals, for those in the middle, and for the last.

    What makes a deal end tomorrow is not what makes it end next month. A step holds about as many yeses as the others,
    and enough of them to be learned from.
    """

    name = "stepped_logistic"
    starts: tuple[int, ...]
    steps: tuple[PeriodLogistic, ...]

    def __init__(self, like: "SteppedLogistic | None" = None) -> None:
        self._like = like

    def fit(self, past: "Dataset") -> Self:
        """Learn from stacked rows; raises NothingDecided, RivalNotApplicable."""
        place = past.x[INTERVAL].to_numpy(int)
        self.starts = self._like.starts if self._like else _steps_of(past, place)
        ends = [*self.starts[1:], int(place.max()) + 1]
        likes = self._like.steps if self._like else (None,) * len(self.starts)
        self.steps = tuple(
            PeriodLogistic(like).fit(past.rows((place >= start) & (place < end)))
            for start, end, like in zip(self.starts, ends, likes, strict=True)
        )
        return self

    def _lengths(self, intervals: int) -> list[int]:
        return [end - start for start, end in pairwise([*self.starts, intervals])]

    def odds(self, x: "pd.DataFrame", intervals: int) -> Floats:
        """Log-odds of each row in each of so many intervals, [n, intervals]."""
        parts = [
            step.odds(x, start + length)[:, start:]
            for step, start, length in zip(self.steps, self.starts, self._lengths(intervals), strict=True)
        ]
        return np.hstack(parts)

    def odds_of(self, row: Row, intervals: int) -> list[float]:
        """The same for one row, without pandas."""
        found: list[float] = []
        for step, start, length in zip(self.steps, self.starts, self._lengths(intervals), strict=True):
            found += step.odds_of(row, start + length)[start:]
        return found

    def contributions_of(self, row: Row, intervals: int) -> tuple[Floats, dict[str, Floats]]:
        """Where each interval starts [intervals], and what each feature adds there [intervals]."""
        names = tuple(dict.fromkeys(name for step in self.steps for name in step.told))
        place = {name: at for at, name in enumerate(names)}
        begin, values = np.empty(intervals), np.zeros((len(names), intervals))
        for step, start, length in zip(self.steps, self.starts, self._lengths(intervals), strict=True):
            level, effects = step.levels_of(row)
            begin[start : start + length] = level + step.steps_of(start + length)[start:]
            values[[place[name] for name in step.told], start : start + length] = effects[:, None]
        return begin, dict(zip(names, values, strict=True))

    def to_json(self) -> dict[str, object]:
        """Where the steps begin, and each regression."""
        return {"name": self.name, "starts": list(self.starts), "steps": [step.to_json() for step in self.steps]}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.starts = tuple(cast(list[int], document["starts"]))
        found.steps = tuple(PeriodLogistic.from_json(s) for s in cast(list[Mapping[str, object]], document["steps"]))
        return found


def _steps_of(past: "Dataset", place: NDArray[np.int64]) -> tuple[int, ...]:
    """The first interval of each step."""
    yes = np.bincount(place, past.outcome == 1)
    steps = int(min(MOST_STEPS, yes.sum() // FEWEST_PER_STEP))
    starts = [0]
    for number in range(1, steps):
        start = int(np.searchsorted(np.cumsum(yes), number / steps * yes.sum(), side="right"))
        later = past.subject[(place >= start) & (past.outcome == 1)]
        if start > starts[-1] and len(set(later.tolist())) >= FEWEST_PER_STEP // 2:
            starts.append(start)
    return tuple(starts)


Learner = PeriodTrees | PeriodLogistic | SteppedLogistic


def learner_from_json(document: Mapping[str, object]) -> Learner:
    """The learner that its `to_json` wrote."""
    if document["name"] == PeriodTrees.name:
        return PeriodTrees.from_json(document)
    if document["name"] == SteppedLogistic.name:
        return SteppedLogistic.from_json(document)
    return PeriodLogistic.from_json(document)


def again(learner: Learner, past: "Dataset") -> Learner:
    """The same kind of learner with what it had chosen, fitted on other rows."""
    if isinstance(learner, PeriodTrees):
        return PeriodTrees(learner.size).fit(past)
    if isinstance(learner, SteppedLogistic):
        return SteppedLogistic(learner).fit(past)
    return PeriodLogistic(learner).fit(past)


def _name(number: object) -> str:
    return f"{number_of(number):g}"


def _thinned(past: "Dataset") -> "Dataset":
    step = -(-len(past) // MOST_ROWS_OF_REGRESSION)
    if step <= 1:
        return past
    _, number = np.unique(past.subject.astype(str), return_inverse=True)
    return past.rows(cast(NDArray[np.bool_], number % step == 0))
