"""How many wins were expected from a moment on, and how many came? What shocks to all deals are learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import Sales
from features.calendar import Days
from training.bookings.chances import GRID
from training.bookings.deals_rest import expected_new_wins
from training.bookings.profile import DayProfile
from training.bookings.shocks import Counted, Shocks, fit_shocks
from training.bookings.standing import Standing

Floats = NDArray[np.float64]
QUARTER = 92
"""Days until all of a quarter is over, whichever it is."""


@dataclass(frozen=True)
class Foretold:
    """Wins expected from a moment on, and their variance if each deal were a coin: of the deals open then within each
    of two stretches of days, and of deals to come."""

    day: int
    open_ones: frozenset[str]
    of_open: tuple[tuple[float, float, float], ...]
    of_new: float

    def counted(self, sold: Sales) -> tuple[Counted, Counted, Counted]:
        """The same beside what came, as far as it is in `sold`."""
        longest = self.of_open[-1][0]
        among = np.array([line in self.open_ones for line in sold.line.tolist()], bool)
        near, far = (
            Counted(expected, variance, self._came(sold.day[among], days)) for days, expected, variance in self.of_open
        )
        return near, far, Counted(self.of_new, self.of_new, self._came(sold.day[~among], longest))

    def _came(self, day: Days, days: float) -> float:
        return float(((day >= self.day) & (day < self.day + days)).sum())


def foretold_at(at: Standing, said: Floats, profile: DayProfile, day: int) -> Foretold:
    """Wins of open deals within a month and a quarter, and of new deals within a quarter."""
    of_open = []
    for days in (30.0, 90.0):
        p = said[:, np.searchsorted(GRID, days) if days in GRID else int(np.searchsorted(GRID, days)) - 1]
        of_open.append((days, float(p.sum()), float((p * (1 - p)).sum())))
    expected = float(expected_new_wins(at, profile)[:90].sum())
    return Foretold(day, frozenset(at.open.deal_id.tolist()), tuple(of_open), expected)


def shocks_of(foretold: Sequence[Foretold], sold: Sales, day: int) -> Shocks:
    """Learned at a day from the moments whose quarter was over by then, and from what was on record of it."""
    counted = [one.counted(sold) for one in foretold if one.day + QUARTER <= day]
    return fit_shocks([one[0] for one in counted], [one[1] for one in counted], [one[2] for one in counted])
