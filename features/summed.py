"""What do very many events of one key add up to? Sums kept by blocks, so that a look walks through one block at most.

Sums over a window are taken in the order in which events happened, and what became known at the moment or later is
taken off: looks at the present, which online nearly all are, take nothing off.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY
from features.kernel import HALF_BITS, MISSING
from features.names import Names
from features.packed import Order, Packed, Rows, bisected, widened
from features.runs import LOW, Codes, Weigh

BLOCK = 256
"""Events between two kept sums."""
HELD = 4096
"""Sums and values of a run that are held."""
KNOWN = ""
"""The order in which events became known, among the columns that may give one."""
HAPPENED, PLACE = "\x1fhappened", "\x1fplace"


class SummedRun:
    """The events of one key, in arrays, in the order of known, happened, tie."""

    def __init__(
        self,
        known: NDArray[np.int64],
        happened: NDArray[np.int64],
        columns: Mapping[str, Packed],
        texts: Mapping[str, Names],
        retired: NDArray[np.int64] | None = None,
        happening: NDArray[np.int32] | None = None,
    ) -> None:
        self.known_at = bisected(known)
        self.happened_at = bisected(happened)
        self.known = known
        self.happened = happened
        self.columns = columns
        self.texts = texts
        self.retired: dict[int, int] = {}
        if retired is not None:
            rows = np.flatnonzero(retired != MISSING)
            self.retired = dict(zip(rows.tolist(), retired[rows].tolist(), strict=True))
        self._happening = happening
        self._orders: dict[str | None, Order] = {}
        self._sums: dict[object, list[int]] = {}
        self._last: dict[Codes, int] = {}
        self._gone: tuple[NDArray[np.intp], NDArray[np.int64]] | None = None
        self._until: dict[object, int] = {}
        self._values: dict[tuple[str, int], int] = {}
        self._last_known = self.known_at[-1] if len(known) else MISSING

    def __len__(self) -> int:
        return len(self.known)

    def at(self, moment: int) -> "SummedLook":
        """The run as it was known just before a moment."""
        return SummedLook(self, moment)

    def retire(self, row: int, when: int) -> None:
        """An event counts no longer from a moment on."""
        self.retired[row] = when
        self._gone = None

    def copy(self) -> "SummedRun":
        """The same events, which can be retired apart."""
        other = object.__new__(SummedRun)
        other.__dict__ = {**self.__dict__, "retired": dict(self.retired)}
        return other

    def missing(self, column: str) -> int:
        """What stands for no value in a column."""
        return -1 if column in self.texts else int(np.iinfo(self.columns[column].dtype).min)

    def matching(self, rows: Rows, codes: Codes, column: str | None) -> NDArray[np.bool_] | None:
        """Which of the events have these values; None for all."""
        keep: NDArray[np.bool_] | None = None
        for name, code in codes:
            test = self.columns[name][rows] == code
            keep = test if keep is None else keep & test
        if column is not None:
            test = self.columns[column][rows] != self.missing(column)
            keep = test if keep is None else keep & test
        return keep

    def weights(self, weigh: int, codes: Codes, column: str | None, rows: Rows) -> NDArray[np.int64]:
        """What each event adds to a sum."""
        keep = self.matching(rows, codes, column)
        if weigh == Weigh.COUNT:
            known = self.known[rows]
            return np.ones(len(known), np.int64) if keep is None else keep.astype(np.int64)
        assert column is not None
        assert keep is not None
        values = np.where(keep, self.columns[column][rows], 0).astype(np.int64)
        if weigh == Weigh.SUM:
            return values
        if weigh in (Weigh.HIGH, Weigh.CROSS, Weigh.LOWS):
            high, low = values >> HALF_BITS, values & LOW
            return {Weigh.HIGH: high * high, Weigh.CROSS: high * low, Weigh.LOWS: low * low}[weigh]
        days = np.where(keep, self.happened[rows] // DAY, 0)
        return {Weigh.DAYS: days, Weigh.DAYS_SQUARED: days * days, Weigh.DAYS_TIMES: days * values}[weigh]

    def order(self, by: str | None) -> Order:
        """The events by when they happened, or by a column."""
        found = self._orders.get(by)
        if found is None:
            if by is None:
                found = Order(self.happened, None if self.happened is self.known else self._happening)
            else:
                found = Order(self.known if by == KNOWN else widened(self.columns[by]))
            self._orders[by] = found
        return found

    def summed(self, weigh: int, codes: Codes, column: str | None, by: str | None) -> list[int]:
        """The sums over the first events of an order, block by block; the last is that over all."""
        name = (weigh, codes, column, by)
        found = self._sums.get(name)
        if found is None:
            order, n = self.order(by), len(self)
            values = self.weights(weigh, codes, column, order.stretch(0, n))
            ends = np.append(np.arange(0, n, BLOCK), n)
            found = self._sums[name] = np.append(0, np.cumsum(values))[ends].tolist()
        return found

    def until(self, place: int, weigh: int, codes: Codes, column: str | None, by: str | None) -> int:
        """The sum over the first so many events of an order."""
        name = (weigh, codes, column, by, place)
        found = self._until.get(name)
        if found is None:
            found = self._sum_until(place, weigh, codes, column, by)
            if len(self._until) >= HELD:
                self._until.clear()
            self._until[name] = found
        return found

    def _sum_until(self, place: int, weigh: int, codes: Codes, column: str | None, by: str | None) -> int:
        summed = self.summed(weigh, codes, column, by)
        if place >= len(self):
            return summed[-1]
        block = place // BLOCK
        rest = self.order(by).stretch(block * BLOCK, place)
        return summed[block] + int(self.weights(weigh, codes, column, rest).sum())

    def known_before(self, moment: int) -> int:
        """How many events were known before a moment."""
        return len(self) if moment > self._last_known else bisect_left(self.known_at, moment)

    def value(self, column: str, row: int) -> int:
        """A value of an event, or when it happened (HAPPENED) or became known (KNOWN); packed as it is."""
        found = self._values.get((column, row))
        if found is None:
            held = (
                self.happened_at if column == HAPPENED else self.known_at if column == KNOWN else self.columns[column]
            )
            if len(self._values) >= HELD:
                self._values.clear()
            found = self._values[column, row] = int(held[row])
        return found

    def row_of(self, place: int) -> int:
        """The event at a place of the order of happening."""
        rows = self.order(None).rows
        if rows is None:
            return place
        found = self._values.get((PLACE, place))
        if found is None:
            found = self._values[PLACE, place] = int(rows[place])
        return found

    def last(self, codes: Codes) -> int:
        """The place in the order of happening of the last event with these values; -1 for none."""
        found = self._last.get(codes)
        if found is None:
            found = self._last[codes] = self.last_before(len(self), codes, len(self), None)
        return found

    def last_before(self, place: int, codes: Codes, end: int, moment: int | None) -> int:
        """The last such place below one, among the first `end` rows, of events not replaced before a moment."""
        order = self.order(None)
        while place > 0:
            first = max(place - BLOCK, 0)
            rows = order.stretch(first, place)
            numbers = np.arange(first, place) if isinstance(rows, slice) else rows
            keep = self.matching(rows, codes, None)
            chosen = numbers < end if keep is None else keep & (numbers < end)
            for found in np.flatnonzero(chosen)[::-1].tolist():
                retired = self.retired.get(int(numbers[found]))
                if moment is None or retired is None or retired >= moment:
                    return first + int(found)
            place = first
        return -1

    def gone(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The events that were replaced, and when."""
        if self._gone is None:
            self._gone = (np.array(list(self.retired), np.intp), np.array(list(self.retired.values()), np.int64))
        return self._gone


