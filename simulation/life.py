"""How do deals live, day after day, until they are won, lost or struck off?

`live` runs many deals forward together. Witnesses are shown each day and keep what they care about:
the tables of the CRM are what witnesses saw. A deal's life depends on its own traits and its own
random stream alone, so it is the same in any company of deals, and comparable under another policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulation.calendar import build_calendar
from simulation.chain import DROPPED, LOST, OPEN_STATES, Contact, Today, chances, moved, usual_contact
from simulation.chance import Flags, Floats, Ints, streams, uniform
from simulation.company import LONGEST_LIFE, CompanySettings
from simulation.deals import Deals, first_day
from simulation.staff import Staff, build_staff

_CONTACT, _EVENT = 1 << 20, 1 << 21
"""Where in a deal's own stream the draws for contacts and for events begin; the day is added."""


@dataclass(frozen=True)
class Day:
    """What happened on one day to the deals open at its start."""

    number: int
    working: bool
    deal: Ints
    """Positions of the deals among those that live."""
    owner: Ints
    """Their sellers."""
    before: Ints
    """Their states at 00:00."""
    after: Ints
    """Their states at the end of the day; chain.WON and chain.LOST end a life."""
    contacted: Flags


class Witness:
    """Sees every day of a life. Override `see`."""

    def see(self, day: Day) -> None:
        """Take note of a day; its arrays must not be changed."""
        raise NotImplementedError


def live(
    settings: CompanySettings,
    deals: Deals,
    witnesses: Iterable[Witness],
    until: int,
    contact: Contact = usual_contact,
) -> None:
    """Run these deals from their creation up to the day `until`, which is not lived."""
    staff, calendar = build_staff(settings), build_calendar(settings)
    luck = streams(settings.seed, "complaint", deals.customer.number)
    watching = tuple(witnesses)
    state = 4 * deals.stage + deals.mood
    alive = np.empty(0, dtype=np.int64)
    for number in range(first_day(settings, deals), until):
        newborn = np.searchsorted(deals.created_day, (number - 1, number))
        alive = np.concatenate([alive, np.arange(*newborn)])
        if not alive.size:
            if newborn[1] == deals.number.size:
                return
            continue
        before, owner = state[alive], staff.owner(deals.desk[alive], number)
        upset = uniform(luck[alive], number) < deals.customer.complaint_rate[alive]
        after = np.where(upset, DROPPED[before], before)
        contacted = np.zeros(alive.size, dtype=np.bool_)
        if working := bool(calendar.working[number]):
            today = today_of(deals, alive, staff, owner, number, float(calendar.push[number]))
            keys = deals.life[alive]
            contacted = uniform(keys, _CONTACT + number) < contact(after, today)
            odds = chances(after, today, contacted)
            after = moved(after, odds, uniform(keys, _EVENT + number))
        struck = (number >= deals.created_day[alive] + LONGEST_LIFE) & (after < OPEN_STATES)
        after[struck] = LOST
        state[alive] = after
        day = Day(number, working, alive, owner, before, after, contacted)
        for witness in watching:
            witness.see(day)
        alive = alive[after < OPEN_STATES]


def today_of(deals: Deals, position: Ints, staff: Staff, owner: Ints, day: int, push: float) -> Today:
    """What this day means for the deals at these positions, under these sellers."""
    return Today(
        day=day,
        deal=deals.number[position],
        drive=deals.quality[position] + staff.effect(owner, day),
        pace=deals.pace[position],
        receptivity=deals.receptivity[position],
        diligence=staff.diligence[owner],
        push=push,
    )


class Moves(Witness):
    """Keeps every change of state, hidden ones too."""

    def __init__(self) -> None:
        self._seen: list[tuple[Ints, Ints, Ints, Ints]] = []

    def see(self, day: Day) -> None:
        """Keep the deals whose state changed."""
        changed = np.flatnonzero(day.before != day.after)
        when = np.full(changed.size, day.number, dtype=np.int64)
        self._seen.append((day.deal[changed], when, day.before[changed], day.after[changed]))

    def gathered(self) -> tuple[Ints, Ints, Ints, Ints]:
        """(deal position, day, state before, state after), by deal and then by day."""
        return gathered(self._seen)


def gathered(seen: list[tuple[Ints, Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints, Ints]:
    """Notes of many days as four long arrays, by deal position and then by day."""
    if not seen:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing
    deal, when, third, fourth = (np.concatenate(part) for part in zip(*seen, strict=True))
    order = np.lexsort((when, deal))
    return deal[order], when[order], third[order], fourth[order]


def closing(deals: Deals, moves: tuple[Ints, Ints, Ints, Ints]) -> tuple[Ints, Ints]:
    """Per deal, the state that ended it (-1 while open) and the day (-1 while open)."""
    deal, when, _, after = moves
    outcome, day = (np.full(deals.number.size, -1, dtype=np.int64) for _ in range(2))
    ended = after >= OPEN_STATES
    outcome[deal[ended]], day[deal[ended]] = after[ended], when[ended]
    return outcome, day


def second_of_change(deals: Deals, deal: Ints, day: Ints) -> Floats:
    """The second of the local day at which a deal changed on that day, 9:30 to 19:00."""
    return np.floor(34_200 + 34_200 * uniform(deals.life[deal], day + (1 << 22)))
