"""How is a history of sales laid out for the series models: in which periods, and told apart into which atoms?

The period is a month, unless the history is too young for months or is posted only once a quarter or year. An atom is a
customer with a rep and a product; where there are too many of them, customers with their rep make one panel and
products another (`split_rest` brings the two together).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import edges_between, period_start
from features.bookings.pace import OWNERS, Sales, Texts
from features.calendar import Days
from training.bookings.levels import Codes
from training.bookings.pooled import PooledModel, Pools, pools
from training.bookings.profile import DayProfile, shares
from training.bookings.retired import handed_on
from training.bookings.series_rest import SeriesRest
from training.series.panel import Panel, panel_of

Floats = NDArray[np.float64]
HORIZON_DAYS = 800
"""Days for which there are draws: two years from anywhere in a quarter."""
MONTHS_NEEDED = 10
"""Complete months from which on a month is the period of the models."""
LETTERS = {"week": "W", "month": "M", "quarter": "Q", "year": "Y"}
PARTIAL = 0.15
"""A first period is left out when more than this share of it had passed before the first sale."""
MOST_ATOMS = 3000
RECENT_PERIODS = 12
RECENT = 365
"""Days within which sales tell who is large."""


@dataclass(frozen=True)
class SeriesView:
    """A panel of complete periods, whose its atoms are, and what is needed to tell its periods apart by days."""

    frequency: str
    panel: Panel
    owners: dict[str, Texts]
    edges: Days
    lumps: Floats
    steady: float
    sold: float
    pools: Pools | None = None
    """Which atoms share a series of the panel; None where each has its own."""

    def rest(self, model: Any, profile: DayProfile, first_day: int, draws: int, seed: int) -> SeriesRest:
        """What a fitted series model says is still to come."""
        parts = (self.edges, profile, self.sold, self.lumps, self.steady)
        answers = model if self.pools is None else PooledModel(model, self.pools)
        return SeriesRest(self.owners, first_day, draws, seed, answers, self.panel, *parts)


def base_frequency(day: Days, as_of: int) -> str:
    """The period that suits a history: week, month, quarter or year."""
    if not len(day):
        return "month"
    sold_in = np.unique(period_start(day, "month"))
    months = (
        int(np.searchsorted(edges_between(int(sold_in[0]), max(as_of, int(sold_in[0])), "month"), as_of, "right")) - 1
    )
    if months < MONTHS_NEEDED:
        return "week"
    place = sold_in.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    if len(place) >= 3 and len(np.unique(place % 12)) == 1:
        return "year"
    if len(place) >= 4 and len(np.unique(place % 3)) == 1:
        return "quarter"
    return "month"


def series_view(
    sold: Sales,
    labels: Mapping[str, Texts],
    dims: Sequence[str],
    frequency: str,
    as_of: int,
    profile: DayProfile,
) -> SeriesView:
    """Lay out what was sold before a day; atoms differ in `dims`, and `labels` are those of the lines.

    There must be a line. Where no period is complete yet, the running one counts as complete.
    """
    atoms, first_line, atom = _atoms(sold, dims)
    edges = _past_edges(sold.day, as_of, frequency, profile)
    count = len(edges) - 1
    period = np.searchsorted(edges, sold.day, side="right") - 1
    inside = (period >= 0) & (period < count)
    told = {level: values[first_line] for level, values in labels.items() if level in _fixed(dims)}
    late = sold.day >= as_of - RECENT
    size = np.bincount(atom[late], np.abs(sold.amount[late]), len(first_line)).astype(np.float64)
    pooled = pools(size, told)
    series = atom if pooled is None else pooled.of[atom]
    amounts = np.zeros((int(series.max()) + 1, count))
    np.add.at(amounts, (series[inside], period[inside]), sold.amount[inside])
    if tuple(dims) == ("product",) and pooled is None:
        amounts = handed_on(amounts)
    named = {level: _of_series(level, values.astype(str), pooled) for level, values in told.items()}
    starts = edges[:-1].astype("datetime64[D]")
    ahead = edges_between(int(edges[-1]), int(edges[-1]) + HORIZON_DAYS, frequency)
    panel = panel_of(amounts, named, starts, LETTERS[frequency], country=profile.country, ahead=len(ahead) + 1)
    running = sold.day >= edges[-1]
    owners = {owner: atoms[owner] for owner in OWNERS}
    return SeriesView(
        frequency,
        panel,
        owners,
        ahead,
        _lumps(sold.day, atom, period, inside, panel.n_periods, len(first_line)),
        _steady(sold, edges, profile),
        float(sold.amount[running].sum()),
        pooled,
    )


def levels_of(labels: Mapping[str, Sequence[str]], size: int) -> list[tuple[str, ...]]:
    """The single levels that the models are to be good at: those that divide the company."""
    return [(level,) for level, values in labels.items() if 1 < len(set(values)) < size]


def _fixed(dims: Sequence[str]) -> set[str]:
    """Levels that are the same for all lines of an atom."""
    found = set(dims)
    if "customer" in dims:
        found |= {"region", "country", "segment", "industry"}
    if "rep" in dims:
        found |= {"team"}
    return found


def _atoms(sold: Sales, dims: Sequence[str]) -> tuple[dict[str, Texts], NDArray[np.int64], Codes]:
    code = np.zeros(len(sold), np.int64)
    for dim in dims:
        names, one = np.unique(sold.owners[dim].astype(str), return_inverse=True)
        code = np.unique(code * len(names) + one, return_inverse=True)[1]
    _, first, atom = np.unique(code, return_index=True, return_inverse=True)
    nobody = np.full(len(first), "", object)
    return {owner: sold.owners[owner][first] if owner in dims else nobody for owner in OWNERS}, first, atom


def _past_edges(day: Days, as_of: int, frequency: str, profile: DayProfile) -> Days:
    """Edges of the complete periods from the first sale to the day; the last edge begins the running period."""
    running = int(period_start(np.array([as_of]), frequency)[0])
    first = int(day.min())
    edges = edges_between(first, max(running - 1, first), frequency)
    if len(edges) > 4:
        before = shares(profile, edges[:2], np.array([edges[0], max(first, int(edges[0]) + 1), edges[1]]))
        if first > edges[0] and before[0, 0] > PARTIAL:
            edges = edges[1:]
    return edges


def _of_series(level: str, values: NDArray[np.str_], pooled: Pools | None) -> tuple[str, ...]:
    """A label of each series: of a pool that of its members, where they have it in common."""
    if pooled is None:
        return tuple(values.tolist())
    first = np.unique(pooled.of, return_index=True)[1]
    found = values[first].tolist()
    if level in OWNERS:
        found[pooled.first :] = [f"pool {number}" for number in range(len(found) - pooled.first)]
    return tuple(found)


def _lumps(day: Days, atom: Codes, period: Codes, inside: NDArray[np.bool_], periods: int, atoms: int) -> Floats:
    """On how many days of a period each atom buys, in the latest periods, when it buys at all."""
    late = inside & (period >= periods - RECENT_PERIODS)
    pairs = np.unique(atom[late] * 1_000_000 + day[late])
    days = np.bincount(pairs // 1_000_000, minlength=atoms)
    bought = np.unique(atom[late] * 1_000_000 + period[late])
    bought_in = np.bincount(bought // 1_000_000, minlength=atoms)
    return np.asarray(np.maximum(days / np.maximum(bought_in, 1), 1.0))


def _steady(sold: Sales, edges: Days, profile: DayProfile) -> float:
    """How closely the company's weeks follow the profile: the sum of the parameters of a Dirichlet law, by moments."""
    late = edges[-min(len(edges), 25) :]
    cuts = np.unique(np.concatenate([edges_between(int(late[0]), int(late[-1]), "week"), late]))
    cuts = cuts[(cuts >= late[0]) & (cuts <= late[-1])]
    if len(late) < 3 or len(cuts) <= len(late):
        return 30.0
    expected = shares(profile, late, cuts)
    part = np.searchsorted(late, cuts[:-1], side="right") - 1
    piece = np.searchsorted(cuts, sold.day, side="right") - 1
    inside = (piece >= 0) & (piece < len(cuts) - 1)
    came = np.bincount(piece[inside], np.maximum(sold.amount[inside], 0), len(cuts) - 1)
    total = np.bincount(part, came, len(late) - 1)[part]
    usual = expected[part, np.arange(len(cuts) - 1)]
    there = total > 0
    off = float(((came[there] / total[there] - usual[there]) ** 2).sum())
    chance = float((usual[there] * (1 - usual[there])).sum())
    return float(np.clip(chance / max(off, 1e-9) - 1, 0.5, 1e4))