class SummedLook:
    """A run of very many events at a moment."""

    __slots__ = ("_moment", "_run", "end")

    def __init__(self, run: SummedRun, moment: int) -> None:
        self._run = run
        self._moment = moment
        self.end = run.known_before(moment)

    def total(self, weigh: int, codes: Codes, column: str | None, since: int | None) -> int:
        run, end = self._run, self.end
        if since is None:
            found = run.until(end, weigh, codes, column, KNOWN)
        else:
            place = run.order(None).place(since)
            found = run.summed(weigh, codes, column, None)[-1] - run.until(place, weigh, codes, column, None)
            found -= self._sum(slice(end, len(run)), weigh, codes, column, since) if end < len(run) else 0
        gone = self._replaced()
        return found - (self._sum(gone, weigh, codes, column, since) if len(gone) else 0)

    def _sum(self, rows: Rows, weigh: int, codes: Codes, column: str | None, since: int | None) -> int:
        weights = self._run.weights(weigh, codes, column, rows)
        return int(weights.sum() if since is None else weights[self._run.happened[rows] >= since].sum())

    def _replaced(self) -> NDArray[np.intp]:
        """The events known before the moment that were replaced before it."""
        if not self._run.retired:
            return _NONE
        rows, when = self._run.gone()
        return rows[(rows < self.end) & (when < self._moment)]

    def latest(self, codes: Codes) -> int:
        run = self._run
        place = run.last(codes)
        if place < 0:
            return -1
        row = run.row_of(place)
        retired = run.retired.get(row)
        if row >= self.end or (retired is not None and retired < self._moment):
            place = run.last_before(place, codes, self.end, self._moment)
            row = run.row_of(place) if place >= 0 else -1
        return row

    def earliest(self, codes: Codes, having: str | None) -> int:
        run = self._run
        for first in range(0, self.end, BLOCK):
            end = min(first + BLOCK, self.end)
            keep = run.matching(slice(first, end), codes, having)
            for found in range(first, end) if keep is None else (np.flatnonzero(keep) + first).tolist():
                retired = run.retired.get(found)
                if retired is None or retired >= self._moment:
                    return int(found)
        return -1

    def happened(self, row: int) -> int:
        return self._run.value(HAPPENED, row)

    def known(self, row: int) -> int:
        return self._run.value(KNOWN, row)

    def value(self, column: str, row: int) -> int:
        found = self._run.value(column, row)
        return MISSING if column not in self._run.texts and found == self._run.missing(column) else found

    def values(self, codes: Codes, column: str, since: int | None) -> set[int]:
        run, rows = self._run, slice(0, self.end)
        if since is not None and run.happened is run.known:
            rows = slice(bisect_left(run.known_at, since, 0, self.end), self.end)
        keep = run.matching(rows, codes, column)
        assert keep is not None
        if since is not None:
            keep &= run.happened[rows] >= since
        gone = self._replaced()
        keep[gone[gone >= rows.start] - rows.start] = False
        return set(np.unique(run.columns[column][rows][keep]).tolist())

    def before(self, column: str, by: str, limit: int) -> int:
        run = self._run
        found = run.until(run.order(by).place(limit), Weigh.SUM, (), column, by)
        for rows in (slice(self.end, len(run)), self._replaced()):
            weights = run.weights(Weigh.SUM, (), column, rows)
            found -= int(weights[widened(run.columns[by][rows]) < limit].sum()) if len(weights) else 0
        return found

    def times(self) -> Sequence[int]:
        return self._run.known_at[: self.end].tolist()

    def seen(self, column: str) -> tuple[Sequence[int], Sequence[int]]:
        return self._run.known_at[: self.end].tolist(), widened(self._run.columns[column][: self.end]).tolist()


_NONE = np.empty(0, np.intp)
