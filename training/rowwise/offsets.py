"""What do a regression and trees add to log-odds that are given, for one row at several horizons at once?

The features of the row are read once; a few columns, such as the horizon, differ from one horizon to the next. The
numbers are those of `churn.departures` but for rounding.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.attribution.tree_text import CorruptTrees
from training.machine_code.compiling import Argument, Machine
from training.rivals.logistic_terms import NumberTerm
from training.rivals.rival import Floats, Row
from training.rowwise.calls import asking, explaining, term_adding
from training.rowwise.code import TROUBLE, code
from training.rowwise.columns import RowColumns
from training.rowwise.curve_tables import NotLaidOut
from training.rowwise.forests import Forest, forest_of
from training.rowwise.regressions import Regressions, Terms, regressions_of

if TYPE_CHECKING:
    from training.churn.departures import OffsetLogistic, OffsetTrees

MOST = 32
"""Horizons at once; more are asked in turns."""


class OffsetScorer:
    """A regression and trees as tables. Safe to use from many threads at once."""

    def __init__(self, regression: "OffsetLogistic", trees: "OffsetTrees") -> None:
        """Raises NotLaidOut, CorruptTrees, and what `code` raises."""
        self._machines = code()
        self._made_of = regression, trees
        numbers = dict.fromkeys(name for name in trees.columns if name not in trees.codes)
        texts: dict[str, dict[str, None]] = {name: dict.fromkeys(codes) for name, codes in trees.codes.items()}
        for term in regression.terms:
            if isinstance(term, NumberTerm):
                numbers[term.name] = None
            else:
                texts.setdefault(term.name, {}).update(dict.fromkeys(term.levels))
        if numbers.keys() & texts.keys():
            raise NotLaidOut
        self._columns = RowColumns(numbers, texts)
        terms = Terms(regression.terms, regression.weights, regression.means, regression.start)
        self._regressions = regressions_of([terms], self._columns)
        self._forest = forest_of(trees.trees.text, trees.columns, trees.codes, self._columns)
        self._mean = trees.mean
        self.features = tuple(dict.fromkeys([*self._regressions.names, *trees.columns]))
        place = {name: at for at, name in enumerate(self.features)}
        self._of_terms = np.array([place[name] for name in self._regressions.names], np.intp)
        self._of_columns = np.array([place[name] for name in trees.columns], np.intp)
        self._local = threading.local()

    def added(self, row: Row, own: Mapping[str, Sequence[float]]) -> list[float]:
        """What both add on average for each horizon; `own` are the columns that differ, each [horizons]."""
        line, many = self._line(), len(next(iter(own.values())))
        found: list[float] = []
        for start in range(0, many, MOST):
            line.read(row, {name: values[start : start + MOST] for name, values in own.items()})
            found += ((line.regression() + line.trees() - self._mean) / 2).tolist()
        return found

    def effects(self, row: Row, own: Mapping[str, float]) -> Floats:
        """What each of `features` adds to the mean of both at one horizon."""
        line = self._line()
        line.read(row, {name: [value] for name, value in own.items()})
        line.regression()
        many = len(self.features)
        of_terms = np.bincount(self._of_terms, line.terms[0, : len(self._of_terms)], many)
        of_trees = np.bincount(self._of_columns, line.tree_effects(), many)
        return np.asarray((of_terms + of_trees) / 2, np.float64)

    def _line(self) -> "_Line":
        line: _Line | None = getattr(self._local, "line", None)
        if line is None:
            line = self._local.line = _Line(self._columns, self._regressions, self._forest, self._machines)
        return line

    def __reduce__(self) -> "tuple[type[OffsetScorer], tuple[OffsetLogistic, OffsetTrees]]":
        return type(self), self._made_of


def scorer_of(regression: "OffsetLogistic | None", trees: "OffsetTrees | None") -> OffsetScorer | None:
    """Both as tables; None where there is nothing to add, or the tables or this machine cannot do it."""
    if regression is None or trees is None:
        return None
    try:
        return OffsetScorer(regression, trees)
    except (NotLaidOut, CorruptTrees, *TROUBLE):
        return None


class _Line:
    """Scratch space and prepared calls of one thread."""

    def __init__(
        self, columns: RowColumns, regressions: Regressions, forest: Forest, machines: Mapping[str, Machine]
    ) -> None:
        self._columns, self._rows = columns, 0
        self.x = np.zeros((MOST, max(len(columns.numbers), 1)))
        self.codes = np.zeros((MOST, max(len(columns.texts), 1)), np.int32)
        self.terms = np.zeros((MOST, max(len(regressions.names), 1)))
        self._of_regression, self._of_trees = np.zeros((MOST, 1)), np.zeros((MOST, 2))
        self._values = np.zeros((MOST, 2, len(forest.columns)))
        rows: dict[str, Argument] = {
            "rows": MOST,
            "width": self.x.shape[1],
            "texts": self.codes.shape[1],
            "x": self.x,
            "codes": self.codes,
        }
        self._adding = term_adding(machines, rows, regressions, self.terms, self._of_regression, 1)
        self._asking = asking(machines, rows, forest, self._of_trees, 2)
        self._explaining = explaining(machines, rows, forest, self._values)
        self._explaining.set(rows=1)

    def read(self, row: Row, own: Mapping[str, Sequence[float]]) -> None:
        """The row once for each horizon, with the horizon's own columns."""
        many = len(next(iter(own.values())))
        self._columns.read({**row, **dict.fromkeys(own)}, self.x[0], self.codes[0])
        self.x[1:many], self.codes[1:many] = self.x[0], self.codes[0]
        for name, values in own.items():
            if (place := self._columns.number_place.get(name)) is not None:
                self.x[:many, place] = values
        if many != self._rows:
            for block in (self._adding, self._asking):
                block.set(rows=many)
            self._rows = many

    def regression(self) -> Floats:
        """What the regression adds at each horizon; `terms` holds what each term does."""
        self._adding.run()
        return self._of_regression[: self._rows, 0]

    def trees(self) -> Floats:
        """What the trees add at each horizon."""
        self._asking.run()
        return self._of_trees[: self._rows, 0]

    def tree_effects(self) -> Floats:
        """What each column of the trees adds at the first horizon."""
        self._explaining.run()
        return np.asarray(self._values[0, 0])
