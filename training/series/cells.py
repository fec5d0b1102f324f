"""Where are series dense enough to have errors of their own? Cells: crosses of labels, some hundreds of them.

Fifty thousand series of a customer buying a product hold a sale here and there; their sums by region and family
are regular. Errors are drawn for cells; within a cell the atoms' shares vary at random, and so no
atom goes below zero and every sum holds.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.series.panel import Floats, Ints, Panel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_CELLS = 700


@dataclass(frozen=True)
class Cells:
    """The cell of each atom, the cells' names, and whether each atom is a cell of its own."""

    number: Ints
    names: list[tuple[str, ...]]
    by: tuple[str, ...] | None
    """The labels that make a cell; None where every atom is one."""

    def __len__(self) -> int:
        return len(self.names)

    def sums(self, atoms: Floats) -> Floats:
        """[n_atoms, n] -> [n_cells, n]."""
        return np.asarray(self.matrix() @ atoms, np.float64)

    def matrix(self) -> "csr_matrix":
        """The summing matrix, [n_cells, n_atoms]."""
        from scipy.sparse import csr_matrix

        ones, columns = np.ones(len(self.number)), np.arange(len(self.number))
        return csr_matrix((ones, (self.number, columns)), shape=(len(self), len(self.number)))


def cells_of(panel: Panel, by: tuple[str, ...] | None) -> Cells:
    """The cells of a panel by the labels that were chosen."""
    if by is None:
        return Cells(np.arange(panel.n_atoms), panel.names(), None)
    names, number = panel.groups(by)
    return Cells(number, names, by)


def choose_cells(panel: Panel, adds_up: bool) -> tuple[str, ...] | None:
    """The labels to cross: all atoms where they are few, else the coarsest labels first while cells stay few."""
    if panel.n_atoms <= MOST_CELLS or not adds_up:
        return None
    by: tuple[str, ...] = ()
    for name in sorted(panel.labels, key=lambda each: (len(set(panel.labels[each])), each)):
        if len(panel.groups((*by, name))[0]) <= MOST_CELLS:
            by = (*by, name)
    return by


@dataclass(frozen=True)
class Concentration:
    """How firmly atoms keep their share of a cell: Dirichlet parameters, higher is firmer."""

    passing: float
    """Of one period's shares, drawn anew each period."""
    lasting: float
    """Of shares over the whole horizon: a customer who leaves, a product that comes up."""


def concentration(actual: Floats, said: Floats, cells: Cells) -> Concentration:
    """Measured on past forecasts: `actual` and `said` [n_origins, n_atoms, horizon], NaN where not known yet.

    By moments of the Dirichlet: the variance of a share s is s (1 - s) / (1 + concentration). What one period's
    shares vary by beyond the variation of the sums over all known steps is taken to pass.
    """
    lasting = _moment(np.nansum(actual, axis=2), np.where(np.isfinite(actual), said, 0.0).sum(axis=2), cells)
    steps = [
        _moment(actual[:, :, step], said[:, :, step], cells)
        for step in range(actual.shape[2])
        if np.isfinite(actual[:, 0, step]).any()
    ]
    single = float(np.median(steps)) if steps else 0.5
    count = max(actual.shape[2], 1)
    kept = min(max(lasting - single / count, 0.002) / max(1.0 - 1.0 / count, 0.5), 0.9) if count > 1 else single / 2
    passing = min(max((single - kept) / max(1.0 - kept, 0.1), 0.002), 0.95)
    return Concentration(1.0 / passing - 1.0, 1.0 / kept - 1.0)


def _moment(actual: Floats, said: Floats, cells: Cells) -> float:
    """Squared error of shares over s (1 - s), weighed by the cells' size."""
    top, below = 0.0, 0.0
    for now, then in zip(actual, said, strict=True):
        if not np.isfinite(now).all():
            continue
        have, aim = cells.sums(np.maximum(now, 0)[:, None])[:, 0], cells.sums(then[:, None])[:, 0]
        use = (have > 0) & (aim > 0)
        held = use[cells.number]
        number = cells.number[held]
        share, mean = np.maximum(now[held], 0) / have[number], then[held] / aim[number]
        top += float((have[number] * (share - mean) ** 2).sum())
        below += float((have[number] * mean * (1 - mean)).sum())
    return min(max(top / below, 0.002), 0.95) if below > 0 else 0.5


def atoms_drawn(
    cell_draws: Floats, mean: Floats, cells: Cells, held: Concentration, rng: np.random.Generator
) -> Floats:
    """Draws of atoms [draws, n_atoms, horizon] from draws of their cells, shares about those of `mean`."""
    total = cells.sums(mean)
    share = mean / np.where(total > 0, total, 1.0)[cells.number]
    lasting = rng.gamma(np.maximum(share.mean(axis=1) * held.lasting, 1e-3), size=(len(cell_draws), len(mean)))
    lasting /= np.maximum(share.mean(axis=1) * held.lasting, 1e-3)
    kept = share * np.maximum(lasting, 1e-6)[:, :, None]
    weight = np.maximum(kept * held.passing, 1e-3 * share)
    weight = rng.standard_gamma(np.where(share > 0, np.maximum(weight, 1e-4), 1e-4)) * (share > 0)
    flat = cells.matrix() @ weight.transpose(1, 0, 2).reshape(len(mean), -1)
    sums = np.asarray(flat).reshape(len(cells), len(weight), -1).transpose(1, 0, 2)
    even = np.where(share > 0, share, 0.0)
    return np.asarray(
        np.where(sums[:, cells.number] > 0, weight / np.where(sums > 0, sums, 1.0)[:, cells.number], even)
        * cell_draws[:, cells.number]
    )
