"""Two panels, one forecast: customers with their reps on one side, products on the other.

Where customers times products are too many to forecast one by one, each side is forecast by itself. Totals of the
company and of customers and reps are those of their side; products are scaled in every draw to the company's total; and
what a customer buys of a product is shared out by what was bought of late, raked until both sides' means are met
(Deming and Stephan 1940), with the luck of both sides. So means add up exactly, whatever is crossed with what.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from features.bookings.pace import Texts
from features.calendar import Days
from training.bookings.levels import Codes
from training.bookings.series_rest import SeriesRest

Floats = NDArray[np.float64]
ROUNDS = 30
AT_ONCE = 20_000
"""Pairs whose draws are held at once."""
LEAST_LUCK = 0.05


@dataclass(frozen=True)
class SplitRest:
    """`owners` are those of the pairs (atom of one side, product), `weight` what each pair bought of late."""

    owners: dict[str, Texts]
    sellers: SeriesRest
    products: SeriesRest
    seller: Codes
    product: Codes
    weight: Floats

    @property
    def first_day(self) -> int:
        return self.sellers.first_day

    @property
    def draws(self) -> int:
        return self.sellers.draws

    def totals(self, codes: Codes, groups: int, edges: Days) -> Floats:
        """[groups, periods, draws]."""
        one_sided = _of_side(codes, self.seller, len(self.sellers.lumps))
        if one_sided is not None:
            return self.sellers.totals(one_sided, groups, edges)
        own = _of_side(codes, self.product, len(self.products.lumps))
        company = self.sellers.totals(np.zeros(len(self.sellers.lumps), np.int64), 1, edges)[0]
        if own is not None:
            return _scaled(self.products.totals(own, groups, edges), company)
        return self._crossed(codes, groups, edges, company)

    def _crossed(self, codes: Codes, groups: int, edges: Days, company: Floats) -> Floats:
        """Groups that cross both sides: raked means of the pairs, times how both sides' draws lie to their means."""
        every = np.arange(len(self.sellers.lumps)), np.arange(len(self.products.lumps))
        rows = self.sellers.totals(every[0], len(every[0]), edges)
        columns = _scaled(self.products.totals(every[1], len(every[1]), edges), company)
        mean = self._raked(rows.mean(axis=2), columns.mean(axis=2))
        rows, columns = _relative(rows), _relative(columns)
        whole = np.maximum(_relative(company[None])[0], LEAST_LUCK)
        found = np.zeros((groups, len(edges) - 1, self.draws))
        order = np.argsort(codes, kind="stable")
        for start in range(0, len(order), AT_ONCE):
            pairs = order[start : start + AT_ONCE]
            used, place = np.unique(codes[pairs], return_inverse=True)
            matrix = csr_matrix((np.ones(len(pairs), np.float32), (place, np.arange(len(pairs)))))
            for period in range(len(edges) - 1):
                luck = rows[self.seller[pairs], period] * columns[self.product[pairs], period] / whole[period]
                average = luck.mean(axis=1, keepdims=True)
                luck *= np.divide(mean[pairs, period, None], average, out=np.zeros_like(average), where=average > 0)
                flat = np.where(average[:, 0] > 0, 0.0, mean[pairs, period])
                found[used, period] += matrix @ (luck + flat[:, None])
        return found

    def _raked(self, own: Floats, other: Floats) -> Floats:
        """Means of the pairs by period, adding up to the means of both sides [atoms, periods]: [pairs, periods]."""
        least = max(float(self.weight.max(initial=0.0)) * 1e-9, 1e-9)
        cells = np.repeat(np.maximum(self.weight, least)[:, None], own.shape[1], axis=1)
        for _ in range(ROUNDS):
            for code, wanted in ((self.product, other), (self.seller, own)):
                for period in range(own.shape[1]):
                    there = np.bincount(code, cells[:, period], len(wanted))
                    positive = np.maximum(wanted[:, period], 0)
                    factor = np.divide(positive, there, out=np.zeros(len(there)), where=there > 0)
                    cells[:, period] *= factor[code]
        # What is left, as of customers who are expected to give back more than they buy, is shared out by sums.
        part = np.maximum(self.weight, least)
        for _ in range(ROUNDS):
            for code, wanted in ((self.product, other), (self.seller, own)):
                share = part / np.bincount(code, part, len(wanted))[code]
                for period in range(own.shape[1]):
                    left = wanted[:, period] - np.bincount(code, cells[:, period], len(wanted))
                    cells[:, period] += left[code] * share
        return cells


def _of_side(codes: Codes, atom: Codes, atoms: int) -> Codes | None:
    """The group of each atom of a side, where no atom is in two groups; else None."""
    found = np.zeros(atoms, np.int64)
    found[atom] = codes
    return found if (found[atom] == codes).all() else None


def _scaled(totals: Floats, company: Floats) -> Floats:
    """Draws [groups, periods, draws] that in each period add up to the company's [periods, draws], order for order."""
    sums = totals.sum(axis=0)
    found = np.empty_like(totals)
    for period in range(totals.shape[1]):
        # The best draw of one side goes with the best of the other.
        ours, theirs = np.argsort(sums[period], kind="stable"), np.argsort(company[period], kind="stable")
        ordered = totals[:, period][:, ours]
        there = sums[period][ours]
        wanted = company[period][theirs]
        mean = totals[:, period].mean(axis=1)
        share = mean / mean.sum() if mean.sum() > 0 else np.full(len(mean), 1 / len(mean))
        scaled = np.where(there > 0, ordered * (wanted / np.where(there > 0, there, 1.0)), share[:, None] * wanted)
        found[:, period][:, theirs] = scaled
    return found


def _relative(totals: Floats) -> Floats:
    """Draws over their mean; 1 where nothing is to be expected."""
    mean = totals.mean(axis=2, keepdims=True)
    found = np.divide(totals, mean, out=np.ones_like(totals), where=mean > 0)
    return found.astype(np.float32)  # type: ignore[no-any-return]
