"""What did the CRM write down on these days? Rows to be added to the tables that `write_company` wrote before.

Rows have the contract's columns. `deals`, `tickets`, `subscriptions` and `reps` come again, whole, when something about
them changed, as in a CRM's next export; every other row comes once.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import rows, targets
from simulation.calendar import SECOND
from simulation.care_rows import care_table
from simulation.chance import Flags, Ints
from simulation.customers import contact_table, customer_table, meet
from simulation.dirt import deals_without_amount, soiled_customers, soiled_deals
from simulation.errors import BadCompany
from simulation.field.field import Field
from simulation.orders import orders_of_deals, orders_of_habit
from simulation.staff import sellers
from simulation.story import Story
from simulation.subscriptions import subscriptions_from_before, subscriptions_of_deals
from simulation.tables import in_contract_order
from simulation.tickets import ticket_table

_CORRECTED_WITHIN = 8
_RETURNED_WITHIN = 25


def recorded(field: Field, since: int | None = None) -> dict[str, pa.Table]:
    """The tables' rows written down from 00:00 of the day `since` (by default yesterday) until now.

    Added to what `write_company(..., until=since)` wrote, a row replacing the one with its key, they give what
    `write_company(..., until=now)` writes where sellers did as they please. Asking once for a week costs little more
    than asking for a day.
    """
    first = field.day - 1 if since is None else since
    if not 0 <= first <= field.day:
        raise BadCompany("since", since, f"a day from 0 to {field.day}")
    story = field.story()
    found = _of_deals(field, story, first) | _of_customers(field, first) | _of_the_house(field, first)
    of_deals = _late(field, orders_of_deals(field.settings, story), first)
    found["orders"] = _joined("orders", of_deals, _orders(field, first))
    found["activities"] = _joined("activities", found["activities"], _care(field, first))
    found["subscriptions"] = _subscriptions(field, story, first)
    return {name: in_contract_order(name, table) for name, table in found.items()}


def _joined(name: str, *parts: pa.Table) -> pa.Table:
    return pa.concat_tables([in_contract_order(name, part) for part in parts])


def _of_deals(field: Field, story: Story, first: int) -> dict[str, pa.Table]:
    settings, deals = field.settings, field.deals
    no_amount = deals_without_amount(settings, deals.number)
    table, _ = soiled_deals(settings, story, rows.deal_table(settings, story))
    wanted = rows.deal_ids(np.flatnonzero(_touched(story, first)).astype(np.int64))
    talks = story.talks.table(field.staff, field.calendar, story.closed_day, field.day, first)
    return {
        "deals": table.filter(pc.is_in(pc.utf8_rtrim(table["deal_id"], "X"), wanted)),
        "deal_changes": rows.change_table(settings, story, no_amount, first),
        "activities": talks,
    }


def _touched(story: Story, first: int) -> Flags:
    """The deals created or changed from the day on, and those so young that their rows may yet be corrected."""
    created = story.deals.created_day
    touched = (created >= first - _CORRECTED_WITHIN) & (created < story.end)
    for changes in (story.stages, story.amounts, story.dates, story.categories, story.handovers):
        touched[changes[0][changes[1] >= first]] = True
    return touched


def _of_customers(field: Field, first: int) -> dict[str, pa.Table]:
    settings, known = field.settings, field.known_customers
    created = field.customers.created_day[known]
    new = meet(settings, known[created >= first] if first else known)
    some = meet(settings, known)
    tickets = ticket_table(settings, some, field.complaints[known], field.day)
    since = pa.scalar(_midnight(field, first), pa.timestamp("us"))
    closed = pc.fill_null(pc.greater_equal(tickets["closed_at"], since), False)
    return {
        "customers": soiled_customers(settings, new.number, customer_table(settings, new))[0],
        "contacts": contact_table(settings, new),
        "tickets": tickets.filter(pc.or_(pc.greater_equal(tickets["opened_at"], since), closed)),
    }


def _of_the_house(field: Field, first: int) -> dict[str, pa.Table]:
    """Sellers, quotas and rates."""
    settings, staff, calendar, end = field.settings, field.staff, field.calendar, field.day
    before = max(first, 1)
    return {
        "reps": _news(sellers(staff, settings, calendar, before), sellers(staff, settings, calendar, end), first),
        "quotas": _news(targets.quotas(settings, before), targets.quotas(settings, end), first),
        "fx_rates": _news(targets.fx_rates(settings, before), targets.fx_rates(settings, end), first),
    }


def _care(field: Field, first: int) -> pa.Table:
    some = meet(field.settings, field.known_customers)
    return care_table(field.settings, some, field.actions[some.number, : field.day], field.day, first)


def _orders(field: Field, first: int) -> pa.Table:
    habit = field.habits()
    bought = habit.bought.copy()
    bought[:, : max(0, first - _RETURNED_WITHIN)] = False
    habit = replace(habit, bought=bought)
    return _late(field, orders_of_habit(field.settings, field.customers, habit), first)


def _late(field: Field, orders: pa.Table, first: int) -> pa.Table:
    since = pa.scalar(_midnight(field, first), pa.timestamp("us"))
    return orders.filter(pc.greater_equal(orders["ordered_at"], since))


def _subscriptions(field: Field, story: Story, first: int) -> pa.Table:
    settings, epoch = field.settings, int(field.calendar.epoch_day[0])
    of_deals = subscriptions_of_deals(settings, story)
    since = pa.scalar(epoch + first, pa.int32()).cast(pa.date32())
    noted = pc.fill_null(pc.greater_equal(of_deals["cancelled_on"], since), False)
    begun = of_deals.filter(pc.or_(pc.greater_equal(of_deals["started_on"], since), noted))
    before, now = (
        subscriptions_from_before(settings, field.customers, field.habits(day), day)
        for day in (max(first, 1), field.day)
    )
    return _joined("subscriptions", begun, _news(before, now, first))


def _news(before: pa.Table, now: pa.Table, first: int) -> pa.Table:
    """The rows of `now` that `before` lacks; all of them for a company that has recorded nothing yet."""
    if not first or before.equals(now):
        return now.slice(0, 0 if first else None)
    known = set(zip(*before.to_pydict().values(), strict=True))
    new = [row not in known for row in zip(*now.to_pydict().values(), strict=True)]
    return now.filter(pa.array(new, pa.bool_()))


def _midnight(field: Field, day: int) -> int:
    """00:00 of the day, microseconds of UTC; long ago for the first day, whose exports reach back."""
    return int(field.calendar.midnight[day]) if day else -100 * 366 * 86_400 * SECOND


def numbers_of(ids: pa.Array) -> Ints:
    """The numbers of deals or customers that bear these identifiers."""
    digits = pc.utf8_slice_codeunits(ids, 1).cast(pa.int64())
    return np.asarray(digits.to_numpy(zero_copy_only=False) - 1, dtype=np.int64)
