import json
import math

import numpy as np
import pytest

from features.as_of import DAY
from training.churn.width import UNTOLD, Width, fit_width, width_of_rate, width_of_snapshot
from training.judged_rows import log_odds
from training.rivals.rival import probabilities


def invented(seed: int, level: float, told: float, *, tilt: float = 1.0, dates: int = 12, customers: int = 300):
    """Customers at dates 28 days apart; the level of each season is off by a normal draw of sd `level`."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.2, (dates, customers))
    seasons = random.normal(0, level, dates // 3 + 1)[np.arange(dates) // 3]
    truth = tilt * odds + seasons[:, None]
    y = (random.random(odds.shape) < probabilities(truth)).astype(float)
    at = np.repeat(np.arange(dates) * 28 * DAY, customers)
    subject = np.tile(np.array([f"c{n}" for n in range(customers)], object), dates)
    return y.ravel(), probabilities(odds).ravel(), np.full(y.size, told), subject, at, truth[-1], odds[-1]


@pytest.mark.parametrize("told", [0.15, 0.3, 0.6])
def test_it_holds_about_eight_in_ten_whatever_the_estimate_tells_of_its_level(told):
    """The level of the next season is off by a standard deviation of 0.3; told are half of it, all, and twice."""
    held, untouched = [], []
    for seed in range(200):
        y, p, unsure, subject, at, _, _ = invented(seed, 0.3, told)
        width = fit_width(y, p, unsure, subject, at, 30.0)
        next_one = np.random.default_rng(1000 + seed).normal(0, 0.3)
        low, high = width.around(0.4, told)
        held.append(low <= probabilities(log_odds(np.array([0.4])) + next_one)[0] <= high)
        untouched.append(abs(next_one) <= 1.2816 * told)

    low, high = {0.15: (0.68, 0.85), 0.3: (0.76, 0.88), 0.6: (0.85, 0.99)}[told]
    assert low <= np.mean(held) <= high
    if told != 0.3:
        assert abs(np.mean(untouched) - 0.8) > abs(np.mean(held) - 0.8)


def test_a_level_that_moved_away_further_makes_it_wider():
    calm, wild = (fit_width(*invented(1, level, 0.2)[:5], 30.0) for level in (0.02, 0.8))

    assert wild.stretch > 1.5 > 1 > calm.stretch
    assert np.diff(wild.around(0.4, 0.2))[0] > 1.5 * np.diff(calm.around(0.4, 0.2))[0]


def test_days_that_overlap_are_fewer_pieces_of_evidence():
    short, long = (fit_width(*invented(2, 0.3, 0.3)[:5], days) for days in (30.0, 300.0))

    assert long.z > short.z > 1.2816


def test_groups_that_are_off_the_same_way_throughout_widen_it():
    right, tilted = (fit_width(*invented(3, 0.1, 0.1, tilt=tilt)[:5], 30.0) for tilt in (1.0, 0.6))

    assert right.own[0] < 0.2
    assert tilted.own[0] > 0.35


@pytest.mark.parametrize("own", [0.4, 0.6])
def test_what_groups_are_off_is_found_whatever_their_date_is_off(own):
    """Four groups of 25 a date, each off by a normal draw of sd `own`; their date by one of 0.4."""
    found = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        odds = np.tile(np.repeat([-1.2, -0.4, 0.4, 1.2], 25), (12, 1)) + 1e-6 * random.normal(size=(12, 100))
        off = 0.4 * random.normal(size=(12, 1)) + np.repeat(own * random.normal(size=(12, 4)), 25, axis=1)
        y = (random.random(odds.shape) < probabilities(odds + off)).astype(float).ravel()
        at, subject = np.repeat(np.arange(12) * 91 * DAY, 100), np.arange(1200).astype(str).astype(object)
        width = fit_width(y, probabilities(odds).ravel(), np.full(1200, 0.4), subject, at, 30.0)
        found.append(width.own[0] ** 2)

    assert np.sqrt(np.mean(found)) == pytest.approx(own, rel=0.1)


def test_groups_of_one_date_too_few_to_differ_tell_nothing_of_it():
    y, p, unsure, subject, at, _, _ = invented(9, 0.8, 0.1, customers=25)

    assert fit_width(y, p, unsure, subject, at, 30.0).own[0] == width_of_rate(float(y.mean()), 25).own[0]


def test_chance_alone_is_no_movement_of_the_level():
    """Shifts of few customers scatter; over a block's dates that cancels out."""
    still = [fit_width(*invented(seed, 0.0, 0.2, dates=24, customers=60)[:5], 700.0).stretch for seed in range(40)]

    assert math.sqrt(6 / 7) <= np.mean(still) < 0.97


def test_few_customers_make_it_wide():
    few, many = (fit_width(*invented(4, 0.1, 0.1, customers=n)[:5], 30.0) for n in (8, 400))

    assert few.own[0] > 2 * many.own[0]


def test_where_no_level_is_told_a_usual_one_is_taken():
    y, p, _, subject, at, _, _ = invented(5, 0.3, 0.3)
    width = fit_width(y, p, np.zeros(len(y)), subject, at, 30.0)

    assert width.around(0.3, 0.0) == width.around(0.3, UNTOLD)


def test_of_a_share_alone_little_is_known():
    width = width_of_rate(0.3, 40)
    low, high = width.around(0.3, 0.0)

    assert low < 0.2
    assert high > 0.43
    assert np.diff(width_of_rate(0.3, 4).around(0.3, 0.0))[0] > high - low


def test_of_a_snapshot_there_is_no_level():
    y, p, _, subject, at, _, _ = invented(6, 0.0, 0.0, dates=1, customers=600)
    width = width_of_snapshot(y, p, np.ones(len(y)), subject, at)

    assert width.around(0.3, 0.0) == width.around(0.3, 5.0)


def test_it_survives_json():
    width = Width((-1.0, 2.0), (0.1, 0.3), 1.2, 0.4, 1.4)

    assert Width.from_json(json.loads(json.dumps(width.to_json()))) == width
    assert math.isclose(width.around(0.5, 0.2)[0] + width.around(0.5, 0.2)[1], 1.0)
