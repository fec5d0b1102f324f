"""What does each feature add to the log-odds of boosted trees? Exact Shapley values, fast enough for every score.

Defined as LightGBM's `pred_contrib` has it (path-dependent TreeSHAP; Lundberg and others, *Nature Machine
Intelligence* 2, 2020): a feature that is not known sends a row down both branches, by the share of the training rows
that went there, and a feature's effect is the mean, over all orders in which the features become known, of what its
becoming known changes.

Computed through Owen's multilinear extension (*Management Science* 18, 1972): let each feature be known with chance t.
A node then sends the share (1 - t) * cover + t * (goes left) to the left, a tree is one sum down and up, and an effect
is the integral over t of the slope in that feature. The integrand is a polynomial of a degree below the number of
features on a path, so Gauss-Legendre quadrature with half as many points is exact (as in arXiv 2605.04497). A
feature asked twice on a path is known at both nodes or at none: below the first, its chance is that given the way
taken. Eight points are eight lanes of one vector; the loop is in `training.attribution.kernel`.
"""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.attribution.kernel import LANES, kernel
from training.attribution.tables import tables_of
from training.attribution.tree_text import TreeText

Floats = npt.NDArray[np.float64]
LINE = 64
"""Bytes: vectors that begin with a line of the cache are read at one go."""


class TreeEffects:
    """The effects of one model's features. Safe to use from many threads at once.

    Making one raises CorruptTrees where a branch covers no rows, and ImportError, OSError or RuntimeError where the
    machine code cannot be made; then LightGBM has to be asked.
    """

    def __init__(self, model: TreeText) -> None:
        self.width = model.width
        self._kernel = kernel()
        self._tables = tables_of(model)
        self._runs = _runs(self._tables.deepest)
        self._local = threading.local()

    @property
    def expected(self) -> float:
        """The mean log-odds over the training rows, from which effects count."""
        return self._tables.expected

    @property
    def deepest(self) -> int:
        """The most features that one path of a tree asks for."""
        return int(self._tables.deepest.max(initial=0))

    def of(self, matrix: Floats) -> Floats:
        """Effects in log-odds of each row of a C-ordered matrix [n, width], NaN for missing; [n, width + 1].

        The last column is `expected`, and a row sums to the log-odds of its score.
        """
        out = np.zeros((len(matrix), self.width + 1))
        call = self._kernel.brief if len(matrix) == 1 else self._kernel.long
        before, between, after = self._arguments()
        for run in self._runs:
            rule = (run.points.ctypes.data, run.weights.ctypes.data)
            call(
                matrix.ctypes.data, len(matrix), self.width, out.ctypes.data,
                *before, run.first, run.end, *between, *rule, *after,
            )  # fmt: skip
        out[:, -1] = self._tables.expected
        return out

    def _arguments(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Addresses of the tables and of this thread's scratch space, in the kernel's order."""
        found: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None
        if (found := getattr(self._local, "arguments", None)) is None:
            t = self._tables
            vectors = [_vectors(rows) for rows in (*[t.most_rows] * 3, self.width)]
            scratch = [np.zeros(t.seen + 1), np.zeros(t.most_rows), np.zeros(t.most_rows), *vectors]
            inputs = (t.input_ints.ctypes.data, t.input_reals.ctypes.data, len(t.input_reals))
            sets = (t.categories.ctypes.data, len(t.categories), t.slots.ctypes.data, t.words.ctypes.data)
            nodes = tuple(table.ctypes.data for table in (t.node_ints, t.node_reals, t.repeats, t.leaves))
            found = (*inputs, *sets, t.trees.ctypes.data), nodes, tuple(each.ctypes.data for each in scratch)
            self._local.arguments, self._local.scratch = found, scratch
        return found


@dataclass(frozen=True)
class _Run:
    """Some trees, in the order of the tables, at some points of the quadrature."""

    first: int
    end: int
    points: Floats
    weights: Floats


def _runs(deepest: npt.NDArray[np.int32]) -> list[_Run]:
    """Each tree at as many points as its longest path needs, in runs of `LANES`; trees come in order of depth."""
    runs: list[_Run] = []
    blocks = -(-deepest // (2 * LANES))
    for block in np.unique(blocks):
        points, weights = np.polynomial.legendre.leggauss(int(block) * LANES)
        first, end = np.searchsorted(blocks, [block, block + 1]).tolist()
        for at in range(0, len(points), LANES):
            run = _Run(first, end, _vectors(1)[0], _vectors(1)[0])
            run.points[:], run.weights[:] = (points[at : at + LANES] + 1) / 2, weights[at : at + LANES] / 2
            runs.append(run)
    return runs


def _vectors(rows: int) -> Floats:
    """Zeros [rows, LANES] that begin with a line of the cache."""
    numbers = np.zeros(rows * LANES + LINE // 8)
    skip = -numbers.ctypes.data % LINE // 8
    return numbers[skip : skip + rows * LANES].reshape(rows, LANES)
