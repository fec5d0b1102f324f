"""Which backtest belongs to which model, and how does what it found reach MLflow?"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from features.history import History
from training.registry import Registry

BACKTESTS: Mapping[str, tuple[str, str]] = {
    "win": ("training.backtest", "backtest_win"),
    "churn": ("training.churn.backtest", "backtest_churn"),
    "forecast": ("training.forecast.backtest", "backtest_forecast"),
}
"""Where each model's backtest stands."""


class Judged(Protocol):
    """What a backtest found."""

    def lines(self) -> list[str]:
        """A table for the terminal."""

    def to_json(self) -> str:
        """All figures."""

    def to_html(self, language: str) -> str:
        """A report to read, plots included, in "en" or "zh"."""


def judge_model(
    model: str, history: History, until: datetime, folds: int, progress: Callable[[str], None] = lambda _: None
) -> Judged:
    """The backtest of a model on what was on record before `until` (naive UTC); raises what it raises."""
    module, name = BACKTESTS[model]
    return cast(Judged, getattr(import_module(module), name)(history, until, folds, progress))


def log_judged(found: Judged, model: str, home: Path, mlflow: str | None, until: datetime, language: str) -> str:
    """Store a backtest as an MLflow run: figures as metrics, JSON and report as artifacts. Raises RegistryAway."""
    text = found.to_json()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "backtest.json").write_text(text, "utf-8")
        (folder / "report.html").write_text(found.to_html(language), "utf-8")
        figures = dict(metrics_of(json.loads(text).get("scorecards", {})))
        return Registry(home, mlflow).log_run(model, f"backtest until {until:%Y-%m-%d}", folder, figures)


def metrics_of(cards: Mapping[str, object], before: str = "") -> Iterator[tuple[str, float]]:
    """The single numbers of scorecards, named `estimate.metric`, two levels deep."""
    for name, value in cards.items():
        if isinstance(value, Mapping) and not before:
            yield from metrics_of(value, f"{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{before}{name}", float(value)
