"""What does every model say of every sum, from every past origin? One array, and who takes part where."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.processors import processors
from training.series.base_models import ARIMA, ETS, ETS_OF_LOGS, THETA, Task, carried_forward
from training.series.intermittent import (
    same_phase,
    season_and_growth,
    seasonal_naive,
    shared_season,
    trailing_mean,
    tsb,
)
from training.series.lag_trees import lag_trees
from training.series.nodes import Nodes
from training.series.panel import Floats, Ints

SEASONAL_NAIVE, SEASON_AND_GROWTH, TRAILING = "seasonal naive", "season and growth", "trailing mean"
SHARED_SEASON, SHARED_SEASON_RECENT = "company's season, a year's level", "company's season, a quarter's level"
LAST_QUARTER, QUARTERS = "a quarter before", "month of the quarter"
TSB, LAG_TREES = "TSB", "lag trees"
SIMPLE = (
    SEASONAL_NAIVE,
    SEASON_AND_GROWTH,
    TRAILING,
    TSB,
    SHARED_SEASON,
    SHARED_SEASON_RECENT,
    LAST_QUARTER,
    QUARTERS,
)
MODELS = (*SIMPLE, ETS, ETS_OF_LOGS, THETA, ARIMA, LAG_TREES)
PRIOR = dict(zip(MODELS, (0.4, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 1.0, 0.8, 1.2, 0.7, 1.3), strict=True))
"""How models are trusted before a series' own past speaks: by judgement on early public origins (decision 13)."""
PRIOR_SHORT = dict(zip(MODELS, (2.4, 0.6, 0.8, 0.1, 2.4, 1.2, 1.2, 2.4, 0.3, 0.2, 0.3, 0.2, 0.5), strict=True))
"""The same where two whole seasons are not on record: models that learn a season cannot, a total's last one can."""
PRIOR_INTERMITTENT = dict(zip(MODELS, (0.15, 0.1, 0.8, 1.0, 0.8, 0.3, 0.2, 0.4, 0.6, 0.1, 0.6, 0.3, 1.0), strict=True))
"""The same of series that sell now and then."""
QUARTER = {12: 3, 52: 13}
"""Periods of a quarter by those of a season: the cycle in which business customers order and sellers are measured."""
MOST_SERIES = {THETA: 2000, LAG_TREES: 2000, ETS: 700, ETS_OF_LOGS: 600, ARIMA: 60}
"""Series that a model is fitted to, from the top level down; a level takes part as a whole."""
MOST_IDLE = 0.75
"""A series that sells nothing in a larger share of its latest periods is left to the simple models and the trees."""


@dataclass(frozen=True)
class Rehearsal:
    """Forecasts [n_models, n_origins, n_nodes, horizon] by `MODELS`; NaN where a model takes no part."""

    said: Floats
    origins: tuple[int, ...]


