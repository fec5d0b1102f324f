"""When to look at a deal: at fixed ages of its open life, and at any moment for those open then."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Micros, Moments, micros
from features.engines.local import LocalStreams
from features.evaluate import Category, Evaluation
from features.history import History
from features.stream_sql import known_since
from features.verbs import Latest

AGES: tuple[float, ...] = (0, 1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 540, 730)
"""Days after creation at which a deal still open is looked at. Dense at first, where most is decided."""

JUST_AFTER = 1
"""A microsecond: an event at the moment itself is not seen, so age 0 means just after the creation."""


def life_moments(
    history: History, until: datetime, ages: Sequence[float] = AGES
) -> tuple[Moments, NDArray[np.float64]]:
    """The moments before `until` at which each deal had an age of `ages` and was open; and those ages."""
    ids, created = _created(history, until)
    at = (created[:, None] + np.round(np.array(ages) * DAY).astype(np.int64)[None, :] + JUST_AFTER).ravel()
    repeated = np.repeat(ids, len(ages))
    age = np.tile(np.array(ages, float), len(ids))
    early = at < micros(until)
    moments = Moments(repeated[early], at[early])
    is_open = _open_then(history, moments)
    return Moments(moments.ids[is_open], moments.at[is_open]), age[early][is_open]


def open_deals(history: History, as_of: datetime) -> Moments:
    """The deals on record and open just before `as_of`, at that moment, by their id."""
    ids, _ = _created(history, as_of)
    moments = Moments(ids, np.full(len(ids), micros(as_of)))
    is_open = _open_then(history, moments)
    return Moments(moments.ids[is_open], moments.at[is_open])


def _created(history: History, until: datetime) -> tuple[NDArray[np.object_], Micros]:
    with history.connect() as con:
        found = con.execute(
            f"SELECT deal_id, known FROM (SELECT deal_id, {known_since('deals')} AS known "
            f"FROM ({history.sql_versions('deals')}) WHERE version = 0) "
            f"WHERE known < {micros(until)} ORDER BY deal_id"
        ).fetchnumpy()
    return found["deal_id"].astype(object), found["known"].astype(np.int64)


def _open_then(history: History, moments: Moments) -> NDArray[np.bool_]:
    streams = LocalStreams(history, {"states": frozenset({"status"})})
    status = Evaluation(streams, moments).value(Latest("states", "status"))
    assert isinstance(status, Category)
    texts = status.texts()
    return np.asarray([text is None or text == "open" for text in texts], bool)
