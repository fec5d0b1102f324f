"""From a history to a forecast and back: what is trained, judged, written and said."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.as_of import parse_moment
from training.forecast.backtest import ForecastBacktest
from training.forecast.bundle import ForecastBundle
from training.forecast.predict import predict_forecast
from training.forecast.recipe import NothingToForecast, train_forecast
from training.paired import Comparison


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


def tell_orders(story, months: int = 20) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(0)
    story.customer("c1", region="north").customer("c2", region="south")
    for month in range(months):
        for customer in ("c1", "c2"):
            day = date(2023 + month // 12, month % 12 + 1, 5 + (month * 7) % 20)
            story.order(customer, on=day.isoformat(), amount=round(float(random.gamma(9, 11)), 2))


@pytest.fixture(scope="module")
def orders(tmp_path_factory):  # type: ignore[no-untyped-def]
    """Twenty months of orders of two customers."""
    from tests.conftest import Story

    story = Story(tmp_path_factory.mktemp("orders") / "home")
    tell_orders(story)
    return story


@pytest.fixture(scope="module")
def candidate(orders):  # type: ignore[no-untyped-def]
    return train_forecast(orders.history, at("2024-09-01"), folds=2)


def test_intervals_that_nothing_checked_are_not_said_to_have_held(candidate) -> None:  # type: ignore[no-untyped-def]
    unjudged = replace(candidate, trials={})

    assert unjudged.calibration().passed
    assert "Too few past points" in unjudged.calibration().says


def test_a_candidate_of_orders_brings_all_that_the_registry_asks(candidate, orders, tmp_path: Path) -> None:
    candidate.write_artifacts(tmp_path)

    assert candidate.bundle.measures == ("orders",)
    assert 0 < candidate.metrics()["scrps"] < 2
    assert {"serves", "rung", "until", "seed"} <= candidate.params().keys()
    assert candidate.calibration().says
    assert any("trailing three months" in line for line in candidate.lines())
    names = {"bundle", "scorecard.json", "features.json", "report.html"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    assert "orders" in json.loads((tmp_path / "scorecard.json").read_text("utf-8"))

    loaded = ForecastBundle.load(tmp_path / "bundle")
    table = predict_forecast(orders.history, loaded, at("2024-09-01"), "month", 3, "region").table.to_pandas()
    whole = predict_forecast(orders.history, loaded, at("2024-09-01"), "quarter", 1).table.to_pandas()
    assert set(table["key"]) == {"north", "south"}
    started = table[table["period_start"] <= whole["period_end"][0]]["mean"].sum() + whole["booked_so_far"][0]
    assert whole["mean"][0] == pytest.approx(started, rel=1e-6)

    beside = candidate.beside(candidate.bundle)
    assert beside is None or isinstance(beside, Comparison)
    backtest = ForecastBacktest(at("2024-09-01"), candidate.trials, candidate.choices, {})
    assert json.loads(backtest.to_json())["measures"]["orders"]["estimates"]["ours"]["views"]
    assert backtest.lines()
    assert backtest.to_html("zh").startswith("<!doctype html>")


def test_nothing_sold_is_a_named_error(story) -> None:
    story.deal("d1").closes("won", on="2024-02-01")

    with pytest.raises(NothingToForecast):
        train_forecast(story.history, at("2024-09-01"))


def test_orders_of_two_weeks_are_forecast_and_called_rough(story) -> None:
    for number in range(14):
        story.order("c1", on=(date(2024, 8, 10) + timedelta(days=number)).isoformat(), amount=10)

    candidate = train_forecast(story.history, at("2024-08-24"))
    found = predict_forecast(story.history, candidate.bundle, at("2024-08-24"), "week", 2)

    assert any("rough" in note for note in found.notes)
    assert np.isfinite(found.table["mean"].to_pylist()).all()


def test_a_quarter_is_better_known_the_more_of_it_is_over(candidate, orders, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.forecast import backtest as forecast_backtest

    monkeypatch.setattr(forecast_backtest, "QUARTERS", 1)
    trial, choice = candidate.trials["orders"], candidate.choices["orders"]

    found = forecast_backtest.errors_by_week(orders.history, "orders", at("2024-09-01"), trial, choice, lambda _: None)

    assert set(found) == {choice.name, "booked so far", "booked so far, stretched"}
    errors = dict(found["booked so far"])
    assert set(errors) == {1.0, 4.0, 8.0, 12.0}
    assert errors[1.0] >= errors[4.0] >= errors[8.0] >= errors[12.0]
    assert dict(found[choice.name])[12.0] <= dict(found[choice.name])[1.0] + 0.05
