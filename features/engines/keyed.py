"""Whose events does each moment look at? Names in order, and the moments grouped by them."""

from bisect import bisect_right

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.columns import Rows
from features.kernel import Ints, codes_in, take


class Keyed:
    """Whose events each moment looks at: sorted names, each moment's place among them, the moments by place."""

    def __init__(self, names: pa.Array, codes: Ints) -> None:
        self.names = names
        self.codes = codes.astype(np.int32)  # half the memory: there are as many as moments
        sorted_already = bool((codes[1:] >= codes[:-1]).all())
        self.order = None if sorted_already else stable_order(codes + 1).astype(np.int32)
        held = codes if self.order is None else codes[self.order]
        self.starts = np.searchsorted(held, np.arange(len(names) + 1))
        self._seen: list[tuple[pa.Array, Ints]] = []

    def place_after(self, name: str) -> int:
        """How many names are not beyond this one."""
        return bisect_right(range(len(self.names)), name, key=lambda place: self.names[place].as_py())

    def rows(self, first: int, end: int) -> Rows:
        """The moments in places [first, end) of the order."""
        return slice(first, end) if self.order is None else self.order[first:end]

    def segments(self, ids: pa.Array) -> Ints:
        """The segment of each name in an index with these ids, -1 for none; and -1 behind them, for moments without."""
        if not len(ids):
            return np.full(len(self.names) + 1, -1, np.int64)
        for seen, segments in self._seen:
            if seen.equals(ids):  # most streams of deals have the same deals
                return segments
        import pyarrow.compute as pc

        segments = np.append(codes_in(pc.index_in(self.names, ids)), -1)
        self._seen = [(ids, segments)]
        return segments


def stable_order(codes: Ints) -> Ints:
    """The order of small whole numbers, equal ones as they come: NumPy sorts 16 bits at a time in linear time."""
    order = np.argsort((codes & 0xFFFF).astype(np.uint16), kind="stable")
    for shift in range(16, int(codes.max(initial=0)).bit_length(), 16):
        part = ((codes >> shift) & 0xFFFF).astype(np.uint16)
        order = order[np.argsort(part[order], kind="stable")]
    return order


def keyed(names: NDArray[np.object_], codes: Ints) -> Keyed:
    """Moments by their names' order; a code of -1 has no name."""
    texts = pa.array(names, pa.string())
    import pyarrow.compute as pc

    order = pc.sort_indices(texts)
    ranks = np.empty(len(names), np.int64)
    ranks[order.to_numpy()] = np.arange(len(names))
    return Keyed(texts.take(order), take(ranks, codes, -1))
