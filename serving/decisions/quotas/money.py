"""How is money shared without drift? In whole minor units, the last ones by the largest remainder.

The method of the largest remainder is Hamilton's (Balinski and Young, Fair Representation, 1982).
"""

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

from features.errors import ForesellError

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]
MOST = 2**53
"""Minor units from which floats would no longer be exact: nobody's quota; stands for "no bound"."""
DIGITS = dict.fromkeys(("JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF"), 0) | dict.fromkeys(
    ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3
)
"""Decimal places of the currencies that do not have two (ISO 4217)."""


class MoneyNotFinite(ForesellError):
    problem = "'{0}' is no amount of money that can be planned with."
    fix = "give a finite amount below 90 trillion."


def minor(amount: Decimal | int | float | str, currency: str) -> int:
    """An amount in whole minor units (cents, fen, yen), half to even. Raises MoneyNotFinite.

    >>> minor("1234.565", "CNY"), minor(500, "JPY")
    (123456, 500)
    """
    try:
        found = Decimal(str(amount))
    except ArithmeticError as error:
        raise MoneyNotFinite(amount) from error
    if not found.is_finite() or abs(found) * 10 ** digits(currency) >= MOST:
        raise MoneyNotFinite(amount)
    return int((found * 10 ** digits(currency)).to_integral_value(ROUND_HALF_EVEN))


def major(amount: int, currency: str) -> Decimal:
    """Minor units as an amount that people write.

    >>> major(123456, "CNY")
    Decimal('1234.56')
    """
    return Decimal(int(amount)).scaleb(-digits(currency))


def digits(currency: str) -> int:
    """Decimal places of a currency."""
    return DIGITS.get(currency.upper(), 2)


def minor_draws(draws: Floats, currency: str) -> Floats:
    """Draws of money in minor units; not rounded, for they are no bookings."""
    return np.asarray(draws, np.float64) * 10.0 ** digits(currency)


def shared(total: int, weights: Floats) -> Wholes:
    """A whole total in proportion to weights (none below zero), exact; equal remainders go to the first.

    >>> shared(100, np.array([1.0, 1.0, 1.0])).tolist()
    [34, 33, 33]
    """
    return shared_rows(np.array([total], np.int64), np.asarray(weights, np.float64)[None, :]).ravel()


def shared_rows(totals: Wholes, weights: Floats) -> Wholes:
    """Each row's total in proportion to its weights [rows, parts] or to those of all [parts]; rows add up exactly.

    A row without any weight is shared evenly.
    """
    weight = np.array(np.broadcast_to(np.asarray(weights, np.float64), (len(totals), np.shape(weights)[-1])))
    weight[weight.sum(axis=1) <= 0] = 1.0
    exact = totals[:, None] * (weight / weight.sum(axis=1, keepdims=True))
    found = np.floor(exact).astype(np.int64)
    rest = totals - found.sum(axis=1)
    order = np.argsort(-(exact - found), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(weight.shape[1])[None, :], axis=1)
    return np.asarray(found + (rank < rest[:, None]) - (rank >= weight.shape[1] + rest[:, None]), np.int64)
