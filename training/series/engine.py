"""How much will be sold in the next periods, of everything and of each part, and how sure is that?

Read `_fitted` line by line: rehearse every model from past origins, weigh them by what they got wrong, make the
levels agree, keep the paths of what was still wrong, and widen until the past is covered as often as said.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from training.series.base_forecasts import MODELS, PRIOR_INTERMITTENT, Rehearsal, prior_at, rehearse
from training.series.blend import blended, error_products, level_correction, weights
from training.series.calendar_effect import chosen_exponent, day_factors
from training.series.cells import Cells, Concentration, cells_of, choose_cells, concentration
from training.series.coherent import node_variance, not_negative, reconciled, with_shared_error
from training.series.conformal import few_origins, level_factor, reach, shared_and_own
from training.series.errors import cells_drawn, error_paths, idle_share, sizes, total_scale
from training.series.folds import past_folds
from training.series.model import SeriesModel, class_weights, classes_of
from training.series.nodes import Nodes, nodes_of
from training.series.panel import Floats, Ints, Panel

Progress = Callable[[str], None] | None


def fit_series(
    panel: Panel,
    levels: Sequence[tuple[str, ...]],
    horizon: int,
    seed: int = 0,
    progress: Progress = None,
    adds_up: bool = True,
) -> SeriesModel:
    """Learn how to forecast a panel up to `horizon` periods ahead, from past forecasts inside it.

    `levels` are tuples of label names to be good at; the company and the atoms always count, unless the series do
    not add up to anything (`adds_up` False). Any panel has an answer: one series, one period, nothing but zeros.
    Deterministic under the seed.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # matrices this small gain nothing from a second thread, and two of them spin
        return _fitted(panel, levels, horizon, seed, progress, adds_up)


def _fitted(
    panel: Panel, levels: Sequence[tuple[str, ...]], horizon: int, seed: int, progress: Progress, adds_up: bool
) -> SeriesModel:
    nodes = nodes_of(panel, levels, adds_up)
    folds = past_folds(panel.n_periods, panel.season, 2 if len(nodes) <= _REFITTED else 1)
    exponent = chosen_exponent(panel, nodes.sums(panel.amounts)[:_TOP], folds.origins)
    factor = day_factors(panel, exponent, panel.n_periods + horizon)
    sums = nodes.sums(panel.amounts / factor[: panel.n_periods])
    first = nodes.first(panel)
    rehearsed = rehearse(nodes, sums, first, folds.fits, folds.origins, horizon, panel.season, seed, progress)
    truth = ahead(sums, rehearsed.origins, horizon)
    if not adds_up:
        truth = _once_begun(truth, first, rehearsed.origins)
    classes = classes_of(nodes, sums, panel.season)
    weight = _weights(classes, rehearsed, truth, sums, prior_at(panel.n_periods, panel.season))
    base = class_weights(rehearsed.said, classes, weight, blended)
    evened = level_correction(classes, base, truth)
    base = base * np.array([evened[name] for name in classes])[None, :, None]
    variance = node_variance(truth - base, np.abs(sums).mean(axis=1)) if folds.origins else np.ones(len(nodes))
    if folds.origins:
        variance = with_shared_error(variance, classes, truth - base, np.abs(sums).mean(axis=1))
    by = choose_cells(panel, adds_up)
    cells = cells_of(panel, by)
    even = panel.amounts / factor[: panel.n_periods]
    may = np.asarray((panel.amounts < 0).any(axis=1), np.float64)
    atoms = np.array([not_negative(reconciled(nodes.matrix, each, variance), cells.number, may) for each in base])
    atoms = atoms.reshape(len(folds.origins), panel.n_atoms, horizon)
    actual = ahead(even, folds.origins, horizon)
    if not adds_up:
        actual = _once_begun(actual, panel.first, folds.origins)
    cell_sums = cells.sums(even)
    cell_first = np.full(len(cells), panel.n_periods)
    np.minimum.at(cell_first, cells.number, panel.first)
    least = np.abs(cell_sums).mean(axis=1)
    unit = np.array([sizes(cell_sums, cell_first, origin, panel.season, least, adds_up) for origin in folds.origins])
    unit = unit.reshape(len(folds.origins), len(cells))
    wrong = np.array([cells.sums(each) for each in actual - atoms]).reshape(len(folds.origins), len(cells), horizon)
    paths = error_paths(wrong / unit[:, :, None], least if adds_up else None)
    said = np.array([cells.sums(each) for each in atoms]).reshape(wrong.shape)
    paths = replace(paths, total=total_scale(wrong, said, unit, panel.season) if adds_up else None)
    idle = np.array([idle_share(cell_sums, cell_first, origin, panel.season) for origin in folds.origins])
    factors = _factors(panel, levels, cells, said, wrong, unit, idle, adds_up)
    expected = few_origins(len(folds.origins), horizon) if paths.total is not None else None
    shared, own = shared_and_own(factors, expected)
    held = concentration(actual, atoms, cells) if by is not None and folds.origins else Concentration(10.0, 10.0)
    return SeriesModel(
        frequency=panel.frequency,
        horizon=horizon,
        levels=tuple(levels),
        adds_up=adds_up,
        exponent=exponent,
        weights={name: dict(zip(MODELS, value.tolist(), strict=True)) for name, value in weight.items()},
        evened=evened,
        variance=_variance_by_name(nodes, variance),
        by=by,
        cells=cells.names,
        paths=paths,
        shared=shared,
        own=own,
        concentration=held,
        seed=seed,
    )


