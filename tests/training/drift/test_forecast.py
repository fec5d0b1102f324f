from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from training.drift import forecast as drift_forecast
from training.drift.forecast import LEVELS, LIMIT, WEEKS, evidence, normal_score, watch_forecast

UNTIL = datetime(2025, 1, 6)
QUANTILES = 100 + 20 * norm.ppf(np.array(LEVELS))


@dataclass(frozen=True)
class Told:
    """A forecast that says 100, give or take 20, of every week."""

    until: datetime = UNTIL
    version: str = "3"
    model: str = "forecast"
    measures: tuple[str, ...] = ("orders",)


@dataclass(frozen=True)
class Answer:
    table: pa.Table


@dataclass(frozen=True)
class Home:
    """A history of which only the time zone is asked."""

    timezone: str = "UTC"


@pytest.fixture
def watched(monkeypatch):
    """The watch of weeks whose totals are given by number since the model learned."""

    def make(totals, as_of: datetime = UNTIL + timedelta(weeks=40)):
        asked = []

        def forecast(history, bundle, start, freq, horizon, measure):
            asked.append((start, freq, horizon, measure))
            named = {f"q{round(level * 100):02d}": [value] for level, value in zip(LEVELS, QUANTILES, strict=True)}
            return Answer(pa.table(named))

        monkeypatch.setattr("training.forecast.predict.predict_forecast", forecast)
        monkeypatch.setattr(
            drift_forecast, "_sold", lambda _, __, start, ___: totals((start - UNTIL) // timedelta(weeks=1))
        )
        return watch_forecast(Home(), Told(), as_of), asked  # type: ignore[arg-type]

    return make


def test_totals_that_come_as_forecast_are_no_alarm(watched):
    random = np.random.default_rng(0)
    drawn = random.normal(100, 20, 200)
    found, _ = watched(lambda week: drawn[week])

    assert found.alarms == ()
    assert found.rows == WEEKS
    assert "orders: " in found.lines()[2]


@pytest.mark.parametrize(("total", "side"), [(55, "below"), (145, "above")])
def test_totals_that_halve_or_grow_are_told_within_eight_weeks(watched, total, side):
    drawn = np.random.default_rng(1).normal(100, 20, 200)
    found, _ = watched(lambda week: total if week >= 32 else drawn[week])

    (alarm,) = found.alarms
    assert alarm.value >= LIMIT
    assert side in alarm.says


def test_each_whole_week_is_forecast_as_of_its_first_moment(watched):
    _, asked = watched(lambda _: 100.0, UNTIL + timedelta(days=24))

    assert asked == [(UNTIL + timedelta(weeks=n), "week", 1, "orders") for n in range(3)]


def test_before_a_whole_week_nothing_is_told(watched):
    found, asked = watched(lambda _: 100.0, UNTIL + timedelta(days=6))

    assert asked == []
    assert "No whole week" in found.lines()[1]
    assert not found.facts()["alarm"]


def test_a_total_is_placed_among_its_quantiles():
    assert normal_score(100.0, QUANTILES) == pytest.approx(0.0)
    assert normal_score(80.0, QUANTILES) == pytest.approx(-1.0, abs=0.05)
    assert normal_score(0.0, QUANTILES) == -2
    assert normal_score(500.0, QUANTILES) == 2
    flat = np.zeros(len(LEVELS))
    assert normal_score(0.0, flat) == 0
    assert normal_score(1.0, flat) == 2


def test_evidence_never_falls_below_zero():
    assert evidence(np.full(50, 0.0)) == (0.0, 0.0)
    lower, higher = evidence(np.array([2.0, 2.0, -2.0]))
    assert (lower, higher) == (1.5, 0.5)
