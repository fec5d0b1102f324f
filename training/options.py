"""What do the commands of the first floor share? Models, moments, the MLflow store, lists of days."""

import math
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import moment, now

if TYPE_CHECKING:
    from features.history import History
    from training.bundle_file import ModelBundle


class Model(StrEnum):
    """The models there are."""

    WIN = "win"
    CHURN = "churn"
    FORECAST = "forecast"


class ModelOrAll(StrEnum):
    """A model, or all that the tables on record teach."""

    WIN = "win"
    CHURN = "churn"
    FORECAST = "forecast"
    ALL = "all"


class Language(StrEnum):
    """The language of sentences."""

    EN = "en"
    ZH = "zh"


ModelName = Annotated[Model, typer.Argument(help="Which model.")]
Until = Annotated[
    str | None,
    typer.Option(help="Use only what was on record before this day or time. Default: all that is on record."),
]
Folds = Annotated[int, typer.Option(min=1, max=20, help="Windows on which estimates are compared.")]
Mlflow = Annotated[
    str | None,
    typer.Option(envvar="FORESELL_MLFLOW", help="MLflow server or store. Default: mlflow.db in the home folder."),
]


def until_of(context: typer.Context, history: "History", text: str | None) -> datetime:
    """The end of what may be seen: as asked but not later than now, or just after the last thing on record."""
    from datetime import timedelta

    from features.span import last_recorded

    if text is not None:
        return min(moment(context, text), now())
    last = last_recorded(history, now())
    return now() if last is None else last + timedelta(microseconds=1)


def days_of(text: str, option: str = "--horizons") -> list[float]:
    """Days above 0, separated by commas, each once; anything else is wrong usage."""
    try:
        days = [float(word) for word in text.split(",")]
    except ValueError:
        days = []
    if not days or not all(0 < one < math.inf for one in days):
        raise typer.BadParameter(f"'{text}' is not a list of days above 0, such as 30,60,90", param_hint=option)
    return list(dict.fromkeys(days))


def bundle_of(home: Path, model: Model, version: str | None, mlflow: str | None) -> "ModelBundle":
    """The bundle of a version, or the live one's. Raises NoSuchVersion, NoChampion, BundleDamaged."""
    from training.bundle_file import live_bundle, load_any
    from training.predict import NoChampion
    from training.registry import Registry

    if version is not None:
        return Registry(home, mlflow).bundle(model.value, version)
    live = live_bundle(home, model)
    if live is None:
        raise NoChampion(model.value, home)
    return load_any(live)
