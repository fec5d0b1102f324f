"""Who buys: customers, what they need in secret, and the people who speak for them.

Customers are numbered in the order in which they came on record; the first of them were customers
before the history began. Every trait is a function of the number, so none has to be kept.
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import pyarrow as pa

from simulation.calendar import SECOND, Calendar, build_calendar
from simulation.chance import Flags, Floats, Ints, below, normal, pick, streams, uniform
from simulation.company import CompanySettings
from simulation.products import FAMILIES
from simulation.staff import REGIONS, build_staff
from simulation.tables import ids, moments, named, numbered

_ESTABLISHED = 0.55
INDUSTRIES = ("Manufacturing", "Healthcare", "Retail", "Education", "Logistics", "Energy")
SEGMENTS = ("small", "mid", "large")
_SIZES = ("1-49", "50-499", "500+")
_SOURCES = ("referral", "web", "fair", "cold call")
_ROLES = ("buyer", "engineer", "finance", "director")
_CITIES = (("上海", "杭州", "南京"), ("深圳", "广州", "厦门"), ("北京", "天津", "青岛"), ("成都", "重庆", "昆明"))
_FIRST, _SECOND = "恒远新华盛泰宏瑞中联天海金东嘉德", "达信科源通丰业创力和成邦润安凯越"
_TRADE = ("机械", "医疗", "商贸", "教育", "物流", "能源")
MOST_CONTACTS = 4


@dataclass(frozen=True)
class Customers:
    """Traits of some customers, one entry each."""

    number: Ints
    created_day: Ints
    """Negative for those who were there before the history."""
    established: Flags
    region: Ints
    industry: Ints
    segment: Ints
    contacts: Ints
    """How many people are on record, 1 to MOST_CONTACTS; the first decides."""
    need: Floats
    """Hidden, (n, families): how badly each family of products is wanted, standard normal."""
    price_sensitivity: Floats
    """Hidden: 0.4 to about 2.5."""
    complaint_rate: Floats
    """Hidden: chance of a complaint on any day."""


def meet(settings: CompanySettings, number: Ints) -> Customers:
    """The customers of these numbers."""
    luck = streams(settings.seed, "customer", number)
    established = number < _established(settings)
    segment = pick(uniform(luck, 2), (0.55, 0.33, 0.12))
    proneness = np.exp(0.7 * normal(luck, 20)) * np.where(established, 1.0, 0.3)
    return Customers(
        number=number,
        created_day=created_days(settings)[number],
        established=established,
        region=pick(uniform(luck, 3), (0.36, 0.26, 0.24, 0.14)),
        industry=pick(uniform(luck, 4), (0.3, 0.12, 0.2, 0.1, 0.18, 0.1)),
        segment=segment,
        contacts=np.minimum(1 + below(uniform(luck, 5), 3) + (segment == 2), MOST_CONTACTS),
        need=np.stack([normal(luck, 30 + family) for family in range(len(FAMILIES))], axis=1),
        price_sensitivity=0.4 + np.exp(0.4 * normal(luck, 21)) * 0.6,
        complaint_rate=np.minimum(0.0009 * proneness, 0.02),
    )


def some_of(customers: Customers, at: Ints) -> Customers:
    """The customers at these positions."""
    return Customers(**{trait.name: getattr(customers, trait.name)[at] for trait in fields(customers)})


@cache
def created_days(settings: CompanySettings) -> Ints:
    """The day each customer came on record, in rising order."""
    number = np.arange(settings.accounts, dtype=np.int64)
    old = _established(settings)
    luck = uniform(streams(settings.seed, "customer since", number), 0)
    before = -30 - (3000 * (1 - (number[:old] + luck[:old]) / old)).astype(np.int64)
    share = (number[old:] - old + luck[old:]) / max(1, settings.accounts - old)
    return np.concatenate([before, arrival_days(settings, share)])


def arrival_days(settings: CompanySettings, share: Floats) -> Ints:
    """The day by which this share of the history's arrivals has come."""
    expected = np.cumsum(build_calendar(settings).arrivals[: settings.days])
    return np.searchsorted(expected / expected[-1], share, side="right").astype(np.int64)