_REFITTED = 150
"""Sums up to which the models are fitted at two past points, else at one."""
FEWEST_PERIODS = 4
"""Periods on record from which a series that is part of nothing larger is rehearsed."""
_TOP = 40
"""Series, from the company down, by which the effect of working days is judged."""


def ahead(amounts: Floats, origins: Sequence[int], horizon: int) -> Floats:
    """What came after each origin, [n_origins, n_series, horizon], NaN where it has not come yet."""
    padded = np.concatenate([amounts, np.full((len(amounts), horizon), np.nan)], axis=1)
    found = [padded[:, origin : origin + horizon] for origin in origins]
    return np.array(found).reshape(len(origins), len(amounts), horizon)


def _once_begun(truth: Floats, first: Ints, origins: Sequence[int]) -> Floats:
    """Without what came of series that had hardly begun: of series that add up to nothing it teaches nothing."""
    begun = np.asarray(origins)[:, None] - first[None, :] >= FEWEST_PERIODS
    return np.where(begun[:, :, None], truth, np.nan) if len(origins) else truth


def _weights(
    classes: list[str], rehearsed: Rehearsal, truth: Floats, sums: Floats, usual: Mapping[str, float]
) -> dict[str, Floats]:
    """Weights of each class of nodes, its own products of errors drawn to those of all classes of its kind."""
    from training.series.blend import LEVEL_ERRORS

    scale = np.maximum(np.abs(np.diff(sums, axis=1)).mean(axis=1), 1e-12) if sums.shape[1] > 1 else np.ones(len(sums))
    scale = scale * np.maximum(np.abs(sums).mean(axis=1), 1e-12)
    whose = np.array(classes)
    products, counts = {}, {}
    for name in dict.fromkeys(classes):
        rows = whose == name
        said = rehearsed.said[:, :, rows]
        rest = np.nanmean(said, axis=0) if said.size else said[0]
        said = np.where(np.isfinite(said), said, rest)
        products[name], counts[name] = error_products(said, truth[:, rows], scale[rows])
    found = {}
    for name in products:
        kind = name.split("|")[1]
        alike = [other for other in products if other.split("|")[1] == kind]
        level = {other: max(float(np.trace(products[other])), 1e-300) for other in alike}
        share = np.array([min(counts[other], 300.0) for other in alike])
        stacked = np.array([products[other] / level[other] for other in alike])
        every = np.tensordot(share / max(share.sum(), 1e-12), stacked, axes=1)
        held = counts[name] / (counts[name] + LEVEL_ERRORS)
        mixed = held * products[name] / level[name] + (1 - held) * every
        prior = np.array([(usual if kind == "dense" else PRIOR_INTERMITTENT)[model] for model in MODELS])
        found[name] = weights(np.asarray(mixed), counts[name], prior / prior.sum())
    return found


def _factors(
    panel: Panel,
    levels: Sequence[tuple[str, ...]],
    cells: Cells,
    centre: Floats,
    wrong: Floats,
    unit: Floats,
    idle: Floats,
    adds_up: bool,
) -> list[tuple[float, float]]:
    """The factor of the company, of each level made of whole cells, and of the cells, from rehearsed draws.

    `centre` and `wrong` [n_origins, n_cells, horizon] are what was forecast and the errors, NaN where not known.
    """
    n_origins, _, horizon = wrong.shape
    groups = [each for each in (_whole_cells(panel, level, cells) for level in ((), *levels)) if each is not None]
    groups = [*(groups if adds_up else []), np.arange(len(cells))]
    reaches: list[list[Floats]] = [[] for _ in groups]
    rng = np.random.default_rng(0)
    may = np.asarray((cells.sums(panel.amounts) < 0).any(axis=1))
    size = np.abs(cells.sums(panel.amounts)).mean(axis=1) if adds_up else None
    for origin in range(0, n_origins, max(1, n_origins // _REHEARSED)):
        apart = np.abs(np.arange(n_origins) - origin) >= max(horizon // 2, 1)
        if apart.sum() < 3:
            continue
        paths = error_paths(wrong[apart] / unit[apart][:, :, None], size)
        if adds_up:
            paths = replace(paths, total=total_scale(wrong[apart], centre[apart], unit[apart], panel.season))
        drawn = cells_drawn(
            centre[origin], unit[origin], paths, may, idle[origin], (1.0, 1.0), _REHEARSAL_DRAWS, rng, adds_up
        )
        for found, number in zip(reaches, groups, strict=True):
            matrix = Cells(number, [()] * (int(number.max()) + 1), None)
            sums = np.array([matrix.sums(each) for each in drawn - centre[origin]])
            found.append(reach(matrix.sums(wrong[origin]), sums))
    nothing = (1.0, 0.0)
    return [level_factor(np.array(found).reshape(len(found), -1, horizon)) if found else nothing for found in reaches]


_REHEARSED = 12
_REHEARSAL_DRAWS = 200


def _whole_cells(panel: Panel, level: tuple[str, ...], cells: Cells) -> Ints | None:
    """The group of each cell at a level, or None where the level cuts through cells."""
    _, number = panel.groups(level)
    group = np.zeros(len(cells), np.int64)
    group[cells.number] = number
    return group if (group[cells.number] == number).all() else None


def _variance_by_name(nodes: Nodes, variance: Floats) -> dict[str, float]:
    """The variance of nodes by their name; of very many, the level's median."""
    from training.series.model import name_of

    most = 4000
    named = {}
    for row, value in enumerate(variance.tolist()):
        if row < most:
            named[name_of(nodes.level[row], nodes.keys[row])] = float(f"{value:.6g}")
    for level in nodes.levels():
        named[name_of(level, ("*",))] = float(f"{np.median(variance[nodes.at(level)]):.6g}")
    return named
