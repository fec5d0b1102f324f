"""What do few events of one key add up to? They are walked through, in the order in which they became known.

Many are summed ahead instead: `features.summed` has the same looks.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from features.as_of import DAY
from features.kernel import HALF_BITS, MISSING
from features.names import Names

Codes = tuple[tuple[str, int], ...]
"""Which values events must have: columns and codes."""
LOW = (1 << HALF_BITS) - 1


class Weigh:
    """What an event adds to a sum: 1, its value, parts of its square, its day and products of these."""

    COUNT, SUM, HIGH, CROSS, LOWS, DAYS, DAYS_SQUARED, DAYS_TIMES = range(8)


class RunLook(Protocol):
    """One run of a key's events, seen at a moment. Rows are places in the run."""

    def total(self, weigh: int, codes: Codes, column: str | None, since: int | None) -> int:
        """The sum over the events that stand, have these values, one in `column`, and happened at `since` or later."""

    def latest(self, codes: Codes) -> int:
        """The row of the event that happened last, of several the one known last; -1 for none."""

    def earliest(self, codes: Codes, having: str | None) -> int:
        """The row of the event known first; -1 for none."""

    def happened(self, row: int) -> int:
        """When an event happened."""

    def known(self, row: int) -> int:
        """When an event became known."""

    def value(self, column: str, row: int) -> int:
        """A number or a code."""

    def values(self, codes: Codes, column: str, since: int | None) -> set[int]:
        """The different codes of a column."""

    def before(self, column: str, by: str, limit: int) -> int:
        """The sum of a column over the events that stand and whose `by` is below a limit."""

    def times(self) -> Sequence[int]:
        """When the events became known, replaced ones too."""

    def seen(self, column: str) -> tuple[Sequence[int], Sequence[int]]:
        """When the events became known, replaced ones too, and a column of theirs."""


class Run:
    """Some events of one key in lists, in the order of known, happened, tie. `retired` is None where none is.

    `happened` is `known` itself where all events were known when they happened.
    """

    __slots__ = ("columns", "happened", "known", "retired", "texts", "ties")

    def __init__(
        self,
        known: list[int],
        happened: list[int],
        columns: Mapping[str, list[int]],
        texts: Mapping[str, Names],
        retired: list[int] | None = None,
        ties: list[object] | None = None,
    ) -> None:
        self.known = known
        self.happened = happened
        self.columns = columns
        self.texts = texts
        self.retired = retired
        self.ties = ties

    def __len__(self) -> int:
        return len(self.known)

    def at(self, moment: int) -> "WalkedLook":
        """The run as it was known just before a moment."""
        return WalkedLook(self, moment)


class WalkedLook:
    """A run that is walked through: for few events."""

    __slots__ = ("_all", "_kept", "_moment", "_run")

    def __init__(self, run: Run, moment: int) -> None:
        self._run = run
        self._moment = moment
        end = bisect_left(run.known, moment)
        retired = run.retired
        rows: Sequence[int] = range(end)
        if retired is not None:
            rows = [row for row in rows if retired[row] == MISSING or retired[row] >= moment]
        self._all = rows
        self._kept: dict[object, Sequence[int]] = {}

    def _rows(self, codes: Codes, having: str | None) -> Sequence[int]:
        """The events that stand and have these values."""
        if not codes and having is None:
            return self._all
        name = (codes, having)
        found = self._kept.get(name)
        if found is None:
            found = self._all
            for column, code in codes:
                values = self._run.columns[column]
                found = [row for row in found if values[row] == code]
            if having is not None:
                values = self._run.columns[having]
                missing = -1 if having in self._run.texts else MISSING
                found = [row for row in found if values[row] != missing]
            self._kept[name] = found
        return found

    def total(self, weigh: int, codes: Codes, column: str | None, since: int | None) -> int:
        rows = self._rows(codes, column)
        happened = self._run.happened
        if since is not None and rows:
            if happened is self._run.known:
                rows = rows[bisect_left(rows, since, key=happened.__getitem__) :]
            else:
                rows = [row for row in rows if happened[row] >= since]
        if weigh == Weigh.COUNT:
            return len(rows)
        assert column is not None
        values = self._run.columns[column]
        if weigh == Weigh.SUM:
            return sum([values[row] for row in rows])
        return sum(_WEIGHTS[weigh](values[row], happened[row]) for row in rows)

    def latest(self, codes: Codes) -> int:
        rows = self._rows(codes, None)
        if not rows:
            return -1
        happened = self._run.happened
        if happened is self._run.known:
            return rows[-1]
        found, last = -1, MISSING
        for row in rows:
            if happened[row] >= last:
                found, last = row, happened[row]
        return found

    def earliest(self, codes: Codes, having: str | None) -> int:
        rows = self._rows(codes, having)
        return rows[0] if rows else -1

    def happened(self, row: int) -> int:
        return self._run.happened[row]

    def known(self, row: int) -> int:
        return self._run.known[row]

    def value(self, column: str, row: int) -> int:
        return self._run.columns[column][row]

    def values(self, codes: Codes, column: str, since: int | None) -> set[int]:
        values, happened = self._run.columns[column], self._run.happened
        return {values[row] for row in self._rows(codes, column) if since is None or happened[row] >= since}

    def before(self, column: str, by: str, limit: int) -> int:
        limits, values = self._run.columns[by], self._run.columns[column]
        return sum(values[row] for row in self._rows((), column) if limits[row] < limit)

    def times(self) -> Sequence[int]:
        return self._run.known[: bisect_left(self._run.known, self._moment)]

    def seen(self, column: str) -> tuple[Sequence[int], Sequence[int]]:
        end = bisect_left(self._run.known, self._moment)
        return self._run.known[:end], self._run.columns[column][:end]


_WEIGHTS: dict[int, Callable[[int, int], int]] = {
    Weigh.HIGH: lambda value, _: (value >> HALF_BITS) ** 2,
    Weigh.CROSS: lambda value, _: (value >> HALF_BITS) * (value & LOW),
    Weigh.LOWS: lambda value, _: (value & LOW) ** 2,
    Weigh.DAYS: lambda _, happened: happened // DAY,
    Weigh.DAYS_SQUARED: lambda _, happened: (happened // DAY) ** 2,
    Weigh.DAYS_TIMES: lambda value, happened: happened // DAY * value,
}
