"""How does a whole curve look as tables? Its learners as regressions and trees, its lines beside them.

`training.rowwise.curves` scores rows with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.curve.hazards import INTERVAL
from training.curve.heads import AGE, BANDS, Head
from training.curve.learners import PeriodTrees, SteppedLogistic
from training.curve.season import MONTH
from training.event_curve import EventCurve
from training.machine_code.compiling import Reals, Wholes
from training.rivals.logistic import Logistic
from training.rivals.logistic_terms import NumberTerm
from training.rowwise.columns import RowColumns
from training.rowwise.forests import Forest, forest_of
from training.rowwise.loops_of_curves import MOST
from training.rowwise.regressions import Regressions, regressions_of

TREES = -1
"""Stands for a learner's regression where the learner is trees."""
MONTHS = 12


class NotLaidOut(Exception):
    """A curve of a shape that the tables do not know; its own slow path answers."""


@dataclass(frozen=True)
class HeadTables:
    """A head's learners, lines and season.

    Of each learner and interval: `sources`, the place in what all learners said; `regressions`, which one or TREES;
    `shifts`, what the interval adds to it; `begins`, where it starts. `usual` is what an interval as such adds in the
    trees. A line is its intercept and a weight for each learner; `line_of` names the line of each interval, `bands`
    how many ages have one of their own. `starts` are log-odds where every feature adds what it adds on average.
    """

    intervals: int
    learners: int
    bands: int
    sources: Wholes
    regressions: Wholes
    shifts: Reals
    begins: Reals
    usual: Reals
    lines: Reals
    line_of: Wholes
    season: Reals
    month: int
    level: float
    starts: Reals


@dataclass(frozen=True)
class CurveTables:
    """A curve's tables. `features` are the names of effects in order, `inside` the regressions that its heads use.

    What the learners said of a row stands side by side: each forest's log-odds from `forest_from`, then those of the
    regressions from `said_from`, `stride` numbers in all.
    """

    curve: EventCurve
    columns: RowColumns
    regressions: Regressions
    inside: int
    forests: tuple[Forest, ...]
    forest_from: tuple[int, int]
    said_from: int
    heads: tuple[HeadTables, ...]
    features: tuple[str, ...]

    @property
    def edges(self) -> int:
        """How many edges the curve is drawn at."""
        return len(self.curve.points.edges)

    @property
    def stride(self) -> int:
        """Numbers that the learners say of one row."""
        return self.said_from + self.regressions.many

    def places_of(self, names: Sequence[str]) -> list[int]:
        """Where each of some features stands among `features`; -1 where it has no effect of its own."""
        place = {name: at for at, name in enumerate(self.features)}
        return [place.get(name, -1) for name in names]


def lay_out(curve: EventCurve) -> CurveTables:
    """The tables of a curve. Raises NotLaidOut, and CorruptTrees where a tree is too large for them."""
    heads = [curve.pace, *([curve.outcome] if curve.outcome else [])]
    many = len(curve.points.edges)
    asked = curve.direct.asked if curve.direct else ()
    if max(many, len(asked)) + 1 >= MOST or [h.intervals for h in heads] != [many, many + 1][: len(heads)]:
        raise NotLaidOut
    inside, owners = _regressions_of(heads)
    columns = _columns_of(heads, [*inside, *asked])
    regressions = regressions_of([*inside, *asked], columns)
    forests = tuple(_forest_of(head, columns) for head in heads)
    names = dict.fromkeys(regressions.names)
    for forest in forests:
        names |= dict.fromkeys(forest.columns)
    names |= dict.fromkeys([AGE] if any(head.by_age for head in heads) else [])
    names |= dict.fromkeys([MONTH] if any(head.season for head in heads) else [])
    names.pop(INTERVAL, None)
    forest_from, said_from = (0, many + 1), (many + 1) + (many + 2)
    tables = tuple(
        _head(head, owned, forest, (start, said_from), columns)
        for head, owned, forest, start in zip(heads, owners, forests, forest_from, strict=False)
    )
    return CurveTables(
        curve, columns, regressions, len(inside), forests, forest_from, said_from, tables, tuple(names)
    )  # fmt: skip


