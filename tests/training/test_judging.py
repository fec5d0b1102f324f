import json
from datetime import datetime
from types import SimpleNamespace

import pytest

from training import judging
from training.judging import judge_model, log_judged, metrics_of
from training.mlflow_store import opened


def test_scorecards_become_metrics_by_estimate():
    cards = {"ours": {"log_loss": 0.5, "rows": 10, "good": True, "bins": [1]}, "rival": {"auc": None}, "fold": 3}

    assert dict(metrics_of(cards)) == {"ours.log_loss": 0.5, "ours.rows": 10.0, "fold": 3.0}


@pytest.mark.parametrize("model", ["win", "churn", "forecast"])
def test_each_model_is_judged_by_its_own_backtest(model, monkeypatch):
    asked = []
    monkeypatch.setitem(judging.BACKTESTS, model, ("told", "judge"))  # type: ignore[index]
    told = SimpleNamespace(judge=lambda *given: asked.append(given) or "judged")
    monkeypatch.setattr(judging, "import_module", {"told": told}.__getitem__)

    assert judge_model(model, "history", datetime(2026, 1, 1), 2) == "judged"  # type: ignore[arg-type]
    assert asked[0][:3] == ("history", datetime(2026, 1, 1), 2)


class Found:
    """A backtest of two figures."""

    def lines(self) -> list[str]:
        return ["a table"]

    def to_json(self) -> str:
        return json.dumps({"scorecards": {"ours": {"log_loss": 0.5}}})

    def to_html(self, language: str) -> str:
        return f"<!doctype html><html lang='{language}'>"


def test_a_backtest_is_kept_with_its_figures_and_its_report(tmp_path):
    run = log_judged(Found(), "churn", tmp_path / "home", None, datetime(2026, 1, 1), "zh")

    with opened(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'mlflow.db'}") as client:
        kept = client.get_run(run)
        names = {one.path for one in client.list_artifacts(run)}
    assert kept.data.metrics == {"ours.log_loss": 0.5}
    assert kept.info.run_name == "backtest until 2026-01-01"
    assert names == {"backtest.json", "report.html"}
