"""What is asked at a past moment: each group of a level, its past, and what came, as far as it is known by now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import edges_between, period_edges
from features.bookings.pace import Sales, Texts
from features.calendar import Days
from features.history import History
from training.bookings.judged import Block
from training.bookings.levels import grouped, labels, level_name
from training.bookings.rest import QUANTILES, Rest
from training.bookings.series_view import LETTERS
from training.series.panel import Panel, panel_of

Floats = NDArray[np.float64]
SEASONS = {"week": 52, "month": 12, "quarter": 4, "year": 1}
MOST_GROUPS = 200
"""The largest groups of a level are judged; of thousands of customers most buy nothing."""


@dataclass(frozen=True)
class View:
    """One frequency and level at a past moment: groups, their complete periods and what came in the next ones."""

    frequency: str
    by: tuple[str, ...]
    keys: list[tuple[str, ...]]
    starts: Days
    past: Floats
    actual: Floats
    edges: Days

    @property
    def horizon(self) -> int:
        """Periods ahead."""
        return int(self.actual.shape[1])

    def panel(self, country: str | None) -> Panel:
        """The groups as series of their own."""
        starts = self.starts.astype("datetime64[D]")
        return panel_of(self.past, {}, starts, LETTERS[self.frequency], country=country, ahead=self.horizon + 1)

    def block(self, origin: int, estimate: str, mean: Floats, quantiles: Floats) -> Block:
        """An estimate's answer: mean [groups, periods], quantiles [11, groups, periods]."""
        parts = (self.actual, mean, quantiles, self.past, SEASONS[self.frequency])
        return Block(origin, self.frequency, level_name(self.by), estimate, *parts)


def view(
    history: History,
    known: Sales,
    came: Sales,
    told: Mapping[str, Texts],
    now: datetime,
    day: int,
    last_day: int,
    by: tuple[str, ...],
    frequency: str,
    horizon: int,
) -> View:
    """Lay out a level. `known` was on record at the moment (first day `day` of a period), with labels `told`; `came` is
    all that is on record by `now`, complete before `last_day`, and is told apart as on record by then: a customer who
    came later is in its region and not in none."""
    keys, code = grouped(told, by, len(known))
    starts = edges_between(int(known.day.min()), day - 1, frequency)
    period = np.searchsorted(starts, known.day, side="right") - 1
    past = np.zeros((len(keys), len(starts) - 1))
    inside = period < len(starts) - 1
    np.add.at(past, (code[inside], period[inside]), known.amount[inside])
    if past.shape[1] > 4 and known.day.min() - starts[0] > (starts[1] - starts[0]) * 0.15:
        past, starts = past[:, 1:], starts[1:]
    size = np.abs(past[:, -SEASONS[frequency] :]).sum(axis=1)
    chosen = np.sort(np.argsort(-size, kind="stable")[:MOST_GROUPS])
    edges = period_edges(day, frequency, horizon)
    later = came.rows((came.day >= day) & (came.day < edges[-1]))
    actual = np.zeros((len(keys) + 1, horizon))
    groups = _numbers(labels(history, now, later.owners), by, len(later), keys)
    np.add.at(actual, (groups, np.searchsorted(edges, later.day, side="right") - 1), later.amount)
    actual[:, edges[1:] > last_day] = np.nan
    rows = [keys[row] for row in chosen.tolist()]
    return View(frequency, by, rows, starts[:-1], past[chosen], actual[chosen], edges)


def asked(history: History, rest: Rest, one: View, as_of: datetime) -> tuple[Floats, Floats]:
    """What draws say of a view's groups: mean [groups, periods], quantiles [11, groups, periods]."""
    size = len(rest.owners["rep"])
    code = _numbers(labels(history, as_of, rest.owners), one.by, size, one.keys)
    totals = rest.totals(code, len(one.keys) + 1, one.edges)[:-1]
    return totals.mean(axis=2), np.quantile(totals, QUANTILES, axis=2)


def levels_on_record(told: Mapping[str, Texts]) -> list[tuple[str, ...]]:
    """The company and each single level that divides it."""
    return [(), *((level,) for level, values in told.items() if len(set(values.tolist())) > 1)]


def _numbers(
    told: Mapping[str, Texts], by: Sequence[str], size: int, keys: Sequence[tuple[str, ...]]
) -> NDArray[np.int64]:
    """The number of each line's group among the keys; one more than there are for others."""
    place = {key: number for number, key in enumerate(keys)}
    whole = dict(told)
    for level in by:
        whole.setdefault(level, np.full(size, "", object))
    found, code = grouped(whole, by, size)
    return np.array([place.get(key, len(keys)) for key in found], np.int64)[code] if size else np.empty(0, np.int64)
