"""What is an open deal truly worth, and what does one contact add? Exact, from the law of `chain`.

Given a deal's traits, its sellers and the calendar, its life is Markov, and so is its amount: at each change of stage
it is multiplied by a factor independent of the rest. The money that an open deal will have brought before a day is
therefore the amount it has now times a number that follows by backward induction, with complaints and later contacts
averaged over. Amounts are written in whole hundreds; the truth leaves that rounding out.
"""

from dataclasses import dataclass

import numpy as np

from simulation.calendar import build_calendar
from simulation.chain import DROPPED, OPEN_STATES, Contact, Today, chances
from simulation.chance import Floats, Ints
from simulation.company import LONGEST_LIFE, CompanySettings
from simulation.deals import Deals
from simulation.response import harm, touch, usual_strength
from simulation.staff import build_staff
from simulation.story import mean_factor_of_amount
from simulation.truth import BACK, CLOSES, COOLER, STATES, UP, WARMER

_WON_STAGE = 4


def nobody_calls(states: Ints, _: Today) -> Floats:
    """The policy of no contact at all."""
    return np.zeros(states.shape)


@dataclass(frozen=True)
class DealWorth:
    """What open deals bring before a day, on each of some days before it."""

    settings: CompanySettings
    deals: Deals
    first: int
    until: int
    """The first day whose wins no longer count."""
    shares: Floats
    """(until - first + 1, deals, open states): expected money of each state at 00:00, as a share of the amount then."""

    def gain(self, day: int, deal: Ints, state: Ints) -> Floats:
        """What a call on this day adds to deals in these states at 00:00, as shares of their amounts, against no call.

        Afterwards all goes on by the policy that the worth was reckoned with. A contact of another strength adds that
        many times as much. Nothing on days off.
        """
        if not build_calendar(self.settings).working[day]:
            return np.zeros(deal.size)
        after = self.shares[day + 1 - self.first, deal]
        today = _today(self.settings, self.deals, deal, day)
        made, left = (chances(STATES, today, np.full((1, 1), fact)) for fact in (1.0, 0.0))
        adds = (made.warm - left.warm) * (after[:, WARMER] - after)
        adds += (made.cool - left.cool) * (after[:, COOLER] - after)
        upset = self.deals.customer.complaint_rate[deal]
        row = np.arange(deal.size)
        return np.asarray((1 - upset) * adds[row, state] + upset * adds[row, DROPPED[state]])

    def worth(self, day: int, deal: Ints, state: Ints) -> Floats:
        """What deals in these states at 00:00 of the day will bring, as shares of their amounts."""
        return np.asarray(self.shares[day - self.first, deal, state])


def deal_worth(
    settings: CompanySettings, deals: Deals, first: int, until: int, contact: Contact, in_money: bool = True
) -> DealWorth:
    """The worth of these deals on the days from `first` to `until`, under this policy of later contacts.

    With `in_money` False every win counts 1: worths are chances of being won before `until`.
    """
    factor = mean_factor_of_amount() if in_money else np.ones(_WON_STAGE + 1)
    calendar, weight = build_calendar(settings), usual_strength(settings.contact, STATES)
    shares = np.zeros((until - first + 1, deals.number.size, OPEN_STATES))
    upset = deals.customer.complaint_rate[:, None]
    up, back = factor[STATES // 4 + 1], factor[np.maximum(STATES // 4 - 1, 0)]
    for day in range(until - 1, first - 1, -1):
        # A deal is struck off at the end of its last day: on that day it can still be won.
        living = slice(*np.searchsorted(deals.created_day, (day - LONGEST_LIFE, day)))
        now = shares[day + 1 - first, living]
        if calendar.working[day]:
            today = _today(settings, deals, np.arange(deals.number.size)[living], day)
            odds = chances(STATES, today, contact(STATES[None, :], today) * weight)
            gain = odds.advance * (np.where(CLOSES, up, up * now[:, UP]) - now) - odds.lose * now
            gain += odds.back * (back * now[:, BACK] - now)
            gain += odds.warm * (now[:, WARMER] - now) + odds.cool * (now[:, COOLER] - now)
            now = now + gain
        shares[day - first, living] = now + upset[living] * (now[:, DROPPED] - now)
    return DealWorth(settings, deals, first, until, shares)


def _today(settings: CompanySettings, deals: Deals, deal: Ints, day: int) -> Today:
    staff = build_staff(settings)
    owner = staff.owner(deals.desk[deal], day)
    return Today(
        day=day,
        deal=deals.number[deal][:, None],
        drive=(deals.quality[deal] + staff.effect(owner, day))[:, None],
        pace=deals.pace[deal][:, None],
        receptivity=deals.receptivity[deal][:, None],
        diligence=staff.diligence[owner][:, None],
        push=float(build_calendar(settings).push[day]),
        touch=touch(settings.contact),
        harm=harm(settings.contact),
    )
