"""Too many small customers or products for a series each: those alike are forecast together, and shared out by draws.

A pool's total is drawn by the series model; in every draw and period it falls on few of its members (gamma shares, so
that each has on average what it had of late), as small customers buy seldom and then a lot. Members add up to their
pool.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import Texts
from training.bookings.levels import Codes

Floats = NDArray[np.float64]
MOST_SERIES = 600
"""Atoms that have a series of their own: the largest of late."""
LUMPY = 0.3
"""Shape of the gamma law of an average member's share."""
LEAST = 1e-9


@dataclass(frozen=True)
class Pools:
    """For each atom the number of its series; series from `first` on are pools. `share` is the atom's within its
    series.
    """

    of: Codes
    first: int
    share: Floats


def pools(size: Floats, labels: Mapping[str, Texts]) -> Pools | None:
    """Pool all but the largest atoms with those of the same labels (owners apart); None where there are few."""
    if len(size) <= MOST_SERIES:
        return None
    order = np.argsort(-size, kind="stable")
    of = np.full(len(size), -1, np.int64)
    largest = np.sort(order[:MOST_SERIES])
    of[largest] = np.arange(MOST_SERIES)
    small = np.flatnonzero(of < 0)
    alike = np.zeros(len(small), np.int64)
    for level in sorted(set(labels) - {"customer", "rep", "product"}):
        names, one = np.unique(labels[level][small].astype(str), return_inverse=True)
        alike = np.unique(alike * len(names) + one, return_inverse=True)[1]
    of[small] = MOST_SERIES + alike
    worth = np.maximum(size, max(float(size.mean()), LEAST) * 0.02)
    return Pools(of, MOST_SERIES, worth / np.bincount(of, worth)[of])


@dataclass(frozen=True)
class PooledModel:
    """A series model of pools that answers for their members."""

    model: Any
    pools: Pools

    def draw(self, panel: Any, horizon: int, draws: int = 500, seed: int = 0) -> Floats:
        """[draws, atoms, periods]."""
        drawn = self.model.draw(panel, horizon, draws, seed)
        found = drawn[:, self.pools.of]
        small = self.pools.of >= self.pools.first
        for period in range(horizon):
            found[:, small, period] *= self._shares(period, draws, seed)
        return np.asarray(found)

    def draw_sums(self, panel: Any, horizon: int, groups: Codes, draws: int = 500, seed: int = 0) -> Floats:
        """[draws, groups, periods]: the same draws, summed by group."""
        from scipy.sparse import csr_matrix

        size = int(groups.max(initial=0)) + 1
        drawn = self.model.draw(panel, horizon, draws, seed)
        small = self.pools.of >= self.pools.first
        matrices = [
            csr_matrix((np.ones(int(rows.sum())), (groups[rows], np.arange(int(rows.sum())))), (size, int(rows.sum())))
            for rows in (~small, small)
        ]
        found = np.empty((draws, size, horizon))
        for period in range(horizon):
            own = drawn[:, self.pools.of[~small], period]
            shared = drawn[:, self.pools.of[small], period] * self._shares(period, draws, seed)
            found[:, :, period] = (matrices[0] @ own.T + matrices[1] @ shared.T).T
        return found

    def _shares(self, period: int, draws: int, seed: int) -> Floats:
        """Shares of the members of pools in a period, each pool's adding up to one: [draws, members]."""
        small = np.flatnonzero(self.pools.of >= self.pools.first)
        of = self.pools.of[small] - self.pools.first
        members = np.bincount(of)
        shape = np.maximum(LUMPY * self.pools.share[small] * members[of], 1e-3)
        random = np.random.default_rng([seed, 5, period])
        luck = random.standard_gamma(np.broadcast_to(shape, (draws, len(small))))
        order = np.argsort(of, kind="stable")
        starts = np.concatenate([[0], np.cumsum(members)[:-1]])
        total = np.add.reduceat(luck[:, order], starts, axis=1)
        whole = total[:, of]
        return np.where(whole > LEAST, luck / np.maximum(whole, LEAST), self.pools.share[small])
