"""How is a feature table told to trees? A matrix of numbers, categories as whole-number codes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from training.rivals.rival import Floats, Row, number_of, text_of

if TYPE_CHECKING:
    import pandas as pd


class CodedColumns:
    """The columns that trees were learned from, and the codes of each category's levels."""

    columns: tuple[str, ...]
    codes: dict[str, dict[str, int]]

    def _matrix(self, x: pd.DataFrame) -> Floats:
        """Numbers and codes [n, columns]; each text is read once, whatever the number of rows."""
        import pandas as pd

        matrix = np.empty((len(x), len(self.columns)))
        for at, name in enumerate(self.columns):
            if (codes := self.codes.get(name)) is None:
                matrix[:, at] = x[name].to_numpy(dtype=np.float64)
            else:
                place, levels = pd.factorize(x[name])
                matrix[:, at] = np.array([*(_code(codes, text_of(level)) for level in levels), np.nan])[place]
        return matrix

    def _line(self, row: Row) -> list[float]:
        return [
            number_of(row.get(name))
            if (codes := self.codes.get(name)) is None
            else _code(codes, text_of(row.get(name)))
            for name in self.columns
        ]


def _code(codes: Mapping[str, int], value: str | None) -> float:
    """The code of a category; one not seen in training counts as missing."""
    return math.nan if value is None else float(codes.get(value, math.nan))
