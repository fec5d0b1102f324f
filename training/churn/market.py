"""Do customers buy more or less than usual in the days ahead? The purchases of everybody, day by day.

A season moves every customer's chance at once. Counted as a clock that runs faster in busy weeks: the days ahead count
for more where everybody is about to buy more than in the year before, as they did at this time last year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import cast

import numpy as np

from features.as_of import DAY, micros
from features.history import History
from features.streams import open_streams
from training.judged_rows import Floats

YEAR = 365
SHORTEST_PAST = 28.0
"""Days of purchases without which nothing is called usual."""
RECENT = 91.0
"""Days over which this year is held against last year."""
FEW = 20.0
"""Purchases by which a ratio is drawn to one: a small business has noise, not seasons."""
STEP = 28
"""Days between dates at which it is looked back how well seasons were foreseen."""
FEW_DATES = 3
UNTRIED = 0.15
"""What is taken to be unforeseen of a season, in logs, where it could not be tried."""
TRUST = 0.5
"""How much of the growth since last year is taken to go on, in logs."""


@dataclass(frozen=True)
class Market:
    """Purchases of all customers by the day they became known: `counts[i]` of the day that begins at `first` + i days.

    `end` (microseconds) is the end of what may be seen. Days are counted back from it, whatever its time of day.
    """

    first: int
    counts: tuple[int, ...]
    end: int

    @staticmethod
    def of(history: History, until: datetime) -> Market:
        """The purchases on record before `until` (naive UTC), by days that end at its time of day."""
        streams, end = open_streams(history), micros(until)
        clock = end % DAY
        if "purchases" not in streams.streams:
            return Market(end, (), end)
        with history.connect() as con:
            rows = con.execute(
                f"SELECT (known - {clock}) // {DAY} AS day, count(*) "
                f"FROM ({streams.select('purchases', 'customer', ())}) "
                f"WHERE known < {end} GROUP BY day ORDER BY day"
            ).fetchall()
        if not rows:
            return Market(end, (), end)
        counts = np.zeros(rows[-1][0] - rows[0][0] + 1, np.int64)
        for day, count in rows:
            counts[day - rows[0][0]] = count
        return Market(int(rows[0][0]) * DAY + clock, tuple(counts.tolist()), end)

    def until(self, end: int) -> Market:
        """The same as known at an earlier moment; a day that was not over does not count."""
        return self if end >= self.end else self.whole_days(end)

    def whole_days(self, end: int) -> Market:
        """The days that were over at `end` (microseconds)."""
        whole = max((end - self.first) // DAY, 0)
        return Market(self.first, self.counts[:whole], self.first + whole * DAY if whole else end)

    def between(self, start: float, stop: float) -> float:
        """Purchases from `start` to `stop` (microseconds); within a day they are spread evenly."""
        return self._before(stop) - self._before(start)

    def _before(self, moment: float) -> float:
        days = (moment - self.first) / DAY
        if days <= 0 or not self.counts:
            return 0.0
        whole = min(int(days), len(self.counts))
        part = self.counts[whole] * (days - whole) if whole < len(self.counts) else 0.0
        return float(self._summed[whole] + part)

    @cached_property
    def _summed(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(np.array(self.counts, float))])

    def usual(self, at: int) -> float | None:
        """Purchases a day over the year before a moment, or what there is of it; None where that is too short."""
        start = max(self.first, at - YEAR * DAY)
        days = (at - start) / DAY
        return self.between(start, at) / days if days >= SHORTEST_PAST else None

    def ahead(self, at: int, days: float) -> float:
        """Log of what was bought in the `days` after `at` over the usual, as it came; 0 where nothing is usual.

        Days after the end of what may be seen are no days without purchases: they do not count.
        """
        usual, stop = self.usual(at), max(min(at + days * DAY, self.end), at)
        return 0.0 if usual is None else _ratio(self.between(at, stop), usual * (stop - at) / DAY)

    def foreseen(self, at: int, days: float) -> float:
        """The same as it can be foreseen at `at`, or at the end of what may be seen if that is earlier.

        What came in these days a year ago, by half of the growth since then. Without a year on record nothing is
        foreseen: a busy spell may be a season about to end.
        """
        now = min(at, self.end)
        usual = self.usual(now)
        if usual is None:
            return 0.0
        year = YEAR * DAY * math.ceil(max(at + days * DAY - now, 1) / (YEAR * DAY))
        back = at - year
        if back < self.first:
            return 0.0
        growth = 0.0
        past = max(now - YEAR * DAY - RECENT * DAY, self.first)
        width = now - YEAR * DAY - past
        if width >= SHORTEST_PAST * DAY:
            growth = _ratio(self.between(now - width, now), self.between(past, past + width))
        return _ratio(self.between(back, back + days * DAY), usual * days) + TRUST * growth

    def unforeseen(self, at: int, days: float) -> float:
        """By how much seasons of past dates came otherwise than foreseen, in logs (root mean square).

        Counted over dates that had a year on record if `at` has, else over those that had not. Where a season is
        foreseen for the first time, it is taken to be off by something between UNTRIED and what was off without it.
        """
        now = min(at, self.end)
        last = now - round(days * DAY)
        errors: dict[bool, list[float]] = {True: [], False: []}
        for date in np.arange(last, self.first + round(SHORTEST_PAST * DAY), -STEP * DAY).tolist():
            foreseen = self.until(date).foreseen(date, days)
            errors[date - YEAR * DAY >= self.first].append(self.ahead(date, days) - foreseen)
        without, mine = errors[False], errors[now - YEAR * DAY >= self.first]
        if len(mine) >= FEW_DATES:
            return _root_mean_square(mine)
        return UNTRIED if len(without) < FEW_DATES else (UNTRIED + _root_mean_square(without)) / 2

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {"first": self.first, "counts": list(self.counts), "end": self.end}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> Market:
        """What `to_json` wrote."""
        counts = tuple(cast(list[int], document["counts"]))
        return Market(cast(int, document["first"]), counts, cast(int, document["end"]))


def _root_mean_square(values: list[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))


def _ratio(seen: float, expected: float) -> float:
    return math.log((seen + FEW) / (expected + FEW))


def season_of(market: Market, at: Floats, days: float, known_until: int | None = None) -> Floats:
    """The log of the season of each moment (microseconds) over the `days` ahead.

    With `known_until`, as it came, where these days were over by then; else as it could be foreseen at the moment.
    """
    moments, rows = np.unique(at.astype(np.int64), return_inverse=True)
    found = np.empty(len(moments))
    for place, moment in enumerate(moments.tolist()):
        over = known_until is not None and moment + days * DAY <= known_until
        found[place] = market.ahead(moment, days) if over else market.until(moment).foreseen(moment, days)
    return found[rows]
