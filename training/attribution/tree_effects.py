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
taken. Eight points are eight lanes of one vector; the loop is in `training.attribution.loop`.
"""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.attribution.kernel import kernel
from training.attribution.tables import tables_of
from training.attribution.tree_text import TreeText
from training.machine_code.compiling import Block, Vectors, vectors
from training.machine_code.functions import LANES

Floats = npt.NDArray[np.float64]


class TreeEffects:
    """The effects of one model's features. Safe to use from many threads at once.

    Making one raises CorruptTrees where a branch covers no rows, and what `kernel` raises where the
    machine code cannot be made; then LightGBM has to be asked.
    """

    def __init__(self, model: TreeText) -> None:
        self.width = model.width
        self._kernel = kernel()
        self._tables = tables_of(model)
        self._runs = runs_of(self._tables.deepest)
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
        block = self._block()
        block.set(rows=len(matrix), x=matrix, out=out)
        if len(matrix) == 1:
            block.run()
        else:
            block.run_long()
        out[:, -1] = self._tables.expected
        return out

    def _block(self) -> Block:
        """The tables and this thread's scratch space, as the loop takes them."""
        found: Block | None
        if (found := getattr(self._local, "block", None)) is None:
            t, nothing = self._tables, np.zeros((0, self.width))
            found = self._local.block = Block(
                self._kernel, rows=0, width=self.width, x=nothing, out=nothing, inputs=len(t.input_reals),
                input_ints=t.input_ints, input_reals=t.input_reals, n_categories=len(t.categories),
                categories=t.categories, slots=t.slots, words=t.words, seen=np.zeros(t.seen + 1),
                nodes=len(t.thresholds), node_ints=t.node_ints, thresholds=t.thresholds,
                took=np.zeros(len(t.thresholds) + 1), runs=len(self._runs.ints), run_ints=self._runs.ints,
                points=self._runs.points, weights=self._runs.weights, trees=t.trees, shares=t.shares,
                repeats=t.repeats, leaves=t.leaves, joint=np.zeros(t.most_rows), reach=vectors(t.most_rows),
                lefts=vectors(t.most_rows), below=vectors(t.most_rows), sums=vectors(self.width),
            )  # fmt: skip
        return found


@dataclass(frozen=True)
class Runs:
    """Trees at points of the quadrature. ints [runs, 3]: first tree and end, and which points and weights."""

    ints: npt.NDArray[np.int32]
    points: Vectors
    weights: Vectors


def runs_of(deepest: npt.NDArray[np.int32]) -> Runs:
    """Each tree at as many points as its longest path needs, in runs of `LANES`; trees come in order of depth."""
    blocks = -(-deepest // (2 * LANES))
    rules = [rule_of(int(block)) for block in np.unique(blocks)]
    ints: list[tuple[int, int, int]] = []
    for block in np.unique(blocks).tolist():
        first, end = np.searchsorted(blocks, [block, block + 1]).tolist()
        ints += [(first, end, len(ints) + run) for run in range(block)]
    points, weights = vectors(max(len(ints), 1)), vectors(max(len(ints), 1))
    if rules:
        points[:], weights[:] = (np.concatenate([rule[side] for rule in rules]) for side in (0, 1))
    return Runs(np.array(ints, np.int32).reshape(-1, 3), points, weights)


def rule_of(block: int) -> tuple[Floats, Floats]:
    """Points between 0 and 1 and weights of the Gauss-Legendre quadrature, each [block, LANES]."""
    points, weights = np.polynomial.legendre.leggauss(block * LANES)
    return ((points + 1) / 2).reshape(block, LANES), (weights / 2).reshape(block, LANES)
