"""Which versions of a model are there, and which was live when? Read from what the registry left beside champions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from serving.moments import in_utc
from serving.scores.answers import Answer
from training.promotions import Move, Promotion, live_at, shadow_at
from training.registry_card import read

MODELS = ("win", "churn", "forecast")


class VersionTold(Answer):
    """A version of a model, as it was registered."""

    version: str
    """Its number."""

    state: str
    """candidate, shadow, champion or archived."""

    live: bool
    """Whether it answers now."""

    until: datetime | None
    """It learned from what was recorded before this moment."""

    serves: str
    """Which of the rivals won its trial and is served: the model itself, a table of rates, the base rate ..."""

    rung: str
    """What it stands on, from pooled rates to a full model."""

    says: str
    """What it serves and why, in a sentence."""

    gate: str
    """What the gate said when it was compared with the live version of then."""

    loss_name: str | None
    """The name of the figure that decides."""

    loss: float | None
    """That figure, on later data than it learned from."""

    metrics: dict[str, float]
    """Every figure of its trial beside the rivals', as logged to MLflow."""

    run_id: str
    """The run in MLflow."""

    sha256: str
    """Checksum of its bundle."""


class MoveTold(Answer):
    """A promotion, a rollback, or a beginning or end of a shadow."""

    version: str | None
    """The version; null where a shadow ended."""

    at: datetime
    """When."""

    move: str
    """live, back (by a rollback), shadow, or no shadow."""


class ModelHistory(Answer):
    """All that is known of a model's versions."""

    model: str
    """Name of the model."""

    live: str | None
    """The version that answers, at the moment asked about; null where none did."""

    shadow: str | None
    """The version scored beside it then."""

    versions: list[VersionTold]
    """Every version, newest first."""

    log: list[MoveTold]
    """Every move, oldest first."""


def histories(home: Path, at: datetime) -> list[ModelHistory]:
    """What is told of each model, live and shadow as of a moment (naive UTC).

    A model of which nothing was told is left out: it was never trained, or by a release that left no word; the next
    training, promotion or rollback tells of all its versions.
    """
    return [_history(model, told, at) for model in MODELS if (told := read(home, model)) is not None]


def _history(model: str, told: Mapping[str, Any], at: datetime) -> ModelHistory:
    log = [Promotion(one["version"], datetime.fromisoformat(one["at"]), Move(one["move"])) for one in told["log"]]
    return ModelHistory(
        model=model,
        live=live_at(log, at),
        shadow=shadow_at(log, at),
        versions=_versions(told["versions"]),
        log=[MoveTold(version=one.version or None, at=in_utc(one.at), move=one.move.value) for one in log],
    )


def _versions(told: Sequence[Mapping[str, Any]]) -> list[VersionTold]:
    kept = set(VersionTold.model_fields) - {"until", "loss_name"}
    return [
        VersionTold(
            **{name: one[name] for name in kept},
            until=in_utc(datetime.fromisoformat(one["until"])) if one["until"] else None,
            loss_name=one["loss_name"] or None,
        )
        for one in told
    ]
