"""What is still to come, as draws: one set of them, whichever groups and periods are asked for."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import OWNERS, Texts
from features.calendar import Days
from training.bookings.levels import Codes

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


class Rest(Protocol):
    """Draws of what will be sold from `first_day` on. `owners` names the atoms: customer, rep and product of each."""

    @property
    def owners(self) -> dict[str, Texts]: ...
    @property
    def first_day(self) -> int: ...
    @property
    def draws(self) -> int: ...

    def totals(self, codes: Codes, groups: int, edges: Days) -> Floats:
        """[groups, periods, draws] of the atoms' group numbers, between day edges; empty before `first_day`."""


@dataclass(frozen=True)
class EventRest:
    """Single sales to come: of which atom, in which draw, how many days after `first_day`, for how much."""

    owners: dict[str, Texts]
    first_day: int
    draws: int
    atom: NDArray[np.int32]
    draw: NDArray[np.int16]
    day: NDArray[np.int16]
    amount: NDArray[np.float32]

    def totals(self, codes: Codes, groups: int, edges: Days) -> Floats:
        """[groups, periods, draws]."""
        periods = len(edges) - 1
        of_day = np.searchsorted(edges, self.first_day + np.arange(int(self.day.max(initial=0)) + 1), side="right") - 1
        period = of_day[self.day]
        inside = (period >= 0) & (period < periods)
        cell = codes[self.atom[inside]] * periods + period[inside]
        cell *= self.draws
        cell += self.draw[inside]
        size = groups * periods * self.draws
        found = np.bincount(cell, self.amount[inside], size).astype(np.float64)
        return found.reshape(groups, periods, self.draws)


def nothing_to_come(day: int) -> EventRest:
    """Of a history without a sale."""
    numbers = np.empty(0, np.int16)
    owners = {owner: np.empty(0, object) for owner in OWNERS}
    return EventRest(owners, day, 1, np.empty(0, np.int32), numbers, numbers, np.empty(0, np.float32))


def describe(totals: Floats, sold: Floats) -> tuple[Floats, Floats]:
    """Mean [groups, periods] and quantiles [groups, periods, len(QUANTILES)] of totals with what is sold already.

    `totals` is [groups, periods, draws]; `sold` [groups, periods].
    """
    mean = totals.mean(axis=2) + sold
    found = np.quantile(totals, QUANTILES, axis=2)
    return mean, np.moveaxis(found, 0, 2) + sold[:, :, None]
