"""What is ordered: what won deals bring, what customers buy again, and who silently stops?

A customer who buys by habit goes on until a hidden day on which the habit ends; complaints make that day
more likely. Nobody announces it: it shows as silence.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.calendar import SECOND, build_calendar
from simulation.care import GRUDGE, GRUDGE_DAYS, grudges, leaving, looked_after, proneness, risk_of_leaving
from simulation.chance import Flags, Floats, Ints, Keys, below, normal, streams, uniform
from simulation.company import AS_EVER, CompanySettings
from simulation.customers import Customers, customer_ids, desk_of
from simulation.deals import FOREIGN_RATE, to_hundreds
from simulation.products import FAMILIES, LIST_PRICE, PER_FAMILY, USUAL_QUANTITY, product_ids
from simulation.response import NO_ACTION
from simulation.rows import closed_at, deal_ids
from simulation.staff import build_staff, seller_ids
from simulation.story import Story
from simulation.tables import ids, moments, money, named, numbered
from simulation.waves import season as high_season
from simulation.waves import wave

NEVER = 1 << 30
_LOT = 0.1


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
    on_record = at < calendar.midnight[story.end]
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


def habits(
    settings: CompanySettings, some: Customers, first_win: Ints, complaints: Flags, actions: Ints | None = None
) -> Habits:
    """How these customers buy, given the day of their first won deal (NEVER without) and complaints.

    `actions`, (n, days), are the contacts that the customers of a trial company met (`care.usual_care`); the habit
    is followed for as many days. The company of old needs none.
    """
    calendar = build_calendar(settings)
    days = np.arange(settings.days if actions is None else actions.shape[1], dtype=np.int64)
    luck = streams(settings.seed, "habit of buying", some.number)
    after_win = np.where((uniform(luck, 0) < 0.6) & (first_win < NEVER), first_win + 20, NEVER)
    begins = np.where(some.established & (uniform(luck, 1) < 0.75), 0, after_win)
    interval = usual_interval(settings, some)
    risk = _risk(settings, some, complaints[:, : days.size], actions)
    leaves = streams(settings.seed, "leaving", some.number)
    gone = (uniform(leaves[:, None], days) < risk) & (days >= begins[:, None])
    ends = np.where(gone.any(axis=1), gone.argmax(axis=1), NEVER).astype(np.int64)
    shares = calendar.arrivals[: settings.days] / calendar.arrivals[: settings.days].mean()
    season = np.clip(shares, 0, 2)[: days.size] * high_season(settings, some, calendar.epoch_day[days])
    buying = streams(settings.seed, "buying", some.number)
    bought = uniform(buying[:, None], days) < season / interval[:, None]
    bought &= (days >= begins[:, None]) & (days < ends[:, None])
    return Habits(begins, ends, bought)


def habits_until(
    settings: CompanySettings, some: Customers, first_win: Ints, complaints: Flags, actions: Ints
) -> Habits:
    """The same, told up to the last day of `actions` alone.

    In the company of old a habit's end is settled from the first day; there it may lie later.
    """
    if settings.contact != AS_EVER:
        return habits(settings, some, first_win, complaints, actions)
    habit = habits(settings, some, first_win, complaints)
    return replace(habit, bought=habit.bought[:, : actions.shape[1]])


def _risk(settings: CompanySettings, some: Customers, complaints: Flags, actions: Ints | None) -> Floats:
    """(n, days): the chance that a habit ends on that day."""
    days = complaints.shape[1]
    if settings.contact == AS_EVER:
        plain = 0.0004 * np.exp(0.5 * proneness(settings, some))[:, None]
        return np.asarray(plain * (1 + GRUDGE * _recent(complaints, GRUDGE_DAYS)) * wave(settings, some, 0, days))
    made = np.full(complaints.shape, NO_ACTION, dtype=np.int64) if actions is None else actions
    return risk_of_leaving(leaving(settings, some, 0, days), looked_after(made), *grudges(complaints, made))


def _recent(events: Flags, days: int) -> Ints:
    """How many events fell on each day and the days before it, `days` in all; same shape."""
    total = np.cumsum(events, axis=1, dtype=np.int64)
    earlier = np.zeros_like(total)
    earlier[:, days:] = total[:, :-days]
    return total - earlier


def usual_interval(settings: CompanySettings, some: Customers) -> Floats:
    """Days between two orders of each customer in an ordinary season."""
    luck = streams(settings.seed, "habit of buying", some.number)
    return np.asarray(np.clip(38 * np.exp(0.7 * normal(luck, 10)), 6, 200))


def family_of_habit(settings: CompanySettings, some: Customers) -> Ints:
    """The family each customer buys again: what it needs most; in a trial company consumables."""
    if settings.contact == AS_EVER:
        return np.asarray(some.need.argmax(axis=1), dtype=np.int64)
    return np.full(some.number.size, len(FAMILIES) - 1)


def median_lot(settings: CompanySettings, segment: Ints, product: Ints) -> Floats:
    """Units of a product in an order by habit, before they are drawn and rounded up."""
    lot: Floats = USUAL_QUANTITY[product] * (0.25 if settings.contact == AS_EVER else _LOT) * (1 + segment)
    return lot


def _lots(settings: CompanySettings, some: Customers, habit: Habits) -> tuple[Ints, Ints, Keys, Ints, Floats]:
    """Of each order by habit: whose it is, the day, its luck, the product and how many units."""
    rows, columns = np.nonzero(habit.bought)
    who, day = rows.astype(np.int64), columns.astype(np.int64)
    luck = streams(settings.seed, "order", some.number[who] * (1 << 14) + day)
    family = family_of_habit(settings, some)[who]
    usual = family * PER_FAMILY + some.number[who] % PER_FAMILY
    product = np.where(uniform(luck, 0) < 0.7, usual, family * PER_FAMILY + below(uniform(luck, 1), PER_FAMILY))
    quantity = np.ceil(median_lot(settings, some.segment[who], product) * np.exp(0.5 * normal(luck, 10)))
    return who, day, luck, product, quantity


def value_of_habit(settings: CompanySettings, some: Customers, habit: Habits) -> tuple[Ints, Ints, Ints]:
    """(position of the customer, day, money in base currency) of each order by habit, before any return."""
    who, day, _, product, quantity = _lots(settings, some, habit)
    return who, day, _price(product, quantity)


def orders_of_habit(settings: CompanySettings, some: Customers, habit: Habits) -> pa.Table:
    """Repeat orders of these customers, and the returns of some."""
    calendar, staff = build_calendar(settings), build_staff(settings)
    who, day, luck, product, quantity = _lots(settings, some, habit)
    at = calendar.moment(day, 30_000 + 33_000 * uniform(luck, 2))
    back_at = at + (86_400 * (2 + 20 * uniform(luck, 4))).astype(np.int64) * SECOND
    back = np.flatnonzero((uniform(luck, 3) < 0.02) & (back_at < calendar.midnight[habit.bought.shape[1]]))
    row = np.concatenate([np.arange(who.size), back])
    sign = np.concatenate([np.ones(who.size, dtype=np.int64), np.full(back.size, -1)])
    order = np.lexsort((sign < 0, row))
    row, sign, at = row[order], sign[order], np.concatenate([at, back_at[back]])[order]
    units = np.where(sign > 0, quantity[row], np.maximum(1, np.floor(quantity[row] / 2)))
    desk = desk_of(settings, some)
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
