"""Looks into the past of one key at one moment: what its events on record before the moment add up to.

The same looks as `features.looks`, on plain integers. The events of a key are one run or several, each in the order
in which its events became known: few are walked through, many are summed ahead (`features.summed`).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import isnan

from features.as_of import DAY
from features.kernel import EVER, HALF_BITS, MISSING
from features.names import UNKNOWN, Names
from features.runs import Codes, RunLook, Weigh
from features.values_at import Scalars
from features.verbs import Where

MINUTE = 60_000_000
Found = tuple[RunLook, int] | None
"""An event: its run and its place there."""


@cache
def _lasting(days: float) -> int:
    """So many days in microseconds: there are a few windows only."""
    return round(days * DAY)


class SegmentLook:
    """The events of one key at one moment. `texts` are the names of the category columns."""

    __slots__ = ("_known", "_runs", "_texts", "at")
    math = Scalars

    def __init__(
        self, runs: Sequence[RunLook], texts: Mapping[str, Names], at: int, known: dict[Where, Codes] | None = None
    ) -> None:
        self._runs = runs
        self._texts = texts
        self._known = {} if known is None else known
        self.at = at

    def _codes(self, where: Where) -> Codes:
        if not where:
            return ()
        found = self._known.get(where)
        if found is None:
            found = tuple([(column, self._texts[column].code(value)) for column, value in where])
            if all(code != UNKNOWN for _, code in found):  # a name may come yet
                self._known[where] = found
        return found

    def days_window(self, days: float | None) -> int | None:
        """Since when a window of so many days is open; None for ever."""
        return None if days is None else self.at - _lasting(days)

    def window_from(self, name: object, days_ago: float) -> int:
        """Since when a window is open that opened so many days before the moment; ever where that is missing."""
        return MISSING // 2 if isnan(days_ago) else self.at - round(days_ago * DAY)

    def moment_after(self, days: float) -> tuple[int, bool]:
        """The moment so many days after this one, and whether there is one."""
        there = not isnan(days)
        return self.at + (round(days * DAY) if there else 0), there

    def count(self, where: Where, window: int | None, having: str | None = None) -> int:
        """How many events."""
        return self._total(Weigh.COUNT, where, having, window)

    def sum(self, where: Where, column: str, window: int | None) -> int:
        """The sum of a number column."""
        return self._total(Weigh.SUM, where, column, window)

    def squares(self, where: Where, column: str, window: int | None) -> float:
        """The sum of squares of a number column."""
        high, cross, low = (
            float(self._total(weigh, where, column, window)) for weigh in (Weigh.HIGH, Weigh.CROSS, Weigh.LOWS)
        )
        return Scalars.squared(high, cross, low, HALF_BITS)

    def by_days(self, where: Where, column: str, window: int | None) -> tuple[int, int, int]:
        """Sums of days, of days squared, of days times value, over the events with a value."""
        return (
            self._total(Weigh.DAYS, where, column, window),
            self._total(Weigh.DAYS_SQUARED, where, column, window),
            self._total(Weigh.DAYS_TIMES, where, column, window),
        )

    def _total(self, weigh: int, where: Where, column: str | None, window: int | None) -> int:
        if not self._runs:
            return 0
        codes = self._codes(where)
        if len(self._runs) == 1:
            return self._runs[0].total(weigh, codes, column, window)
        return sum(run.total(weigh, codes, column, window) for run in self._runs)

    def latest(self, where: Where) -> Found:
        """The event that happened last; None for none."""
        codes = self._codes(where) if self._runs else ()
        found: Found = None
        last = MISSING
        for run in self._runs:
            row = run.latest(codes)
            if row >= 0 and run.happened(row) >= last:
                found, last = (run, row), run.happened(row)
        return found

    def earliest(self, where: Where, having: str | None = None) -> Found:
        """The event that was known first; None for none."""
        codes = self._codes(where) if self._runs else ()
        found: Found = None
        for run in self._runs:
            row = run.earliest(codes, having)
            if row >= 0 and (found is None or run.known(row) < found[0].known(found[1])):
                found = run, row
        return found

    def number(self, column: str, found: Found) -> int:
        """A number or moment of an event; MISSING where there is none."""
        return MISSING if found is None else found[0].value(column, found[1])

    def text(self, column: str, found: Found) -> str | None:
        """A category of an event; None where there is none."""
        return None if found is None else self._texts[column].text(found[0].value(column, found[1]))

    def is_text(self, column: str) -> bool:
        """Whether a column holds categories."""
        return column in self._texts

    def happened(self, found: Found) -> int:
        """When an event happened; MISSING where there is none, or nobody knows when."""
        at = MISSING if found is None else found[0].happened(found[1])
        return MISSING if at <= EVER else at

    def distinct(self, where: Where, column: str, window: int | None) -> int:
        """How many different values a category column has."""
        if not self._runs:
            return 0
        codes = self._codes(where)
        return len(set[int]().union(*(run.values(codes, column, window) for run in self._runs)))

    def area(self, column: str) -> tuple[int, int]:
        """Value times the minutes it lasted until the moment, summed; and the minutes since the first value."""
        begun = self.earliest((), column)
        if begun is None:
            return 0, 0
        total = held = since = 0
        for run in self._runs:
            for known, value in zip(*run.seen(column), strict=True):
                minute = known // MINUTE
                total += held * (minute - since)
                held, since = held if value == MISSING else value, minute
        now = self.at // MINUTE
        return total + held * (now - since), now - begun[0].known(begun[1]) // MINUTE

    def sum_before(self, column: str, by: str, limit: int) -> int:
        """The sum of a column over events whose `by` is below a limit."""
        return sum(run.before(column, by, limit) for run in self._runs)
