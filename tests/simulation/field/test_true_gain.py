"""The truth is exact: what it says is what comes of it on average, in paired lives that differ by one contact."""

import numpy as np
import pytest

from simulation.chain import usual_contact
from simulation.company import AS_EVER, DIFFERS, LEAST_MOVABLE_ON_TOP, NOTHING, CompanySettings
from simulation.deals import FOREIGN_RATE, born
from simulation.errors import BadCompany
from simulation.field.contacts import NOBODY, Contacts
from simulation.field.customer_worth import expected_orders, lasting
from simulation.field.deal_worth import deal_worth, nobody_calls
from simulation.field.field import Field
from simulation.field.true_gain import true_gain_of_customers, true_gain_of_deals
from simulation.orders import value_of_habit
from simulation.response import ACTIONS

START, EARLY = 301, 62
ENOUGH = 1e6
"""Of the sellers' hours: nobody is short of time."""


def everybody(field, deals, customers, action):
    kind = ACTIONS.index(action)
    return Contacts(deals, np.full(deals.size, kind), customers, np.full(customers.size, kind))


def won_money(field, first, deal):
    story = field.story()
    won = story.won[deal] & (story.closed_day[deal] >= first)
    return np.where(won, story.amount[deal] * np.where(story.deals.foreign[deal], FOREIGN_RATE, 1.0), 0.0)


def sigmas(happened, expected):
    """How many standard errors lie between the sums, the spread taken from the differences themselves."""
    gap = happened - expected
    return abs(gap.sum()) / (gap.std() * np.sqrt(gap.size))


@pytest.mark.parametrize(("law", "action"), [(DIFFERS, "visit"), (AS_EVER, "call")])
def test_one_contact_with_a_deal_brings_what_the_truth_says(law, action):
    settings = CompanySettings(deals=6000, customers=300, days=400, contact=law, sellers=200)
    lives, horizon = [], 60
    for contacted in (True, False):
        field = Field(settings, START, ENOUGH)
        free = field.minutes()[field.seller_of_deal(field.open_deals)] > 0
        deal = field.open_deals[free]
        if contacted:
            gain = true_gain_of_deals(field, deal, action, horizon)
        field.step(everybody(field, deal, deal[:0], action) if contacted else NOBODY)
        for _ in range(horizon - 1):
            field.step()
        lives.append(won_money(field, START, deal))

    assert deal.size > 1000
    assert gain.sum() > 0
    assert sigmas(lives[0] - lives[1], gain) < 3
    better = gain > np.median(gain)
    assert sigmas((lives[0] - lives[1])[better], gain[better]) < 3


def test_deals_bring_what_the_truth_says_they_are_worth():
    settings = CompanySettings(deals=4000, customers=300, days=400, contact=DIFFERS)
    field = Field(settings, START)
    deal, state, amount = field.open_deals, field.state(field.open_deals), field.amounts(field.open_deals)
    worth = {
        policy: deal_worth(settings, field.deals, START, START + 60, policy).worth(START, deal, state) * amount
        for policy in (usual_contact, nobody_calls)
    }
    for policy, contacts in ((usual_contact, None), (nobody_calls, NOBODY)):
        life = Field(settings, START)
        for _ in range(60):
            life.step(contacts)

        assert sigmas(won_money(life, START, deal), worth[policy]) < 3
    assert worth[usual_contact].sum() > 1.1 * worth[nobody_calls].sum()


@pytest.fixture(scope="module")
def buyers():
    """A company of many customers and few deals, so that habits alone decide."""
    return CompanySettings(deals=50, customers=4000, days=170, contact=DIFFERS, sellers=200, waves=True)


