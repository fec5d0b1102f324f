import numpy as np
import pytest

from simulation.chain import OPEN_STATES
from simulation.company import AS_EVER, DIFFERS, NOTHING, CompanySettings
from simulation.errors import BadCompany, BadContacts
from simulation.field.contacts import NOBODY, Contacts, contacts_of
from simulation.field.field import Field
from simulation.orders import NEVER
from simulation.response import ACTIONS, MINUTES
from simulation.story import tell

CALL, VISIT = ACTIONS.index("call"), ACTIONS.index("visit")
START = 301
"""A Thursday."""


def company(law=DIFFERS, **changes):
    return CompanySettings(**{"deals": 500, "customers": 150, "days": 400, "contact": law} | changes)


def numbers(*values):
    return np.array(values, dtype=np.int64)


def calls(field, deals=(), customers=()):
    return Contacts(numbers(*deals), np.full(len(deals), CALL), numbers(*customers), np.full(len(customers), CALL))


def lived(field, days, choose):
    for _ in range(days):
        field.step(choose(field) if field.calendar.working[field.day] else NOBODY)
    return field


def everything(field):
    """All that became of deals and customers, as arrays."""
    story, habit = field.story(), field.habits()
    columns = (*story.stages, *story.amounts, *story.dates, *story.categories, habit.begins, habit.ends, habit.bought)
    return [*columns, story.outcome, story.closed_day]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(everything(one), everything(other), strict=True))


