"""Scores of all open deals at a moment, as a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from features.errors import ForesellError
from features.history import History
from features.open_deals import open_deals
from features.table import compute, streams_for
from training.bundle import Bundle, Score
from training.bundle_file import ModelBundle
from training.reasons import Language
from training.win_curve import WinCurve


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
    values = compute(bundle.features, streams_for(bundle.features, history), moments)
    scores = bundle.score(values, horizons, language) if len(moments) else []
    zone = ZoneInfo(history.timezone or "UTC")
    said = as_of.replace(tzinfo=UTC).astimezone(zone).isoformat()
    columns = {
        "deal_id": pa.array(moments.ids, pa.string()),
        "as_of": pa.array([said] * len(moments), pa.string()),
        "win_probability": pa.array([score.probability for score in scores], pa.float64()),
        "low": pa.array([score.low for score in scores], pa.float64()),
        "high": pa.array([score.high for score in scores], pa.float64()),
    }
    for days in horizons:
        name = f"p_win_by_{days:.15g}d"
        columns[name] = pa.array([score.by_days[days] for score in scores], pa.float64())
        for place, end in enumerate(("low", "high")):
            bounds = [score.around_days[days][place] if score.around_days else None for score in scores]
            columns[f"{name}_{end}"] = pa.array(bounds, pa.float64())
    closes = [close_day(score, as_of, zone) for score in scores]
    columns["expected_close_on"] = pa.array(closes, pa.date32())
    columns["expected_amount"] = pa.array([score.amount for score in scores], pa.float64())
    columns["reasons"] = pa.array([reasons_text(score) for score in scores], pa.string())
    columns["model_version"] = pa.array([bundle.version] * len(moments), pa.string())
    return pa.table(columns)


def followed(history: History, bundle: Bundle, as_of: datetime) -> Bundle:
    """The bundle with its level moved by the outcomes on record since it learned; itself where it follows none."""
    estimate = bundle.estimate
    if not isinstance(estimate, WinCurve) or estimate.curve.level is None or as_of <= bundle.until:
        return bundle
    from training.recent import decided_since

    since = decided_since(history, bundle.features, bundle.until, as_of)
    return replace(bundle, estimate=estimate.updated(since))


def close_day(score: Score, as_of: datetime, zone: ZoneInfo) -> "object | None":
    """The local day on which a deal is expected to close if it is won."""
    if score.close_after_days is None:
        return None
    return (as_of + timedelta(days=score.close_after_days)).replace(tzinfo=UTC).astimezone(zone).date()


def reasons_text(score: Score) -> str:
    """The reasons as a JSON list; a note stands in for them where there is no probability."""
    if score.probability is None and score.note:
        return json.dumps([{"feature": "note", "value": None, "effect": 0.0, "text": score.note}], ensure_ascii=False)
    return json.dumps([asdict(reason) for reason in score.reasons], ensure_ascii=False)
