"""When is a base of customers looked at while learning, how far ahead, and who has a contract?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Moments, micros, moments_back
from features.definition import Feature
from features.engines.local import LocalFeatures
from features.history import History
from features.needs import lacking
from features.open_deals import active_customers
from features.stream_sql import local_midnight
from features.streams import open_streams
from features.values_at import Category
from features.verbs import Count, Difference, Verb

EVERY = (7, 14, 28, 56, 91)
"""Days between looks to choose from: the shortest that keeps to MOST_LOOKS and MOST_ROWS."""
MOST_LOOKS = 40
"""Looks closer together repeat each other."""
MOST_ROWS = 80_000
"""Rows to learn from; above, customers are drawn."""
SETTLING = 28
"""Days after the first order or contract before the first look: nobody has a rhythm on the first day."""
HORIZONS = (7, 14, 30, 60, 90, 180, 365)
"""Horizons in days at which a curve is learned, as far as the history reaches."""
SPANS = 3.0
"""A horizon is learned where the looks span so many times as long."""
GAPS = 0.9
"""The share of gaps between a customer's purchases that the suggested horizon covers."""
SUGGESTED = (14, 30, 60, 90, 120, 180, 365)


@dataclass(frozen=True)
class Looks:
    """Active customers at regular moments; `contract` says who had a running contract then."""

    moments: Moments
    contract: NDArray[np.bool_]
    every: int


def first_known(history: History, until: datetime) -> int | None:
    """The first order or contract on record before `until`, in microseconds; None where there is none."""
    told = []
    if "orders" in history.tables():
        told.append(f"SELECT epoch_us(ordered_at) AS begun FROM ({history.sql_versions('orders')})")
    if "subscriptions" in history.tables():
        started = local_midnight(history, "started_on")
        told.append(f"SELECT {started} AS begun FROM ({history.sql_versions('subscriptions')})")
    if not told:
        return None
    with history.connect() as con:
        rows = con.execute(
            f"SELECT min(begun) FROM ({' UNION ALL '.join(told)}) WHERE begun < {micros(until)}"
        ).fetchall()
    return None if rows[0][0] is None else int(rows[0][0])


def look_at_customers(history: History, until: datetime) -> Looks | None:
    """Regular looks at all who were active, back from `until`; None where nobody ever was."""
    first = first_known(history, until)
    if first is None:
        return None
    start = datetime.fromisoformat(str(np.datetime64(first, "us"))) + timedelta(days=SETTLING)
    for every in EVERY:
        looks = moments_back(until, min(start, until), every)
        if len(looks) > MOST_LOOKS and every < EVERY[-1]:
            continue
        found = active_customers(history, *looks)
        if len(found) <= MOST_ROWS:
            break
    if len(found) > MOST_ROWS:
        found = drawn(found, MOST_ROWS / len(found))
    return Looks(found, running(history, found), every)


def drawn(moments: Moments, share: float) -> Moments:
    """A share of the customers with all their moments, the same ones in every run."""
    names, codes = moments.names
    # A stretch of a fixed shuffle: names tell nothing of how a customer buys.
    order = np.random.default_rng(0).permutation(len(names))
    kept = np.zeros(len(names), bool)
    kept[order[: max(int(share * len(names)), 1)]] = True
    rows = kept[codes]
    used, chosen = np.unique(codes[rows], return_inverse=True)
    return Moments.coded(names[used], chosen, moments.at[rows])


def running(history: History, moments: Moments) -> NDArray[np.bool_]:
    """Whether each customer had a running contract at their moment."""
    streams = open_streams(history)
    if "subscriptions" not in streams.streams or not len(moments):
        return np.zeros(len(moments), bool)
    begun, over = Count("subscriptions", of="customer"), Count("endings", of="customer")
    verb: Verb = Difference(begun, over) if "endings" in streams.streams else begun
    feature = Feature("running", "", "", verb, "customer")
    assert lacking(feature, streams) is None
    with LocalFeatures((feature,), moments, history) as found:
        value = found.values()["running"]
    assert not isinstance(value, Category)
    return np.asarray(value > 0)


def learnable_horizons(span_days: float) -> tuple[float, ...]:
    """The horizons that looks over so many days can teach; none where even the shortest is too long."""
    return tuple(float(days) for days in HORIZONS if days * SPANS <= span_days)


def suggested_horizon(happened: NDArray[np.int64], whose: NDArray[np.int64]) -> float | None:
    """The horizon that nine in ten gaps between a customer's purchases fit in; None where nobody bought twice.

    Events by customer and time: microseconds, and whose each is.
    """
    same = whose[1:] == whose[:-1]
    gaps = np.diff(happened)[same] / DAY
    gaps = gaps[gaps >= 1]
    if not len(gaps):
        return None
    wanted = float(np.quantile(gaps, GAPS))
    return float(next((days for days in SUGGESTED if days >= wanted), SUGGESTED[-1]))
