"""The events of one key that may grow: those that were loaded, and those that came since."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from features.derived_one import RULES, Two
from features.kernel import MISSING
from features.names import Names
from features.packed import packed, widened
from features.runs import Codes, Run
from features.summed import SummedRun
from features.verbs import Where

FEW = 300
"""Up to so many events of a key are walked through at a look."""
TAIL = 64
"""So many events that came since wait in a list before they are summed."""
MIDDLE = 16_384
"""So many summed events that came since wait before they are joined with those that were loaded."""


@dataclass(slots=True)
class Entry:
    """One event as an index keeps it: its times, what orders it among events at the same times, its values."""

    known: int
    happened: int
    tie: Any
    values: dict[str, int] = field(default_factory=dict)
    retired: int = MISSING


@dataclass(frozen=True)
class Shape:
    """What the events of an index have: stored and derived columns, the names of texts, the zone of hours."""

    stream: str
    stored: tuple[str, ...]
    derived: tuple[str, ...]
    texts: Mapping[str, Names]
    zone: ZoneInfo
    needs: tuple[str, ...] = ()
    """The stored columns that derived ones follow from."""
    codes: dict[Where, Codes] = field(default_factory=dict, repr=False, compare=False)
    """What was looked up of the names in filters."""

    def derive(self, entry: Entry, before: Mapping[str, int] | None, happened_before: int) -> None:
        """Fill in what follows from the event before."""
        if self.derived:
            two = Two(entry.values, entry.happened, before, happened_before, self.texts, self.zone)
            for column in self.derived:
                entry.values[column] = RULES[self.stream][column](two)


class OrderUnclear(Exception):
    """Where an event belongs cannot be told from what is in memory: it has to be read from the history."""


class Segment:
    """The runs of one key's events, in order; the last one grows. `loose` lets events come after later ones.

    What a question adds to a moment in the past is loose: nothing known after it will be looked at.
    """

    def __init__(self, shape: Shape, frozen: Sequence[SummedRun], tail: Run, *, loose: bool = False) -> None:
        self.shape = shape
        self.frozen = list(frozen)
        self.tail = tail
        self.loose = loose
        self._last_tie: Any = None

    @property
    def runs(self) -> list[SummedRun | Run]:
        """All runs that have events. Many that came since are summed first: here, so that it is done once for all."""
        self._sum_many()
        return [*self.frozen, self.tail] if len(self.tail) else list(self.frozen)

    def copy(self, shape: Shape, before: int) -> "Segment":
        """The same events in a segment of its own; of those in lists only what was known before a moment."""
        self._sum_many()
        tail = self.tail
        end = len(tail)
        while end and tail.known[end - 1] >= before:
            end -= 1
        known = tail.known[:end]
        happened = known if tail.happened is tail.known else tail.happened[:end]
        columns = {column: values[:end] for column, values in tail.columns.items()}
        retired = tail.retired[:end] if tail.retired is not None else None
        ties = tail.ties[:end] if tail.ties is not None else None
        run = Run(known, happened, columns, shape.texts, retired, ties)
        return Segment(shape, [frozen.copy() for frozen in self.frozen], run, loose=True)

    def add(self, entry: Entry) -> None:
        """Put an event in its place. Raises OrderUnclear."""
        place = self._place(entry)
        tail = self.tail
        if place == 0 and self.frozen and not self.loose:
            last = self.frozen[-1]
            if (last.known_at[-1], last.happened_at[-1]) == (entry.known, entry.happened):
                if self._last_tie is None or entry.tie is None or self._last_tie > entry.tie:
                    raise OrderUnclear
            elif (last.known_at[-1], last.happened_at[-1]) > (entry.known, entry.happened):
                self._thaw()
                self.add(entry)
                return
        self.shape.derive(entry, *self._before(place, entry.known))
        if entry.happened != entry.known and tail.happened is tail.known:
            tail.happened = list(tail.known)
        if entry.retired != MISSING and tail.retired is None:
            tail.retired = [MISSING] * len(tail.known)
        tail.known.insert(place, entry.known)
        if tail.happened is not tail.known:
            tail.happened.insert(place, entry.happened)
        if tail.retired is not None:
            tail.retired.insert(place, entry.retired)
        if tail.ties is None:
            tail.ties = [None] * (len(tail.known) - 1)
        tail.ties.insert(place, entry.tie)
        for column, values in tail.columns.items():
            values.insert(place, entry.values[column])
        self._derive_again(place + 1)

    def retire(self, entry: Entry, when: int) -> None:
        """Take an event back from a moment on; one that is taken back as it becomes known was never there.

        Raises OrderUnclear where it is not found.
        """
        if when <= entry.known:
            self._remove(entry)
            return
        row = self._row_in_tail(entry)
        if row >= 0:
            if self.tail.retired is None:
                self.tail.retired = [MISSING] * len(self.tail)
            self.tail.retired[row] = when
            return
        for run in self.frozen:
            row = self._row_in(run, entry)
            if row >= 0:
                run.retire(row, when)
                return
        raise OrderUnclear

    def _remove(self, entry: Entry) -> None:
        row = self._row_in_tail(entry)
        if row < 0:
            if not any(self._row_in(run, entry) >= 0 for run in self.frozen):
                raise OrderUnclear
            self._thaw()
            row = self._row_in_tail(entry)
        tail = self.tail
        for values in {
            id(v): v for v in (tail.known, tail.happened, tail.retired, tail.ties, *tail.columns.values())
        }.values():
            if values is not None:
                del values[row]
        self._derive_again(row)

    def _place(self, entry: Entry) -> int:
        """Where in the tail an event belongs. Raises OrderUnclear."""
        tail = self.tail
        place = bisect_right(tail.known, entry.known)
        while place:
            times = (tail.known[place - 1], tail.happened[place - 1])
            if times < (entry.known, entry.happened):
                return place
            if times == (entry.known, entry.happened):
                tie = None if tail.ties is None else tail.ties[place - 1]
                unclear = tie is None or entry.tie is None
                if unclear and not self.loose:
                    raise OrderUnclear
                if unclear or tie <= entry.tie:
                    return place
            place -= 1
        return 0

    def _before(self, place: int, known: int) -> tuple[Mapping[str, int] | None, int]:
        """The values of the event before a place in the tail, and when it happened."""
        if not self.shape.derived:
            return None, 0
        needs = self.shape.needs
        if place:
            columns = self.tail.columns
            return {column: columns[column][place - 1] for column in needs}, self.tail.happened[place - 1]
        for run in reversed(self.frozen):
            look = run.at(known + 1)
            if look.end:
                row = look.end - 1
                return {column: look.value(column, row) for column in needs}, look.happened(row)
        return None, 0

    def _derive_again(self, place: int) -> None:
        """What an event is beside the one before it, after that became another."""
        tail = self.tail
        if not self.shape.derived or place >= len(tail.known):
            return
        values = {column: held[place] for column, held in tail.columns.items()}
        entry = Entry(tail.known[place], tail.happened[place], None, values)
        self.shape.derive(entry, *self._before(place, entry.known))
        for column in self.shape.derived:
            tail.columns[column][place] = entry.values[column]

    def _row_in_tail(self, entry: Entry) -> int:
        tail = self.tail
        end = bisect_right(tail.known, entry.known)
        for row in range(end - 1, bisect_left(tail.known, entry.known, 0, end) - 1, -1):
            if tail.happened[row] != entry.happened:
                continue
            if tail.retired is not None and tail.retired[row] != MISSING:
                continue
            if all(tail.columns[column][row] == entry.values[column] for column in self.shape.stored):
                return row
        return -1

    def _row_in(self, run: SummedRun, entry: Entry) -> int:
        look, past = run.at(entry.known), run.at(entry.known + 1)
        for row in range(look.end, past.end):
            if run.happened_at[row] != entry.happened or row in run.retired:
                continue
            if all(look.value(column, row) == entry.values[column] for column in self.shape.stored):
                return row
        return -1

    def _sum_many(self) -> None:
        if len(self.tail) > (TAIL if self.frozen else FEW + TAIL):
            self._freeze()

    def _freeze(self) -> None:
        """Sum the events of the tail."""
        run = _summed(self.tail)
        self._last_tie = None if self.tail.ties is None else self.tail.ties[-1]
        self.tail = empty_run(self.shape)
        if len(self.frozen) > 1 or (self.frozen and len(self.frozen[0]) < MIDDLE):
            run = _joined(self.frozen.pop(), run)
        self.frozen.append(run)
        if len(self.frozen) > 1 and len(run) > MIDDLE:
            self.frozen = [_joined(self.frozen[0], run)]

    def _thaw(self) -> None:
        """All events into one list, for what comes between or goes from between."""
        whole = self.frozen[0]
        ties: list[object]
        for run in self.frozen[1:]:
            whole = _joined(whole, run)
        if len(self.tail):
            ties = [*[None] * len(whole), *(self.tail.ties or [None] * len(self.tail))]
            whole = _joined(whole, _summed(self.tail))
        else:
            ties = [None] * len(whole)
        self._last_tie = None
        self.tail = walked(whole)
        self.tail.ties = ties
        self.frozen = []


def empty_run(shape: Shape) -> Run:
    """A run without events."""
    columns: dict[str, list[int]] = {column: [] for column in (*shape.stored, *shape.derived)}
    known: list[int] = []
    return Run(known, known, columns, shape.texts)


def walked(run: SummedRun) -> Run:
    """The events of a run in lists."""
    known = run.known.tolist()
    happened = known if run.happened is run.known else run.happened.tolist()
    columns = {
        column: values.tolist() if column in run.texts else widened(values).tolist()
        for column, values in run.columns.items()
    }
    retired = None
    if run.retired:
        retired = [MISSING] * len(known)
        for row, when in run.retired.items():
            retired[row] = when
    return Run(known, happened, columns, run.texts, retired)


def _summed(run: Run) -> SummedRun:
    known = np.array(run.known, np.int64)
    happened = known if run.happened is run.known else np.array(run.happened, np.int64)
    columns = {c: packed(np.array(v, np.int64), c in run.texts) for c, v in run.columns.items()}
    retired = None if run.retired is None else np.array(run.retired, np.int64)
    return SummedRun(known, happened, columns, run.texts, retired)


def _joined(one: SummedRun, other: SummedRun) -> SummedRun:
    known = np.concatenate([one.known, other.known])
    punctual = one.happened is one.known and other.happened is other.known
    happened = known if punctual else np.concatenate([one.happened, other.happened])
    columns = {}
    for column, values in one.columns.items():
        is_text = column in one.texts
        both = [values, other.columns[column]] if is_text else [widened(values), widened(other.columns[column])]
        columns[column] = packed(np.concatenate(both).astype(np.int64), is_text)
    joined = SummedRun(known, happened, columns, one.texts)
    joined.retired = {**one.retired, **{row + len(one): when for row, when in other.retired.items()}}
    return joined
