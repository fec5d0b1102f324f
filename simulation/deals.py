"""What is a deal born with: its customer, its seller, and the hidden traits that decide its life?"""

from dataclasses import dataclass

import numpy as np

from simulation.calendar import build_calendar
from simulation.chance import Flags, Floats, Ints, Keys, below, normal, pick, streams, uniform
from simulation.company import CompanySettings
from simulation.customers import Customers, arrival_days, choose, desk_of, meet
from simulation.products import FAMILIES, LIST_PRICE, PER_FAMILY, USUAL_QUANTITY
from simulation.response import deal_receptivity

SOURCES = ("referral", "inbound", "outbound", "partner", "event")
TYPES = ("new", "renewal", "upsell")
COMPETITORS = ("Altona", "Brisk", "Corvid", "in-house")
_SOURCE_EFFECT = np.array([0.55, 0.2, -0.45, 0.1, -0.1])
_TYPE_EFFECT = np.array([-0.15, 0.75, 0.3])
_SIZE_OF_SEGMENT = np.array([-0.5, 0.3, 1.2])
FOREIGN_RATE = 7.0
"""Base currency for one unit of the foreign one, about; the price lists are in base currency."""


@dataclass(frozen=True)
class Deals:
    """Deals as they are born, one entry each, in the order of the day they were created."""

    number: Ints
    created_day: Ints
    created_second: Floats
    """Of the local day."""
    customer: Customers
    desk: Ints
    product: Ints
    source: Ints
    type: Ints
    competitor: Ints
    """Index into COMPETITORS, or -1 for none known."""
    budget_confirmed: Flags
    foreign: Flags
    amount: Ints
    """At creation, whole units of the deal's own currency."""
    stage: Ints
    """At creation: 0 or 1."""
    quality: Floats
    """Hidden: log-odds of the deal's own, from need, price, source and what cannot be seen."""
    pace: Floats
    """Hidden: how fast things happen, 1 is usual."""
    receptivity: Floats
    """Hidden: what a contact does for this deal, 1 is usual; below 0 it does harm."""
    access: Flags
    """Hidden: whether the seller reaches the person who decides."""
    mood: Ints
    """Hidden: at creation, 0 dormant to 3 hot."""
    life: Keys
    """The deal's own luck, day by day."""


def born(settings: CompanySettings, number: Ints) -> Deals:
    """The deals of these numbers (rising)."""
    luck = streams(settings.seed, "deal", number)
    day = arrival_days(settings, (number + uniform(luck, 0)) / settings.deals)
    customer = meet(settings, choose(settings, day, uniform(luck, 1), uniform(luck, 2)))
    product = _product(luck, customer)
    source = pick(uniform(luck, 4), (0.18, 0.3, 0.3, 0.12, 0.1))
    kind = np.where(customer.established, pick(uniform(luck, 5), (0.3, 0.25, 0.45)), 0)
    competitor = np.where(uniform(luck, 6) < 0.42, below(uniform(luck, 7), len(COMPETITORS)), -1)
    budget, access = uniform(luck, 8) < 0.4, uniform(luck, 9) < 0.45
    discount = np.round(0.3 * uniform(luck, 10) ** 1.6, 2)
    log_size = _SIZE_OF_SEGMENT[customer.segment] + 0.5 * normal(luck, 20)
    foreign = uniform(luck, 11) < 0.04
    quality = (
        0.45 * customer.need[np.arange(number.size), product // PER_FAMILY]
        + 2.0 * customer.price_sensitivity * (discount - 0.115)
        + _SOURCE_EFFECT[source]
        + _TYPE_EFFECT[kind]
        + np.where(competitor >= 0, -0.3, 0.2)
        + np.where(budget, 0.3, -0.2)
        + np.where(access, 0.3, -0.25)
        - 0.15 * log_size
        + 0.4 * normal(luck, 21)
    )
    return Deals(
        number=number,
        created_day=day,
        created_second=32_400 + np.floor(32_400 * uniform(luck, 12)),
        customer=customer,
        desk=desk_of(settings, customer, day),
        product=product,
        source=source,
        type=kind,
        competitor=competitor,
        budget_confirmed=budget,
        foreign=foreign,
        amount=_amount(product, log_size, discount, foreign),
        stage=(uniform(luck, 13) < 0.15).astype(np.int64),
        quality=quality,
        pace=np.clip(np.exp(0.3 * normal(luck, 22) - 0.12 * log_size), 0.4, 2.5),
        receptivity=deal_receptivity(settings.contact, normal(luck, 23), source, kind, competitor, quality),
        access=access,
        mood=pick(uniform(luck, 14), (0.0, 0.25, 0.55, 0.2)),
        life=streams(settings.seed, "life", number),
    )


def deals_before(settings: CompanySettings, day: int) -> int:
    """How many deals are created before this day; they bear the first numbers."""
    if day >= settings.days:
        return settings.deals
    number = np.arange(settings.deals, dtype=np.int64)
    luck = streams(settings.seed, "deal", number)
    return int(np.searchsorted(arrival_days(settings, (number + uniform(luck, 0)) / settings.deals), day))


def _product(luck: Keys, customer: Customers) -> Ints:
    """Customers tend to ask for what they need."""
    wish = np.exp(0.5 * customer.need) * np.array([0.8, 1.0, 1.0, 0.6])
    edges = np.cumsum(wish, axis=1)
    drawn = uniform(luck, 3) * edges[:, -1]
    family = np.minimum((drawn[:, None] >= edges).sum(axis=1), len(FAMILIES) - 1)
    return np.asarray(family * PER_FAMILY + below(uniform(luck, 15), PER_FAMILY), dtype=np.int64)


def _amount(product: Ints, log_size: Floats, discount: Floats, foreign: Flags) -> Ints:
    quantity = np.maximum(1.0, np.round(USUAL_QUANTITY[product] * np.exp(log_size)))
    price = LIST_PRICE[product] * quantity * (1 - discount)
    return to_hundreds(np.where(foreign, price / FOREIGN_RATE, price))


def to_hundreds(amount: Floats) -> Ints:
    """Amounts as people write them: whole hundreds, at least one."""
    return np.maximum(np.round(amount / 100), 1).astype(np.int64) * 100


def first_day(settings: CompanySettings, deals: Deals) -> int:
    """The day on which the first of these deals can change."""
    return int(deals.created_day[0]) + 1 if deals.number.size else len(build_calendar(settings).working)
