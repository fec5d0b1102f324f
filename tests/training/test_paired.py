import numpy as np
import pytest

from training.paired import MOST_DRAWN, Comparison, Paired, compare, compare_mean
from training.scorecard import judge

RANDOM = np.random.default_rng(5)
P = np.round(RANDOM.beta(2, 3, 3000), 3)
Y = (RANDOM.random(3000) < P).astype(float)
WEIGHT = RANDOM.uniform(0.5, 3, 3000)
DEAL = np.array([f"d{number}" for number in RANDOM.integers(0, 900, 3000)])


def test_better_worse_and_no_different():
    noisy = np.clip(P + RANDOM.normal(0, 0.25, 3000), 0.01, 0.99)

    assert compare(Y, P, noisy, WEIGHT, DEAL).verdict == "better"
    assert compare(Y, noisy, P, WEIGHT, DEAL).verdict == "worse"
    assert compare(Y, P, P, WEIGHT, DEAL) == Comparison(0.0, 0.0, 0.0, len(set(DEAL)), 2000)
    assert compare(Y, P, P, WEIGHT, DEAL).verdict == "no different"


def test_the_difference_is_that_of_the_log_losses():
    other = np.clip(P * 0.9, 0.001, 0.999)
    found = compare(Y, P, other, WEIGHT, DEAL, draws=200)

    gap = judge(Y, P, WEIGHT, DEAL).log_loss - judge(Y, other, WEIGHT, DEAL).log_loss
    assert found.difference == pytest.approx(gap)
    assert found.low < found.difference < found.high


def test_a_seed_repeats_the_draws_and_another_does_not():
    other = P * 0.9 + 0.01
    first, again, different = (compare(Y, P, other, WEIGHT, DEAL, draws=300, seed=s) for s in (1, 1, 2))

    assert first == again
    assert first != different


def test_drawing_in_pieces_gives_what_drawing_at_once_gives(monkeypatch):
    other = P * 0.9 + 0.01
    whole = compare(Y, P, other, WEIGHT, DEAL, draws=300, seed=1)
    monkeypatch.setattr("training.paired.PICKS_AT_ONCE", 7 * len(set(DEAL)))

    assert compare(Y, P, other, WEIGHT, DEAL, draws=300, seed=1) == whole


def test_the_interval_is_that_of_deals_not_rows():
    """Five equal rows per deal: the spread is that of the deals' mean differences."""
    other, deal = P[:300] * 0.8 + 0.05, np.repeat(np.arange(300), 5)
    single = compare(Y[:300], P[:300], other)
    repeated = compare(Y[deal], P[deal], other[deal], None, deal)

    assert repeated.difference == pytest.approx(single.difference)
    assert repeated.high - repeated.low == pytest.approx(single.high - single.low, rel=0.1)
    losses = np.where(Y[:300] == 1, np.log(other / P[:300]), np.log((1 - other) / (1 - P[:300])))
    assert single.high - single.low == pytest.approx(2 * 1.96 * losses.std() / np.sqrt(300), rel=0.1)


def test_a_single_deal_has_no_interval():
    found = compare(np.ones(3), np.full(3, 0.8), np.full(3, 0.4), None, np.array(["a"] * 3))

    assert (found.low, found.high, found.verdict) == (None, None, "no different")
    assert found.difference == pytest.approx(np.log(0.4 / 0.8))


def test_many_deals_are_drawn_in_bundles_with_the_same_spread():
    random = np.random.default_rng(3)
    deals = 3 * MOST_DRAWN
    p = random.beta(2, 3, deals)
    y = (random.random(deals) < p).astype(float)
    other = np.clip(p * 0.8, 0.001, 0.999)
    found = compare(y, p, other, draws=500)

    gains = np.where(y == 1, np.log(other / p), np.log((1 - other) / (1 - p)))
    assert found.deals == deals
    assert found.difference == pytest.approx(gains.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * gains.std() / np.sqrt(deals), rel=0.12)


def test_brier_scores_are_compared_too():
    other = np.clip(P * 0.9, 0.001, 0.999)
    gap = judge(Y, P, WEIGHT, DEAL).brier - judge(Y, other, WEIGHT, DEAL).brier

    assert compare(Y, P, other, WEIGHT, DEAL, draws=50, squared=True).difference == pytest.approx(gap)


def test_the_mean_of_two_questions_is_the_mean_of_their_differences_and_keeps_deals_together():
    other = np.clip(P * 0.8, 0.001, 0.999)
    first = Paired(Y, P, other, WEIGHT, DEAL)
    undecided = np.where(np.arange(3000) % 3 == 0, np.nan, Y)
    second = Paired(undecided, P, other, WEIGHT, DEAL)
    single = [compare(one.outcome, P, other, WEIGHT, DEAL, draws=300) for one in (first, second)]
    both = compare_mean([first, second], [0.25, 0.75], draws=300)

    assert both.difference == pytest.approx(0.25 * single[0].difference + 0.75 * single[1].difference)
    twice = compare_mean([first, first], [0.5, 0.5], draws=300)
    assert (twice.low, twice.high) == pytest.approx((single[0].low, single[0].high))
