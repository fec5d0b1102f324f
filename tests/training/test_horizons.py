import numpy as np
import pytest

from training.horizons import at_horizon, natural_horizons


def test_within_the_horizon_is_yes_beyond_it_no_and_unwatched_unknown(invented):
    dataset = invented(400, 1).dataset
    asked = at_horizon(dataset, 14)

    decided = ~np.isnan(dataset.outcome)
    within = decided & (dataset.decided_after <= 14)
    assert (asked.outcome[within] == dataset.outcome[within]).all()
    assert (asked.outcome[decided & (dataset.decided_after > 14)] == 0).all()
    assert (asked.outcome[~decided & (dataset.followed_for >= 14)] == 0).all()
    unknown = ~decided & (dataset.followed_for < 14)
    assert unknown.any()
    assert np.isnan(asked.outcome[unknown]).all()
    assert (asked.weight[unknown] == 0).all()


def test_weighted_shares_at_a_horizon_are_the_truth(invented):
    made = invented(12_000, 3, days=90, mean_days=30, strength=0.0, ages=(0,))
    asked = at_horizon(made.dataset, 30)
    known = asked.weight > 0

    share = np.average(asked.outcome[known], weights=asked.weight[known])
    assert share == pytest.approx(0.5 * (1 - np.exp(-1)), abs=0.015)


def test_ever_is_the_data_set_itself(invented):
    dataset = invented(50, 1).dataset

    assert at_horizon(dataset, float("inf")) is dataset


@pytest.mark.parametrize(("mean_days", "middle"), [(4, 3.0), (40, 30.0), (150, 90.0)])
def test_natural_horizons_are_days_people_ask_for_about_the_usual_time_to_a_win(invented, mean_days, middle):
    found = natural_horizons(invented(1500, 2, days=900, mean_days=mean_days, ages=(0,)).dataset)

    assert middle in found
    assert 1 <= len(found) <= 3
    assert list(found) == sorted(found)


def test_without_a_win_the_usual_horizons_are_asked(invented):
    dataset = invented(50, 1, days=1).dataset

    assert natural_horizons(dataset.rows(dataset.outcome == 0)) == (30.0, 60.0, 90.0)
