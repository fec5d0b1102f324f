"""How does the company fare, day by day, if its sellers follow somebody else's list?

A `Field` is the invented company at 00:00 of a day. Whoever tries a policy reads what the CRM recorded (`recorded`),
chooses contacts, and lets the day be lived. Deals and customers meet the same luck whatever is chosen, so two policies
can be compared on the same company; and where sellers do as they please, the days are those of `write_company`.
"""

from dataclasses import dataclass

import numpy as np

from simulation.activities import Talks
from simulation.calendar import build_calendar
from simulation.care import usual_care
from simulation.chain import WON, usual_contact
from simulation.chance import Floats, Ints
from simulation.company import CompanySettings
from simulation.customers import created_days, desk_of, meet
from simulation.deals import FOREIGN_RATE, born
from simulation.errors import BadCompany, BadContacts
from simulation.field.contacts import NOBODY, Contacts, placed
from simulation.field.hours import SHARE, minutes_for_follow_ups
from simulation.life import Life, Moves
from simulation.orders import NEVER, Habits, habits_until, value_of_habit
from simulation.paperwork import Paperwork
from simulation.response import MINUTES, NO_ACTION
from simulation.staff import HOLDERS, build_staff
from simulation.story import Story, amounts_by_now, retold
from simulation.tickets import complaints


@dataclass(frozen=True)
class Booked:
    """Money in base currency, one entry per day from the first asked for."""

    deals: Floats
    """Amounts of the deals won that day."""
    orders: Floats
    """Orders by habit, before returns."""

    @property
    def total(self) -> float:
        """All of it."""
        return float(self.deals.sum() + self.orders.sum())


