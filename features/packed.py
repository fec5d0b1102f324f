"""How are whole numbers kept in few bytes, and found among many? Packed arrays, and orders of them to search in."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from features.kernel import MISSING

Packed = NDArray[np.signedinteger]
"""Integers in as few bytes as hold them; the least number of the type is a missing number."""
Rows = slice | NDArray[np.signedinteger]
PLACES = 8
"""Places of an order that are held."""
MOST = 2**63


def bisected(values: "NDArray[np.signedinteger] | NDArray[np.uint64]") -> "memoryview[int]":
    """An array as plain integers, to be searched."""
    return memoryview(np.ascontiguousarray(values))  # type: ignore[arg-type]


class Order:
    """The events in the order of some values; `rows` are that order where it is known and another."""

    def __init__(self, values: NDArray[np.int64], rows: NDArray[np.int32] | None = None) -> None:
        if rows is None and not bool((values[1:] >= values[:-1]).all()):
            rows = np.argsort(values, kind="stable").astype(np.int32)
        self.rows = rows
        self._values = bisected(values)
        self._order = None if rows is None else bisected(rows)
        self._places: list[tuple[int, int, int]] = []

    def place(self, value: int) -> int:
        """How many values are below one. The last answers are held: windows move slowly, and arrays may lie far."""
        for low, high, place in self._places:
            if low < value <= high:
                return place
        at = self._at
        place = bisect_left(range(len(self._values)), value, key=at)
        low = at(place - 1) if place else MISSING
        high = at(place) if place < len(self._values) else MOST
        self._places = [(low, high, place), *self._places[: PLACES - 1]]
        return place

    def _at(self, place: int) -> int:
        return self._values[place if self._order is None else self._order[place]]

    def stretch(self, first: int, end: int) -> Rows:
        """The events at these places of the order."""
        return slice(first, end) if self.rows is None else self.rows[first:end]


def packed(values: NDArray[np.int64], is_text: bool) -> Packed:
    """Integers in as few bytes as hold them, MISSING as the least number of the type."""
    if is_text:
        low, high = int(values.min(initial=-1)), int(values.max(initial=-1))
        kind: type[np.signedinteger] = next(
            kind
            for kind in (np.int8, np.int16, np.int32, np.int64)
            if np.iinfo(kind).min <= low <= high <= np.iinfo(kind).max
        )
        return values.astype(kind)
    there = values != MISSING
    low, high = int(values.min(where=there, initial=0)), int(values.max(where=there, initial=0))
    for small in (np.int8, np.int16, np.int32):
        if np.iinfo(small).min < low and high <= np.iinfo(small).max:
            return np.where(there, values, np.iinfo(small).min).astype(small)
    return values


def widened(values: Packed) -> NDArray[np.int64]:
    """Packed numbers as they were."""
    if values.dtype == np.int64:
        return values
    wide = values.astype(np.int64)
    return np.where(wide == np.iinfo(values.dtype).min, MISSING, wide)
