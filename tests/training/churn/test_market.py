import json
import math
from datetime import datetime

import numpy as np
import pytest

from features.as_of import DAY, micros, parse_moment
from training.churn.market import FEW, Market, season_of

START = int(np.datetime64("2023-01-01", "us").astype(np.int64))


def market(counts, days: int | None = None) -> Market:
    return Market(START, tuple(int(c) for c in counts), START + (days or len(counts)) * DAY)


def seasonal(days: int) -> Market:
    """Ten a day, thirty in December."""
    return market([30 if 334 <= day % 365 < 365 else 10 for day in range(days)])


def test_purchases_are_counted_by_the_day_they_became_known(story):
    story.order("a", on="2024-01-01").order("b", on="2024-01-01").order("a", on="2024-01-03")
    story.order("a", on="2024-01-05", amount=-3, quantity=-1)
    found = Market.of(story.history, datetime(2024, 2, 1))

    assert found.between(found.first, found.end) == 3
    assert Market.of(story.history, parse_moment("2024-01-02", "Asia/Shanghai")).counts[-1] == 2


def test_a_day_ends_at_the_time_of_the_moment_and_one_that_was_not_over_does_not_count(story):
    """Its few purchases would be taken for a whole day's: a lull before every moment."""
    for day in range(1, 41):
        for hour in range(24):
            story.order(f"c{hour}", on=f"{np.datetime64('2024-01-01') + day} {hour:02d}:30:00")
    midnight, noon = parse_moment("2024-02-09", "UTC"), parse_moment("2024-02-09T12:00:00", "UTC")
    found = Market.of(story.history, noon)

    assert found.end == micros(noon)
    assert found.counts[-10:] == (24,) * 10
    assert found.usual(micros(noon)) == pytest.approx(24, rel=0.05)
    assert found == Market.of(story.history, parse_moment("2024-02-10T12:00:00", "UTC")).until(micros(noon))
    by_midnight = Market.of(story.history, parse_moment("2024-02-10", "UTC")).until(micros(noon))
    assert by_midnight == Market.of(story.history, midnight)


@pytest.mark.parametrize("days", [7, 14, 30])
def test_steady_purchases_have_no_season_at_any_time_of_day(story, days):
    for day in range(250):
        for hour in range(0, 24, 4):
            story.order(f"c{hour}", on=f"{np.datetime64('2024-01-01') + day} {hour:02d}:30:00")
    midnight_in_shanghai = parse_moment("2024-08-15", "Asia/Shanghai")
    end = micros(midnight_in_shanghai)
    at = np.array([float(end - days * DAY)])

    for found in (
        Market.of(story.history, midnight_in_shanghai),
        Market.of(story.history, parse_moment("2024-08-18", "UTC")).until(end),
    ):
        assert season_of(found, at, days, end)[0] == pytest.approx(0, abs=0.008)


def test_a_part_of_a_day_counts_in_part():
    assert market([10] * 50).between(START + DAY // 2, START + 2 * DAY) == pytest.approx(15)


def test_usual_is_the_mean_of_the_year_before():
    assert market([10] * 400).usual(START + 400 * DAY) == pytest.approx(10)
    assert market([10] * 400).usual(START + 20 * DAY) is None


def test_a_season_is_foreseen_by_the_year_before():
    found, november = seasonal(365 + 334), START + (365 + 334) * DAY

    assert found.foreseen(november, 30) == pytest.approx(
        math.log((900 + FEW) / (30 * found.usual(november) + FEW)), abs=0.02
    )
    assert found.foreseen(november - 340 * DAY, 30) == 0  # no year on record by then


def test_what_came_is_told_afterwards():
    found = seasonal(365 + 200)

    assert found.ahead(START + 334 * DAY, 30) > 0.9
    assert abs(found.ahead(START + 400 * DAY, 30)) < 0.2


def test_growth_since_last_year_goes_on_by_half():
    steady, grown = market([10] * 730), market([10] * 640 + [20] * 90)
    at = START + 730 * DAY
    usual = math.log(steady.usual(at) / grown.usual(at))

    assert steady.foreseen(at, 90) == pytest.approx(0, abs=0.01)
    assert grown.foreseen(at, 90) == pytest.approx(usual + math.log(2) / 2, abs=0.03)


def test_nothing_later_than_the_moment_is_looked_at():
    early = market([10] * 500)
    changed = market([10] * 500 + [90] * 100)
    at = START + 500 * DAY

    assert changed.until(at).foreseen(at, 60) == early.foreseen(at, 60)
    assert changed.until(at).unforeseen(at, 60) == early.unforeseen(at, 60)
    assert season_of(changed, np.array([float(at)]), 60)[0] == early.foreseen(at, 60)


def test_of_what_is_over_the_season_is_taken_as_it_came():
    found, at = seasonal(700), float(START + 334 * DAY)

    assert season_of(found, np.array([at]), 30, START + 700 * DAY)[0] == found.ahead(int(at), 30)
    assert season_of(found, np.array([at]), 30, START + 340 * DAY)[0] == 0


def test_how_badly_seasons_were_foreseen_is_counted():
    random = np.random.default_rng(0)
    calm = market([100] * 1200)
    wild = market(np.repeat(random.choice([30, 170], 40), 30))

    assert calm.unforeseen(START + 1200 * DAY, 30) < 0.01
    assert wild.unforeseen(START + 1200 * DAY, 30) > 0.4


def test_it_survives_json():
    found = seasonal(400)

    assert Market.from_json(json.loads(json.dumps(found.to_json()))) == found
