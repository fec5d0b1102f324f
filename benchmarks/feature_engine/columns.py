"""How are many rows of an invented table made at once? Arrow columns from NumPy arrays, no loop over rows."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MINUTE = 60_000_000
DAY = 1440 * MINUTE
WEEK = 7 * DAY
START = 1_672_531_200_000_000
"""2023-01-01 in microseconds UTC: the first deal."""
END = START + 1096 * DAY
"""2026-01-01: the export is taken, nothing is recorded later."""


def ids(prefix: str, numbers: Ints, width: int = 7) -> pa.Array:
    """Names such as D0104729, one for each number, in an order that has nothing to do with the numbers'."""
    scattered = (numbers * 7919 + 104_729) % 10**width
    digits = pc.utf8_lpad(pc.cast(pa.array(scattered), pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def picked(values: pa.Array, positions: Ints, missing: Flags | None = None) -> pa.Array:
    """The values at these positions, NULL where missing."""
    return values.take(pa.array(positions, mask=missing))


def words(rng: np.random.Generator, rows: int, shares: Mapping[str, float], missing: float = 0.0) -> pa.Array:
    """Texts drawn with these shares, some of them missing."""
    weights = np.array([*shares.values()]) / sum(shares.values())
    codes = np.searchsorted(np.cumsum(weights)[:-1], rng.random(rows)).astype(np.int64)
    return picked(pa.array([*shares]), codes, rng.random(rows) < missing if missing else None)


def moments(at: Ints, missing: Flags | None = None) -> pa.Array:
    """Microseconds as times."""
    return pa.array(at, pa.int64(), mask=missing).cast(pa.timestamp("us"))


def days(at: Ints) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(at.astype(np.int32), pa.int32()).cast(pa.date32())


def money(ten_thousandths: Ints) -> pa.Array:
    """Ten-thousandths as decimals of four places."""
    halves = np.empty((len(ten_thousandths), 2), np.int64)
    halves[:, 0], halves[:, 1] = ten_thousandths, ten_thousandths >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(halves), [None, pa.py_buffer(halves)])


def prices(rng: np.random.Generator, rows: int, usual: float) -> Ints:
    """Amounts in whole cents about a usual one, as ten-thousandths."""
    return np.rint(usual * rng.lognormal(0, 0.8, rows) * 100).astype(np.int64) * 100
