"""What do sellers write about their deals: when they expect to close, and how they call them?

Both follow the deal's state with the seller's bias and laziness. Neither has an effect of its own.
"""

import numpy as np

from simulation.calendar import Calendar
from simulation.chain import OPEN_STATES
from simulation.chance import Flags, Floats, Ints, normal, uniform
from simulation.deals import Deals
from simulation.life import Day, Witness, gathered
from simulation.staff import Staff

CATEGORIES = ("pipeline", "best_case", "commit", "omitted")
_REVIEW, _SLIP = 1 << 23, 1 << 24
_CORRECTS = np.array([0.04, 0.2, 0.35, 0.45])
"""By mood: the daily chance that a date which has passed is moved."""


class Paperwork(Witness):
    """Keeps moves of the expected close date and changes of the forecast category."""

    def __init__(self, deals: Deals, staff: Staff, calendar: Calendar) -> None:
        self._deals, self._staff, self._calendar = deals, staff, calendar
        first = 20 + 55 * uniform(deals.life, 1) + 15 * deals.customer.segment
        self.expected = self._rounded(deals.created_day + first.astype(np.int64), uniform(deals.life, 2))
        """The date of each deal as it stands, in days of the calendar."""
        self.category = np.zeros(deals.number.size, dtype=np.int64)
        """The category of each deal as it stands."""
        self.first_expected = self.expected.copy()
        self._slips: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._calls: list[tuple[Ints, Ints, Ints, Ints]] = []

    def see(self, day: Day) -> None:
        """Let the sellers of deals still open at the end of a working day go over them."""
        if not day.working:
            return
        still = day.after < OPEN_STATES
        deal, state, owner = day.deal[still], day.after[still], day.owner[still]
        stepped_back = state // 4 < day.before[still] // 4
        self._slip(day.number, deal, state, stepped_back)
        due = (day.number + self._deals.number[deal]) % 7 == 0
        self._review(day.number, deal[due], state[due], owner[due])

    def slips(self) -> tuple[Ints, Ints, Ints, Ints]:
        """(deal, day, old date, new date), dates in days of the calendar."""
        return gathered(self._slips)

    def calls(self) -> tuple[Ints, Ints, Ints, Ints]:
        """(deal, day, old category, new category)."""
        return gathered(self._calls)

    def _slip(self, number: int, deal: Ints, state: Ints, stepped_back: Flags) -> None:
        late = np.flatnonzero((self.expected[deal] < number) | stepped_back)
        deal, state = deal[late], state[late]
        keys = self._deals.life[deal]
        moves = uniform(keys, _SLIP + 4 * number) < np.where(stepped_back[late], 0.6, _CORRECTS[state % 4])
        deal, keys = deal[moves], keys[moves]
        base = np.maximum(self.expected[deal], number)
        ahead = base + 7 + (38 * uniform(keys, _SLIP + 4 * number + 1)).astype(np.int64)
        self._set(self.expected, self._slips, number, deal, self._rounded(ahead, uniform(keys, 3)))

    def _review(self, number: int, deal: Ints, state: Ints, owner: Ints) -> None:
        keys = self._deals.life[deal]
        stage, mood = state // 4, state % 4
        feeling = stage + 0.6 * (mood - 1.5) + self._staff.optimism[owner] + 0.6 * normal(keys, _REVIEW + number)
        call = np.searchsorted([1.2, 2.5], feeling, side="right").astype(np.int64)
        age = number - self._deals.created_day[deal]
        call[(mood == 0) & (age > 90) & (stage < 2)] = CATEGORIES.index("omitted")
        done = uniform(keys, 2 * _SLIP + number) < 0.7
        self._set(self.category, self._calls, number, deal[done], call[done])

    @staticmethod
    def _set(current: Ints, seen: list[tuple[Ints, Ints, Ints, Ints]], number: int, deal: Ints, value: Ints) -> None:
        changed = value != current[deal]
        deal, value = deal[changed], value[changed]
        seen.append((deal, np.full(deal.size, number, dtype=np.int64), current[deal], value))
        current[deal] = value

    def _rounded(self, day: Ints, draw: Floats) -> Ints:
        """Half the dates people give are the last of a month."""
        epoch = self._calendar.epoch_day[0] + day
        months = (epoch.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1).astype("datetime64[M]")
        last = months.astype("datetime64[D]").astype(np.int64) - 1 - self._calendar.epoch_day[0]
        return np.where(draw < 0.5, last, day)
