"""Every feature there is, in the order the columns appear."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from features.contracts import ATTRIBUTE_PREFIX, Known
from features.deals import customer, engagement, momentum, offer, season, seller, size
from features.definition import Feature
from features.errors import ForesellError
from features.history import History
from features.needs import lacking
from features.streams import open_streams
from features.verbs import Latest

FAMILIES = (size, momentum, engagement, seller, customer, offer, season)
CATALOG: dict[str, Feature] = {feature.name: feature for family in FAMILIES for feature in family.FEATURES}


LAST = "last_activity_"
"""Prefix of the features made of activities' attributes."""


class UnknownFeature(ForesellError):
    problem = "There is no feature named {0}."
    fix = "see foresell features list; attributes of your own are named attr_<column>."


@dataclass(frozen=True)
class Offering:
    """What can be computed from a history, and why the rest cannot."""

    features: tuple[Feature, ...]
    left_out: dict[str, str]


def select(*names: str) -> tuple[Feature, ...]:
    """The named features, in catalogue order. Raises UnknownFeature."""
    if unknown := set(names) - CATALOG.keys():
        raise UnknownFeature(", ".join(sorted(unknown)))
    return tuple(feature for name, feature in CATALOG.items() if name in names)


def fingerprint(features: tuple[Feature, ...]) -> str:
    """A short hash that changes when any definition changes; stored with every model."""
    return sha256(repr(features).encode()).hexdigest()[:12]


def offered(history: History, until: datetime | None = None) -> Offering:
    """The deal features this history can give, its own attributes included.

    Left out are features that need tables or columns it does not have, and those that need more years of
    history than there were before `until`. Whether an attribute is a number is decided by what was on record
    before `until` (naive UTC).
    """
    streams = open_streams(history)
    wanted = (*CATALOG.values(), *attribute_features(history, until))
    years = years_on_record(history, until)
    reasons = {feature.name: lacking(feature, streams) or _too_young(feature, years) for feature in wanted}
    return Offering(
        tuple(feature for feature in wanted if reasons[feature.name] is None),
        {name: reason for name, reason in reasons.items() if reason is not None},
    )


def years_on_record(history: History, until: datetime | None = None) -> float:
    """Years from the first deal on record to `until`, or to the last deal."""
    if "deals" not in history.tables():
        return 0.0
    with history.connect() as con:
        first, last = con.execute(
            f"SELECT min(created_at), max(created_at) FROM ({history.sql_versions('deals')}) {_before(until)}"
        ).fetchall()[0]
    return 0.0 if first is None else max(((until or last) - first).days, 0) / 365.25


def _too_young(feature: Feature, years: float) -> str | None:
    if years >= feature.years:
        return None
    return f"it takes {feature.years:g} years of history to learn from it; there are {years:.1f}"


def attribute_features(history: History, until: datetime | None = None) -> tuple[Feature, ...]:
    """One feature for each attribute of deals and activities that the mapping says was known at creation."""
    known = [a for a in history.attributes("deals") if history.known("deals", a) is Known.AT_CREATION]
    of_activities = [a for a in history.attributes("activities") if history.known("activities", a) is Known.AT_CREATION]
    return (
        *(attribute_feature(a, _is_number(history, a, until)) for a in known),
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


def activity_feature(attribute: str) -> Feature:
    """What an attribute said of the deal's last activity."""
    return Feature(
        f"{LAST}{attribute}",
        f"The {attribute} of the deal's last activity.",
        f"最近一次活动的 {attribute}。",
        Latest("activities", ATTRIBUTE_PREFIX + attribute),
    )


def _is_number(history: History, attribute: str, until: datetime | None) -> bool:
    column = '"' + (ATTRIBUTE_PREFIX + attribute).replace('"', '""') + '"'
    with history.connect() as con:
        given, numbers = con.execute(
            f"SELECT count({column}), count(try_cast({column} AS DOUBLE)) "
            f"FROM ({history.sql_versions('deals')}) {_before(until)}"
        ).fetchall()[0]
    return bool(given) and given == numbers


def _before(until: datetime | None) -> str:
    """SQL that keeps the versions on record before a moment."""
    return "" if until is None else f"WHERE version_at < TIMESTAMP '{until.isoformat(sep=' ')}'"
