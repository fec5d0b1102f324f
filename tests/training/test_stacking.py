"""One line over estimates, and when a choice has earned its place."""

import numpy as np
import pytest

from training.judged_rows import losses
from training.rivals.rival import probabilities
from training.stacking import Line, clearly_less, even_line, fit_line, held_out_losses


def told(seed: int, size: int = 3000):
    """Log-odds of which the first estimate knows the truth and the second nothing; outcomes; deals."""
    random = np.random.default_rng(seed)
    truth = random.normal(-0.5, 1.2, size)
    won = (random.random(size) < probabilities(truth)).astype(float)
    return np.column_stack([truth, random.normal(-0.5, 1.2, size)]), won, np.arange(size).astype(object)


def test_the_estimate_that_knows_is_believed_where_deals_are_many():
    odds, won, _ = told(1)
    line = fit_line(odds, won, np.ones(len(won)), len(won), even_line(2), prior_deals=10.0)

    assert line.weights[0] == pytest.approx(1, abs=0.15)
    assert line.weights[1] < 0.1


def test_few_deals_leave_the_line_that_it_is_drawn_to():
    odds, won, _ = told(1)
    line = fit_line(odds, won, np.ones(len(won)), 3, Line(0.2, (0.5, 0.5)), prior_deals=1000.0)

    assert line.intercept == pytest.approx(0.2, abs=0.01)
    assert line.weights == pytest.approx((0.5, 0.5), abs=0.01)


def test_weights_are_never_negative():
    odds, won, _ = told(2)
    line = fit_line(np.column_stack([odds[:, 0], -odds[:, 0]]), won, np.ones(len(won)), len(won), even_line(2), 1.0)

    assert min(line.weights) >= 0


def test_losses_of_rows_left_out_are_near_those_of_the_truth():
    odds, won, deal = told(3)
    found = held_out_losses(odds, won, deal, np.ones(len(won)))

    assert found.mean() == pytest.approx(losses(won, probabilities(odds[:, 0])).mean(), rel=0.15)


def test_less_is_clearly_less_only_beyond_a_standard_error_counted_over_deals():
    random = np.random.default_rng(4)
    other, deal = random.random(200), np.arange(200).astype(object)
    gain = random.normal(0.02, 0.2, 200)
    gain += 0.02 - gain.mean()  # a standard error is 0.014
    weight = np.ones(200)

    assert clearly_less(other - gain, other, weight, deal)
    assert not clearly_less(other, other - gain, weight, deal)
    # The same rows as those of eight deals only: the error is larger than the gain, or is seen to be.
    few = (np.argsort(np.argsort(gain)) // 25).astype(object)
    assert not clearly_less(other - gain, other, weight, few)
