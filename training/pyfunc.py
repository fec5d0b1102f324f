"""The champion as MLflow's Python function: others can load it and get the numbers that we serve."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel
from mlflow.types import ColSpec, Schema, TensorSpec

from training.bundle import SURE, Bundle

if TYPE_CHECKING:
    from training.recipe import Candidate


class WinScores(PythonModel):
    """Scores a table of features: win_probability, low, high. The bundle is plain JSON, never unpickled."""

    def load_context(self, context: Any) -> None:
        """Read the bundle that was logged with the model."""
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of features, in their order."""
        return score_table(self.bundle, model_input)


def score_table(bundle: Bundle, x: pd.DataFrame) -> pd.DataFrame:
    """win_probability, low and high for each row; NaN where the bundle cannot tell."""
    rows = [{str(k): _plain(v) for k, v in row.items()} for row in x.to_dict("records")]
    if bundle.estimate is None or bundle.spread is None:
        return pd.DataFrame(np.full((len(rows), 3), np.nan), columns=["win_probability", "low", "high"])
    p = [min(max(bundle.estimate.score(row), SURE), 1 - SURE) for row in rows]
    bounds = [bundle.spread.around(math.log(each / (1 - each))) for each in p]
    return pd.DataFrame({"win_probability": p, "low": [low for low, _ in bounds], "high": [high for _, high in bounds]})


def example_of(candidate: "Candidate") -> pd.DataFrame:
    """A few rows of the features the model was trained on."""
    return candidate.sample.x.head(5)


def signature_of(bundle: Bundle, example: pd.DataFrame) -> ModelSignature:
    """What goes in and what comes out; every feature may be missing."""
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec("string" if example[name].dtype == object else "double", str(name), required=False)
        for name in example.columns
    ]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec("double", name, required=False) for name in score_table(bundle, example).columns
    ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _plain(value: object) -> float | str | None:
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA:
        return None
    number = float(value)  # type: ignore[arg-type]
    return None if math.isnan(number) else number
