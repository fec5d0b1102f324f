"""A rival that looks at open deals and beats ours is what answers: judged, chosen, written, read and named."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.as_of import parse_moment
from features.bookings.calendar import day_of, edges_between
from features.bookings.pace import sales
from training.bookings import trial as trials
from training.bookings.fitting import fit_call, read_deals
from training.bookings.measure import read_sales
from training.bookings.pipeline_call import Learned, PipelineCall
from training.bookings.rest import QUANTILES
from training.bookings.standing import standing
from training.bookings.trial import try_deals
from training.forecast import recipe
from training.forecast.bundle import ForecastBundle
from training.forecast.choice import choose
from training.forecast.predict import predict_forecast
from training.rivals.bookings import PIPELINE_RIVALS

KIND = "stage and age"
UNTIL = "2025-04-01"


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


@pytest.fixture(scope="module")
def lumpy(tmp_path_factory):  # type: ignore[no-untyped-def]
    """Sellers who know: what closes, when, for how much is on record half a year before, and varies thirtyfold."""
    from tests.conftest import Story

    story = Story(tmp_path_factory.mktemp("lumpy") / "home")
    random = np.random.default_rng(3)
    for month in range(24):
        size = 10 ** random.uniform(2.5, 4)
        for number in range(4):
            due = date(2023 + (month + 7) // 12, (month + 7) % 12 + 1, 5 + 5 * number)
            born = due - timedelta(days=int(random.integers(170, 210)))
            won = number % 2 == 0
            name = f"d{month:02d}{number}"
            deal = story.deal(name, created=born.isoformat(), amount=round(size), rep="ann" if number < 2 else "bob")
            deal.changes_stage("sure" if won else "hopeless", on=born.isoformat())
            deal.changes("expected_close_on", due.isoformat(), on=born.isoformat())
            if due < date.fromisoformat(UNTIL):
                deal.closes("won" if won else "lost", on=due.isoformat())
    return story.history


@pytest.fixture(scope="module")
def judged(lumpy):  # type: ignore[no-untyped-def]
    deals = read_deals(lumpy, at(UNTIL))
    assert deals is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "MODEL_RIVALS", ())
        patch.setattr(trials, "OURS_BY", {KIND: trials.OURS})
        patch.setattr(trials, "DRAWS", 200)
        return try_deals(lumpy, deals, at(UNTIL), 3, (KIND,)), deals


def test_the_rival_that_beats_ours_is_chosen_served_and_named(lumpy, judged, tmp_path: Path) -> None:
    trial, deals = judged
    choice = choose(trial.judged, recipe.servable())

    assert (choice.name, choice.rung) == ("weighted pipeline", "rival")

    sold = read_sales(lumpy, "bookings", at(UNTIL))
    model = recipe.fit(lumpy, "bookings", sold, at(UNTIL), trial, choice, deals, lambda _: None)
    bundle = ForecastBundle("7", choice.rung, at(UNTIL), {"bookings": model.to_json()}, {})
    bundle.save(tmp_path)
    served = ForecastBundle.load(tmp_path)
    found = predict_forecast(lumpy, served, at(UNTIL), "month", 3)
    company = found.table.to_pandas()
    reps = predict_forecast(lumpy, served, at(UNTIL), "month", 3, "rep").table.to_pandas()
    now = standing(lumpy, sold, (), at(UNTIL))
    day = day_of(at(UNTIL), lumpy.timezone)
    base = edges_between(day, day + 62, "month")

    assert any("weighted pipeline" in note for note in found.notes)
    assert np.allclose(reps.groupby("period_start")["mean"].sum(), company["mean"].to_numpy(), rtol=1e-5)
    assert model.call is not None
    wanted = model.call.totals(now, base, model.profile, 1000)
    for row, draws in zip(company.itertuples(), wanted, strict=False):
        assert row.q50 == pytest.approx(np.quantile(draws, 0.5), rel=0.02, abs=1)
        assert row.q90 == pytest.approx(np.quantile(draws, 0.9), rel=0.02, abs=1)


@pytest.mark.parametrize("name", ["weighted pipeline", "point of period"])
def test_what_is_served_is_what_was_judged(lumpy, judged, name: str) -> None:
    trial, deals = judged
    last = trial.moments[-1]
    every = sales(lumpy, "bookings", at(UNTIL))
    call = fit_call(lumpy, name, trial.moments, last.as_of, deals, every)
    day = day_of(last.as_of, lumpy.timezone)
    told = call.totals(last.at, edges_between(day, day + 20, "month"), last.profile, 4000)
    block = next(b for b in trial.judged.some(name, ("month", "company")) if b.origin == last.number)

    found = PipelineCall.from_json(call.to_json())

    assert found == call
    for place, level in enumerate(QUANTILES):
        assert np.quantile(told[0], level) == pytest.approx(block.quantiles[place, 0, 0], rel=0.01, abs=1)


def test_in_a_running_month_only_what_is_left_of_it_is_told(lumpy, judged) -> None:
    trial, _ = judged
    last = trial.moments[-1]
    call = PipelineCall("point of period", Learned(otherwise=(0.0,), others=(310.0,)), ((0.0,) * len(QUANTILES),))
    day = day_of(last.as_of, lumpy.timezone)
    base = edges_between(day, day + 20, "month")
    later = standing(lumpy, read_sales(lumpy, "bookings", at(UNTIL)), (), last.as_of + timedelta(days=20))

    whole, left = (call.totals(now, base, last.profile, 10)[0].mean() for now in (last.at, later))

    assert whole == pytest.approx(310)
    assert 0 < left < 0.6 * whole


def test_every_rival_of_the_pipeline_can_be_served() -> None:
    assert {rival.name for rival in PIPELINE_RIVALS} <= set(recipe.servable())
