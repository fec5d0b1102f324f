import json

import numpy as np
import pytest

from training.intervals import HALF_LIFE, LEAST_SHIFT, USUAL_SHIFT, Z80, Spread, fit_spread, level_shift, spread_of_rate
from training.judged_rows import log_odds as log_odds_of
from training.rivals.rival import log_odds, probabilities, probability


def past(random: np.random.Generator, deals: int, shift: float, blocks: int = 6):
    """Predictions calibrated on average, outcomes whose level moves from block to block of time."""
    odds = random.normal(-0.5, 1.0, deals)
    block = np.arange(deals) * blocks // deals
    won = random.random(deals) < probabilities(odds + random.normal(0, shift, blocks)[block])
    names = np.array([f"d{one}" for one in range(deals)], object)
    return won.astype(float), probabilities(odds), np.ones(deals), names, np.arange(deals)


@pytest.mark.parametrize("shift", [0.2, 0.5])
def test_an_interval_holds_next_periods_true_chance_about_eight_times_in_ten(shift):
    random, held, too_narrow, rounds = np.random.default_rng(1), 0, 0, 300
    for _ in range(rounds):
        spread = fit_spread(*past(random, 1200, shift))
        odds = random.normal(-0.5, 1.0)
        truth = probability(odds + random.normal(0, shift))
        low, high = spread.around(odds)
        held += low <= truth <= high
        low, high = spread_of_rate(probability(odds), 1200).around(odds)
        too_narrow += low <= truth <= high
    # Binomial noise of 300 rounds is 2.3 points; six blocks tell of the shift itself only roughly.
    assert 0.70 <= held / rounds <= 0.90
    assert shift < 0.5 or too_narrow / rounds < 0.6  # what the level shift is there to mend


def test_an_interval_of_a_rate_holds_the_true_rate_of_few_deals():
    random, held, rounds = np.random.default_rng(2), 0, 2000
    for _ in range(rounds):
        truth = random.uniform(0.15, 0.6)
        rate = (random.binomial(25, truth) + 0.5) / 26
        low, high = spread_of_rate(rate, 25).around(log_odds(rate))
        held += low <= truth <= high
    assert 0.77 <= held / rounds <= 0.90


def test_few_deals_make_a_wide_interval():
    widths = []
    for deals in (5, 30, 300, 30_000):
        low, high = spread_of_rate(0.3, deals).around(log_odds(0.3))
        assert low < 0.3 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.4
    random = np.random.default_rng(0)
    narrow, wide = fit_spread(*past(random, 6000, 0.0)), fit_spread(*past(random, 60, 0.0))
    assert np.median(wide.deviation) > 2 * np.median(narrow.deviation)


def test_no_level_is_believed_to_be_steadier_than_the_least():
    spread = spread_of_rate(0.5, 10_000_000)
    low, high = spread.around(0.0)

    assert high == pytest.approx(probability(Z80 * LEAST_SHIFT), abs=1e-4)
    assert low == pytest.approx(1 - high)


@pytest.mark.parametrize("shift", [0.0, 0.4, 0.8])
def test_the_shift_of_levels_is_found_and_drawn_to_the_usual_one(shift):
    count = sum(0.5 ** (age / HALF_LIFE) for age in range(6))
    drawn = ((count * shift**2 + USUAL_SHIFT**2) / (count + 1)) ** 0.5
    random = np.random.default_rng(4)
    found = []
    for _ in range(40):
        won, p, weight, names, at = past(random, 3000, shift)
        number = np.unique(names.astype(str), return_inverse=True)[1]
        found.append(level_shift(won, p, weight, number, at))
    assert np.mean(found) == pytest.approx(drawn, abs=0.1)


def test_periods_long_past_count_for_less():
    """The first half of the time went otherwise than said; what has come since did not, and the other way round."""
    won, p, weight, names, at = past(np.random.default_rng(7), 3000, 0.0)
    number, early = np.unique(names.astype(str), return_inverse=True)[1], at < 1500
    off = (np.random.default_rng(8).random(3000) < probabilities(log_odds_of(p) + 0.8)).astype(float)

    once, now = (level_shift(np.where(where, off, won), p, weight, number, at) for where in (early, ~early))
    assert once < now


def test_deals_are_counted_not_rows():
    won, p, weight, names, at = past(np.random.default_rng(5), 200, 0.0)
    often = [np.repeat(each, 10) for each in (won, p, weight, names, at)]

    once, tenfold = fit_spread(won, p, weight, names, at), fit_spread(*often)

    np.testing.assert_allclose(tenfold.deviation, once.deviation, rtol=0.02)


def test_one_constant_prediction_has_a_spread(invented):
    made = invented(200, 1).dataset.decided()
    at = made.as_of.astype("int64")
    spread = fit_spread(made.outcome, np.full(len(made), 0.4), made.weight, made.subject, at)

    low, high = spread.around(log_odds(0.4))
    assert 0.2 < low < 0.4 < high < 0.6


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_where_all_went_one_way_the_interval_is_wide_not_broken(rate):
    won = np.full(40, rate)
    spread = fit_spread(won, np.full(40, 0.9), np.ones(40), np.arange(40).astype(object), np.arange(40))

    low, high = spread.around(log_odds(0.9))
    assert 0 < low < 0.9 < high < 1
    assert high - low > 0.1


def test_a_spread_comes_back_from_json_as_it_was():
    spread = fit_spread(*past(np.random.default_rng(5), 300, 0.2))

    assert Spread.from_json(json.loads(json.dumps(spread.to_json()))) == spread