@pytest.mark.parametrize("law", [AS_EVER, DIFFERS])
def test_where_sellers_do_as_they_please_the_days_are_those_of_the_story(law):
    settings = company(law)
    field = Field(settings, START)
    for _ in range(40):
        field.step()
    told, story = tell(settings, np.arange(500), field.day), field.story()

    np.testing.assert_array_equal(told.outcome, story.outcome)
    for one, other in ((told.stages, story.stages), (told.amounts, story.amounts), (told.dates, story.dates)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_contact_that_does_nothing_leaves_everything_equal():
    def all_possible(field):
        minutes, chosen = field.minutes(), []
        for deal in field.open_deals:
            seller = field.seller_of_deal(numbers(deal))[0]
            if minutes[seller] >= MINUTES[CALL]:
                minutes[seller] -= MINUTES[CALL]
                chosen.append(deal)
        return calls(field, chosen)

    busy, idle = (lived(Field(company(NOTHING), START), 60, choose) for choose in (all_possible, lambda _: NOBODY))
    differs = [lived(Field(company(DIFFERS), START), 60, choose) for choose in (all_possible, lambda _: NOBODY)]

    assert same(busy, idle)
    assert len(busy.story().talks.table(busy.staff, busy.calendar, busy.story().closed_day, busy.day, START)) > 200
    assert not same(*differs)


def test_a_contact_with_one_deal_changes_no_other_s_life():
    field = Field(company(), START)
    cold = field.open_deals[field.state(field.open_deals) % 4 == 1]
    target = int(cold[field.deals.receptivity[cold].argmax()])

    def again_and_again(field):
        return calls(field, [target] if target in field.open_deals and field.minutes()[owner(field)] >= 20 else [])

    def owner(field):
        return field.seller_of_deal(numbers(target))[0]

    called, left = (lived(Field(company(), START), 80, choose) for choose in (again_and_again, lambda _: NOBODY))
    others = np.arange(500) != target
    lives = [field._moves.gathered() for field in (called, left)]

    np.testing.assert_array_equal(called.story().outcome[others], left.story().outcome[others])
    for one, other in zip(*lives, strict=True):
        np.testing.assert_array_equal(one[lives[0][0] != target], other[lives[1][0] != target])
    assert not np.array_equal(lives[0][0], lives[1][0]) or not np.array_equal(lives[0][3], lives[1][3])


def test_a_contact_with_one_customer_changes_no_other_s_habit():
    field = Field(company(), START)
    habit = field.habits()
    target = int(np.flatnonzero((habit.begins == 0) & (habit.ends == NEVER))[0])

    def weekly(field):
        seller = field.seller_of_customer(numbers(target))[0]
        return calls(field, customers=[target] if field.minutes()[seller] >= 20 else [])

    called, left = (lived(Field(company(), START), 90, choose) for choose in (weekly, lambda _: NOBODY))
    others = np.arange(150) != target

    np.testing.assert_array_equal(called.habits().ends[others], left.habits().ends[others])
    assert (called.actions[target] != left.actions[target]).sum() > 50


def test_care_keeps_customers_where_effects_differ():
    """Customers who answer leave less often when all are called often, those who are reminded leave more often."""
    settings = company(customers=1500, deals=400, sellers=30)
    kept = {}
    for name, share in (("called", 40.0), ("left", 0.1)):
        field = Field(settings, START, share)

        def weekly(field, name=name):
            some = field.known_customers[field.known_customers % 7 == field.day % 7]
            free = field.minutes()[field.seller_of_customer(some)] > 0
            return calls(field, customers=some[free]) if name == "called" else NOBODY

        habit = lived(field, 95, weekly).habits()
        kept[name] = ((habit.ends >= field.day) & (habit.begins < START)).sum()

    assert kept["called"] > 1.03 * kept["left"]


def test_beside_habit_lets_sellers_go_on():
    alone, beside, usual = (Field(company(), START) for _ in range(3))
    for _ in range(30):
        alone.step(NOBODY)
        beside.step(NOBODY, beside_habit=True)
        usual.step()

    assert same(beside, usual)
    assert not same(alone, usual)


def test_nobody_learns_of_tomorrow():
    field = Field(company(), START)

    assert (field.deals.created_day[field.open_deals] < START).all()
    assert (field.customers.created_day[field.known_customers] < START).all()
    assert (field.state(field.open_deals) < OPEN_STATES).all()
    assert (field.first_win[field.first_win < NEVER] < START).all()


def test_sellers_have_minutes_on_working_days_and_none_on_leave():
    field = Field(company(), START)
    seen = [field.minutes()]
    for _ in range(60):
        field.step()
        seen.append(field.minutes())
    total = np.stack(seen)
    employed = field.staff.owner(np.arange(field.settings.desks), START)

    assert set(np.unique(total)) <= {0.0, 24.0, 48.0}
    assert not total[~field.calendar.working[START : START + 61]].any()
    assert 0 < (total[field.calendar.working[START : START + 61]][:, employed] == 0).mean() < 0.2


@pytest.mark.parametrize(
    ("contacts", "reason"),
    [
        (lambda f: calls(f, [int(f.open_deals[0])] * 2), "comes twice"),
        (lambda f: calls(f, [499]), "not to be had"),
        (lambda f: calls(f, customers=[5000]), "not to be had"),
        (lambda f: Contacts(f.open_deals[:1], numbers()), "1 deals have 0 actions"),
        (lambda f: Contacts(f.open_deals[:1], numbers(9)), "no such position"),
        (lambda f: Contacts(f.open_deals, np.full(f.open_deals.size, VISIT)), r"minutes and would need"),
    ],
)
def test_contacts_that_cannot_be_made_are_refused_with_a_way_out_and_the_day_is_not_lived(contacts, reason):
    field = Field(company(), START)

    with pytest.raises(BadContacts, match=rf"(?s){reason}.*To fix: "):
        field.step(contacts(field))

    assert field.day == START
    field.step(NOBODY)
    assert field.day == START + 1


def test_contacts_are_named_as_the_crm_names_them():
    contacts = contacts_of(5, ["D0000012"], ["visit"], ["C0000001"], ["email"])

    assert (contacts.deal.tolist(), contacts.customer.tolist(), contacts.count) == ([11], [0], 2)
    assert [ACTIONS[contacts.deal_action[0]], ACTIONS[contacts.customer_action[0]]] == ["visit", "email"]
    with pytest.raises(BadContacts, match="C0000001 is no identifier"):
        contacts_of(5, ["C0000001"], ["visit"])
    with pytest.raises(BadContacts, match="nobody knows the action pray"):
        contacts_of(5, ["D0000012"], ["pray"])


@pytest.mark.parametrize("day", [0, 400, 5000])
def test_a_field_outside_of_the_history_is_refused(day):
    with pytest.raises(BadCompany, match="day"):
        Field(company(AS_EVER), day)


def test_the_last_day_ends_the_field():
    field = Field(company(), 399)
    field.step()

    with pytest.raises(BadCompany, match="more days"):
        field.step()


def test_money_booked_is_that_of_the_deals_won_and_the_orders_placed():
    settings = company()
    field = lived(Field(settings, START), 50, lambda _: NOBODY)
    story, booked = field.story(), field.booked(START)
    won = story.won & (story.closed_day >= START)
    rate = np.where(story.deals.foreign, 7.0, 1.0)

    assert booked.deals.sum() == pytest.approx((story.amount * rate)[won].sum())
    assert booked.orders.size == 50
    assert booked.total > booked.deals.sum() > 0
