"""What is asked at a past moment: each group of a level, its past, and what came, as far as it is known by now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import day_of, edges_between, period_edges
from features.bookings.pace import Sales, Texts
from features.calendar import Days
from features.history import History
from training.bookings.judged import Block
from training.bookings.levels import OF_CUSTOMER, grouped, labels, level_name
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
    known: Sales,
    later: "Later",
    told: Mapping[str, Texts],
    day: int,
    last_day: int,
    by: tuple[str, ...],
    frequency: str,
    horizon: int,
) -> View:
    """Lay out a level. `known` was on record at the moment (first day `day` of a period), with labels `told`; `later`
    is all that is on record by now and complete before `last_day`."""
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
    rows = [keys[row] for row in chosen.tolist()]
    laid = View(frequency, by, rows, starts[:-1], past[chosen], np.empty((len(rows), horizon)), edges)
    return replace(laid, actual=later.of(laid, last_day))


@dataclass(frozen=True)
class Later:
    """What was sold after a moment, as on record some time later: its lines, and the labels of each line.

    Lines are told apart as at the moment asked: who was in a region then has sold for it, wherever he is now. Customers
    and reps who came later are where they were on record later: at the moment nothing was known of them.
    """

    sold: Sales
    told: Mapping[str, Texts]

    @staticmethod
    def read(history: History, known: Sales, now: Sales, asked_at: datetime, until: datetime) -> "Later":
        """`known` were the lines on record at the moment `asked_at`, `now` those on record at `until` (naive UTC)."""
        sold = now.rows(now.day >= day_of(asked_at, history.timezone))
        then, since = labels(history, asked_at, sold.owners), labels(history, until, sold.owners)
        told = dict(since)
        for level, values in since.items():
            owner = "rep" if level == "team" else "customer" if level in OF_CUSTOMER else level
            nobody = np.full(len(sold), "", object)
            before = then.get(level, nobody)
            seen = np.isin(sold.owners[owner].astype(str), np.unique(known.owners[owner].astype(str)))
            told[level] = np.where(seen | (before != ""), before, values)
        return Later(sold, told)

    def of(self, one: View, last_day: int) -> Floats:
        """What came for each group of a view [groups, periods]; NaN of periods that were not over by a day."""
        inside = (self.sold.day >= one.edges[0]) & (self.sold.day < one.edges[-1])
        told = {level: values[inside] for level, values in self.told.items()}
        found = np.zeros((len(one.keys) + 1, one.horizon))
        groups = _numbers(told, one.by, int(inside.sum()), one.keys)
        np.add.at(
            found,
            (groups, np.searchsorted(one.edges, self.sold.day[inside], side="right") - 1),
            self.sold.amount[inside],
        )
        found[:, one.edges[1:] > last_day] = np.nan
        return found[:-1]


def usual(one: View) -> Floats:
    """What each group sells in a period of the last year, on average; a little where it is nothing."""
    late = np.abs(one.past[:, -12:]).mean(axis=1)
    return np.asarray(np.maximum(late, max(float(late.mean()), 1e-9) * 0.05))


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
