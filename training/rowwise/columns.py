"""How does a row of features become numbers that machine code can read? A vector of numbers, and codes of texts."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from features.evaluate import Category, Values
from training.machine_code.compiling import Reals, Wholes
from training.rivals.rival import Row, text_of

MISSING, UNKNOWN = -1, -2
"""Codes of a text that is not there, and of one that no learner has seen."""


class RowColumns:
    """The features that learners look at, numbers and texts, each in a fixed order.

    A text's code is its place among all texts that any learner knows of that feature.
    """

    def __init__(self, numbers: Iterable[str], texts: Mapping[str, Iterable[str]]) -> None:
        """Names of numbers, and the known texts of each other feature."""
        self.numbers = tuple(dict.fromkeys(numbers))
        self.texts = tuple(texts)
        self.codes = [{text: code for code, text in enumerate(dict.fromkeys(known))} for known in texts.values()]
        self.number_place = {name: at for at, name in enumerate(self.numbers)}
        self.text_place = {name: at for at, name in enumerate(self.texts)}
        self._coded = list(zip(self.texts, self.codes, strict=True))

    def read(self, row: Row, x: Reals, codes: Wholes) -> None:
        """Write one row into x [numbers] and codes [texts]."""
        get = row.get
        x[: len(self.numbers)] = np.array([*map(get, self.numbers)], np.float64)
        codes[: len(self.texts)] = [code_of(known, get(name)) for name, known in self._coded]

    def laid_out(self, values: Mapping[str, Values], rows: slice) -> tuple[Reals, Wholes]:
        """Some rows of columns as numbers [n, numbers] and codes [n, texts]."""
        many = rows.stop - rows.start
        x, codes = np.empty((many, len(self.numbers))), np.empty((many, len(self.texts)), np.int32)
        for at, name in enumerate(self.numbers):
            x[:, at] = np.nan if name not in values else _numbers(values[name], rows)
        for at, (name, known) in enumerate(self._coded):
            codes[:, at] = MISSING if name not in values else _codes(known, values[name], rows)
        return x, codes


def code_of(known: Mapping[str, int], value: float | str | None) -> int:
    """The code of a text, or of what stands for one, as learners read it; `known` are the codes of texts."""
    if value.__class__ is not str:
        value = text_of(value)
    return MISSING if value is None else known.get(value, UNKNOWN)


def _numbers(column: Values, rows: slice) -> npt.NDArray[np.float64]:
    if isinstance(column, Category):
        return np.array([*column.texts()[rows]], np.float64)
    return np.asarray(column, np.float64)[rows]


def _codes(known: Mapping[str, int], column: Values, rows: slice) -> Wholes:
    """Each level is read once, whatever the number of rows."""
    if isinstance(column, Category):
        levels = [code_of(known, level) for level in column.levels]
        return np.array([*levels, MISSING], np.int32)[column.codes[rows]]
    return np.array([code_of(known, None if value != value else value) for value in column[rows].tolist()], np.int32)
