"""The chance that each active customer leaves or falls silent, as of a moment, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.as_of import micros
from features.history import History
from features.open_deals import active_customers
from features.table import feature_values
from training.churn.bundle import ChurnBundle, check_days
from training.churn.refreshing import brought_up_to_date
from training.predict import REASONS, check_time
from training.reasons import Language
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.scorers import ChurnScorer


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
    values = feature_values(bundle.features, moments, history)
    knowing = brought_up_to_date(history, bundle, as_of)
    zone = ZoneInfo(history.timezone or "UTC")
    ids, at = pa.array(moments.ids, pa.string()), np.full(len(moments), micros(as_of))
    scorer = ChurnScorer(knowing, as_of, horizons, REASONS, language)
    table = scorer.table(ids, at, FeatureColumns(values, len(moments)), zone)
    return ChurnPrediction(table, tuple(knowing.notes_of(horizons, language)))
