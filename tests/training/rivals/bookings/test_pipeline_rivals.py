"""What people use today, on pipelines small enough to work out by hand."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from features.as_of import parse_moment
from features.bookings.calendar import day_of
from features.bookings.pace import sales
from features.history import History
from training.bookings.fitting import profile_of, read_deals
from training.bookings.levels import labels
from training.bookings.standing import standing
from training.bookings.views import Later, view
from training.rivals.bookings import PIPELINE_RIVALS, Moment, residual_quantiles
from training.rivals.bookings.peoples_call import BestCase, Commit
from training.rivals.bookings.point_of_period import PointOfPeriod
from training.rivals.bookings.weighted_pipeline import WeightedPipeline, chances


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


def tell(story) -> History:  # type: ignore[no-untyped-def]
    """Forty decided deals, of stage early half won, of stage late nine in ten; and three open ones."""
    for number in range(40):
        born = date(2024, 1, 2) + timedelta(days=number * 3)
        stage, luck = ("early", number % 4 == 0) if number % 2 == 0 else ("late", number % 20 != 1)
        deal = story.deal(f"d{number:02d}", created=born.isoformat(), amount=100, rep="ann")
        deal.changes_stage(stage, on=born.isoformat()).changes("expected_close_on", "2024-06-15", on=born.isoformat())
        deal.closes("won" if luck else "lost", on=(born + timedelta(days=20)).isoformat())
    for name, stage, due, call in (
        ("soon", "late", "2024-07-20", "commit"),
        ("overdue", "early", "2024-05-01", "best_case"),
        ("later", "early", "2024-08-20", "pipeline"),
    ):
        deal = story.deal(name, created="2024-06-20", amount=1000, rep="bob").changes_stage(stage, on="2024-06-20")
        deal.changes("expected_close_on", due, on="2024-06-20").changes("forecast_category", call, on="2024-06-20")
    history: History = story.history
    return history


def moment(history: History, text: str, number: int = 0, until: str = "2024-10-01") -> Moment:
    now, end = at(text), at(until)
    every = sales(history, "bookings", end)
    known, deals = every.as_of(now), read_deals(history, end)
    assert deals is not None
    told = labels(history, now, known.owners)
    day, last = (day_of(one, history.timezone) for one in (now, end))
    later = Later.read(history, known, every.as_of(end), now, end)
    views = tuple(view(known, later, told, day, last, by, "month", 2) for by in ((), ("rep",)))
    state = standing(history, every, deals.features, now)
    return Moment(number, now, state, every, deals, profile_of(history, known, now), views)


def test_the_pipeline_is_weighted_by_stage_and_counted_where_its_close_is_expected(story) -> None:
    one = moment(tell(story), "2024-07-01")

    said = WeightedPipeline().points(story.history, [one])
    share = dict(zip(one.at.open.deal_id.tolist(), chances(one).tolist(), strict=True))

    assert share["soon"] > 0.75 > 0.6 > share["later"] > 0.4
    assert said is not None
    assert said[0][0].tolist() == pytest.approx([1000 * (share["soon"] + share["overdue"]), 1000 * share["later"]])
    assert said[1].sum() == 0  # nothing of bob's was ever won: he is in no group yet


def test_the_call_is_what_sellers_commit_to(story) -> None:
    one = moment(tell(story), "2024-07-01")

    commit, best = (rival().points(story.history, [one]) for rival in (Commit, BestCase))

    assert commit is not None
    assert best is not None
    assert (commit[0][0].tolist(), best[0][0].tolist()) == ([1000, 0], [2000, 0])


def test_the_point_of_the_period_learns_from_the_same_day_of_earlier_periods(story) -> None:
    history = tell(story)
    earlier = [moment(history, text, n) for n, text in enumerate(("2024-03-01", "2024-04-01", "2024-05-01"))]

    first = PointOfPeriod().points(history, earlier[:1])
    later = PointOfPeriod().points(history, earlier)

    assert first is not None
    assert first[0][0, 0] == earlier[0].views[0].past[0, -3:].mean()
    assert later is not None
    came = [one.views[0].actual[0, 0] for one in earlier]
    assert 0.4 * np.mean(came) < later[0][0, 0] < 2 * np.mean(came)


def test_without_a_call_on_record_nobody_is_said_to_have_made_one(story) -> None:
    for number in range(20):
        born = date(2024, 1, 2) + timedelta(days=number * 7)
        deal = story.deal(f"d{number}", created=born.isoformat(), amount=10, rep="ann")
        deal.closes("won" if number % 2 else "lost", on=(born + timedelta(days=9)).isoformat())
    story.deal("open", created="2024-05-20", amount=10, rep="ann")

    one = moment(story.history, "2024-06-01")

    assert Commit().points(story.history, [one]) is None
    assert WeightedPipeline().points(story.history, [one]) is not None
    assert {rival.name for rival in PIPELINE_RIVALS} == {"weighted pipeline", "point of period", "commit", "best case"}


def test_intervals_come_from_errors_that_were_known_then(story) -> None:
    history = tell(story)
    moments = [moment(history, text, n) for n, text in enumerate(("2024-03-01", "2024-04-01", "2024-05-01"))]
    said = [tuple(one.actual - 50 for one in each.views) for each in moments]
    now = moments[-1].views[1]

    asked_at = at("2024-10-01")
    unknown = residual_quantiles(history, now, np.full((1, 2), 500.0), asked_at, [], [])
    known = residual_quantiles(history, now, np.full((1, 2), 500.0), asked_at, moments * 3, said * 3)

    assert unknown[-1, 0, 0] - unknown[0, 0, 0] > known[-1, 0, 0] - known[0, 0, 0]
    assert known[5, 0, 0] == pytest.approx(550, rel=0.05)
