"""Scores of all open deals at a moment, as a table."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.as_of import micros
from features.errors import ForesellError
from features.history import History
from features.open_deals import open_deals
from features.table import feature_values
from training.bundle import Bundle
from training.bundle_file import ModelBundle
from training.reasons import Language
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.scorers import WinScorer
from training.win_curve import WinCurve

REASONS = 5
"""So many are told of each deal."""


class ModelKnowsTheFuture(ForesellError):
    problem = (
        "Version {0} of the {1} model learned from what was recorded until {2}; "
        "a prediction as of {3} would know the future."
    )
    fix = (
        "name a version trained by then (--model VERSION, see foresell models list), "
        "or train one beside the live one: foresell train {1} --until {4} --no-promote."
    )


class NoChampion(ForesellError):
    problem = "No {0} model has been promoted in {1}."
    fix = "train one: foresell train {0}."


def check_time(bundle: ModelBundle, as_of: datetime) -> None:
    """Refuse a moment (naive UTC) before the end of what the model learned from. Raises ModelKnowsTheFuture."""
    if as_of < bundle.until:
        moment, until = as_of.isoformat(timespec="seconds"), bundle.until.isoformat(timespec="seconds")
        raise ModelKnowsTheFuture(bundle.version, bundle.model, f"{until} UTC", f"{moment} UTC", f"{moment}Z")


def predict_win(
    history: History, bundle: Bundle, as_of: datetime, horizons: Sequence[float], language: Language = "en"
) -> pa.Table:
    """One row for each deal open at `as_of` (naive UTC), in the columns of docs/commands.md; by deal id.

    Raises ModelKnowsTheFuture, and NotInHistory where the history no longer gives a feature of the model.
    """
    check_time(bundle, as_of)
    bundle = followed(history, bundle, as_of)
    moments = open_deals(history, as_of)
    values = feature_values(bundle.features, moments, history)
    zone = ZoneInfo(history.timezone or "UTC")
    ids, at = pa.array(moments.ids, pa.string()), np.full(len(moments), micros(as_of))
    return WinScorer(bundle, horizons, REASONS, language).table(ids, at, FeatureColumns(values, len(moments)), zone)


def followed(history: History, bundle: Bundle, as_of: datetime) -> Bundle:
    """The bundle with its level moved by the outcomes on record since it learned; itself where it follows none."""
    estimate = bundle.estimate
    if not isinstance(estimate, WinCurve) or estimate.curve.level is None or as_of <= bundle.until:
        return bundle
    from training.recent import decided_since

    since = decided_since(history, bundle.features, bundle.until, as_of)
    return replace(bundle, estimate=estimate.updated(since))
