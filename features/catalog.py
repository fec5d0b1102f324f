"""Every feature there is, in the order the columns appear."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from features import own_features
from features.contracts import ATTRIBUTE_PREFIX, Known
from features.customers import contracts, market, people, pipeline, profile, rhythm, tenure, tickets, value
from features.customers import engagement as customer_engagement
from features.customers import season as customer_season
from features.deals import (
    care,
    customer,
    dialogue,
    engagement,
    load,
    momentum,
    offer,
    orders,
    rates,
    season,
    seller,
    size,
    stakeholders,
)
from features.definition import Entity, Feature
from features.errors import ForesellError
from features.history import History
from features.needs import lacking
from features.owners import CROSS
from features.streams import open_streams
from features.verbs import Latest, SmoothedRate

FAMILIES = (
    size, momentum, engagement, dialogue, stakeholders, seller, load, customer, orders, care, offer, rates, season,
)  # fmt: skip
CATALOG: dict[str, Feature] = {feature.name: feature for family in FAMILIES for feature in family.FEATURES}
"""The features of deals by name."""
CUSTOMER_FAMILIES = (
    tenure, rhythm, value, contracts, tickets, customer_engagement, people, pipeline, profile, market, customer_season,
)  # fmt: skip
CUSTOMER_CATALOG: dict[str, Feature] = {f.name: f for family in CUSTOMER_FAMILIES for f in family.FEATURES}
"""The features of customers by name. One that deals have too, such as `customer_industry`, is the same for both."""
CATALOGS: dict[Entity, dict[str, Feature]] = {"deal": CATALOG, "customer": CUSTOMER_CATALOG}

LAST = "last_activity_"
"""Prefix of the features made of activities' attributes."""
RATE = "win_rate_above_by_"
"""Prefix of the win rates of deals that share an attribute."""


class UnknownFeature(ForesellError):
    problem = "There is no feature named {0}."
    fix = "see foresell features list; attributes of your own are named attr_<column>."


@dataclass(frozen=True)
class Offering:
    """What can be computed from a history, and why the rest cannot."""

    features: tuple[Feature, ...]
    left_out: dict[str, str]


def select(*names: str, entity: Entity = "deal") -> tuple[Feature, ...]:
    """The named features of the catalogue, in its order. Raises UnknownFeature."""
    catalog = CATALOGS[entity]
    if unknown := set(names) - catalog.keys():
        raise UnknownFeature(", ".join(sorted(unknown)))
    return tuple(feature for name, feature in catalog.items() if name in names)


def find(name: str, entity: Entity = "deal") -> Feature:
    """A feature of the catalogue or of one's own file. Raises UnknownFeature, and what `own` raises."""
    known = CATALOGS[entity].get(name) or next((f for f in own(entity) if f.name == name), None)
    if known is None:
        raise UnknownFeature(name)
    return known


def own(entity: Entity | None = None) -> tuple[Feature, ...]:
    """The features of the file that FORESELL_FEATURES names, of deals or customers or both; none where it is not set.

    Raises OwnFeaturesMissing, OwnFeaturesBroken, OwnFeatureWrong.
    """
    found = own_features.named(CATALOG.keys() | CUSTOMER_CATALOG.keys())
    return tuple(feature for feature in found if entity in (None, feature.entity))


def fingerprint(features: tuple[Feature, ...]) -> str:
    """A short hash that changes when any definition changes; stored with every model."""
    return sha256(repr(features).encode()).hexdigest()[:12]


def offered(history: History, until: datetime | None = None, entity: Entity = "deal") -> Offering:
    """The features of deals or customers that this history can give, attributes and features of one's own included.

    Left out are features that need tables or columns it does not have, and those that need more years of
    history than there were before `until`. Whether an attribute is a number is decided by what was on record
    before `until` (naive UTC). Raises what `own` raises.
    """
    streams = open_streams(history)
    attributes = (attribute_features if entity == "deal" else customer_attribute_features)(history, until)
    wanted = (*CATALOGS[entity].values(), *attributes, *own(entity))
    years = years_on_record(history, until, entity)
    reasons = {feature.name: lacking(feature, streams) or _too_young(feature, years) for feature in wanted}
    return Offering(
        tuple(feature for feature in wanted if reasons[feature.name] is None),
        {name: reason for name, reason in reasons.items() if reason is not None},
    )


BEGINS = {
    "deal": (("deals", "created_at"),),
    "customer": (("orders", "ordered_at"), ("subscriptions", "started_on"), ("tickets", "opened_at")),
}
"""The rows whose times say how long a history is, for what is learned of deals or of customers."""


