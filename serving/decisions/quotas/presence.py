"""How much of a period is a seller there, and at what strength? Joining, leaving, leave and ramp, by working days."""

from collections.abc import Sequence

import numpy as np

from features.bookings.calendar import worked
from serving.decisions.quotas.money import Floats
from serving.decisions.quotas.question import BadQuestion

Span = tuple[int, int]
"""First day and the day after the last, in days since 1970-01-01."""
DAYS_A_MONTH = 365.25 / 12


def working(first: int, until: int, country: str | None) -> Floats:
    """1.0 for each worked day of [first, until), 0.0 for others; all 1.0 where none is worked. Raises BadQuestion."""
    if until <= first:
        raise BadQuestion("period", "it ends before it begins", "give the day after its last as the end")
    found = worked(np.arange(first, until), country).astype(float)
    return found if found.any() else np.ones(until - first)


def there(
    first: int, until: int, joined: int | None = None, left: int | None = None, leave: Sequence[Span] = ()
) -> Floats:
    """1.0 for each day of the period that the seller is with us (from `joined`, before `left`) and not on leave."""
    days = np.arange(first, until)
    found = np.ones(len(days))
    found[days < (first if joined is None else joined)] = 0.0
    found[days >= (until if left is None else left)] = 0.0
    for begin, end in leave:
        found[(days >= begin) & (days < end)] = 0.0
    return found


def present(working_days: Floats, days_there: Floats) -> float:
    """The share of the working days that the seller is there.

    >>> present(np.array([1.0, 1, 0, 1, 1]), np.array([1.0, 1, 1, 0, 1]))
    0.75
    """
    return float((working_days * days_there).sum() / working_days.sum())


def ramp(
    first: int, joined: int | None, months: float, start: float, working_days: Floats, days_there: Floats
) -> float:
    """Mean strength on the working days there: from `start` on the first day, in a straight line to 1 after `months`.

    1.0 for somebody whose joining is not known, or who is not there at all (`present` says so).

    >>> days = np.ones(2 * 31)
    >>> round(ramp(0, 0, 62 / DAYS_A_MONTH, 0.0, days, days), 2)
    0.49
    """
    weight = working_days * days_there
    if joined is None or months <= 0 or not weight.any():
        return 1.0
    served = np.maximum(first + np.arange(len(weight)) - joined, 0)
    strength = np.minimum(start + (1 - start) * served / (months * DAYS_A_MONTH), 1.0)
    return float((strength * weight).sum() / weight.sum())