def choose(settings: CompanySettings, day: Ints, newcomer: Floats, draw: Floats) -> Ints:
    """A customer on record before each day; about a third of them newcomers of the last weeks."""
    known = np.searchsorted(created_days(settings), day, side="left").astype(np.int64)
    recent = known - np.searchsorted(created_days(settings), day - 45, side="left").astype(np.int64)
    anyone = below(draw, known)
    return np.where((newcomer < 0.35) & (recent > 0), known - 1 - below(draw, np.maximum(recent, 1)), anyone)


def desk_of(settings: CompanySettings, some: Customers, day: Ints | None = None) -> Ints:
    """The desk that serves each customer, of those filled on that day: by default on its first on record."""
    regular = uniform(streams(settings.seed, "habit", some.number), 0)
    return build_staff(settings).desk_at(some.region, regular, np.maximum(some.created_day, 0) if day is None else day)


def _established(settings: CompanySettings) -> int:
    return round(_ESTABLISHED * settings.accounts)


def customer_ids(number: Ints) -> pa.Array:
    """C0000012."""
    return numbered("C{:07}", number + 1)


def created_at(settings: CompanySettings, some: Customers, calendar: Calendar) -> Ints:
    """When each customer came on record, microseconds of UTC."""
    second = 30_000 + 30_000 * uniform(streams(settings.seed, "customer hour", some.number), 0)
    day = np.maximum(some.created_day, 0)
    return np.asarray(calendar.moment(day, second) + np.minimum(some.created_day, 0) * 86_400 * SECOND)


def customer_table(settings: CompanySettings, some: Customers) -> pa.Table:
    """These customers' rows of the table `customers`."""
    luck = streams(settings.seed, "customer label", some.number)
    revenue = np.exp(np.array([15.5, 17.5, 20.0])[some.segment] + 0.6 * normal(luck, 10))
    names = [
        _FIRST[a] + _SECOND[b] + _TRADE[trade]
        for a, b, trade in zip(
            below(uniform(luck, 0), len(_FIRST)),
            below(uniform(luck, 1), len(_SECOND)),
            some.industry,
            strict=True,
        )
    ]
    parent = below(uniform(luck, 3), np.maximum(some.number, 1))
    cities = [city for region in _CITIES for city in region]
    tier = np.clip(2 - some.segment + (uniform(luck, 5) < 0.2) - (uniform(luck, 6) < 0.2), 0, 2)
    return pa.table(
        {
            "customer_id": customer_ids(some.number),
            "name": pa.array(names, pa.string()),
            "industry": named(INDUSTRIES, some.industry),
            "segment": named(SEGMENTS, some.segment),
            "size": named(_SIZES, some.segment),
            "annual_revenue": pa.array(np.round(revenue, -4)),
            "region": named(REGIONS, some.region),
            "country": pa.array([settings.country] * some.number.size, pa.string()),
            "city": named(cities, some.region * 3 + below(uniform(luck, 2), 3)),
            "parent_id": ids(customer_ids(parent), (uniform(luck, 4) < 0.08) & (some.number > 0)),
            "source": named(_SOURCES, pick(uniform(luck, 7), (0.3, 0.3, 0.2, 0.2))),
            "created_at": moments(created_at(settings, some, build_calendar(settings))),
            "tier": named(("A", "B", "C"), tier),
        }
    )


def contact_ids(customer: Ints, place: Ints) -> pa.Array:
    """C0000012-1: the customer and the person's place."""
    return numbered("C{:07}-{:1}", customer + 1, place + 1)


def contact_table(settings: CompanySettings, some: Customers) -> pa.Table:
    """The people of these customers: rows of the table `contacts`."""
    row = np.repeat(np.arange(some.number.size), some.contacts)
    first = np.cumsum(some.contacts) - some.contacts
    place = np.arange(row.size) - first[row]
    draw = uniform(streams(settings.seed, "contact", some.number[row] * MOST_CONTACTS + place), 0)
    return pa.table(
        {
            "contact_id": contact_ids(some.number[row], place),
            "customer_id": customer_ids(some.number[row]),
            "role": named(_ROLES, np.where(place == 0, 3, below(draw, 3))),
            "is_decision_maker": pa.array(place == 0),
            "created_at": moments(created_at(settings, some, build_calendar(settings))[row]),
        }
    )
