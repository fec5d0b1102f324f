"""A fitted series model: plain numbers that draw coherent futures of a panel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from training.series.base_forecasts import MODELS, rehearse
from training.series.blend import blended
from training.series.calendar_effect import day_factors
from training.series.cells import Cells, Concentration, atoms_drawn, cells_of
from training.series.coherent import not_negative, reconciled
from training.series.errors import ErrorPaths, cells_drawn, idle_share, sizes
from training.series.nodes import ATOMS, Nodes, nodes_of
from training.series.panel import Floats, Ints, Panel

CHUNK = 20_000_000
"""Numbers held at once while drawing."""


@dataclass
class SeriesModel:
    """Weights, exponent of working days, variances, paths of past errors; made by `fit_series`."""

    frequency: str
    horizon: int
    levels: tuple[tuple[str, ...], ...]
    adds_up: bool
    exponent: float
    weights: Mapping[str, Mapping[str, float]]
    evened: Mapping[str, float]
    variance: Mapping[str, float]
    by: tuple[str, ...] | None
    cells: list[tuple[str, ...]]
    paths: ErrorPaths
    shared: float
    own: float
    concentration: Concentration
    seed: int
    _kept: dict[int, tuple[Panel, int, Floats]] = field(default_factory=dict, repr=False, compare=False)

    def mean(self, panel: Panel, horizon: int) -> Floats:
        """The expected amounts of the periods after the panel's last, [n_atoms, horizon]."""
        kept = self._kept.get(id(panel))
        if kept is not None and kept[0] is panel and kept[1] >= horizon:
            return kept[2][:, :horizon]
        asked = max(horizon, self.horizon)
        nodes = nodes_of(panel, self.levels, self.adds_up)
        factor = day_factors(panel, self.exponent, panel.n_periods + asked)
        even = panel.amounts / factor[: panel.n_periods]
        sums = nodes.sums(even)
        origin = [panel.n_periods]
        said = rehearse(nodes, sums, nodes.first(panel), origin, origin, asked, panel.season, self.seed).said
        weight = {name: np.array([value.get(model, 0.0) for model in MODELS]) for name, value in self.weights.items()}
        classes = classes_of(nodes, sums, panel.season)
        base = class_weights(said, classes, weight, blended)[0]
        base = base * np.array([self.evened.get(name, 1.0) for name in classes])[:, None]
        cells = cells_of(panel, self.by)
        may = np.asarray((panel.amounts < 0).any(axis=1), np.float64)
        atoms = reconciled(nodes.matrix, base, self._variances(nodes))
        found = not_negative(atoms, cells.number, may) * factor[panel.n_periods :]
        self._kept.clear()
        self._kept[id(panel)] = (panel, asked, found)
        return found[:, :horizon]

    def draw(self, panel: Panel, horizon: int, draws: int = 500, seed: int = 0) -> Floats:
        """Futures [draws, n_atoms, horizon]: every sum over atoms and periods is to be taken within a draw."""
        return self.draw_sums(panel, horizon, np.arange(panel.n_atoms), draws, seed)

    def draw_sums(self, panel: Panel, horizon: int, groups: Ints, draws: int = 500, seed: int = 0) -> Floats:
        """The same draws summed by group number, [draws, n_groups, horizon]."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            return self._draw_sums(panel, horizon, groups, draws, seed)

    def _draw_sums(self, panel: Panel, horizon: int, groups: Ints, draws: int, seed: int) -> Floats:
        mean = self.mean(panel, horizon)
        cells = cells_of(panel, self.by)
        drawn = self._cells_drawn(panel, mean, cells, draws, seed)
        n_groups = int(groups.max()) + 1
        if self.by is None or len(cells) == panel.n_atoms:
            return _summed(drawn[:, cells.number], groups, n_groups)
        rng = np.random.default_rng([seed, self.seed, 1])
        size = max(1, CHUNK // max(panel.n_atoms * horizon, 1))
        found = np.empty((draws, n_groups, horizon))
        for start in range(0, draws, size):
            part = atoms_drawn(drawn[start : start + size], mean, cells, self.concentration, rng)
            found[start : start + size] = _summed(part, groups, n_groups)
        return found

    def _cells_drawn(self, panel: Panel, mean: Floats, cells: Cells, draws: int, seed: int) -> Floats:
        rng = np.random.default_rng([seed, self.seed, 0])
        horizon = mean.shape[1]
        centre = cells.sums(mean)
        history = cells.sums(panel.amounts)
        first = np.full(len(cells), panel.n_periods)
        np.minimum.at(first, cells.number, panel.first)
        unit = sizes(history, first, panel.n_periods, panel.season, np.abs(history).mean(axis=1), self.adds_up)
        paths = self._paths_for(cells, horizon)
        may = np.asarray((history < 0).any(axis=1))
        idle = idle_share(history, first, panel.n_periods, panel.season)
        return cells_drawn(centre, unit, paths, may, idle, (self.shared, self.own), draws, rng, self.adds_up)

    def _paths_for(self, cells: Cells, horizon: int) -> ErrorPaths:
        """Paths in the order of these cells, of this many steps; a cell not known errs like the others, by itself."""
        place = {name: row for row, name in enumerate(self.cells)}
        rows = np.array([place.get(name, -1) for name in cells.names])
        known = rows >= 0
        paths = np.where(known[None, :, None], self.paths.paths[:, np.maximum(rows, 0)], 0.0)
        usual = np.median(self.paths.scale, axis=0)
        scale = np.where(known[:, None], self.paths.scale[np.maximum(rows, 0)], 1.5 * usual[None])
        total = self.paths.total
        if horizon <= scale.shape[1]:
            return ErrorPaths(paths[:, :, :horizon], scale[:, :horizon], None if total is None else total[:horizon])
        more = np.sqrt(np.arange(scale.shape[1] + 1, horizon + 1) / scale.shape[1])
        return ErrorPaths(
            np.concatenate([paths, paths[:, :, -1:] * more], axis=2),
            np.concatenate([scale, scale[:, -1:] * more], axis=1),
            None if total is None else np.concatenate([total, total[-1:] * more]),
        )

    def _variances(self, nodes: Nodes) -> Floats:
        found = []
        for level, key in zip(nodes.level, nodes.keys, strict=True):
            value = self.variance.get(name_of(level, key))
            found.append(self.variance.get(name_of(level, ("*",)), 1.0) if value is None else value)
        return np.asarray(np.maximum(np.array(found), 1e-12), np.float64)

    @property
    def says(self) -> list[str]:
        """What was chosen, in plain sentences."""
        lines = [
            f"{name.replace('|', ', ')}: "
            + ", ".join(f"{model} {weight:.0%}" for model, weight in each.items() if weight >= 0.01)
            for name, each in self.weights.items()
        ]
        lines.append(
            f"working days count with the power {self.exponent:g}"
            if self.exponent
            else "working days make no difference"
        )
        lines.append(
            f"{len(self.paths.paths)} past origins; intervals scaled by {self.shared:.2f} together, {self.own:.2f} each"
        )
        return lines

    def to_json(self) -> dict[str, Any]:
        """All that was learned, as plain JSON."""
        return {
            "frequency": self.frequency,
            "horizon": self.horizon,
            "levels": [list(level) for level in self.levels],
            "adds_up": self.adds_up,
            "exponent": self.exponent,
            "weights": {name: dict(each) for name, each in self.weights.items()},
            "evened": dict(self.evened),
            "variance": dict(self.variance),
            "by": None if self.by is None else list(self.by),
            "cells": [list(name) for name in self.cells],
            "paths": _rounded(self.paths.paths),
            "scale": _rounded(self.paths.scale),
            "total": None if self.paths.total is None else _rounded(self.paths.total),
            "shared": self.shared,
            "own": self.own,
            "concentration": [self.concentration.passing, self.concentration.lasting],
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The model that `to_json` wrote."""
        shape = (-1, len(document["cells"]), document["horizon"])
        return cls(
            frequency=document["frequency"],
            horizon=document["horizon"],
            levels=tuple(tuple(level) for level in document["levels"]),
            adds_up=document["adds_up"],
            exponent=document["exponent"],
            weights=document["weights"],
            evened=document["evened"],
            variance=document["variance"],
            by=None if document["by"] is None else tuple(document["by"]),
            cells=[tuple(name) for name in document["cells"]],
            paths=ErrorPaths(
                np.array(document["paths"], np.float64).reshape(shape),
                np.array(document["scale"], np.float64),
                None if document.get("total") is None else np.array(document["total"], np.float64),
            ),
            shared=document["shared"],
            own=document["own"],
            concentration=Concentration(*document["concentration"]),
            seed=document["seed"],
        )


