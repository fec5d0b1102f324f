"""Looks into the past for many moments at once: what one key's events on record before each moment add up to.

`features.segments` has the same looks for one moment. Every position found comes from `as_of.known_before`.
"""

from collections.abc import Iterator

import numpy as np

from features.as_of import DAY, Micros, known_before
from features.dominance import Dominance
from features.kernel import EVER, HALF_BITS, MISSING, Flags, Index, Ints, Weigh, take
from features.values_at import Category, Floats, Vectors
from features.verbs import Where

WALKED = 32
"""Events of a window, for each moment, up to which walking through them is cheaper than counting by rank."""
BLOCK = 2_000_000
"""Events walked through at once."""


class Window:
    """Since when each moment's window is open (microseconds), under a name that tells windows apart.

    `length` is the window's, in microseconds, where it is the same for all.
    """

    def __init__(self, name: object, since: Micros, length: int | None = None) -> None:
        self.name = name
        self.since = since
        self.length = length


class VectorLook:
    """One index, one key for each row (-1 for none), one moment for each row."""

    math = Vectors

    def __init__(self, index: Index, codes: Ints, at: Micros) -> None:
        self.index = index
        self.codes = codes
        self.at = at
        self.first = index.starts[np.maximum(codes, 0)]
        self.end = known_before(index.starts, index.known, codes, at)
        self.gone = VectorLook(index.gone, codes, at) if index.gone is not None else None
        self._opened: dict[object, Ints] = {}
        self._late: dict[object, tuple[Ints, Ints] | None] = {}

    def days_window(self, days: float | None) -> Window | None:
        """A window of so many days; None for ever."""
        length = None if days is None else round(days * DAY)
        return None if length is None else Window(length, self.at - length, length)

    def window_from(self, name: object, days_ago: Floats) -> Window:
        """A window that opened so many days before each moment; ever where that is missing."""
        there = ~np.isnan(days_ago)
        back = np.round(np.where(there, days_ago, 0) * DAY).astype(np.int64)
        return Window(name, np.where(there, self.at - back, MISSING // 2))

    def moment_after(self, days: Floats) -> tuple[Ints, Flags]:
        """The moment so many days after each row's, and whether there is one."""
        there = ~np.isnan(days)
        return self.at + np.round(np.where(there, days, 0) * DAY).astype(np.int64), there

    def count(self, where: Where, window: Window | None, having: str | None = None) -> Ints:
        """How many events."""
        return self._total(("count", where, having), lambda index: index.mask(where, having), window)

    def sum(self, where: Where, column: str, window: Window | None) -> Ints:
        """The sum of a number column."""
        return self._total(("sum", where, column), lambda index: index.weights(where, column), window)

    def squares(self, where: Where, column: str, window: Window | None) -> Floats:
        """The sum of squares of a number column."""
        parts = (self._total(("square", n, where, column), _part(n, where, column), window) for n in range(3))
        high, cross, low = (part.astype(np.float64) for part in parts)
        return Vectors.squared(high, cross, low, HALF_BITS)

    def by_days(self, where: Where, column: str, window: Window | None) -> tuple[Ints, Ints, Ints]:
        """Sums of days, of days squared, of days times value, over the events with a value."""
        days, squares, times = (
            self._total(("day", n, where, column), _day_part(n, where, column), window) for n in range(3)
        )
        return days, squares, times

    def latest(self, where: Where) -> Ints:
        """The position of the event that happened last; -1 for none."""
        if not len(self.index):
            return np.full(len(self.at), -1)
        best = self.index.best(where)[np.maximum(self.end - 1, 0)]
        found = np.where((self.end > self.first) & (best >= self.first), best, -1)
        for row in self._replaced(found):
            found[row] = self._standing(row, self.index.mask(where), last=True)
        return found

    def earliest(self, where: Where, having: str | None = None) -> Ints:
        """The position of the event that was known first; -1 for none."""
        keep = self.index.mask(where, having)
        found = self.first
        if keep is not None and len(keep):
            after = np.where(keep, np.arange(len(keep)), len(keep))
            after = np.append(np.minimum.accumulate(after[::-1])[::-1], len(keep))
            found = after[self.first]
        found = np.where(found < self.end, found, -1)
        for row in self._replaced(found):
            found[row] = self._standing(row, keep, last=False)
        return found

    def number(self, column: str, found: Ints) -> Ints:
        """A number or moment column at positions; MISSING where there is none."""
        return take(self.index.columns[column], found, MISSING)

    def text(self, column: str, found: Ints) -> Category:
        """A category column at positions."""
        return Category(take(self.index.columns[column], found, -1), self.index.levels[column])

    def is_text(self, column: str) -> bool:
        """Whether a column holds categories."""
        return column in self.index.levels

    def happened(self, found: Ints) -> Ints:
        """When the events at these positions happened; MISSING where there is none, or nobody knows when."""
        at = take(self.index.happened, found, MISSING)
        return np.where(at <= EVER, MISSING, at)

    def distinct(self, where: Where, column: str, window: Window | None) -> Ints:
        """How many different values a category column has."""
        if window is None and self.gone is None:
            fresh = self.index.running(("fresh", column, where), lambda index: index.fresh(column, where))
            return fresh[self.end] - fresh[self.first]
        keep, values = self.index.mask(where, column), self.index.columns[column]
        result = np.zeros(len(self.at), np.int64)
        for rows, events in self._walk(self.first, self.end):
            seen = np.ones(len(rows), bool) if keep is None else keep[events]
            if window is not None:
                seen &= self.index.happened[events] >= window.since[rows]
            if self.index.retired is not None:
                retired = self.index.retired[events]
                seen &= (retired == MISSING) | (retired >= self.at[rows])
            pairs = np.unique(np.stack([rows[seen], values[events[seen]]]), axis=1)
            result += np.bincount(pairs[0], minlength=len(result))
        return result

    def area(self, column: str) -> tuple[Ints, Ints]:
        """Value times the minutes it lasted until the moment, summed; and the minutes since the first value."""
        begun = self.earliest((), column)
        there = begun >= 0
        summed, held = self.index.area(column)
        last = np.maximum(self.end - 1, 0)
        minutes = self.at // 60_000_000
        if not len(self.index):
            return np.zeros(len(there), np.int64), np.zeros(len(there), np.int64)
        open_for = minutes - self.index.known[last] // 60_000_000
        total = summed[last] - summed[np.minimum(self.first, len(self.index) - 1)] + held[last] * open_for
        since = minutes - self.index.known[np.maximum(begun, 0)] // 60_000_000
        return np.where(there, total, 0), np.where(there, since, 0)

    def sum_before(self, column: str, by: str, limit: Ints) -> Ints:
        """The sum of a column over events whose `by` is below each row's limit; 0 where that is missing."""
        found = self.index.cache.get(("order", by))
        if found is None:
            found = self.index.cache["order", by] = Dominance(self.index.columns[by])
        assert isinstance(found, Dominance)
        weights = self.index.weights((), column)
        result = found.below(self.first, self.end, limit, weights)
        return result if self.gone is None else result - self.gone.sum_before(column, by, limit)

    def _total(self, name: object, weigh: Weigh, window: Window | None) -> Ints:
        """What events on record that happened in the window add up to."""
        index = self.index
        if window is None:
            summed = index.running(name, weigh)
            result = summed[self.end] - summed[self.first]
        elif index.punctual:
            summed = index.running(name, weigh)
            result = summed[self.end] - summed[self._known_by(window)]
        elif window.length is not None:
            # Recorded within the window's length, an event that happened before it was known before the moment.
            summed = index.running(name, weigh, window.length)
            earlier = index.running(name, weigh, window.length, by_happening=True)
            result = summed[self.end] - summed[self.first] - earlier[self._happened_by(window)] + earlier[self.first]
        else:
            summed = index.running(name, weigh)
            result = summed[self.end] - summed[self._known_by(window)] - self._stragglers(window, summed)
        return result if self.gone is None else result - self.gone._total(name, weigh, window)

    def _known_by(self, window: Window) -> Ints:
        if window.name not in self._opened:
            low = known_before(self.index.starts, self.index.known, self.codes, window.since)
            self._opened[window.name] = np.minimum(low, self.end)
        return self._opened[window.name]

    def _happened_by(self, window: Window) -> Ints:
        name = ("happened", window.name)
        if name not in self._opened:
            self._opened[name] = known_before(self.index.starts, self.index.happening[1], self.codes, window.since)
        return self._opened[name]

    def _stragglers(self, window: Window, summed: Ints) -> Ints | int:
        """What events add that became known in the window and had happened before it."""
        low = self._known_by(window)
        if window.name not in self._late:
            walked = int((self.end - low).sum())
            self._late[window.name] = self._walked(window, low) if walked <= WALKED * len(self.at) + BLOCK else None
        late = self._late[window.name]
        if late is None:
            order = self.index.cache.get("rank")
            if order is None:
                order = self.index.cache["rank"] = Dominance(self.index.happened)
            assert isinstance(order, Dominance)
            return order.below(low, self.end, window.since, np.diff(summed))
        rows, events = late
        result = np.zeros(len(self.at), np.int64)
        np.add.at(result, rows, summed[events + 1] - summed[events])
        return result

    def _walked(self, window: Window, low: Ints) -> tuple[Ints, Ints]:
        found = [
            (rows[late], events[late])
            for rows, events in self._walk(low, self.end)
            if (late := self.index.happened[events] < window.since[rows]).any()
        ]
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([r for r, _ in found]), np.concatenate([e for _, e in found])

    def _walk(self, first: Ints, end: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Pairs of row and event position for all stretches [first, end), some rows at a time, rows whole."""
        lengths = np.maximum(end - first, 0)
        summed = np.cumsum(lengths)
        row = 0
        while row < len(lengths):
            done = int(summed[row - 1]) if row else 0
            stop = max(int(np.searchsorted(summed, done + BLOCK, side="right")), row + 1)
            chosen = lengths[row:stop]
            rows = np.repeat(np.arange(row, stop), chosen)
            offsets = np.arange(len(rows)) - np.repeat(np.cumsum(chosen) - chosen, chosen)
            if len(rows):
                yield rows, first[rows] + offsets
            row = stop

    def _replaced(self, found: Ints) -> Ints:
        """The rows whose event was replaced before the moment."""
        if self.index.retired is None or self.gone is None:
            return np.empty(0, np.int64)
        retired = self.index.retired[np.maximum(found, 0)]
        return np.flatnonzero((found >= 0) & (retired != MISSING) & (retired < self.at))

    def _standing(self, row: int, keep: Flags | None, *, last: bool) -> int:
        """The slow way, for the few keys whose event was replaced before the moment."""
        assert self.index.retired is not None
        first, end = int(self.first[row]), int(self.end[row])
        retired = self.index.retired[first:end]
        stands: Flags = (retired == MISSING) | (retired >= self.at[row])
        standing = np.flatnonzero(stands if keep is None else stands & keep[first:end])
        if not len(standing):
            return -1
        if not last:
            return int(first + standing[0])
        happened = self.index.happened[first:end][standing]
        return int(first + standing[np.flatnonzero(happened == happened.max())[-1]])


def _part(n: int, where: Where, column: str) -> Weigh:
    return lambda index: index.squares(where, column)[n]


def _day_part(n: int, where: Where, column: str) -> Weigh:
    return lambda index: index.by_days(where, column)[n]
