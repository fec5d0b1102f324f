"""Which sums are forecast? Every group of every level, and the atoms, as rows of one summing matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.series.panel import Floats, Ints, Panel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ATOMS = ("",)
"""The level of the atoms themselves."""


@dataclass(frozen=True)
class Nodes:
    """Levels from the company down, each with its groups, then the atoms in their own order."""

    level: list[tuple[str, ...]]
    """The level of each node."""
    keys: list[tuple[str, ...]]
    """The group of each node: one value per label of its level; an atom's values of all labels."""
    matrix: "csr_matrix"
    """[n_nodes, n_atoms]: 1 where the atom counts toward the node."""

    def __len__(self) -> int:
        return len(self.keys)

    def sums(self, atoms: Floats) -> Floats:
        """Amounts of the nodes from those of the atoms, [n_atoms, n] -> [n_nodes, n]."""
        return np.asarray(self.matrix @ atoms, np.float64)

    def levels(self) -> list[tuple[str, ...]]:
        """Every level once, in order."""
        return list(dict.fromkeys(self.level))

    def at(self, level: tuple[str, ...]) -> Ints:
        """The numbers of a level's nodes."""
        return np.flatnonzero([each == level for each in self.level]).astype(np.int64)

    def first(self, panel: Panel) -> Ints:
        """The first period that counts for each node: its earliest atom's."""
        matrix = self.matrix
        ends = matrix.indptr
        return np.array([panel.first[matrix.indices[a:b]].min() for a, b in pairwise(ends)], np.int64)


def nodes_of(panel: Panel, levels: Sequence[tuple[str, ...]], adds_up: bool = True) -> Nodes:
    """The company, the given levels without repetition, and the atoms; only these where nothing `adds_up`."""
    from scipy.sparse import csr_matrix

    wanted = list(dict.fromkeys([(), *levels])) if adds_up else []
    level: list[tuple[str, ...]] = []
    keys: list[tuple[str, ...]] = []
    rows: list[NDArray[np.int64]] = []
    for each in wanted:
        found, number = panel.groups(each)
        rows.append(number + len(keys))
        keys += found
        level += [each] * len(found)
    rows.append(np.arange(panel.n_atoms) + len(keys))
    keys += panel.names()
    level += [ATOMS] * panel.n_atoms
    atoms = np.tile(np.arange(panel.n_atoms), len(rows))
    ones = np.ones(len(atoms))
    matrix = csr_matrix((ones, (np.concatenate(rows), atoms)), shape=(len(keys), panel.n_atoms))
    return Nodes(level, keys, matrix)