def name_of(level: tuple[str, ...], key: tuple[str, ...]) -> str:
    """A node's name in a document."""
    return "\x1f".join(level) + "\x1e" + "\x1f".join(key)


def classes_of(nodes: Nodes, sums: Floats, season: int) -> list[str]:
    """The class of each node by which models are weighed: its level, and whether it sells in most periods."""
    window = max(2 * season, 8)
    idle = (sums[:, -window:] == 0).mean(axis=1) > 0.5
    titles = {level: " x ".join(level) or "company" for level in nodes.levels()} | {ATOMS: "atoms"}
    return [
        f"{titles[level]}|{'intermittent' if few else 'dense'}" for level, few in zip(nodes.level, idle, strict=True)
    ]


def class_weights(
    said: Floats,
    classes: list[str],
    weight: Mapping[str, Floats],
    blend: Callable[[Floats, Floats], Floats],
) -> Floats:
    """Each node's blend by the weights of its class, [n_origins, n_nodes, horizon]; of a class not known, another's."""
    found = np.empty(said.shape[1:])
    whose = np.array(classes)
    for name in dict.fromkeys(classes):
        rows = whose == name
        kind = name.split("|")[1]
        held = weight.get(name)
        if held is None:
            alike = [value for other, value in weight.items() if other.endswith(kind)] or list(weight.values())
            held = np.mean(alike, axis=0)
        found[:, rows] = blend(said[:, :, rows], held)
    return found


def _summed(drawn: Floats, groups: Ints, n_groups: int) -> Floats:
    from scipy.sparse import csr_matrix

    n_atoms = drawn.shape[1]
    if n_groups == n_atoms and (groups == np.arange(n_atoms)).all():
        return drawn
    matrix = csr_matrix((np.ones(n_atoms), (groups, np.arange(n_atoms))), shape=(n_groups, n_atoms))
    flat = matrix @ drawn.transpose(1, 0, 2).reshape(n_atoms, -1)
    return np.asarray(flat.reshape(n_groups, len(drawn), -1).transpose(1, 0, 2), np.float64)


def _rounded(values: Floats) -> list[Any]:
    """Six significant digits are more than an error has."""
    digits = 6
    magnitude = np.where(
        values == 0, 1.0, 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(np.where(values == 0, 1.0, values)))))
    )
    return list((np.round(values * magnitude) / magnitude).tolist())
