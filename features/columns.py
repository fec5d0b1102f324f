"""Where are values kept until a table is written? A column each, in memory or, where there are many, in a file.

A column is filled in the order of a key and then put into the order of the moments.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from features.values_at import Category, Floats, Values

Places = NDArray[np.integer]
Rows = slice | Places
"""Some moments: from one to another, or each by its number."""


class Column:
    """One verb's values for so many moments. With `path` they wait in a file there."""

    def __init__(self, moments: int, path: Path | None) -> None:
        self._moments = moments
        self._path = path
        self._file: BinaryIO | None = None
        self._held: NDArray[np.generic] | None = None
        self._levels: dict[str, int] | None = None
        self._named: NDArray[np.object_] | None = None
        self._renaming: tuple[NDArray[np.object_], NDArray[np.int32]] | None = None
        self._kind: np.dtype[np.generic] = np.dtype(np.float64)

    def put(self, values: Values, rows: Rows) -> None:
        """The values of these moments. In a file they are kept as they come, until `finish` says whose they are."""
        if isinstance(values, Category):
            stored: NDArray[np.generic] = self._renamed(values)
        else:
            stored = np.ascontiguousarray(values, np.float64)
        self._kind = stored.dtype
        if self._path is None:
            if self._held is None:
                self._held = np.empty(self._moments, stored.dtype)
            self._held[rows] = stored
            return
        if self._file is None:
            self._file = self._path.open("wb")
        stored.tofile(self._file)

    def finish(self, order: Places | None) -> None:
        """All moments are there; `order` says in which they came, None for their own."""
        if self._file is None or self._path is None:
            return
        self._file.close()
        self._file = None
        if order is not None:
            placed = np.empty(self._moments, self._kind)
            placed[order] = self._whole()
            placed.tofile(self._path)

    def rows(self, first: int, end: int) -> Values:
        """The values of moments [first, end)."""
        if self._path is None:
            return self._meant(self._whole()[first:end])
        size = self._kind.itemsize
        found = np.fromfile(self._path, self._kind, count=end - first, offset=first * size)
        return self._meant(found)

    def whole(self) -> Values:
        """All values."""
        return self._meant(self._whole())

    def _whole(self) -> NDArray[np.generic]:
        if self._path is not None:
            return np.fromfile(self._path, self._kind)
        return np.empty(0, self._kind) if self._held is None else self._held

    def _renamed(self, values: Category) -> NDArray[np.int32]:
        """Codes into this column's own levels."""
        if self._renaming is None:  # the first levels are this column's own, as they are
            self._renaming = (values.levels, np.arange(len(values.levels), dtype=np.int32))
            self._named = values.levels
        elif self._renaming[0] is not values.levels:
            mine = self._levels
            if mine is None:
                mine = self._levels = {level: code for code, level in enumerate(self._renaming[0].tolist())}
            names = np.array([mine.setdefault(level, len(mine)) for level in values.levels.tolist()], np.int32)
            self._renaming = (values.levels, names)
            self._named = None
        codes = self._renaming[1]
        if not len(codes):
            return np.full(len(values.codes), -1, np.int32)
        return np.where(values.codes < 0, np.int32(-1), codes[np.maximum(values.codes, 0)])

    def _meant(self, stored: NDArray[np.generic]) -> Values:
        if self._renaming is None:
            found: Floats = stored  # type: ignore[assignment]
            return found
        if self._named is None:
            self._named = np.array(list(self._levels or ()), object)
        return Category(stored.astype(np.int64), self._named)
