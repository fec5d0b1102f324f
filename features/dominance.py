"""How many events in a stretch have a value below a limit? A wavelet matrix over ranks, all at once.

For windows on when things happened among events in the order in which they became known, and for places in a
queue: both bound two orders at once, which running sums alone cannot. A question takes as many steps as the
length has bits, however many events lie in the stretch.

The structure is that of Claude, Navarro and Ordóñez (2015), "The wavelet matrix".
"""

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Dominance:
    """The order of n values, for questions about stretches of positions."""

    def __init__(self, values: Micros) -> None:
        n = len(values)
        order = np.argsort(values, kind="stable")
        self.sorted = values[order]
        ranks = np.empty(n, np.int64)
        ranks[order] = np.arange(n)
        self.bits = range(max(n - 1, 0).bit_length() - 1, -1, -1)
        self._zeros: list[Ints] = []
        for bit in self.bits:
            zero = (ranks >> bit) & 1 == 0
            counted = np.zeros(n + 1, np.int64)
            np.cumsum(zero, out=counted[1:])
            self._zeros.append(counted)
            ranks = np.concatenate([ranks[zero], ranks[~zero]])

    def below(self, first: Ints, end: Ints, limit: Micros, weights: Ints | Flags | None = None) -> Ints:
        """For each row the count (or sum of weights) of positions in [first, end) with a value below its limit."""
        result = np.zeros(len(first), np.int64)
        threshold = np.searchsorted(self.sorted, limit, side="left")
        every = threshold >= len(self.sorted)
        low, high = first.astype(np.int64), np.maximum(end, first).astype(np.int64)
        if every.any():
            prefix = running_sum(weights, len(self.sorted))
            result += np.where(every, prefix[high] - prefix[low], 0)
        current: Ints | Flags | None = weights
        for bit, zeros in zip(self.bits, self._zeros, strict=True):
            if current is not None:
                zero = np.diff(zeros) == 1
                current = np.concatenate([current[zero], current[~zero]])
            low_zero, high_zero = zeros[low], zeros[high]
            up = (threshold >> bit) & 1 == 1
            summed = None if current is None else running_sum(current, len(self.sorted))
            inside = high_zero - low_zero if summed is None else summed[high_zero] - summed[low_zero]
            result += np.where(up & ~every, inside, 0)
            total = zeros[-1]
            low = np.where(up, total + low - low_zero, low_zero)
            high = np.where(up, total + high - high_zero, high_zero)
        return result


def running_sum(weights: Ints | Flags | None, length: int) -> Ints:
    """The sum of the weights before each position, or the position itself where each counts one; length + 1 sums."""
    if weights is None:
        return np.arange(length + 1, dtype=np.int64)
    found = np.zeros(length + 1, np.int64)
    np.cumsum(weights, out=found[1:])
    return found
