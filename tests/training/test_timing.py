import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.dataset import Dataset
from training.timing import BANDS, EDGES, STRENGTH, Curve, Timing


@pytest.fixture
def ends() -> Callable[..., Dataset]:
    """A data set of one look at each deal: (days until the end or of being watched, 1 won 0 lost NaN open)."""

    def make(*deals: tuple[float, float], age: float = 0.0, stage: str | None = None) -> Dataset:
        after, won = (np.array(column, float) for column in zip(*deals, strict=True))
        size = len(after)
        return Dataset(
            x=pd.DataFrame({"deal_stage": np.full(size, stage, object), "deal_age_days": np.full(size, age)}),
            outcome=won,
            decided_after=np.where(np.isnan(won), np.nan, after),
            followed_for=np.where(np.isnan(won), after, 1000.0),
            weight=np.ones(size),
            subject=np.array([str(one) for one in range(size)], object),
            as_of=np.zeros(size, "datetime64[us]"),
            age=np.full(size, age),
            closed_known=np.zeros(size, np.int64),
            seen_until=0,
        )

    return make


def test_the_share_won_by_hand(ends):
    """Kalbfleisch and Prentice's textbook product, in the intervals [2,3), [3,4), [5,7), [7,9)."""
    nan = float("nan")
    past = ends((2, 1), (2, 0), (3, 1), (3, nan), (5, 0), (5, 1), (7, 1), (7, nan), (7, nan), (7, 1))
    curve = Timing.fit(past).curve(None, None)

    # At risk: 10; then 8 less half of the one open deal; then 6; then 4 less half of two.
    staying = 1.0
    first = staying * 1 / 10
    staying *= 8 / 10
    second = staying * 1 / 7.5
    staying *= 6.5 / 7.5
    third = staying * 1 / 6
    staying *= 4 / 6
    fourth = staying * 2 / 3
    assert curve.share_by(2) == 0
    assert curve.share_by(3) == pytest.approx(first)
    assert curve.share_by(4) == pytest.approx(first + second)
    assert curve.share_by(7) == pytest.approx(first + second + third)
    assert curve.share_by(9) == pytest.approx(first + second + third + fourth)
    assert curve.share_by(8) == pytest.approx(first + second + third + fourth / 2)
    assert curve.share_by(5000) == curve.share_by(9)


@pytest.mark.parametrize(("win", "lose"), [(0.02, 0.02), (0.004, 0.03), (0.03, 0.002)])
def test_the_share_won_is_the_true_one_though_most_deals_are_cut_off(ends, win, lose):
    random = np.random.default_rng(3)
    size = 20_000
    length = random.exponential(1 / (win + lose), size)
    won = random.random(size) < win / (win + lose)
    watched = random.uniform(0, 60, size)
    decided = length < watched
    assert decided.mean() < 0.75
    past = ends(*zip(np.minimum(length, watched), np.where(decided, won, np.nan), strict=True))
    curve = Timing.fit(past).curve(None, None)

    for days in (5, 14, 30, 45):
        truth = win / (win + lose) * (1 - np.exp(-(win + lose) * days))
        assert curve.share_by(days) == pytest.approx(truth, rel=0.05, abs=0.006), days
        naive = (won & decided & (length < days)).mean()
        assert days < 30 or naive < 0.85 * truth  # counting open deals as not won is wrong


def test_a_lost_deal_is_not_one_that_could_still_be_won(ends):
    """One minus a survival curve of wins alone would end near 1."""
    past = ends(*[(5.0, 0.0)] * 90, *[(8.0, 1.0)] * 10)

    assert Timing.fit(past).curve(None, None).share_by(1000) == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(5))
def test_every_curve_rises_from_nothing_to_at_most_all(invented, seed):
    timing = Timing.fit(invented(300, seed, ages=(0, 1, 7, 30, 90)).dataset)
    days = np.linspace(0, 3000, 2000)
    for age in (*BANDS, None, float("nan"), 500.0):
        for stage in ("New", "Talks", "unheard of", None):
            curve = timing.curve(age, stage)
            shares = [curve.share_by(each) for each in days]
            assert shares[0] == 0
            assert (np.diff(shares) >= 0).all()
            assert shares[-1] <= 1
            assert curve.of_winners_by(3000) == pytest.approx(1)
            assert 0 < curve.median_days() < 400


