"""Products that are sold no more: what did they sell, and what is sold in their stead?

A product that has not sold for some months is seldom sold again, and models that remember last year's season keep
expecting it. How many idle periods mean the end is read off the past: the fewest after which what came back was next to
nothing of all sales. What a retired product sold is history of those that are sold in its stead, in proportion to what
they sell now; so totals of the past stay what they were, and nothing is expected of the retired.

This rewrites the past with what is known at the moment asked, and models rehearsed within it see those products sell as
if the end of the others had been known: by product they look a little better in rehearsal than they were, and totals do
not. Moments that judge are not touched: each rewrites only the past it knew.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
IDLE = (3, 4, 6, 9, 12)
"""Idle periods that are asked about."""
NEXT = 3
"""Periods in which a product may come back."""
COMES_BACK = 0.005
"""Share of all sales that may come back from products idle so long."""
FEWEST = 6
"""Past periods, at which some product had been idle so long, below which nothing is known of coming back."""


def retired(amounts: Floats) -> NDArray[np.bool_]:
    """Which series [series, periods] have ended."""
    sold = amounts != 0
    size = sold.shape[1]
    for idle in IDLE:
        if size < idle + NEXT + FEWEST:
            break
        came = whole = 0.0
        seen = 0
        for now in range(idle + 1, size - NEXT + 1):
            out = _idle(sold[:, :now], idle)
            seen += bool(out.any())
            ahead = np.abs(amounts[:, now : now + NEXT]).sum(axis=1)
            came, whole = came + float(ahead[out].sum()), whole + float(ahead.sum())
        if seen >= FEWEST and came <= COMES_BACK * whole:
            return _idle(sold, idle)
    return np.zeros(len(amounts), bool)


def handed_on(amounts: Floats) -> Floats:
    """The series with what the retired sold handed on to the others; unchanged where none is, or all are."""
    gone = retired(amounts)
    if not gone.any():
        return amounts
    late = np.where(gone, 0.0, np.maximum(amounts[:, -NEXT:].sum(axis=1), 0.0))
    if late.sum() <= 0:
        return amounts
    share = late / late.sum()
    found = np.where(gone[:, None], 0.0, amounts)
    return np.asarray(found + share[:, None] * amounts[gone].sum(axis=0), np.float64)


def _idle(sold: NDArray[np.bool_], idle: int) -> NDArray[np.bool_]:
    """Series that sold before, and not in the last `idle` periods."""
    return np.asarray(sold.any(axis=1) & ~sold[:, -idle:].any(axis=1))
