"""What a feature's value is, for many moments or for one, and the arithmetic on either.

The two arithmetics give the same bits: integers are exact, and each float operation is one of IEEE 754.
"""

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MISSING = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Category:
    """Texts as codes into `levels`; -1 is missing."""

    codes: Ints
    levels: NDArray[np.object_]

    def texts(self) -> NDArray[np.object_]:
        """The texts themselves, None where missing."""
        found = self.levels[np.maximum(self.codes, 0)] if len(self.levels) else np.empty(len(self.codes), object)
        found[self.codes < 0] = None
        return found


Values = Floats | Category
One = float | str | None
"""A single value: a number (NaN missing), a text, or None for a missing text."""


class Vectors:
    """Arithmetic on a value for each moment."""

    @staticmethod
    def real(values: Ints) -> Floats:
        """Integers as floats."""
        return np.asarray(values, np.float64)

    @staticmethod
    def over(values: Ints, unit: int) -> Floats:
        """Integers over a unit; NaN where MISSING."""
        return np.where(values == MISSING, np.nan, values / unit)

    @staticmethod
    def divide(over: Floats, under: Floats) -> Floats:
        """NaN where the divisor is 0 or missing."""
        result = np.full(len(over), np.nan)
        np.divide(over, under, out=result, where=np.asarray(under) != 0)
        return result

    @staticmethod
    def root(values: Floats) -> Floats:
        """The square root; 0 for what rounding left below 0."""
        return np.asarray(np.sqrt(np.maximum(values, 0.0)))

    @staticmethod
    def squared(high: Floats, cross: Floats, low: Floats, bits: int) -> Floats:
        """A sum of squares from its parts."""
        return np.asarray(high * 2.0 ** (2 * bits) + cross * 2.0 ** (bits + 1) + low)

    @staticmethod
    def where(test: NDArray[np.bool_], yes: Floats, no: float) -> Floats:
        """One value or the other."""
        return np.where(test, yes, no)

    @staticmethod
    def floor_divide(over: Ints, under: Ints) -> Ints:
        """The quotient rounded down; 0 where the divisor is 0."""
        safe = np.where(under == 0, 1, under)
        return np.where(under == 0, 0, over // safe)

    @staticmethod
    def less(moment: Ints, other: Ints) -> Ints:
        """One moment less another; MISSING where either is."""
        there = (moment != MISSING) & (other != MISSING)
        return np.where(there, np.where(there, moment, 0) - np.where(there, other, 0), MISSING)

    @staticmethod
    def missing(values: Ints) -> NDArray[np.bool_]:
        """Which integers are not there."""
        return np.asarray(values == MISSING)


class Scalars:
    """The same on one value."""

    @staticmethod
    def real(value: int) -> float:
        """An integer as a float."""
        return float(value)

    @staticmethod
    def over(value: int, unit: int) -> float:
        """An integer over a unit; NaN where MISSING."""
        return nan if value == MISSING else float(value) / unit

    @staticmethod
    def divide(over: float, under: float) -> float:
        """NaN where the divisor is 0 or missing."""
        return over / under if under != 0 else nan

    @staticmethod
    def root(value: float) -> float:
        """The square root; 0 for what rounding left below 0."""
        return value if isnan(value) else sqrt(max(value, 0.0))

    @staticmethod
    def squared(high: float, cross: float, low: float, bits: int) -> float:
        """A sum of squares from its parts."""
        return high * 2.0 ** (2 * bits) + cross * 2.0 ** (bits + 1) + low

    @staticmethod
    def where(test: bool, yes: float, no: float) -> float:
        """One value or the other."""
        return yes if test else no

    @staticmethod
    def floor_divide(over: int, under: int) -> int:
        """The quotient rounded down; 0 where the divisor is 0."""
        return over // under if under else 0

    @staticmethod
    def less(moment: int, other: int) -> int:
        """One moment less another; MISSING where either is."""
        return MISSING if MISSING in (moment, other) else moment - other

    @staticmethod
    def missing(value: int) -> bool:
        """Whether an integer is not there."""
        return value == MISSING