def test_a_small_group_is_drawn_toward_the_larger_one(ends):
    many = ends(*[(5.0, 1.0)] * 500, *[(5.0, 0.0)] * 500, stage="Common")
    few = ends(*[(5.0, 1.0)] * 10, stage="Rare")
    both = _joined(many, few)
    timing = Timing.fit(both)

    everyone = 510 / 1010
    band = (510 + STRENGTH * everyone) / (1010 + STRENGTH)
    assert timing.curve(0, "Rare").share_by(7) == pytest.approx((10 + STRENGTH * band) / (10 + STRENGTH))
    assert timing.curve(0, "Common").share_by(7) == pytest.approx(500 / 1000, abs=0.001)


def test_who_is_not_known_gets_the_curve_of_his_age_or_of_all(ends):
    young = ends(*[(2.0, 1.0)] * 400, age=0.0, stage="New")
    old = ends(*[(30.0, 0.0)] * 400, age=30.0, stage="Talks")
    timing = Timing.fit(_joined(young, old))

    assert timing.curve(0.5, "unheard of").share_by(3) > 0.9
    assert timing.curve(60, "unheard of").share_by(40) < 0.1
    assert 0.3 < timing.curve(10, None).share_by(40) < 0.7


def test_where_nothing_was_won_no_day_is_expected(ends):
    curve = Timing.fit(ends((5, 0), (9, 0))).curve(0, None)

    assert curve.median_days() is None
    assert curve.of_winners_by(30) == 0
    assert curve.share_by(1000) == 0


def test_lost_deals_alone_do_not_say_that_a_win_takes_for_ever(ends):
    lost = [(float(day), 0.0) for day in range(1, 21)]
    none, many = Timing.fit(ends(*lost)), Timing.fit(ends(*lost, *[(40.5, 1.0)] * 300))

    assert none.of_winners_by(none.curve(0, None), 10) == pytest.approx(0.5, abs=0.1)
    assert many.of_winners_by(many.curve(0, None), 10) < 0.01


def test_a_group_of_none_has_an_empty_curve(ends):
    nobody = ends((5, 1)).rows(np.zeros(1, bool))

    assert Timing.fit(nobody).curve(0, None).share_by(100) == 0


def test_half_of_the_winners_have_won_by_the_median(ends):
    curve = Timing.fit(ends(*[(d, 1.0) for d in np.linspace(0.1, 89.9, 900)], *[(50.0, 0.0)] * 300)).curve(0, None)

    assert curve.of_winners_by(curve.median_days()) == pytest.approx(0.5)
    assert curve.median_days() == pytest.approx(45, abs=3)


def test_curves_come_back_from_json_as_they_were(invented):
    timing = Timing.fit(invented(200, 1).dataset)
    again = Timing.from_json(json.loads(json.dumps(timing.to_json())))

    assert again.longest == timing.longest
    for age, stage in ((0, "New"), (30, "Talks"), (7, None), (None, None)):
        np.testing.assert_array_equal(again.curve(age, stage).won, timing.curve(age, stage).won)


def test_the_longest_watch_is_remembered(invented):
    dataset = invented(200, 1, days=250).dataset

    assert Timing.fit(dataset).longest == dataset.followed_for.max()


def test_a_curve_is_drawn_in_straight_lines():
    curve = Curve(np.minimum(EDGES / 100, 1.0) * 0.5, np.minimum(EDGES / 100, 1.0) * 0.5)

    assert curve.share_by(30) == pytest.approx(0.15)
    assert curve.share_by(32.5) == pytest.approx(0.1625)


def test_deals_still_open_at_the_end_are_won_as_often_as_the_others():
    """Exponential ends at 200 days on average, half of them wins, watched for 90 days."""
    gone = 0.5 * (1 - np.exp(-np.minimum(EDGES, 90) / 200))
    curve = Curve(gone, gone)

    assert 0.5 * curve.of_winners_by(30) == pytest.approx(0.5 * (1 - np.exp(-30 / 200)))
    assert curve.of_winners_by(400) == pytest.approx(1 - np.exp(-400 / 200))
    assert curve.median_days() == pytest.approx(200 * np.log(2), rel=1e-6)


def _joined(one: Dataset, other: Dataset) -> Dataset:
    return replace(
        one,
        x=pd.concat([one.x, other.x], ignore_index=True),
        **{
            name: np.concatenate([getattr(one, name), getattr(other, name)])
            for name in (
                "outcome",
                "decided_after",
                "followed_for",
                "weight",
                "subject",
                "as_of",
                "age",
                "closed_known",
            )
        },
    )
