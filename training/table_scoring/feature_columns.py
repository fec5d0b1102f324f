"""How do the columns of a feature table reach trees and regressions? As arrays, each text looked up once.

A feature that the table does not have is missing in every row, as it is where one row is scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.definition import Feature
from features.evaluate import Category, Values
from features.feature_checks import gives_text
from training.rivals.rival import text_of
from training.table_scoring.errors import WrongType

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class FeatureColumns:
    """The features' values of some rows; how many there are has to be said where there are no values."""

    def __init__(self, values: Mapping[str, Values], rows: int | None = None) -> None:
        self.values = values
        first = next(iter(values.values()), None)
        counted = 0 if first is None else len(first.codes if isinstance(first, Category) else first)
        self.rows = counted if rows is None else rows
        self._texts: dict[str, Category] = {}

    def __len__(self) -> int:
        return self.rows

    def part(self, start: int, end: int) -> FeatureColumns:
        """Some of the rows."""
        return FeatureColumns(
            {
                name: Category(each.codes[start:end], each.levels) if isinstance(each, Category) else each[start:end]
                for name, each in self.values.items()
            },
            end - start,
        )

    def rows_at(self, rows: NDArray[np.intp]) -> FeatureColumns:
        """The rows at these places."""
        return FeatureColumns(
            {
                name: Category(each.codes[rows], each.levels) if isinstance(each, Category) else each[rows]
                for name, each in self.values.items()
            },
            len(rows),
        )

    def some(self, name: str, rows: NDArray[np.intp]) -> list[float | str | None]:
        """A feature's values in some rows as plain numbers and texts, None where missing."""
        column = self.values.get(name)
        if column is None:
            return [None] * len(rows)
        if isinstance(column, Category):
            return [None if code < 0 else str(column.levels[code]) for code in column.codes[rows].tolist()]
        return [None if number != number else number for number in column[rows].tolist()]

    def told_as(self, features: Sequence[Feature]) -> FeatureColumns:
        """The same with numbers as numbers and texts as texts, as the features are. Raises WrongType."""
        values = dict(self.values)
        for each in features:
            if each.name in values:
                values[each.name] = self.texts(each.name) if gives_text(each.verb) else self.numbers(each.name)
        return FeatureColumns(values, self.rows)

    def numbers(self, name: str) -> Floats:
        """A feature's numbers [n], NaN where missing. Raises WrongType where they are texts."""
        found = self.values.get(name)
        if found is None:
            return np.full(self.rows, np.nan)
        if not isinstance(found, Category):
            return found
        if (found.codes >= 0).any():
            raise WrongType(name, "texts", "numbers")
        return np.full(self.rows, np.nan)

    def texts(self, name: str) -> Category:
        """A feature's texts; a number given for one counts as its text."""
        found = self.values.get(name)
        if isinstance(found, Category):
            return found
        if name not in self._texts:
            self._texts[name] = _as_texts(np.full(self.rows, np.nan) if found is None else found)
        return self._texts[name]

    def told(self, name: str, numbers: Mapping[str, float], other: float, missing: float) -> Floats:
        """For each row the number of its text [n]."""
        texts = self.texts(name)
        by_level = np.array([*(numbers.get(level, other) for level in texts.levels.tolist()), missing], float)
        return by_level[np.where(texts.codes < 0, len(by_level) - 1, texts.codes)]

    @cached_property
    def lists(self) -> dict[str, Sequence[float | str | None]]:
        """Each column as plain numbers and texts, None where missing, as one row's scorer sees them."""
        found: dict[str, Sequence[float | str | None]] = {}
        for name, each in self.values.items():
            if isinstance(each, Category):
                found[name] = each.texts().tolist()
            else:
                told: list[float | None] = each.astype(object).tolist()
                for row in np.flatnonzero(np.isnan(each)).tolist():
                    told[row] = None
                found[name] = told
        return found

    def row(self, at: int) -> dict[str, float | str | None]:
        """One row."""
        return {name: column[at] for name, column in self.lists.items()}

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """The table with these columns in this order, and what else there is."""
        import pandas as pd

        columns: dict[str, pd.Series[float] | pd.Series[str]] = {}
        for name in dict.fromkeys([*names, *self.values]):
            found = self.values.get(name)
            if isinstance(found, Category):
                columns[name] = pd.Series(found.texts(), dtype=object)
            else:
                columns[name] = pd.Series(self.numbers(name), dtype=float)
        return pd.DataFrame(columns)


def _as_texts(numbers: Floats) -> Category:
    known = np.isfinite(numbers)
    levels, codes = np.unique(numbers[known], return_inverse=True)
    places = np.full(len(numbers), -1, np.int64)
    places[known] = codes
    return Category(places, np.array([text_of(level) for level in levels.tolist()], object))
