"""Which deals are open at a moment, as far as was on record then?"""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros, Moments, micros
from features.engines.local import LocalStreams
from features.evaluate import Category, Evaluation
from features.history import History
from features.stream_sql import known_since
from features.verbs import Latest


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
    """Whether each deal was open at its moment."""
    if not len(moments):
        return np.empty(0, bool)
    streams = LocalStreams(history, {"states": frozenset({"status"})})
    status = Evaluation(streams, moments).value(Latest("states", "status"))
    assert isinstance(status, Category)
    return np.asarray([text is None or text == "open" for text in status.texts()], bool)
