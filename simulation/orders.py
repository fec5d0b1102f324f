"""What is ordered: what won deals bring, what customers buy again, and who silently stops?

A customer who buys by habit goes on until a hidden day on which the habit ends; complaints make that day
more likely. Nobody announces it: it shows as silence.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.calendar import SECOND, build_calendar
from simulation.chance import Flags, Floats, Ints, below, normal, streams, uniform
from simulation.company import CompanySettings
from simulation.customers import Customers, customer_ids
from simulation.deals import FOREIGN_RATE, to_hundreds
from simulation.products import LIST_PRICE, PER_FAMILY, USUAL_QUANTITY, product_ids
from simulation.rows import closed_at, deal_ids
from simulation.staff import build_staff, seller_ids
from simulation.story import Story
from simulation.tables import ids, moments, money, named, numbered

NEVER = 1 << 30
_GRUDGE_DAYS = 60


@dataclass(frozen=True)
class Habits:
    """How some customers buy; days may lie outside the history."""

    begins: Ints
    """First day of habitual buying; NEVER for those without the habit."""
    ends: Ints
    """The hidden day on which the habit stopped; NEVER while it lasts."""
    bought: Flags
    """(n, days): whether an order came that day."""


def orders_of_deals(settings: CompanySettings, story: Story) -> pa.Table:
    """Order lines of the won deals: one order each, of one or two lines that add up to the amount."""
    calendar = build_calendar(settings)
    won = np.flatnonzero(story.won)
    keys = story.deals.life[won]
    wait = 3600 + 2 * 86_400 * uniform(keys, 6) ** 2
    at = closed_at(story, calendar)[won] + wait.astype(np.int64) * SECOND
    on_record = at < calendar.midnight[settings.days]
    won, keys, at = won[on_record], keys[on_record], at[on_record]
    two = (uniform(keys, 7) < 0.3).astype(np.int64)
    row = np.repeat(np.arange(won.size), 1 + two)
    line = np.arange(row.size) - np.searchsorted(row, row)
    amount = story.amount[won]
    second_line = np.where(two == 1, to_hundreds(amount * 0.25), 0)
    first_line = np.maximum(amount - second_line, 0)
    second_line = amount - first_line
    deal = won[row]
    product = story.deals.product[deal]
    value = np.where(line == 0, first_line[row], second_line[row])
    foreign = story.deals.foreign[deal]
    price = np.where(foreign, LIST_PRICE[product] / FOREIGN_RATE, LIST_PRICE[product])
    group = numbered("O-D{:07}", story.deals.number[deal] + 1)
    return pa.table(
        {
            "order_id": numbered("O-D{:07}-{:1}", story.deals.number[deal] + 1, line + 1),
            "customer_id": customer_ids(story.deals.customer.number[deal]),
            "deal_id": deal_ids(story.deals.number[deal]),
            "rep_id": seller_ids(story.owner[deal]),
            "product_id": product_ids(np.where(line == 0, product, product - product % PER_FAMILY)),
            "ordered_at": moments(at[row]),
            "amount": money(value),
            "currency": named((settings.currency, settings.foreign), foreign.astype(np.int64)),
            "quantity": pa.array(np.maximum(1.0, np.round(value / price))),
            "group_id": group,
        }
    )


def habits(settings: CompanySettings, some: Customers, first_win: Ints, complaints: Flags) -> Habits:
    """How these customers buy, given the day of their first won deal (NEVER without) and complaints."""
    calendar = build_calendar(settings)
    days = np.arange(settings.days, dtype=np.int64)
    luck = streams(settings.seed, "habit of buying", some.number)
    after_win = np.where((uniform(luck, 0) < 0.6) & (first_win < NEVER), first_win + 20, NEVER)
    begins = np.where(some.established & (uniform(luck, 1) < 0.75), 0, after_win)
    interval = np.clip(38 * np.exp(0.7 * normal(luck, 10)), 6, 200)
    grudge = _recent(complaints, _GRUDGE_DAYS)
    risk = 0.0004 * np.exp(0.5 * normal(luck, 11))[:, None] * (1 + 6 * grudge)
    leaves = streams(settings.seed, "leaving", some.number)
    gone = (uniform(leaves[:, None], days) < risk) & (days >= begins[:, None])
    ends = np.where(gone.any(axis=1), gone.argmax(axis=1), NEVER).astype(np.int64)
    season = np.clip(calendar.arrivals[: settings.days] / calendar.arrivals[: settings.days].mean(), 0, 2)
    buying = streams(settings.seed, "buying", some.number)
    bought = uniform(buying[:, None], days) < season / interval[:, None]
    bought &= (days >= begins[:, None]) & (days < ends[:, None])
    return Habits(begins, ends, bought)


def _recent(events: Flags, days: int) -> Ints:
    """How many events fell on each day and the days before it, `days` in all; same shape."""
    total = np.cumsum(events, axis=1, dtype=np.int64)
    earlier = np.zeros_like(total)
    earlier[:, days:] = total[:, :-days]
    return total - earlier


def orders_of_habit(settings: CompanySettings, some: Customers, habit: Habits) -> pa.Table:
    """Repeat orders of these customers, and the returns of some."""
    calendar, staff = build_calendar(settings), build_staff(settings)
    who, day = np.nonzero(habit.bought)
    luck = streams(settings.seed, "order", some.number[who] * (1 << 14) + day)
    family = some.need[who].argmax(axis=1)
    usual = family * PER_FAMILY + some.number[who] % PER_FAMILY
    product = np.where(uniform(luck, 0) < 0.7, usual, family * PER_FAMILY + below(uniform(luck, 1), PER_FAMILY))
    quantity = np.ceil(USUAL_QUANTITY[product] * 0.25 * (1 + some.segment[who]) * np.exp(0.5 * normal(luck, 10)))
    at = calendar.moment(day, 30_000 + 33_000 * uniform(luck, 2))
    back_at = at + (86_400 * (2 + 20 * uniform(luck, 4))).astype(np.int64) * SECOND
    back = np.flatnonzero((uniform(luck, 3) < 0.02) & (back_at < calendar.midnight[settings.days]))
    row = np.concatenate([np.arange(who.size), back])
    sign = np.concatenate([np.ones(who.size, dtype=np.int64), np.full(back.size, -1)])
    order = np.lexsort((sign < 0, row))
    row, sign, at = row[order], sign[order], np.concatenate([at, back_at[back]])[order]
    units = np.where(sign > 0, quantity[row], np.maximum(1, np.floor(quantity[row] / 2)))
    regular = uniform(streams(settings.seed, "habit", some.number), 0)
    desk = staff.desk_at(some.region, regular, np.maximum(some.created_day, 0))
    order_id = numbered("O-C{:07}-{:04}", some.number[who[row]] + 1, day[row])
    returned = pa.array(np.where(sign < 0, "-R", "").tolist(), pa.string())
    return pa.table(
        {
            "order_id": pc.binary_join_element_wise(order_id, returned, ""),
            "customer_id": customer_ids(some.number[who[row]]),
            "deal_id": pa.nulls(row.size, pa.string()),
            "rep_id": seller_ids(staff.owner(desk[who[row]], day[row])),
            "product_id": product_ids(product[row]),
            "ordered_at": moments(at),
            "amount": money(_price(product[row], units) * sign),
            "currency": pa.repeat(pa.scalar(settings.currency), row.size),
            "quantity": pa.array(units * sign),
            "group_id": ids(order_id, np.ones(row.size, dtype=np.bool_)),
        }
    )


def _price(product: Ints, units: Floats) -> Ints:
    return np.round(LIST_PRICE[product] * units * 0.9).astype(np.int64)
