"""When to look at a deal while learning: at fixed ages of its open life."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Moments, micros
from features.history import History
from features.open_deals import deals_created, open_then

AGES: tuple[float, ...] = (0, 1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 540, 730)
"""Days after creation at which a deal still open is looked at. Dense at first, where most is decided."""

USUALLY_CLOSED = 3
"""Of all looks at a deal that there could be, about one in so many finds it open."""
JUST_AFTER = 1
"""A microsecond: an event at the moment itself is not seen, so age 0 means just after the creation."""


def life_moments(
    history: History, until: datetime, ages: Sequence[float] = AGES, most: int | None = None
) -> tuple[Moments, NDArray[np.float64]]:
    """The moments before `until` at which each deal had an age of `ages` and was open; and those ages.

    Where `most` is given and there may be more, of every k-th deal only.
    """
    ids, created = deals_created(history, until)
    if most is not None and len(ids) * len(ages) > USUALLY_CLOSED * most:
        step = -(-len(ids) * len(ages) // (USUALLY_CLOSED * most))
        ids, created = ids[::step], created[::step]
    at = (created[:, None] + np.round(np.array(ages) * DAY).astype(np.int64)[None, :] + JUST_AFTER).ravel()
    repeated = np.repeat(ids, len(ages))
    age = np.tile(np.array(ages, float), len(ids))
    early = at < micros(until)
    moments = Moments(repeated[early], at[early])
    is_open = open_then(history, moments)
    return Moments(moments.ids[is_open], moments.at[is_open]), age[early][is_open]
