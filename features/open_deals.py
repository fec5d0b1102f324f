"""Which deals are open at a moment, and which customers are active, as far as was on record then?"""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros, Moments, micros
from features.definition import Feature
from features.engines.local import LocalFeatures
from features.history import History
from features.needs import lacking
from features.stream_sql import known_since
from features.streams import open_streams
from features.values_at import Category
from features.verbs import Count, Difference, Latest, Verb


def open_deals(history: History, as_of: datetime) -> Moments:
    """The deals on record and open just before `as_of` (naive UTC), at that moment, by their id."""
    ids, _ = deals_created(history, as_of)
    moments = Moments(ids, np.full(len(ids), micros(as_of)))
    is_open = open_then(history, moments)
    return Moments(moments.ids[is_open], moments.at[is_open])


def deals_created(history: History, before: datetime) -> tuple[NDArray[np.object_], Micros]:
    """Deals whose creation was on record before a moment, and since when; by their id."""
    if "deals" not in history.tables():
        return np.empty(0, object), np.empty(0, np.int64)
    with history.connect() as con:
        found = con.execute(
            f"SELECT deal_id, known FROM (SELECT deal_id, {known_since('deals')} AS known "
            f"FROM ({history.sql_versions('deals')}) WHERE version = 0) "
            f"WHERE known < {micros(before)} ORDER BY deal_id"
        ).fetchnumpy()
    return np.asarray(found["deal_id"], object), np.asarray(found["known"], np.int64)


def open_then(history: History, moments: Moments) -> NDArray[np.bool_]:
    """Whether each deal was on record, not deleted, and open at its moment."""
    if not len(moments):
        return np.empty(0, bool)
    with LocalFeatures(STATE, moments, history) as found:
        values = found.values()
    status, lives = values["status"], values["lives"]
    assert isinstance(status, Category)
    assert not isinstance(lives, Category)
    is_open = np.asarray([text is None or text == "open" for text in status.texts()], bool)
    return is_open & (lives > 0)


STATE = (
    Feature("status", "", "", Latest("states", "status")),
    Feature("lives", "", "", Count("creations")),
)
"""What tells whether a deal is open: columns of no table."""


def active_customers(history: History, as_of: datetime, within_days: float = 365) -> Moments:
    """The customers with an order or purchase in the days before `as_of` (naive UTC), or a running contract; by id."""
    found = customers_known(history, as_of)
    moments = Moments(found, np.full(len(found), micros(as_of)))
    streams = open_streams(history)
    signs = [f for f in _signs_of_life(within_days) if lacking(f, streams) is None]
    if not len(moments) or not signs:
        return Moments(found[:0], moments.at[:0])
    with LocalFeatures(tuple(signs), moments, history) as told:
        values = told.values()
    alive = np.zeros(len(moments), bool)
    for value in values.values():
        assert not isinstance(value, Category)
        alive |= value > 0
    return Moments(found[alive], moments.at[alive])


def _signs_of_life(within_days: float) -> tuple[Feature, ...]:
    begun, ended, over = (Count(s, of="customer") for s in ("subscriptions", "cancellations", "endings"))
    contracts: Verb = Difference(begun, ended)
    return (
        Feature("orders", "", "", Count("orders", within_days=within_days, of="customer"), "customer"),
        Feature("contracts", "", "", Difference(contracts, over), "customer"),
        Feature("uncancelled", "", "", contracts, "customer"),
    )


def customers_known(history: History, before: datetime) -> NDArray[np.object_]:
    """Every customer that any row on record before a moment speaks of, by id."""
    streams = open_streams(history)
    told = [
        f"SELECT id FROM ({streams.select(stream, 'customer', ())}) WHERE known < {micros(before)}"
        for stream in ("customers", "orders", "subscriptions", "tickets")
        if stream in streams.streams and streams.has_key(stream, "customer")
    ]
    if not told:
        return np.empty(0, object)
    with history.connect() as con:
        found = con.execute(f"SELECT DISTINCT id FROM ({' UNION ALL '.join(told)}) ORDER BY id").fetchnumpy()
    return np.asarray(found["id"], object)