def rehearse(
    nodes: Nodes,
    sums: Floats,
    first: Ints,
    fits: Sequence[int],
    origins: Sequence[int],
    horizon: int,
    season: int,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> Rehearsal:
    """Forecast every node from every origin; `sums` [n_nodes, n_periods] are the nodes' amounts."""
    said = np.full((len(MODELS), len(origins), len(nodes), horizon), np.nan)
    if not origins:
        return Rehearsal(said, ())
    said[0] = seasonal_naive(sums, first, origins, horizon, season)
    said[1] = season_and_growth(sums, first, origins, horizon, season)
    said[2] = trailing_mean(sums, first, origins, max(3, season // 4) if season > 1 else 2)[:, :, None]
    said[3] = tsb(sums, first, origins)[:, :, None]
    if nodes.level[0] == ():
        quarter = max(3, season // 4) if season > 1 else 2
        said[4] = shared_season(sums, first, sums[0], origins, horizon, season, season)
        said[5] = shared_season(sums, first, sums[0], origins, horizon, season, quarter)
    if season in QUARTER:
        said[6] = same_phase(sums, first, origins, horizon, QUARTER[season], 1)
        said[7] = same_phase(sums, first, origins, horizon, QUARTER[season], 3)
    chosen, same = _distinct(sums, first)
    often = np.array([_sells_often(sums[:, :fit], season) for fit in fits])
    part = _takes_part(nodes, np.asarray(often.any(axis=0)))
    rich = [row for row in chosen if part[LAG_TREES][row]]
    if rich:
        said[-1][:, rich] = lag_trees(sums[rich], first[rich], fits, origins, horizon, season, seed)
    for models in _together(part, chosen):
        rows = np.array([row for row in chosen if tuple(m for m in MODELS if m in part and part[m][row]) == models])
        local = tuple(model for model in models if model in (ETS, ETS_OF_LOGS, THETA, ARIMA))
        if not len(rows) or not local:
            continue
        if progress:
            progress(f"{', '.join(local)}: {len(rows)} series")
        task = Task(fits, origins, horizon, season, local)
        found = carried_forward(sums[rows], first[rows], task, available_cores())
        for model, paths in zip(local, found, strict=True):
            place = np.searchsorted(np.asarray(fits), np.asarray(origins), side="right") - 1
            said[MODELS.index(model)][:, rows] = np.where(often[place][:, rows, None], paths, np.nan)
    said = said[:, :, same]
    return Rehearsal(_forward_where_nothing_counts(said, first, origins), tuple(origins))


def prior_at(n_periods: int, season: int) -> dict[str, float]:
    """How models are trusted beforehand: of the short kind to two seasons and a quarter, of the other from a third on.

    >>> prior_at(20, 12) == PRIOR_SHORT
    True
    """
    if season == 1:
        return PRIOR
    known = (n_periods - (2 * season + 1 + max(season // 4, 1))) / season
    held = min(max(known, 0.0), 1.0)
    short, usual = sum(PRIOR_SHORT.values()), sum(PRIOR.values())
    mixed = {name: (1 - held) * PRIOR_SHORT[name] / short + held * PRIOR[name] / usual for name in MODELS}
    return PRIOR_SHORT if held == 0 else mixed


def _distinct(sums: Floats, first: Ints) -> tuple[list[int], Ints]:
    """The first of the nodes that are the same series, and for each node which it is."""
    seen: dict[tuple[int, bytes], int] = {}
    same = np.array(
        [seen.setdefault((int(first[row]), sums[row].tobytes()), row) for row in range(len(sums))], np.int64
    )
    return sorted(set(same.tolist())), same


def _sells_often(known: Floats, season: int) -> NDArray[np.bool_]:
    """Whether each node sells often enough for models of one series, by what is known when they are fitted."""
    return np.asarray((known[:, -max(2 * season, 8) :] == 0).mean(axis=1) <= MOST_IDLE)


def _takes_part(nodes: Nodes, often: NDArray[np.bool_]) -> dict[str, Floats]:
    """For each model that is costly, whether each node is of a level small enough, and sells `often` enough."""
    sizes: dict[tuple[str, ...], int] = {}
    for level in nodes.level:
        sizes[level] = sizes.get(level, 0) + 1
    part = {}
    for model, most in MOST_SERIES.items():
        allowed, total = set(), 0
        for level in sorted(sizes, key=lambda each: sizes[each]):
            total += sizes[level]
            if total <= most:
                allowed.add(level)
        part[model] = np.array([level in allowed for level in nodes.level], np.float64)
        if model != LAG_TREES:
            part[model] *= often
    return part


def _together(part: dict[str, Floats], rows: list[int]) -> list[tuple[str, ...]]:
    found = {tuple(model for model in MODELS if model in part and part[model][row]) for row in rows}
    return sorted(found, key=len, reverse=True)


def _forward_where_nothing_counts(said: Floats, first: Ints, origins: Sequence[int]) -> Floats:
    """A series that had not begun by an origin is forecast as zero by the simple models."""
    for place, origin in enumerate(origins):
        said[: len(SIMPLE), place, first >= origin] = 0.0
    return said


def available_cores() -> int:
    """Cores this process may use, at most four."""
    return min(processors(), 4)