def test_habits_last_and_bring_what_the_truth_says(buyers):
    field = Field(buyers, EARLY, ENOUGH)
    habit = field.habits()
    customer = np.flatnonzero((habit.begins <= EARLY) & (habit.ends >= EARLY))
    stays, orders = lasting(field, customer, 160), expected_orders(buyers, field.customers, EARLY, 160)[customer]
    while field.day < 160:
        field.step(NOBODY)
    later = field.habits()
    who, day, money = value_of_habit(buyers, field.customers, later)
    came = np.bincount(who[day >= EARLY], money[day >= EARLY], minlength=4000)[customer]
    kept = later.ends[customer] >= 160

    assert customer.size > 1000
    assert sigmas(kept.astype(float), stays[:, -1]) < 3
    assert sigmas(came, (stays * orders).sum(axis=1)) < 3


def test_one_contact_with_a_customer_keeps_what_the_truth_says(buyers):
    lives = []
    for contacted in (True, False):
        field = Field(buyers, EARLY, ENOUGH)
        free = field.minutes()[field.seller_of_customer(field.known_customers)] > 0
        customer = field.known_customers[free]
        if contacted:
            gain = true_gain_of_customers(field, customer, "visit", 160 - EARLY)
        field.step(everybody(field, customer[:0], customer, "visit") if contacted else NOBODY)
        while field.day < 160:
            field.step(NOBODY)
        who, day, money = value_of_habit(buyers, field.customers, field.habits())
        lives.append(np.bincount(who[day >= EARLY], money[day >= EARLY], minlength=4000)[customer])

    assert gain.sum() > 0
    assert sigmas(lives[0] - lives[1], gain) < 3
    assert (lives[0] != lives[1]).sum() > 30
    assert (gain < 0).any()


@pytest.mark.parametrize("law", [NOTHING, AS_EVER])
def test_customers_who_do_not_answer_gain_nothing(law):
    field = Field(CompanySettings(deals=100, days=400, contact=law), START)

    assert not true_gain_of_customers(field, field.known_customers).any()


def test_where_contact_does_nothing_nothing_is_gained():
    field = Field(CompanySettings(deals=600, days=400, contact=NOTHING), START)

    assert not true_gain_of_deals(field, field.open_deals, "visit").any()


def test_nothing_is_gained_on_a_day_off():
    field = Field(CompanySettings(deals=100, days=400, contact=DIFFERS), START)
    while field.calendar.working[field.day]:
        field.step()

    assert not true_gain_of_deals(field, field.open_deals).any()
    assert not true_gain_of_customers(field, field.known_customers).any()


def test_the_likely_winners_gain_least_where_they_are_least_movable():
    settings = CompanySettings(deals=3000, days=400, contact=LEAST_MOVABLE_ON_TOP)
    field = Field(settings, START)
    deal, state = field.open_deals, field.state(field.open_deals)
    chance = deal_worth(settings, field.deals, START, START + 300, usual_contact, in_money=False)
    by_chance = np.argsort(chance.worth(START, deal, state))
    gain = chance.gain(START, deal, state)[by_chance]
    fifths = [float(part.mean()) for part in np.array_split(gain, 5)]

    assert fifths[4] < min(fifths[1], fifths[2], fifths[3])
    assert gain[-deal.size // 20 :].mean() < 0.5 * gain.mean()


def test_a_stronger_action_gains_that_much_more():
    field = Field(CompanySettings(deals=600, days=400, contact=DIFFERS), START)
    call, visit = (true_gain_of_deals(field, field.open_deals, action) for action in ("call", "visit"))

    np.testing.assert_allclose(visit, 3 * call)


def test_worths_are_chances_where_every_win_counts_one():
    settings = CompanySettings(deals=300, days=400)
    deals = born(settings, np.arange(300))
    worth = deal_worth(settings, deals, START, START + 100, usual_contact, in_money=False)

    assert (worth.shares >= 0).all()
    assert (worth.shares <= 1).all()
    assert not worth.shares[-1].any()


@pytest.mark.parametrize(("action", "horizon"), [("pray", 30), ("call", 0), ("call", 99_999)])
def test_an_action_or_horizon_that_cannot_be_is_refused(action, horizon):
    field = Field(CompanySettings(deals=50, days=400), START)

    with pytest.raises(BadCompany, match=r"action|horizon"):
        true_gain_of_deals(field, field.open_deals, action, horizon)
