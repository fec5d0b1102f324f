"""How is a whole curve scored in some tens of microseconds, one row or many?

Its learners are laid out as tables once (`curve_tables`), then a handful of calls of machine code answer rows. The
numbers are those of the curve's own slow path but for rounding, which a test holds to 1e-12.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from features.evaluate import Category, Values
from training.attribution.tree_text import CorruptTrees
from training.curve.direct import SHARE
from training.curve.effects import STEPS, WEIGHTS
from training.curve.heads import AGE, BANDS
from training.curve.season import MONTH
from training.event_curve import EventCurve
from training.machine_code.compiling import Argument, Block, Machine, Wholes
from training.rivals.rival import Floats, Row
from training.rowwise.calls import asking, explaining, some, some_wholes, term_adding
from training.rowwise.code import TROUBLE, code
from training.rowwise.curve_tables import CurveTables, NotLaidOut, lay_out
from training.rowwise.loops_of_curves import MOST

CHUNK = 64
"""Rows that are worked on at a time, so that what lies between the steps stays in the cache."""
LAID_OUT = 64 * CHUNK
"""Rows of columns that are turned into rows at a time: few calls, and what they fill stays in the cache."""
SURE_ODDS = 40.0
"""Log-odds of the event where it has no competitor, as `EventCurve` has them."""


class Answers(NamedTuple):
    """Chances by each horizon [n, horizons], median days [n] (NaN: never), and effects [n, features] if asked for."""

    chances: Floats
    medians: Floats
    effects: Floats | None


class CurveScorer:
    """A curve as tables. Safe to use from many threads at once."""

    def __init__(self, curve: EventCurve) -> None:
        """Raises NotLaidOut, CorruptTrees, TreeLibraryMissing, and what `code` raises."""
        self._machines = code()
        self.tables = lay_out(curve)
        self._local = threading.local()

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns of effects."""
        return self.tables.features

    def of_row(self, row: Row, horizons: Sequence[float], *, why: bool = False) -> Answers:
        """Answers for one row (n is 1), with effects where `why`; this thread's next call overwrites the arrays."""
        line = self._line(1)
        self.tables.columns.read(row, line.x[0], line.codes[0])
        return line.answer(1, horizons, why)

    def of_told(
        self, numbers: Sequence[float | None], codes: Sequence[int], horizons: Sequence[float], *, why: bool = False
    ) -> Answers:
        """`of_row` of values that stand in the order of `tables.columns` already, texts as their codes."""
        line = self._line(1)
        line.x[0, : len(numbers)] = numbers
        line.codes[0, : len(codes)] = codes
        return line.answer(1, horizons, why)

    def of_many_told(
        self,
        numbers: Sequence[Sequence[float | None]],
        codes: Sequence[Sequence[int]],
        horizons: Sequence[float],
        *,
        why: bool = False,
    ) -> Iterator[Answers]:
        """`of_told` of many rows: each row's answers, as arrays of one row that stay until the next `CHUNK` of them."""
        line = self._line(CHUNK)
        for start in range(0, len(numbers), CHUNK):
            some = numbers[start : start + CHUNK]
            here = len(some)
            line.x[:here, : len(some[0])] = some
            line.codes[:here, : len(codes[0])] = codes[start : start + CHUNK]
            said = line.answer(here, horizons, why)
            for at in range(here):
                rows, effects = slice(at, at + 1), said.effects
                yield Answers(said.chances[rows], said.medians[rows], None if effects is None else effects[rows])

    def of_columns(self, values: Mapping[str, Values], horizons: Sequence[float], *, why: bool = False) -> Answers:
        """Answers for n rows of feature columns, each [n], without Python for each; horizons in days or infinity.

        A feature that is not there is missing. `chances[:, h]` rise with the horizon; `effects[:, f]` are those of
        `features[f]` and add up to the log-odds of the headline less those of the curve's baseline.
        """
        many = max((_length(column) for column in values.values()), default=0)
        found = Answers(
            np.empty((many, len(horizons))), np.empty(many), np.empty((many, len(self.features))) if why else None
        )
        line = self._line(CHUNK)
        columns = self.tables.columns
        for start in range(0, many, CHUNK):
            rows = slice(start, min(start + CHUNK, many))
            here, at = rows.stop - start, start % LAID_OUT
            if at == 0:
                x, codes = columns.laid_out(values, slice(start, min(start + LAID_OUT, many)))
            line.x[:here, : x.shape[1]], line.codes[:here, : codes.shape[1]] = x[at : at + here], codes[at : at + here]
            said = line.answer(here, horizons, why)
            found.chances[rows], found.medians[rows] = said.chances, said.medians
            if found.effects is not None and said.effects is not None:
                found.effects[rows] = said.effects
        return found

    def _line(self, rows: int) -> "_Line":
        """This thread's scratch space for so many rows at a time."""
        kept: dict[int, _Line] | None = getattr(self._local, "lines", None)
        if kept is None:
            kept = self._local.lines = {}
        if (line := kept.get(rows)) is None:
            line = kept[rows] = _Line(self.tables, self._machines, rows)
        return line

    def __reduce__(self) -> "tuple[type[CurveScorer], tuple[EventCurve]]":
        return type(self), (self.tables.curve,)


