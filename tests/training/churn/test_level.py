import json

import numpy as np
import pytest

from features.as_of import DAY
from training.churn.level import Level, Seen, fit_level, level_dates, shift_of
from training.rivals.rival import probabilities


def seen(shifts, every: float = 28.0, season=None, days: float = 30.0) -> Seen:
    begun = np.arange(len(shifts)) * every
    seasons = np.zeros(len(shifts)) if season is None else season
    return Seen.of([(b + days / 2, b + days, z, s, 0.001) for b, z, s in zip(begun, seasons, shifts, strict=True)])


def test_the_shift_meets_the_rate():
    random = np.random.default_rng(0)
    odds = random.normal(size=20_000)
    came = (random.random(20_000) < probabilities(odds + 0.7)).astype(float)
    shift, variance = shift_of(came, odds)

    assert shift == pytest.approx(0.7, abs=0.05)
    assert variance**0.5 == pytest.approx(0.016, abs=0.002)
    assert probabilities(odds + shift).mean() == pytest.approx(came.mean(), abs=1e-4)


def test_of_a_few_alike_outcomes_the_shift_is_bounded():
    assert 0 < shift_of(np.ones(3), np.zeros(3))[0] < 3


def test_a_steady_shift_is_expected_to_stay():
    mean, error = fit_level(seen([0.5] * 12)).at(12 * 28 * DAY, 30, 0.0)

    assert mean == pytest.approx(0.5, abs=0.1)
    assert error < 0.2


def test_a_wandering_shift_is_followed_and_forgotten():
    random = np.random.default_rng(2)
    walk = [0.0]
    for _ in range(60):
        walk.append(0.85 * walk[-1] + random.normal(0, 0.25))
    walk[-3:] = [0.9, 0.9, 0.9]
    level = fit_level(seen(walk))
    soon, later = level.at(61 * 28 * DAY, 30, 0.0), level.at(200 * 28 * DAY, 30, 0.0)

    assert soon[0] > 0.4
    assert abs(later[0]) < soon[0]
    assert later[1] > soon[1]


def test_what_the_season_adds_beyond_the_model_is_learned():
    season = np.cos(np.arange(24) / 12 * 2 * np.pi)
    level = fit_level(seen(0.4 * season, every=30, season=season))

    assert level.at(24 * 30 * DAY, 30, 1.0)[0] == pytest.approx(0.4, abs=0.1)
    assert level.at(24 * 30 * DAY, 30, -1.0)[0] == pytest.approx(-0.4, abs=0.1)


def test_with_nothing_seen_nothing_is_expected_but_much_is_possible():
    mean, error = fit_level(Seen.of([])).at(0, 30, 0.0)

    assert mean == 0
    assert error > 0.3


def test_dates_close_together_are_seen_once():
    at = np.repeat(np.arange(10) * 7 * DAY, 3)

    assert level_dates(at) == [63 * DAY, 35 * DAY, 7 * DAY]
    assert level_dates(at, since=35 * DAY) == [63 * DAY]


def test_it_survives_json_and_takes_later_shifts():
    level = fit_level(seen([0.1, 0.2, 0.3, 0.1]))
    again = Level.from_json(json.loads(json.dumps(level.to_json())))

    assert again.at(200 * DAY, 30, 0.1) == level.at(200 * DAY, 30, 0.1)
    later = Seen.of([(200 + 15, 200 + 30, 0.0, 0.4, 0.001)])
    assert level.seen.and_later(later).shift.tolist() == [0.1, 0.2, 0.3, 0.1, 0.4]


def test_a_later_date_takes_the_place_of_one_close_to_it():
    """Outcomes of the same weeks would count twice."""
    first = seen([0.1, 0.2, 0.3])
    close, other = (Seen.of([(66 + days / 2, 66 + days, 0.0, 0.9, 0.001)]) for days in (30, 60))

    assert first.and_later(close).shift.tolist() == [0.1, 0.2, 0.9]
    assert first.and_later(other).shift.tolist() == [0.1, 0.2, 0.3, 0.9]  # of another horizon
    assert first.last(30) == 56 * DAY
    assert first.last(60) is None


def test_of_a_moment_kept_as_a_fraction_of_days_no_other_is_later():
    at = np.arange(0, 400 * DAY, 28 * DAY - 12_345_678_901) + 1_700_000_000_123_457
    one = Seen.of([(d / DAY + 45, d / DAY + 90, 0.0, 0.1, 0.001) for d in level_dates(at)])

    assert level_dates(at, one.last(90)) == []


def test_of_too_few_dates_nothing_is_learned_but_they_are_kept():
    level = fit_level(seen([0.9, 0.9]))

    assert level.at(60 * DAY, 30, 0.0)[0] == 0
    assert Level.from_json(json.loads(json.dumps(level.to_json()))).at(60 * DAY, 30, 0.0)[0] == 0
    assert fit_level(level.seen.and_later(Seen.of([(80, 95, 0.0, 0.9, 0.001)]))).at(99 * DAY, 30, 0.0)[0] > 0.4
