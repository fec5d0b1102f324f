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
from simulation.chance import Floats, Ints, Keys, streams, uniform
from simulation.company import AS_EVER, LONGEST_LIFE, CompanySettings
from simulation.deals import Deals, first_day
from simulation.response import NO_ACTION, harm, strength_of, touch, usual_action
from simulation.staff import Staff, build_staff

_CONTACT, _EVENT = 1 << 20, 1 << 21
"""Where in a deal's own stream the draws for contacts and for events begin; the day is added."""
OUTBOUND_DRAWS = 1 << 26
"""Where the draws for what is said begin, 64 for each day; the second of them decides what kind of contact."""


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
    action: Ints
    """What the seller did, as a position in response.ACTIONS, or response.NO_ACTION."""


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
    life = Life(settings, deals, witnesses)
    while life.number < until and not life.over:
        life.step(contact)


class Life:
    """Many deals, lived a day at a time."""

    def __init__(self, settings: CompanySettings, deals: Deals, witnesses: Iterable[Witness]) -> None:
        self._settings, self._deals, self._watching = settings, deals, tuple(witnesses)
        self._staff, self._calendar = build_staff(settings), build_calendar(settings)
        self._luck = streams(settings.seed, "complaint", deals.customer.number)
        self._born = 0
        self.number = first_day(settings, deals)
        """The day that is lived next."""
        self.state = 4 * deals.stage + deals.mood
        """Of each deal, at 00:00 of that day."""
        self.alive: Ints = np.empty(0, dtype=np.int64)
        """Positions of the deals open at 00:00 of that day."""
        self._admit()

    @property
    def over(self) -> bool:
        """Whether every deal there is has come and gone."""
        return not self.alive.size and self._born == self._deals.number.size

    def step(self, contact: Contact | None = usual_contact, chosen: Ints | None = None) -> None:
        """Live one day.

        `chosen` gives an action of response.ACTIONS or NO_ACTION for each deal alive. Deals without one meet the
        contacts that sellers make by the policy `contact`, if any.
        """
        number, deals, alive = self.number, self._deals, self.alive
        if alive.size:
            before, owner = self.state[alive], self._staff.owner(deals.desk[alive], number)
            upset = uniform(self._luck[alive], number) < deals.customer.complaint_rate[alive]
            after = np.where(upset, DROPPED[before], before)
            action = np.full(alive.size, NO_ACTION, dtype=np.int64)
            if working := bool(self._calendar.working[number]):
                push, law = float(self._calendar.push[number]), self._settings.contact
                today = today_of(deals, alive, self._staff, owner, number, push, law)
                keys = deals.life[alive]
                if contact is not None:
                    action = self._usual(before, keys, contact(after, today))
                if chosen is not None:
                    action = np.where(chosen != NO_ACTION, chosen, action)
                odds = chances(after, today, strength_of(law, action))
                after = moved(after, odds, uniform(keys, _EVENT + number))
            struck = (number >= deals.created_day[alive] + LONGEST_LIFE) & (after < OPEN_STATES)
            after[struck] = LOST
            self.state[alive] = after
            day = Day(number, working, alive, owner, before, after, action)
            for witness in self._watching:
                witness.see(day)
            self.alive = alive[after < OPEN_STATES]
        self.number += 1
        self._admit()

    def _usual(self, before: Ints, keys: Keys, chance: Floats) -> Ints:
        """What sellers do who make contact with these chances."""
        action = np.full(before.size, NO_ACTION, dtype=np.int64)
        made = np.flatnonzero(uniform(keys, _CONTACT + self.number) < chance)
        action[made] = usual_action(before[made] // 4, uniform(keys[made], OUTBOUND_DRAWS + 64 * self.number + 1))
        return action

    def _admit(self) -> None:
        """Let the deals in that were created the day before."""
        born = int(np.searchsorted(self._deals.created_day, self.number))
        self.alive = np.concatenate([self.alive, np.arange(self._born, born)])
        self._born = born


def today_of(
    deals: Deals, position: Ints, staff: Staff, owner: Ints, day: int, push: float, law: str = AS_EVER
) -> Today:
    """What this day means for the deals at these positions, under these sellers and this law of contact."""
    return Today(
        day=day,
        deal=deals.number[position],
        drive=deals.quality[position] + staff.effect(owner, day),
        pace=deals.pace[position],
        receptivity=deals.receptivity[position],
        diligence=staff.diligence[owner],
        push=push,
        touch=touch(law),
        harm=harm(law),
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
