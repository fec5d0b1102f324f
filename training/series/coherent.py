"""How do forecasts that contradict each other become one that adds up? Least squares over all levels.

Each level was forecast for itself: the regions' sum is not the company's figure. The atoms taken are those whose
sums lie nearest to all of them, each counted by how well its kind was forecast in the past (weighted least
squares: Wickramasuriya, Athanasopoulos and Hyndman, "Optimal forecast reconciliation", *JASA* 114, 2019). Half
of the weight is by that, half by the size of the group alone (structural scaling, Athanasopoulos and others
2017), which does not lean on few past errors.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.series.panel import Floats

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_DENSE = 1500
"""Atoms up to which the normal equations are solved outright; above, by conjugate gradients."""


def reconciled(matrix: "csr_matrix", base: Floats, variance: Floats) -> Floats:
    """Atoms whose sums are nearest to `base`: [n_nodes, n] -> [n_atoms, n], by the variance of each node."""
    from threadpoolctl import threadpool_limits

    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    with threadpool_limits(1):  # two threads spin on matrices of this size
        return 0.5 * _nearest(matrix, base, variance) + 0.5 * _nearest(matrix, base, sizes)


def _nearest(matrix: "csr_matrix", base: Floats, variance: Floats) -> Floats:
    from scipy.sparse import diags
    from scipy.sparse.linalg import LinearOperator, cg

    held = 1.0 / np.maximum(variance, float(np.max(variance)) * 1e-9 + 1e-12)
    aims = matrix.T @ (held[:, None] * base)
    if matrix.shape[1] <= MOST_DENSE:
        normal = (matrix.T @ diags(held) @ matrix).toarray()
        return np.asarray(np.linalg.solve(normal, aims), np.float64)
    own = 1.0 / (matrix.T @ held)
    normal = LinearOperator((matrix.shape[1],) * 2, lambda x: matrix.T @ (held * (matrix @ x)), dtype=np.float64)
    before = LinearOperator((matrix.shape[1],) * 2, lambda x: own * x, dtype=np.float64)
    start = base[-matrix.shape[1] :]
    columns = [
        cg(normal, aims[:, n], x0=start[:, n], rtol=1e-6, maxiter=200, M=before)[0] for n in range(base.shape[1])
    ]
    return np.column_stack(columns)


def not_negative(atoms: Floats, cell: "np.ndarray[tuple[int], np.dtype[np.int64]]", may: Floats) -> Floats:
    """No atom below zero unless it `may`; what a cell gains by that its other atoms give back in proportion.

    `atoms` [n_atoms, n]; `cell` the group of each atom whose sum is kept, where that is not below zero itself.
    """
    kept = np.where(may[:, None] > 0, atoms, np.maximum(atoms, 0.0))
    n_cells = int(cell.max()) + 1 if len(cell) else 0
    aim, have = np.zeros((n_cells, atoms.shape[1])), np.zeros((n_cells, atoms.shape[1]))
    np.add.at(aim, cell, atoms)
    np.add.at(have, cell, kept)
    free = have > 0
    share = np.where(free & (aim >= 0), aim / np.where(free, have, 1.0), 1.0)
    return np.asarray(np.where(may[:, None] > 0, atoms, kept * share[cell]), np.float64)


def node_variance(errors: Floats, mean_size: Floats) -> Floats:
    """The variance of each node's forecast error: its own, drawn half-way (in logs) to what its size suggests.

    `errors` [n_origins, n_nodes, horizon] with NaN where not known; the law is a power of the mean size over nodes.
    """
    known = np.isfinite(errors)
    count = known.sum(axis=(0, 2))
    own = np.where(known, errors, 0.0)
    own = (own**2).sum(axis=(0, 2)) / np.maximum(count, 1)
    law = drawn_to_law(own, mean_size)
    return np.asarray(np.sqrt(law * np.maximum(own, 1e-3 * law)), np.float64)


def with_shared_error(variance: Floats, classes: Sequence[str], errors: Floats, mean_size: Floats) -> Floats:
    """Variances of series that sell now and then, raised until their sum errs as it did: they are wrong together.

    Taken for independent, a thousand rare series would outvote their total. What the variance of their summed error
    [from `errors`, n_origins, n_nodes, horizon] is beyond the sum of theirs goes to each by its size.
    """
    found, whose = variance.copy(), np.array(classes)
    for name in dict.fromkeys(classes):
        rows = whose == name
        together = errors[:, rows].sum(axis=1)
        together = together[np.isfinite(together)]
        size = mean_size[rows]
        if name.endswith("intermittent") and len(together) and size.sum() > 0:
            more = max(float((together**2).mean()) - float(variance[rows].sum()), 0.0)
            found[rows] += more * size / size.sum()
    return found


def drawn_to_law(variance: Floats, mean_size: Floats) -> Floats:
    """What the size of a series says of its variance: a power law over all series (Taylor's law), floored.

    Where fewer than eight series have both, the variance is in proportion to the squared size.
    """
    usable = (variance > 0) & (mean_size > 0)
    floor = max(float(mean_size.max(initial=0.0)) * 1e-4, 1e-9)
    size = np.log(np.maximum(mean_size, floor))
    if usable.sum() < 8 or np.ptp(size[usable]) < 0.5:
        ratio = float(np.median(variance[usable] / mean_size[usable] ** 2)) if usable.any() else 1.0
        return np.asarray(ratio * np.exp(2 * size), np.float64)
    slope, start = np.polyfit(size[usable], np.log(variance[usable]), 1)
    slope = float(np.clip(slope, 0.5, 2.0))
    start = float(np.mean(np.log(variance[usable]) - slope * size[usable]))
    return np.asarray(np.exp(start + slope * size), np.float64)
