"""Which contracts run: subscriptions that won deals began, and those from before the history?

A contract is renewed year by year, each term a row of its own, so that a row's last day is known from its
first. A customer leaves by notice (`cancelled_on`) or by simply not renewing.
"""

import numpy as np
import pyarrow as pa

from simulation.calendar import build_calendar
from simulation.chance import Ints, Keys, below, normal, streams, uniform
from simulation.company import AS_EVER, CompanySettings
from simulation.customers import Customers, customer_ids
from simulation.orders import NEVER, Habits
from simulation.products import BY_CONTRACT, LIST_PRICE, product_ids
from simulation.story import Story
from simulation.tables import days, money, named, numbered

_TERM = 365
_LEAVES = 0.18
_BY_NOTICE = 0.6


def subscriptions_of_deals(settings: CompanySettings, story: Story) -> pa.Table:
    """Yearly contracts begun by won deals on products that are sold so, from the day after the win."""
    sold = story.won & BY_CONTRACT[story.deals.product] & (story.closed_day + 1 < story.end)
    at, deals = np.flatnonzero(sold), story.deals
    luck = streams(settings.seed, "contract", deals.number[at])
    begun = story.closed_day[at] + 1
    row, term, notice = _terms(settings, luck, begun, np.full(at.size, NEVER), story.end)
    return pa.table(
        {
            "subscription_id": numbered("S-D{:07}-{:1}", deals.number[at][row] + 1, term + 1),
            "customer_id": customer_ids(deals.customer.number[at][row]),
            "product_id": product_ids(deals.product[at][row]),
            **_dates(settings, begun[row] + _TERM * term, notice),
            "recurring_amount": money(story.amount[at][row]),
            "currency": named((settings.currency, settings.foreign), deals.foreign[at][row].astype(np.int64)),
            "interval_months": pa.array(np.full(row.size, 12)),
        }
    )


def subscriptions_from_before(settings: CompanySettings, some: Customers, habit: Habits, end: int) -> pa.Table:
    """Contracts of established customers that already ran on the first day; who stops buying leaves."""
    luck = streams(settings.seed, "old contract", some.number)
    at = np.flatnonzero(some.established & (uniform(luck, 0) < 0.3))
    luck = luck[at]
    products = np.flatnonzero(BY_CONTRACT)
    product = products[below(uniform(luck, 1), products.size)]
    begun = -1 - (uniform(luck, 2) * (_TERM - 2)).astype(np.int64)
    row, term, notice = _terms(settings, luck, begun, habit.ends[at], end)
    amount = np.round(LIST_PRICE[product] * np.exp(0.3 * normal(luck, 20))).astype(np.int64)
    return pa.table(
        {
            "subscription_id": numbered("S-C{:07}-{:1}", some.number[at][row] + 1, term + 1),
            "customer_id": customer_ids(some.number[at][row]),
            "product_id": product_ids(product[row]),
            **_dates(settings, begun[row] + _TERM * term, notice),
            "recurring_amount": money(amount[row]),
            "currency": pa.repeat(pa.scalar(settings.currency), row.size),
            "interval_months": pa.array(np.full(row.size, 12)),
        }
    )


def _terms(settings: CompanySettings, luck: Keys, begun: Ints, stops: Ints, end: int) -> tuple[Ints, Ints, Ints]:
    """(contract, term, day of notice or -1) of every term begun by the end, by contract and term."""
    found: list[tuple[Ints, Ints, Ints]] = []
    alive = np.arange(begun.size, dtype=np.int64)
    for term in range(settings.days // _TERM + 2):
        alive = alive[begun[alive] + _TERM * term < end]
        last = begun[alive] + _TERM * (term + 1) - 1
        ends = (uniform(luck[alive], 100 + 3 * term) < _LEAVES) | (stops[alive] <= last)
        day = last - (60 * uniform(luck[alive], 101 + 3 * term)).astype(np.int64)
        if settings.contact != AS_EVER:
            # The buyers of old give notice before they fall silent; here nothing is known before it happens.
            day = np.minimum(np.where(stops[alive] <= last, np.maximum(day, stops[alive]), day), last)
        told = ends & (uniform(luck[alive], 102 + 3 * term) < _BY_NOTICE) & (day < end) & (day >= 0)
        found.append((alive, np.full(alive.size, term, dtype=np.int64), np.where(told, day, -1)))
        alive = alive[~ends]
    row, terms, notice = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((terms, row))
    return row[order], terms[order], notice[order]


def _dates(settings: CompanySettings, begun: Ints, notice: Ints) -> dict[str, pa.Array]:
    epoch = build_calendar(settings).epoch_day[0]
    return {
        "started_on": days(epoch + begun),
        "ends_on": days(epoch + begun + _TERM - 1),
        "cancelled_on": days(epoch + notice, notice >= 0),
    }
