import numpy as np
import pytest

from training.drift.variation import FEWEST_WINDOWS, WEEK, Variation, variation_of, windows

RANDOM = np.random.default_rng(3)
ROWS = np.full(26, 200.0)


def test_windows_go_back_from_the_end_and_the_oldest_comes_first():
    at = np.array([0, 1, 5, 9]) * WEEK
    mean, rows = windows(np.array([1.0, 3.0, np.nan, 8.0]), at, 12 * WEEK)

    assert rows.tolist() == [2, 0, 1]
    assert mean[0] == 2
    assert np.isnan(mean[1])
    assert mean[2] == 8


def test_too_short_a_history_does_not_know_its_own_variation():
    assert variation_of(np.zeros(FEWEST_WINDOWS - 1), ROWS[: FEWEST_WINDOWS - 1]) is None
    assert variation_of(np.zeros(FEWEST_WINDOWS), ROWS[:FEWEST_WINDOWS]) is not None


def test_a_steady_figure_may_not_move_and_a_noisy_one_may():
    steady = variation_of(0.01 * RANDOM.normal(size=26), ROWS)
    noisy = variation_of(0.1 * RANDOM.normal(size=26), ROWS)
    assert steady is not None
    assert noisy is not None

    assert abs(steady.distance(0.15, 200, 1)) > 6
    assert abs(noisy.distance(0.15, 200, 1)) < 3


def test_what_has_a_trend_may_go_on_with_it():
    trend = variation_of(0.02 * np.arange(26) + 0.005 * RANDOM.normal(size=26), ROWS)
    assert trend is not None

    assert abs(trend.distance(trend.level + 0.02 * 13, 200, 13)) < 2
    assert abs(trend.distance(trend.level + 0.02 * 13, 200, 1)) > 4


def test_what_wanders_may_wander_farther_with_time():
    walk = Variation(0.0, (0.0, 0.0004, 0.0), 200.0)

    assert walk.distance(0.2, 200, 12) < walk.distance(0.2, 200, 1) / 2


def test_fewer_rows_prove_less():
    law = Variation(0.0, (0.001, 0.0, 0.0), 200.0)

    assert law.distance(0.2, 20, 1) < law.distance(0.2, 200, 1) < law.distance(0.2, 2000, 1)


def test_a_quiet_figure_stays_within_its_law_for_a_year():
    """Of 200 figures of noise and slow wandering, none goes beyond 5.5 deviations in 13 later windows."""
    worst = []
    for _ in range(200):
        path = np.cumsum(0.01 * RANDOM.normal(size=39)) + 0.03 * RANDOM.normal(size=39)
        law = variation_of(path[:26], ROWS)
        assert law is not None
        worst.append(max(abs(law.distance(path[26 + later], 200, later + 1)) for later in range(13)))

    assert max(worst) < 5.5
    assert np.median(worst) > 0.5


def test_a_law_is_read_back_as_it_was_written():
    law = Variation(0.125, (0.001, 0.25, 0.0), 200.0)

    assert Variation.from_json(law.to_json()) == law
    assert law.to_json() == pytest.approx([0.125, 0.001, 0.25, 0.0, 200.0])
