"""A handful of sales: something plain is served, says so, and lies nowhere far above what is on record."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from features.as_of import parse_moment
from features.bookings.calendar import period_edges
from features.history import History
from training.bookings.fitting import profile_of
from training.bookings.judged import Judged
from training.bookings.measure import read_sales
from training.bookings.plain_rest import HIGHEST, past_totals, plain_rest
from training.bookings.trial import Trial
from training.forecast import recipe
from training.forecast.bundle import ForecastBundle
from training.forecast.choice import TOO_LITTLE, choose
from training.forecast.predict import predict_forecast

BEGIN = date(2024, 1, 3)


def at(days: int) -> datetime:
    return parse_moment((BEGIN + timedelta(days=days)).isoformat(), "Asia/Shanghai")


def tell_orders(story, count: int, span: int) -> History:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(count)
    for day in np.sort(random.integers(0, span, count)).tolist():
        on = (BEGIN + timedelta(days=day)).isoformat()
        story.order(f"c{random.integers(3)}", on=on, amount=round(float(random.lognormal(4, 1)), 2))
    history: History = story.history
    return history


def tell_deals(story, count: int, span: int) -> History:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(count)
    for number, day in enumerate(np.sort(random.integers(0, span - 30, count)).tolist()):
        born = BEGIN + timedelta(days=day)
        amount = 1 if number % 3 == 0 else round(float(random.lognormal(7, 1)), 2)  # a third has no real amount yet
        deal = story.deal(f"d{number}", created=born.isoformat(), amount=amount, rep=f"r{number % 2}")
        close = born + timedelta(days=int(random.integers(5, 29)))
        deal.changes("amount", str(round(float(random.lognormal(7, 1)), 2)), on=close.isoformat())
        if number % 4 != 3:
            deal.closes("won" if number % 2 == 0 else "lost", on=close.isoformat())
    history: History = story.history
    return history


def served(history: History, measure: str, until: datetime) -> ForecastBundle:
    """What is served where nothing could be judged."""
    sold = read_sales(history, measure, until)
    choice = choose(Judged(measure), recipe.servable(), len(sold))
    model = recipe.fit(history, measure, sold, until, Trial(Judged(measure)), choice, None, lambda _: None)
    return ForecastBundle("1", choice.rung, until, {measure: model.to_json()}, {})


@pytest.mark.parametrize("span", [25, 100, 300])
@pytest.mark.parametrize(("kind", "count"), [("orders", 3), ("orders", 10), ("deals", 5), ("deals", 15)])
def test_little_is_answered_plainly_and_never_far_above_what_was_sold(story, kind: str, count: int, span: int) -> None:
    history = tell_orders(story, count, span) if kind == "orders" else tell_deals(story, count, span + 30)
    measure, until = ("orders", at(span)) if kind == "orders" else ("bookings", at(span + 30))
    sold = read_sales(history, measure, until)
    bundle = served(history, measure, until)

    found = predict_forecast(history, bundle, until, "month", 6)
    parts = predict_forecast(history, bundle, until, "month", 6, "customer" if kind == "orders" else "rep")
    company = found.table.to_pandas()

    assert bundle.rung == TOO_LITTLE
    assert any("too little history" in note for note in found.notes)
    assert any("历史过短" in note for note in predict_forecast(history, bundle, until, language="zh").notes)
    assert (company["mean"] > 0).all()
    assert (company["q95"] > company["q05"]).all()
    assert company["q95"].max() < 12 * sold.amount.sum()
    added = parts.table.to_pandas().groupby("period_start")["mean"].sum()
    assert np.allclose(added, company["mean"].to_numpy(), rtol=1e-6)


def test_no_draw_lies_above_three_times_the_most_ever_sold_in_a_period(story) -> None:
    history = tell_orders(story, 10, 200)
    sold = read_sales(history, "orders", at(200))
    day = (at(200) - datetime(1970, 1, 1)).days + 1

    rest = plain_rest(sold, profile_of(history, sold, at(200)), day, 400, 0)
    everyone = np.zeros(len(rest.owners["rep"]), np.int64)
    months = rest.totals(everyone, 1, period_edges(day, "month", 12))[0]
    quarters = rest.totals(everyone, 1, period_edges(day, "quarter", 4))[0]

    assert months.max() <= HIGHEST * past_totals(sold, day, "month").max() * (1 + 1e-9)
    assert months.sum(axis=0).mean() == pytest.approx(quarters.sum(axis=0).mean(), rel=0.1)


def test_the_last_periods_mean_is_what_is_continued() -> None:
    from features.bookings.pace import OWNERS, Sales
    from training.bookings.profile import fit_profile

    day = 19724 + 30 * np.arange(6) + 5
    amount = np.array([10.0, 10, 10, 100, 110, 90])
    nobody = {owner: np.full(6, "", object) for owner in OWNERS}
    sold = Sales(np.full(6, "", object), day, amount, nobody, np.zeros(6, np.int64), np.zeros(6, np.int64))

    first = 19724 + 180  # the first day of a month
    rest = plain_rest(sold, fit_profile(day, amount, int(day[0]), first - 1, None), first, 2000, 0)

    assert rest.target[3].mean() == pytest.approx(100, rel=0.02)


def test_a_sale_of_the_running_day_is_of_no_whole_period(story) -> None:
    begin = at(0)
    for days, hour in ((0, 9), (20, 9), (37, 9), (40, 10)):
        story.order("c0", on=(BEGIN + timedelta(days=days)).isoformat() + f"T{hour:02}:00", amount=10)
    history, until = story.history, begin + timedelta(days=40, hours=15)
    sold = read_sales(history, "orders", until)

    found = predict_forecast(history, served(history, "orders", until), until, "month", 3).table.to_pandas()

    day = int(sold.day.max())
    assert (day - int(sold.day.min()), len(sold)) == (40, 4)
    assert past_totals(sold, day, "week").sum() == pytest.approx(20)  # of five whole weeks back to the sixth day
    assert (found["mean"] > 0).all()


def test_training_on_a_handful_of_orders_fits_no_model_and_says_so(story) -> None:
    candidate = recipe.train_forecast(tell_orders(story, 10, 200), at(200))

    assert (candidate.choice.rung, candidate.bundle.rung) == (TOO_LITTLE, TOO_LITTLE)
    assert "too little history" in candidate.choice.says
    assert "10 sales" in candidate.choice.says
    assert candidate.calibration().passed
    assert candidate.lines() == ["orders: too little history to judge anything."]
