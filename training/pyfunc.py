"""A registered model as MLflow's Python function: others can load it and get the numbers that `predict` writes.

Win and churn take a table of features, one row per deal or customer, and the parameter `horizons`. A model follows the
level of outcomes that became known since it was trained: with the parameters `home` and `as_of` they are read from that
history, without them it answers as of the day it was trained. The forecast takes
a table of requests, one row per call of `predict forecast`: where the history lies (`home`), `as_of`, and optionally
`freq`, `horizon`, `by`, `measure`. It needs the history because what is booked and open at the moment is part of it.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

from features.errors import ForesellError
from features.evaluate import Category, Values
from training.bundle_file import load_any
from training.table_scoring.churns import ChurnTable
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.scorers import WinScorer

if TYPE_CHECKING:
    from training.candidate import Candidate

HORIZONS = "30,60,90"
PARAMETERS: Mapping[str, str] = {"horizons": HORIZONS, "home": "", "as_of": ""}
"""Of win and churn, with what stands for them where they are not given."""
FORECAST = "forecast"
REQUEST = ("home", "as_of", "freq", "horizon", "by", "measure")
"""Columns of a request for a forecast; the first two must be there."""


class NoHorizons(ForesellError):
    problem = "'{0}' is not a list of days above 0."
    fix = 'pass params={{"horizons": "30,60,90"}}.'


class ModelScores(PythonModel):
    """Answers from the bundle that was logged with the model: plain JSON, never unpickled."""

    def load_context(self, context: Any) -> None:
        """Read the bundle. Raises BundleDamaged, FeaturesChanged."""
        self.bundle: Any = load_any(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of features, in their order; of a forecast, the rows of each request."""
        if self.bundle.model == FORECAST:
            return forecast_table(self.bundle, model_input)
        given = {**PARAMETERS, **(params or {})}
        days = days_in(str(given["horizons"]))
        if given["home"] and given["as_of"]:
            return table_as_of(self.bundle, model_input, days, Path(str(given["home"])), str(given["as_of"]))
        return score_table(self.bundle, model_input, days)


def days_in(text: str) -> list[float]:
    """Days above 0, separated by commas, each once. Raises NoHorizons."""
    try:
        days = [float(word) for word in text.split(",")]
    except ValueError as wrong:
        raise NoHorizons(text) from wrong
    if not all(0 < one < math.inf for one in days):
        raise NoHorizons(text)
    return list(dict.fromkeys(days))


def table_as_of(bundle: Any, x: pd.DataFrame, horizons: Sequence[float], home: Path, as_of: str) -> pd.DataFrame:
    """The same as of a moment, with the level of outcomes on record by then; raises ModelKnowsTheFuture."""
    from features.as_of import parse_moment
    from features.history import History
    from training.churn.refreshing import brought_up_to_date
    from training.predict import check_time, followed

    history = History.existing(home)
    moment = parse_moment(as_of, history.timezone or "UTC")
    check_time(bundle, moment)
    if bundle.model == "churn":
        return score_table(brought_up_to_date(history, bundle, moment), x, horizons, as_of=moment)
    return score_table(followed(history, bundle, moment), x, horizons)


def score_table(bundle: Any, x: pd.DataFrame, horizons: Sequence[float], **when: datetime) -> pd.DataFrame:
    """The probability and the chance within each horizon, with 80 % intervals; NaN where the bundle cannot tell."""
    values = FeatureColumns(values_of(x), len(x))
    if bundle.model == "churn":
        return _churn_table(bundle, values, horizons, when.get("as_of") or bundle.until)
    parts = list(WinScorer(bundle, horizons, 0, "en").numbers(values))
    p, low, high = (np.concatenate([getattr(part, name) for part in parts]) for name in ("probability", "low", "high"))
    columns = {"win_probability": p, "low": low, "high": high}
    by_days = [np.concatenate([getattr(part, name) for part in parts]) for name in ("by_days", "low_by", "high_by")]
    for place, days in enumerate(horizons):
        for numbers, end in zip(by_days, ("", "_low", "_high"), strict=True):
            columns[f"p_win_by_{days:.15g}d{end}"] = numbers[:, place]
    return pd.DataFrame(columns)


def _churn_table(bundle: Any, values: FeatureColumns, horizons: Sequence[float], as_of: datetime) -> pd.DataFrame:
    """Only a win's chance has an interval at each horizon."""
    found = ChurnTable(bundle, as_of).numbers(values, horizons)
    columns = {"churn_probability": found.probability, "low": found.low, "high": found.high}
    columns |= {f"p_churn_by_{days:.15g}d": found.by_days[:, place] for place, days in enumerate(horizons)}
    return pd.DataFrame(columns)


def forecast_table(bundle: Any, requests: pd.DataFrame) -> pd.DataFrame:
    """What `predict forecast` writes, for each request; raises what it raises."""
    from features.as_of import parse_moment
    from features.history import History
    from training.forecast.predict import predict_forecast

    tables = []
    for row in requests.to_dict("records"):
        asked = {str(name): value for name, value in row.items() if not pd.isna(value)}
        history = History.existing(Path(str(asked.pop("home"))))
        moment = asked.pop("as_of")
        as_of = moment if isinstance(moment, datetime) else parse_moment(str(moment), history.timezone or "UTC")
        if "horizon" in asked:
            asked["horizon"] = int(asked["horizon"])
        tables.append(predict_forecast(history, bundle, as_of, **asked).table.to_pandas())
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def signature_of(candidate: "Candidate") -> ModelSignature:
    """What goes in and what comes out; every feature may be missing."""
    if candidate.bundle.model == FORECAST:
        return ModelSignature(Schema([ColSpec("string", name, required=name in REQUEST[:2]) for name in REQUEST]))
    x = example_of(candidate)
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("string" if x[name].dtype == object else "double", str(name), required=False) for name in x.columns
    ]
    days = [float(word) for word in HORIZONS.split(",")]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("double", name, required=False) for name in score_table(candidate.bundle, x.head(2), days).columns
    ]
    params = ParamSchema([ParamSpec(name, DataType.string, value) for name, value in PARAMETERS.items()])
    return ModelSignature(Schema(inputs), Schema(outputs), params)


def example_of(candidate: Any) -> pd.DataFrame:
    """Rows of the features a candidate was trained on: deals', or those of one kind of customers."""
    found: pd.DataFrame = candidate.sample.x if candidate.bundle.model == "win" else candidate.data.bases[0].x
    return found.head(5)


def values_of(x: pd.DataFrame) -> dict[str, Values]:
    """A table's columns as the features' values: numbers, or texts as categories."""
    return {str(name): _value(x[name]) for name in x.columns}


def _value(column: "pd.Series[Any]") -> Values:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(np.float64, na_value=math.nan)
    codes, levels = pd.factorize(column, sort=True)
    return Category(np.asarray(codes, np.int64), np.array(levels, object))
