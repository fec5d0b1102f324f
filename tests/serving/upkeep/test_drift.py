"""The nightly watch keeps its latest report, and one model that cannot be watched hides no other."""

from datetime import datetime
from pathlib import Path

import pytest

from features.errors import ForesellError
from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.store.opening import Store
from serving.upkeep.drift import latest_report, watch_models
from tests.conftest import Story
from training.drift import watch
from training.drift.watch import Finding, Watch

NOW = datetime(2026, 11, 28)


class Trouble(ForesellError):
    problem = "It has no reference."
    fix = "train it again."


def context(store: Store, home: Path) -> JobContext:
    return JobContext(store, home, ServingSettings(home=home), NOW, lambda _: None)


def test_without_a_live_model_nothing_is_watched(store: Store, tmp_path: Path) -> None:
    assert watch_models(context(store, tmp_path)) == "No model is live: nothing was watched."
    assert latest_report(tmp_path) is None


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_report_of_all_live_models_is_kept(store: Store, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.deal("D-1")
    story.import_now()
    (story.home / "champions").mkdir()
    for model in ("win", "churn"):
        (story.home / "champions" / f"{model}.json").write_text("{}")

    def watched(
        home: Path, history: object, model: str, version: object, mlflow: object, as_of: datetime
    ) -> list[Watch]:
        if model == "churn":
            raise Trouble
        finding = Finding("feature", "deal_amount", "level", 9.0, 3.0, "deal_amount: lies higher")
        return [Watch("win", "7", datetime(2026, 1, 1), as_of, 10, 2, (finding,))]

    monkeypatch.setattr(watch, "watch_home", watched)
    said = watch_models(context(store, story.home))

    assert said.startswith("Watched win. Alarm: win. churn could not be watched: It has no reference.")
    report = latest_report(story.home)
    assert report is not None
    assert report["as_of"] == "2026-11-28T00:00:00"
    assert [(one["model"], one["alarm"]) for one in report["models"]] == [("win", True)]  # type: ignore[attr-defined]
    assert list(report["not_watched"]) == ["churn"]  # type: ignore[call-overload]
