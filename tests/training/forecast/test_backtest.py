"""Whether the error by week of the quarter is that of a model which knows nothing of the quarter."""

from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest

from features.as_of import DAY
from features.bookings.calendar import day_of
from features.bookings.pace import OWNERS, Sales
from features.kernel import MISSING
from training.bookings.judged import Judged
from training.bookings.trial import Trial
from training.forecast import backtest as forecast_backtest
from training.forecast.backtest import ForecastBacktest, errors_by_week
from training.forecast.choice import ForecastChoice, choose
from training.forecast.report import HINDSIGHT
from training.reports.words import Language


def test_a_quarter_is_forecast_with_what_past_moments_had_taught_when_it_began(monkeypatch) -> None:
    days = np.arange(day_of(datetime(2023, 1, 1), None), day_of(datetime(2024, 6, 30), None))
    size = len(days)
    nobody = {owner: np.full(size, "", object) for owner in OWNERS}
    every = Sales(np.full(size, "", object), days, np.ones(size), nobody, days * DAY, np.full(size, MISSING))
    taught, until = [], datetime(2024, 7, 1)

    def fit(history, measure, sold, at, trial, *others):
        taught.append((at, trial.taught, int(sold.day.max())))
        rest = SimpleNamespace(owners={"rep": np.zeros(1)}, totals=lambda codes, groups, edges: np.zeros((1, 1, 2)))
        return SimpleNamespace(rest=lambda history, sold, at: rest)

    monkeypatch.setattr(forecast_backtest, "sales", lambda history, measure, until: every)
    monkeypatch.setattr(forecast_backtest, "fit", fit)
    trial = Trial(Judged("orders"), {"told": "by the end"}, lessons=lambda sold, day: {"told": (day, len(sold))})  # type: ignore[dict-item, arg-type, return-value]
    choice = ForecastChoice("ours", "model", "", "")
    errors_by_week(SimpleNamespace(timezone=None), "orders", until, trial, choice, lambda _: None)  # type: ignore[arg-type]

    begun = [datetime(2024, 1, 1), datetime(2023, 10, 1)]
    assert [at for at, _, _ in taught] == begun
    for (_, lessons, last), begin in zip(taught, begun, strict=True):
        day = day_of(begin, None)
        assert lessons == {"told": (day, int((days < day).sum()))}
        assert last < day


def backtest(by_week: dict[str, list[tuple[float, float]]]) -> ForecastBacktest:
    judged = Judged("orders")
    return ForecastBacktest(
        datetime(2024, 7, 1), {"orders": Trial(judged)}, {"orders": choose(judged, (), 3)}, {"orders": by_week}
    )


def test_that_there_is_too_little_history_is_said_once() -> None:
    lines = backtest({}).lines()

    assert len(lines) == 1
    assert "too little history to judge anything (3 sales on record)" in lines[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_that_the_estimate_was_chosen_with_hindsight_is_said_beside_its_error(language: Language) -> None:
    found = backtest({"ours": [(1.0, 0.2), (12.0, 0.1)]})

    assert HINDSIGHT[language].replace("'", "&#x27;") in found.to_html(language)
    assert HINDSIGHT["en"] in found.lines()
    assert HINDSIGHT[language].replace("'", "&#x27;") not in backtest({}).to_html(language)