def _head(
    head: Head, owned: Sequence[Sequence[int]], forest: Forest, said_from: tuple[int, int], columns: RowColumns
) -> HeadTables:
    """`owned` are the regressions of each learner by interval; `said_from` where trees and regressions answer."""
    intervals, many = head.intervals, len(head.learners)
    sources, shifts, begins, usual = (np.zeros((many, intervals)) for _ in range(4))
    for n, (learner, mine) in enumerate(zip(head.learners, owned, strict=True)):
        if isinstance(learner, PeriodTrees):
            sources[n] = said_from[0] + np.arange(intervals)
            usual[n] = learner.shift
            begins[n] = forest.tables.expected + usual[n]
            continue
        steps = learner.steps if isinstance(learner, SteppedLogistic) else (learner,)
        for i, each in enumerate(mine):
            step = steps[each - mine[0]]
            sources[n, i] = said_from[1] + each
            shifts[n, i] = step.steps_of(intervals)[i]
            begins[n, i] = step.levels_of({})[0] + shifts[n, i]
    whole = len(BANDS) if head.by_age else intervals
    lines = [head.lines.line(at) for at in range(whole)] + [head.lines.whole]
    table = np.array([[line.intercept, *line.weights] for line in lines])
    line_of = np.full(intervals, whole) if head.by_age else np.arange(intervals)
    return HeadTables(
        intervals=intervals,
        learners=many,
        bands=len(BANDS) if head.by_age else 0,
        sources=_wholes(sources),
        regressions=_wholes(owned),
        shifts=shifts,
        begins=begins,
        usual=usual.sum(axis=0),
        lines=table,
        line_of=_wholes(line_of),
        season=np.array(head.season.months if head.season else (0.0,) * MONTHS),
        month=columns.number_place[MONTH] if head.season else -1,
        level=head.level,
        starts=head.level + table[line_of, 0] + (table[line_of, 1:].T * begins).sum(axis=0),
    )


def _regressions_of(heads: Sequence[Head]) -> tuple[list[Logistic], list[list[list[int]]]]:
    """The regressions of all learners, and for each head and learner the place of the one that holds by interval."""
    found: list[Logistic] = []
    owners: list[list[list[int]]] = []
    for head in heads:
        owned = []
        for learner in head.learners:
            if isinstance(learner, PeriodTrees):
                owned.append([TREES] * head.intervals)
            elif isinstance(learner, SteppedLogistic):
                spans = zip(learner.starts, [*learner.starts[1:], head.intervals], strict=True)
                owned.append([len(found) + n for n, (start, end) in enumerate(spans) for _ in range(start, end)])
                found += learner.steps
            else:
                owned.append([len(found)] * head.intervals)
                found.append(learner)
        if sum(isinstance(learner, PeriodTrees) for learner in head.learners) != 1:
            raise NotLaidOut
        owners.append(owned)
    return found, owners


def _columns_of(heads: Sequence[Head], regressions: Sequence[Logistic]) -> RowColumns:
    """Everything that a learner, a line or a season looks at."""
    numbers: dict[str, None] = {}
    texts: dict[str, dict[str, None]] = {}
    for model in regressions:
        for term in model.terms:
            if isinstance(term, NumberTerm):
                numbers[term.name] = None
            else:
                texts.setdefault(term.name, {}).update(dict.fromkeys(term.levels))
    for head in heads:
        numbers |= dict.fromkeys([AGE] if head.by_age else []) | dict.fromkeys([MONTH] if head.season else [])
        for learner in head.learners:
            if isinstance(learner, PeriodTrees):
                for name in learner.columns:
                    if name in learner.codes:
                        texts.setdefault(name, {}).update(dict.fromkeys(learner.codes[name]))
                    elif name != INTERVAL:
                        numbers[name] = None
    if numbers.keys() & texts.keys():
        raise NotLaidOut
    return RowColumns(numbers, texts)


def _forest_of(head: Head, columns: RowColumns) -> Forest:
    learner = next(each for each in head.learners if isinstance(each, PeriodTrees))
    return forest_of(learner.trees.text, learner.columns, learner.codes, columns, INTERVAL, head.intervals)


def _wholes(numbers: object) -> Wholes:
    return np.ascontiguousarray(np.array(numbers, np.int32))
