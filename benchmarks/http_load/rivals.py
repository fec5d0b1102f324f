"""The servers that are measured beside ours: MLflow's own, a plain handler, and an empty route.

Each is what one would write in an afternoon around the same bundle; nothing of ours is slowed down in them.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from fastapi import FastAPI

BUNDLE = "BENCHMARK_BUNDLE"
"""Environment variable with the folder of the bundle that the plain handler loads."""
REASONS = 5


def with_reasons(bundle: Any, x: "pd.DataFrame", reasons: int, *, by_lightgbm: bool = False) -> "pd.DataFrame":
    """The registered function's answer and the strongest reasons as JSON.

    `by_lightgbm`: reasons as one gets them without our machine code, row by row from the libraries themselves.
    """
    import pandas as pd

    from training.pyfunc import HORIZONS, days_in, score_table, values_of

    days = days_in(HORIZONS)
    if not reasons:
        return score_table(bundle, x, days)
    if by_lightgbm:
        # The bundle without the layout for machine code: what answers where there is none.
        bundle.__dict__["scorer"] = None
    scores = bundle.score(values_of(x), days, "en", reasons)
    columns: dict[str, list[object]] = {"win_probability": [], "low": [], "high": [], "reasons": []}
    for score in scores:
        columns["win_probability"].append(score.probability)
        columns["low"].append(score.low)
        columns["high"].append(score.high)
        columns["reasons"].append(json.dumps([vars(reason) for reason in score.reasons], ensure_ascii=False))
    for each in days:
        columns[f"p_win_by_{each:g}d"] = [score.by_days[each] for score in scores]
    return pd.DataFrame(columns)


def save_pyfunc(to: Path, bundle: Path, example: Sequence[Mapping[str, object]], *, by_lightgbm: bool) -> Path:
    """A model folder for `mlflow models serve` whose function answers with five reasons."""
    import warnings

    import mlflow.pyfunc
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    x = pd.DataFrame(list(example))
    inputs = [ColSpec("string" if x[name].dtype == object else "double", str(name), required=False) for name in x]
    code = Path(__file__).with_name("reasons_by_lightgbm.py" if by_lightgbm else "reasons_by_us.py")
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    with warnings.catch_warnings():
        # It asks for an example of the input, which the signature tells better.
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            str(to),
            python_model=str(code),
            artifacts={"bundle": str(bundle)},
            signature=ModelSignature(Schema(list(inputs))),
            pip_requirements=[],
        )
    return to


def plain_app() -> "FastAPI":
    """A handler as it is usually written: pydantic in, pandas through, the pyfunc's own table, JSON out."""
    import pandas as pd
    from fastapi import FastAPI
    from pydantic import BaseModel

    from training.bundle_file import load_any

    class Deal(BaseModel):
        features: dict[str, float | str | None]

    class Asked(BaseModel):
        deals: list[Deal]
        reasons: int = REASONS

    app = FastAPI()
    bundle = load_any(Path(os.environ[BUNDLE]))

    @app.post("/score")
    def score(asked: Asked) -> list[dict[Any, Any]]:
        x = pd.DataFrame([deal.features for deal in asked.deals])
        return with_reasons(bundle, x, asked.reasons).to_dict("records")

    return app


def empty_app() -> "FastAPI":
    """FastAPI's own empty POST."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.post("/empty")
    async def empty() -> dict[str, str]:
        return {}

    return app