class Field:
    """A company that is lived forward from a day on.

    Until then sellers did as they please. `share` is the part of their hours that follow-ups may take from now on,
    `minutes` what each of response.ACTIONS takes. Raises BadCompany for a day outside of the history.
    """

    def __init__(self, settings: CompanySettings, day: int, share: float = SHARE, minutes: Ints = MINUTES) -> None:
        if not 1 <= day < settings.days:
            raise BadCompany("day", day, f"a day from 1 to {settings.days - 1}, so that some are left to live")
        self.settings, self.share, self.action_minutes = settings, share, minutes
        self.staff, self.calendar = build_staff(settings), build_calendar(settings)
        self.deals = born(settings, np.arange(settings.deals, dtype=np.int64))
        """All deals there will ever be: those created before `day` are known to the company."""
        self.customers = meet(settings, np.arange(settings.accounts, dtype=np.int64))
        """All customers, likewise."""
        self.complaints = complaints(settings, self.customers)
        """(customers, days): the luck of the whole history; a policy learns of a complaint when it comes."""
        self._desk = desk_of(settings, self.customers)
        self._moves, self._talks = Moves(), Talks(self.deals)
        self._paper = Paperwork(self.deals, self.staff, self.calendar)
        self._life = Life(settings, self.deals, [self._moves, self._paper, self._talks])
        self.first_win: Ints = np.full(settings.accounts, NEVER, dtype=np.int64)
        """Of each customer, the day of its first won deal."""
        while self._life.number < day and not self._life.over:
            self._live_deals(usual=True, chosen=None)
        self.actions: Ints = np.full((settings.accounts, settings.days), NO_ACTION, dtype=np.int64)
        """(customers, days): what was done for each customer."""
        self.actions[:, :day] = usual_care(settings, self.customers, self.first_win, day)
        self.day = day
        """The day that is lived next; it is 00:00 now."""
        self._habits: dict[int, Habits] = {}

    @property
    def open_deals(self) -> Ints:
        """Numbers of the deals open now."""
        return self._life.alive if self._life.number <= self.day else np.empty(0, dtype=np.int64)

    @property
    def known_customers(self) -> Ints:
        """Numbers of the customers on record now."""
        return np.arange(np.searchsorted(created_days(self.settings), self.day), dtype=np.int64)

    def state(self, deal: Ints) -> Ints:
        """Hidden: the states of these deals, 4 * stage + mood."""
        return self._life.state[deal]

    def seller_of_deal(self, deal: Ints) -> Ints:
        """The sellers who hold these deals today."""
        return self.staff.owner(self.deals.desk[deal], self.day)

    def seller_of_customer(self, customer: Ints) -> Ints:
        """The sellers who look after these customers today."""
        return self.staff.owner(self._desk[customer], self.day)

    def minutes(self) -> Floats:
        """Minutes for follow-ups that each seller has today, by the seller's number."""
        return minutes_for_follow_ups(self.settings, self.day, self.share)

    def step(self, contacts: Contacts | None = None, beside_habit: bool = False) -> None:
        """Live the day. Without contacts sellers do as they please; else they do what these say.

        `beside_habit` lets them do as they please besides, in time of their own. Raises BadContacts where a deal is not
        open, a customer not on record, or a seller's minutes do not suffice; BadCompany at the end of the history.
        """
        if self.day >= self.settings.days:
            raise BadCompany("days", self.settings.days, "more days: these are lived")
        usual = contacts is None or beside_habit
        chosen = NOBODY if contacts is None else contacts
        of_deals = placed(self.day, "deal", self.deals.number.size, chosen.deal, chosen.deal_action, self.open_deals)
        of_customers = placed(
            self.day, "customer", self.settings.accounts, chosen.customer, chosen.customer_action, self.known_customers
        )
        self._check_hours(chosen)
        habit = np.full(self.settings.accounts, NO_ACTION, dtype=np.int64)
        if usual:
            habit = usual_care(self.settings, self.customers, self.first_win, self.day + 1, self.day)[:, 0]
        self.actions[:, self.day] = np.where(of_customers == NO_ACTION, habit, of_customers)
        if self._life.number <= self.day:
            self._live_deals(usual, of_deals[self._life.alive])
        self.day += 1

    def _live_deals(self, usual: bool, chosen: Ints | None) -> None:
        alive, day = self._life.alive, self._life.number
        self._life.step(usual_contact if usual else None, chosen)
        won = alive[self._life.state[alive] == WON]
        np.minimum.at(self.first_win, self.deals.customer.number[won], day)

    def _check_hours(self, chosen: Contacts) -> None:
        needed = np.zeros(self.settings.desks * HOLDERS)
        np.add.at(needed, self.seller_of_deal(chosen.deal), self.action_minutes[chosen.deal_action])
        np.add.at(needed, self.seller_of_customer(chosen.customer), self.action_minutes[chosen.customer_action])
        have = self.minutes()
        if (short := np.flatnonzero(needed > have + 1e-9)).size:
            seller = int(short[0])
            raise BadContacts(
                self.day,
                f"seller number {seller} has {have[seller]:.0f} minutes and would need {needed[seller]:.0f}",
                "choose within the minutes that Field.minutes gives",
            )

    def story(self) -> Story:
        """What became of the deals so far; those not yet created stand as they will be born."""
        return retold(self.settings, self.deals, self._moves, self._paper, self._talks, self.day)

    def habits(self, until: int | None = None) -> Habits:
        """How customers bought, up to now or to an earlier day; the arrays must not be changed."""
        end = self.day if until is None else until
        if end not in self._habits:
            first_win = np.where(self.first_win < end, self.first_win, NEVER)
            habit = habits_until(self.settings, self.customers, first_win, self.complaints, self.actions[:, :end])
            # What lies before a day never changes, so the last days asked about may be kept.
            self._habits = dict([*self._habits.items(), (end, habit)][-3:])
        return self._habits[end]

    def amounts(self, deal: Ints) -> Floats:
        """The amounts of these deals now, in base currency."""
        return np.asarray(amounts_by_now(self.deals, self._moves)[deal] * self._rate()[deal])

    def booked(self, first: int) -> Booked:
        """What came in on each day from `first` up to now."""
        story, days = self.story(), self.day - first
        won = np.flatnonzero(story.won & (story.closed_day >= first))
        deals, orders = np.zeros(days), np.zeros(days)
        np.add.at(deals, story.closed_day[won] - first, story.amount[won] * self._rate()[won])
        _, day, value = value_of_habit(self.settings, self.customers, self.habits())
        late = day >= first
        np.add.at(orders, day[late] - first, value[late])
        return Booked(deals, orders)

    def _rate(self) -> Floats:
        return np.where(self.deals.foreign, FOREIGN_RATE, 1.0)