def scorer_of(curve: EventCurve) -> CurveScorer | None:
    """The curve as tables; None where its shape is not known to them or machine code cannot be made here."""
    try:
        return CurveScorer(curve)
    except (NotLaidOut, CorruptTrees, *TROUBLE):
        return None


class _Line:
    """Scratch space and prepared calls of one thread, for so many rows at a time."""

    def __init__(self, tables: CurveTables, machines: Mapping[str, Machine], most: int) -> None:
        self.tables, self._machines, self._most = tables, machines, most
        columns, many = tables.columns, tables.edges
        self.x = np.zeros((most, max(len(columns.numbers), 1)))
        self.codes = np.zeros((most, max(len(columns.texts), 1)), np.int32)
        self._said, self._odds = np.zeros((most, tables.stride)), np.full((most, 2 * many + 1), SURE_ODDS)
        self._terms = np.zeros((most, max(len(tables.regressions.names), 1)))
        self._values = [np.zeros((most, each.intervals + 1, len(each.columns))) for each in tables.forests]
        self._chances, self._medians = np.zeros((most, 1)), np.zeros(most)
        self._effects = np.zeros((most, len(tables.features)))
        self._curve = self._of_curve()
        said, rows, stride = self._said.reshape(-1), self._rows(), tables.stride
        adding = term_adding(machines, rows, tables.regressions, self._terms, said[tables.said_from :], stride)
        forests = list(zip(tables.forests, tables.forest_from, self._values, strict=False))
        asked = [asking(machines, rows, forest, said[start:], stride) for forest, start, _ in forests]
        self._calls = [adding, *asked, self._curve]
        self._why = [explaining(machines, rows, forest, values) for forest, _, values in forests]
        self._why.append(self._of_effects())
        self._horizons: tuple[float, ...] | None = None
        self._sized = most

    def answer(self, rows: int, horizons: Sequence[float], why: bool) -> Answers:
        """What `x` and `codes` hold of so many rows, answered."""
        if (asked := tuple(horizons)) != self._horizons:
            self._chances = np.zeros((self._most, len(asked)))
            self._curve.set(horizons=len(asked), days=some(np.array(asked, np.float64)), chances=some(self._chances))
            self._horizons = asked
        if rows != self._sized:
            for block in (*self._calls, *self._why):
                block.set(rows=rows)
            self._sized = rows
        for block in (*self._calls, *self._why) if why else self._calls:
            if rows == 1:
                block.run()
            else:
                block.run_long()
        return Answers(self._chances[:rows], self._medians[:rows], self._effects[:rows] if why else None)

    def _rows(self) -> dict[str, Argument]:
        return {
            "rows": self._most, "width": self.x.shape[1], "texts": self.codes.shape[1], "x": self.x,
            "codes": self.codes,
        }  # fmt: skip

    def _of_curve(self) -> Block:
        tables = self.tables
        curve, pace, outcome = tables.curve, tables.heads[0], tables.heads[-1]
        direct = curve.direct
        days = [min(each, math.inf) for each in direct.days] if direct else [0.0]
        return Block(
            self._machines["answer_curve"], rows=self._most, width=self.x.shape[1], x=self.x, stride=tables.stride,
            said=self._said, edges_many=tables.edges, edges=np.array(curve.points.edges, np.float64),
            bounded=int(curve.points.bounded), pace_learners=pace.learners, pace_sources=pace.sources,
            pace_shifts=pace.shifts, pace_lines=pace.lines, pace_line_of=pace.line_of, pace_bands=pace.bands,
            pace_month=pace.month, pace_season=pace.season, pace_level=pace.level,
            learners=outcome.learners if curve.outcome else 0, sources=outcome.sources, shifts=outcome.shifts,
            lines=outcome.lines, line_of=outcome.line_of, bands=outcome.bands, month=outcome.month,
            season=outcome.season, level=outcome.level, band_starts=np.array(BANDS),
            age=tables.columns.number_place.get(AGE, -1), asked=len(direct.days) if direct else 0,
            asked_days=np.array(days, np.float64), asked_from=tables.said_from + tables.inside, share=SHARE,
            horizons=1, days=np.zeros(1), scratch=np.zeros(6 * MOST), odds=self._odds, chances=self._chances,
            medians=self._medians,
        )  # fmt: skip

    def _of_effects(self) -> Block:
        tables, heads, forests = self.tables, self.tables.heads, self.tables.forests
        usual, starts = np.zeros(2 * MOST), [head.starts for head in heads]
        for number, head in enumerate(heads):
            usual[number * MOST : number * MOST + head.intervals] = head.usual
        if len(heads) == 1:
            starts.append(np.full(tables.edges + 1, SURE_ODDS))
        places = [place for forest in forests for place in tables.places_of(forest.columns)]
        return Block(
            self._machines["attribute_curve"], rows=self._most, width=self.x.shape[1], x=self.x, many=tables.edges,
            odds=self._odds, starts=np.concatenate(starts), last=tables.curve.last, steps=len(STEPS),
            points=(STEPS + 1) / 2, shares=WEIGHTS / 2, heads=len(heads), head_ints=_head_ints(tables),
            line_of=np.concatenate([head.line_of for head in heads]),
            lines=np.concatenate([head.lines.reshape(-1) for head in heads]),
            begins=np.concatenate([head.begins.reshape(-1) for head in heads]),
            sources=np.concatenate([head.regressions.reshape(-1) for head in heads]),
            seasons=np.concatenate([head.season for head in heads]), band_starts=np.array(BANDS),
            age=tables.columns.number_place.get(AGE, -1), age_place=tables.places_of([AGE])[0],
            month_place=tables.places_of([MONTH])[0], usual=usual,
            forest_ints=np.array([(len(f.columns), f.interval) for f in (forests[0], forests[-1])], np.int32),
            first_values=self._values[0], second_values=self._values[-1], columns_place=np.array(places, np.int32),
            regressions=tables.inside, firsts=some_wholes(tables.regressions.firsts), terms=self._terms.shape[1],
            term_effects=self._terms,
            term_place=some_wholes(np.array(tables.places_of(tables.regressions.names), np.int32)),
            ever=tables.regressions.many - 1 if tables.curve.direct else -1, share=SHARE,
            features=len(tables.features),
            scratch=np.zeros(6 * MOST + max(len(forest.columns) for forest in forests)),
            coefficients=np.zeros(max(tables.regressions.many, 1)), effects=self._effects,
        )  # fmt: skip


def _head_ints(tables: CurveTables) -> Wholes:
    """Of each head: intervals, learners, bands, month, and where its lines, their numbers and its starts begin."""
    found: list[int] = []
    at_lines = at_line_of = at_begins = 0
    for head in tables.heads:
        found += [head.intervals, head.learners, head.bands, head.month, at_lines, at_line_of, at_begins]
        at_lines, at_line_of = at_lines + head.lines.size, at_line_of + len(head.line_of)
        at_begins += head.begins.size
    return np.array(found, np.int32)


def _length(column: Values) -> int:
    return len(column.codes) if isinstance(column, Category) else len(column)
