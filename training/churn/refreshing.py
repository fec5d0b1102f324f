"""What has become known between the training and a moment? Purchases, and outcomes of customers looked at.

`predict` and a service bring a model up to date before it scores, so that it answers as it did when it was judged:
there (`trial`), too, season and level went on learning up to each look, of buyers and of contracts alike.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from features.as_of import micros, moments_back
from features.history import History
from features.open_deals import active_customers
from features.table import build_table
from training.churn.bundle import ChurnBundle, Note
from training.churn.choice import WHO
from training.churn.dataset import Base, Kind
from training.churn.events import contracts, lag_of, leaving, purchases
from training.churn.looks import MOST_ROWS, drawn, running
from training.churn.market import Market
from training.churn.served import Served

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

FARTHEST = 400
"""Days back at most that customers are looked at to bring the level up to date."""
LATE = 30.0
"""Days after the training from which a level that did not move is one of the past."""


def brought_up_to_date(history: History, bundle: ChurnBundle, as_of: datetime) -> ChurnBundle:
    """The bundle with what has become known between its `until` and `as_of` (naive UTC), and notes of what has not.

    Purchases, and outcomes of customers with a contract and of those without. What does not learn between trainings
    stays as it is.
    """
    market = Market.of(history, as_of)
    notes: tuple[Note, ...] = ()
    served = dict(bundle.served)
    if as_of > bundle.until:
        following = [kind for kind, one in served.items() if one.estimate.follows and not one.timeless]
        known = _known(history, bundle, as_of, market) if following else {}
        for kind, one in bundle.served.items():
            if kind in known:
                served[kind] = one.with_estimate(one.estimate.refreshed(known[kind], market))
            elif not one.timeless and as_of - bundle.until > timedelta(days=LATE):
                notes = (*notes, _old_level(one, bundle.until))
    return replace(bundle, served=served, notes=notes)


def _known(history: History, bundle: ChurnBundle, as_of: datetime, market: Market) -> dict[str, Dataset]:
    """What is known at `as_of` of the customers of each kind that follows, since the outcomes seen in training."""
    told = contracts(history, as_of)
    lag = lag_of(told, micros(as_of))
    following = [one for one in bundle.served.values() if one.estimate.follows]
    first = bundle.until - timedelta(days=max(one.longest for one in following) + lag)
    every = min(one.every for one in following)
    looks = moments_back(as_of, max(first, as_of - timedelta(days=FARTHEST)), every)
    moments = active_customers(history, *looks)
    if not len(moments):
        return {}
    if len(moments) > MOST_ROWS:
        moments = drawn(moments, MOST_ROWS / len(moments))
    bought, contract = purchases(history, as_of), running(history, moments)
    x = _texts(build_table(bundle.features, moments, history).drop_columns(["customer_id", "as_of"]).to_pandas())
    found: dict[str, Dataset] = {}
    kinds: tuple[Kind, ...] = ("orders", "contract")
    for kind in kinds:
        rows = contract if kind == "contract" else ~contract
        one = bundle.served.get(kind)
        if one is None or not one.estimate.follows or not rows.any():
            continue
        events = leaving(told) if kind == "contract" else lambda _: bought
        waits = lag if kind == "contract" else 0.0
        base = Base(kind, x, moments.ids, moments.at, micros(as_of), market, events, waits)
        found[kind] = base.rows(rows).known(micros(as_of))
    return found


def _old_level(one: Served, until: datetime) -> Note:
    who, who_zh = WHO[one.kind]
    why = (
        ("no outcome has become known since", "此后没有新的结果")
        if one.estimate.follows
        else (f"{one.estimate.name} learns nothing between trainings", f"{one.estimate.name} 在两次训练之间不再学习")
    )
    return Note(
        f"for {who} the level is that of {until:%Y-%m-%d}: {why[0]}; train again: foresell train churn",
        f"{who_zh}的整体水平仍是 {until:%Y-%m-%d} 的：{why[1]}；请重新训练：foresell train churn",
    )


def _texts(x: pd.DataFrame) -> pd.DataFrame:
    """Texts as objects, None where missing."""
    for column in x.columns:
        if x[column].dtype.kind != "f":
            texts = x[column].astype(object)
            x[column] = texts.where(texts.notna(), None)
    return x
