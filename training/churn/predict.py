"""The chance that each active customer leaves or falls silent, as of a moment, as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa

from features.evaluate import Category, Values
from features.history import History
from features.open_deals import active_customers
from features.table import compute, streams_for
from training.churn.bundle import ChurnBundle, ChurnScore, check_days
from training.churn.refreshing import brought_up_to_date
from training.predict import check_time
from training.reasons import Language

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ChurnPrediction:
    """One row for each active customer, and what must be known of all of them."""

    table: pa.Table
    notes: tuple[str, ...]


def predict_churn(
    history: History, bundle: ChurnBundle, as_of: datetime, horizons: Sequence[float], language: Language = "en"
) -> ChurnPrediction:
    """One row for each customer active at `as_of` (naive UTC), in the columns of docs/commands.md; by customer id.

    Season and level are those known at `as_of`. Raises ModelKnowsTheFuture, HorizonTooLong, and NotInHistory where the
    history no longer gives a feature of the model.
    """
    check_time(bundle, as_of)
    check_days(horizons)
    moments = active_customers(history, as_of)
    values = compute(bundle.features, streams_for(bundle.features, history), moments)
    knowing = brought_up_to_date(history, bundle, as_of)
    scores: list[ChurnScore] = []
    if len(moments):
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
    return ChurnPrediction(pa.table(columns), tuple(knowing.notes_of(horizons, language)))


def reasons_text(score: ChurnScore) -> str:
    """The reasons as a JSON list."""
    return json.dumps([asdict(reason) for reason in score.reasons], ensure_ascii=False)


def _frame(values: Mapping[str, Values]) -> pd.DataFrame:
    """Values as a table."""
    import pandas as pd

    columns = {}
    for name, value in values.items():
        texts = isinstance(value, Category)
        columns[name] = pd.Series(list(value.texts()) if isinstance(value, Category) else value)
        columns[name] = columns[name].astype(object if texts else float)
    return pd.DataFrame(columns)
