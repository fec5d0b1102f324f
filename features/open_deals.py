"""Which deals are open at a moment, and which customers are active, as far as was on record then?"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros, Moments, micros
from features.definition import Feature
from features.engines.local import LocalFeatures
from features.history import History
from features.signs_of_life import signs_of_life
from features.stream_sql import known_since
from features.streams import open_streams
from features.values_at import Category
from features.verbs import Count, Latest


def open_deals(history: History, *looks: datetime) -> Moments:
    """The deals on record and open just before each look (naive UTC), at that moment; look by look, by their id."""
    ids, since = deals_created(history, max(looks))
    moments = _pairs(ids, since, looks)
    is_open = open_then(history, moments)
    return _chosen(moments, is_open)


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


def active_customers(history: History, *looks: datetime, within_days: float = 365) -> Moments:
    """The customers with a purchase in the days before each look (naive UTC), or a running contract.

    Who only sends things back is not active. Look by look, by their id.
    """
    ids, since = customers_known(history, max(looks))
    moments = _pairs(ids, since, looks)
    streams = open_streams(history)
    signs = signs_of_life(streams, within_days)
    alive = np.zeros(len(moments), bool)
    if len(moments) and signs:
        with LocalFeatures(signs, moments, history) as told:
            for value in told.values().values():
                assert not isinstance(value, Category)
                alive |= value > 0
    return _chosen(moments, alive)


def _pairs(ids: NDArray[np.object_], since: Micros, looks: Sequence[datetime]) -> Moments:
    """Each look at everyone on record before it."""
    at = [micros(look) for look in looks]
    codes = [np.flatnonzero(since < moment) for moment in at]
    times = np.repeat(np.array(at, np.int64), [len(found) for found in codes])
    return Moments.coded(ids, np.concatenate(codes), times)


def _chosen(moments: Moments, rows: NDArray[np.bool_]) -> Moments:
    names, codes = moments.names
    used, chosen = np.unique(codes[rows], return_inverse=True)
    return Moments.coded(names[used], chosen, moments.at[rows])


def customers_known(history: History, before: datetime) -> tuple[NDArray[np.object_], Micros]:
    """Every customer that any row on record before a moment speaks of, and since when; by id."""
    streams = open_streams(history)
    told = [
        f"SELECT id, known FROM ({streams.select(stream, 'customer', ())}) WHERE known < {micros(before)}"
        for stream in ("customers", "orders", "subscriptions", "tickets")
        if stream in streams.streams and streams.has_key(stream, "customer")
    ]
    if not told:
        return np.empty(0, object), np.empty(0, np.int64)
    with history.connect() as con:
        found = con.execute(
            f"SELECT id, min(known) AS known FROM ({' UNION ALL '.join(told)}) GROUP BY id ORDER BY id"
        ).fetchnumpy()
    return np.asarray(found["id"], object), np.asarray(found["known"], np.int64)
