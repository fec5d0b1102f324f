"""The chance that each active customer leaves or falls silent, as of a moment, as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa

from features.as_of import micros, moments_back
from features.evaluate import Category, Values
from features.history import History
from features.open_deals import active_customers
from features.table import build_table, compute, streams_for
from training.churn.bundle import ChurnBundle, ChurnScore
from training.churn.buyers import Buyers
from training.churn.dataset import Base
from training.churn.events import purchases
from training.churn.looks import running
from training.churn.market import Market
from training.churn.plain_estimates import SeasonalRate
from training.predict import check_time
from training.reasons import Language

if TYPE_CHECKING:
    import pandas as pd

EVERY = 14
"""Days between the looks from which the level is brought up to date."""
FARTHEST = 400
"""Days back that such looks go at most."""


def predict_churn(
    history: History, bundle: ChurnBundle, as_of: datetime, horizons: Sequence[float], language: Language = "en"
) -> pa.Table:
    """One row for each customer active at `as_of` (naive UTC), in the columns of docs/commands.md; by customer id.

    Season and level are those known at `as_of`. Raises ModelKnowsTheFuture, and NotInHistory where the history no
    longer gives a feature of the model.
    """
    check_time(bundle, as_of)
    moments = active_customers(history, as_of)
    values = compute(bundle.features, streams_for(bundle.features, history), moments)
    scores: list[ChurnScore] = []
    if len(moments):
        knowing = brought_up_to_date(history, bundle, as_of)
        chances = knowing.chances_of(_frame(values), horizons, as_of)
        scores = knowing.score(values, horizons, language, as_of=as_of, chances=chances)
    zone = ZoneInfo(history.timezone or "UTC")
    said = as_of.replace(tzinfo=UTC).astimezone(zone).isoformat()
    columns = {
        "customer_id": pa.array(moments.ids, pa.string()),
        "as_of": pa.array([said] * len(moments), pa.string()),
        "churn_probability": pa.array([score.probability for score in scores], pa.float64()),
        "low": pa.array([score.low for score in scores], pa.float64()),
        "high": pa.array([score.high for score in scores], pa.float64()),
    }
    for days in horizons:
        columns[f"p_churn_by_{days:.15g}d"] = pa.array([score.by_days[days] for score in scores], pa.float64())
    columns["expected_orders"] = pa.array([score.orders for score in scores], pa.float64())
    columns["value_at_risk"] = pa.array([score.value_at_risk for score in scores], pa.float64())
    columns["reasons"] = pa.array([reasons_text(score) for score in scores], pa.string())
    columns["model_version"] = pa.array([bundle.version] * len(moments), pa.string())
    return pa.table(columns)


def reasons_text(score: ChurnScore) -> str:
    """The reasons as a JSON list."""
    return json.dumps([asdict(reason) for reason in score.reasons], ensure_ascii=False)


def brought_up_to_date(history: History, bundle: ChurnBundle, as_of: datetime) -> ChurnBundle:
    """The bundle with what has become known between its `until` and `as_of`: purchases, and outcomes of moments.

    What does not learn between trainings stays as it is.
    """
    served = bundle.served.get("orders")
    if served is None or as_of <= bundle.until or not isinstance(served.estimate, Buyers | SeasonalRate):
        return bundle
    market = Market.of(history, as_of)
    first = max(bundle.until - timedelta(days=served.longest), as_of - timedelta(days=FARTHEST))
    looks = moments_back(as_of, first, EVERY)
    moments = active_customers(history, *looks)
    bought = purchases(history, as_of)
    x = _texts(build_table(bundle.features, moments, history).drop_columns(["customer_id", "as_of"]).to_pandas())
    base = Base("orders", x, moments.ids, moments.at, micros(as_of), market, lambda _: bought)
    known = base.rows(~running(history, moments)).known(micros(as_of))
    estimate = served.estimate.refreshed(known, market)
    return bundle.with_served({**bundle.served, "orders": served.with_estimate(estimate)})


def _frame(values: Mapping[str, Values]) -> pd.DataFrame:
    """Values as a table."""
    import pandas as pd

    columns = {}
    for name, value in values.items():
        texts = isinstance(value, Category)
        columns[name] = pd.Series(list(value.texts()) if isinstance(value, Category) else value)
        columns[name] = columns[name].astype(object if texts else float)
    return pd.DataFrame(columns)


def _texts(x: pd.DataFrame) -> pd.DataFrame:
    """Texts as objects, None where missing."""
    for column in x.columns:
        if x[column].dtype.kind != "f":
            texts = x[column].astype(object)
            x[column] = texts.where(texts.notna(), None)
    return x