def years_on_record(history: History, until: datetime | None = None, entity: Entity = "deal") -> float:
    """Years from the first deal on record (order, contract or ticket) to `until`, or to the last."""
    told = [
        f"SELECT {column}::TIMESTAMP AS begun FROM ({history.sql_versions(table)}) {_before(until)}"
        for table, column in BEGINS[entity]
        if table in history.tables()
    ]
    if not told:
        return 0.0
    with history.connect() as con:
        first, last = con.execute(f"SELECT min(begun), max(begun) FROM ({' UNION ALL '.join(told)})").fetchall()[0]
    return 0.0 if first is None else max(((until or last) - first).days, 0) / 365.25


def _too_young(feature: Feature, years: float) -> str | None:
    if years >= feature.years:
        return None
    return f"it takes {feature.years:g} years of history to learn from it; there are {years:.1f}"


def attribute_features(history: History, until: datetime | None = None) -> tuple[Feature, ...]:
    """The features of those attributes of deals and activities that the mapping says were known at creation.

    An attribute of deals that is no number comes twice: as it is, and as the win rate of past deals that share it.
    """
    known = [a for a in history.attributes("deals") if history.known("deals", a) is Known.AT_CREATION]
    of_activities = [a for a in history.attributes("activities") if history.known("activities", a) is Known.AT_CREATION]
    numbers = {a for a in known if _is_number(history, a, until)}
    return (
        *(attribute_feature(a, a in numbers) for a in known),
        # A key with the sign that joins two would be taken for two.
        *(attribute_rate(a) for a in known if a not in numbers and CROSS not in a),
        *(activity_feature(a) for a in of_activities),
    )


def attribute_feature(attribute: str, is_number: bool) -> Feature:
    """The feature of one attribute, as a number or as a text."""
    column = ATTRIBUTE_PREFIX + attribute
    return Feature(
        column,
        f"The attribute {attribute}, as known when the deal was created.",
        f"自定义字段 {attribute}（创建时已知）。",
        Latest("deals", f"{column}:number" if is_number else column),
    )


def attribute_rate(attribute: str) -> Feature:
    """The win rate of past deals that share an attribute's value: a number that any estimate can use."""
    return Feature(
        f"{RATE}{attribute}",
        f"Share won of closed deals with the same {attribute}, drawn toward everyone's share, less everyone's share.",
        f"{attribute} 相同的已关闭商机的赢率（向整体赢率收缩）减去整体赢率。",
        SmoothedRate("outcomes", "won", of=ATTRIBUTE_PREFIX + attribute, above=True),
    )


def activity_feature(attribute: str) -> Feature:
    """What an attribute said of the deal's last activity."""
    return Feature(
        f"{LAST}{attribute}",
        f"The {attribute} of the deal's last activity.",
        f"最近一次活动的 {attribute}。",
        Latest("activities", ATTRIBUTE_PREFIX + attribute),
    )


def customer_attribute_features(history: History, until: datetime | None = None) -> tuple[Feature, ...]:
    """One feature of customers for each attribute of theirs that the mapping says was known at creation."""
    known = [a for a in history.attributes("customers") if history.known("customers", a) is Known.AT_CREATION]
    return tuple(customer_attribute_feature(a, _is_number(history, a, until, "customers")) for a in known)


def customer_attribute_feature(attribute: str, is_number: bool) -> Feature:
    """A customer's attribute, of this name."""
    column = ATTRIBUTE_PREFIX + attribute
    return Feature(
        f"customer_{column}",
        f"The customer's attribute {attribute}, as on record at the moment.",
        f"客户的自定义字段 {attribute}（当时的记录）。",
        Latest("customers", f"{column}:number" if is_number else column, of="customer"),
        "customer",
    )


def _is_number(history: History, attribute: str, until: datetime | None, table: str = "deals") -> bool:
    column = '"' + (ATTRIBUTE_PREFIX + attribute).replace('"', '""') + '"'
    with history.connect() as con:
        given, numbers = con.execute(
            f"SELECT count({column}), count(try_cast({column} AS DOUBLE)) "
            f"FROM ({history.sql_versions(table)}) {_before(until)}"
        ).fetchall()[0]
    return bool(given) and given == numbers


def _before(until: datetime | None) -> str:
    """SQL that keeps the versions on record before a moment; those without a time were always there."""
    return "" if until is None else f"WHERE version_at IS NULL OR version_at < TIMESTAMP '{until.isoformat(sep=' ')}'"
