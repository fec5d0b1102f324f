"""A model of MLflow whose function answers with five reasons, computed by our machine code."""

from pathlib import Path
from typing import Any

import mlflow.models
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from benchmarks.http_load.rivals import REASONS, with_reasons
from training.bundle_file import load_any


class WithReasons(PythonModel):
    """The bundle that was saved with the model."""

    def load_context(self, context: Any) -> None:
        """Read the bundle."""
        self.bundle: Any = load_any(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """One row per row of features."""
        return with_reasons(self.bundle, model_input, REASONS)


mlflow.models.set_model(WithReasons())
