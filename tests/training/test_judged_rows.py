import math

import numpy as np
import pytest

from training.judged_rows import NotAProbability, NothingToJudge, decided_rows, log_loss, log_odds


def test_keeps_what_is_decided_and_counts():
    y = np.array([1.0, np.nan, 0.0, 1.0])
    rows, known = decided_rows(y, np.full(4, 0.3), np.array([1.0, 1.0, 0.0, 2.0]), np.array(["a", "b", "c", "a"]))

    assert known.tolist() == [True, False, False, True]
    assert (rows.deals, rows.weight.tolist()) == (1, [1.0, 2.0])


def test_without_clusters_each_row_is_a_deal():
    rows, _ = decided_rows(np.array([1.0, 0.0]), np.array([0.5, 0.5]), None, None)

    assert rows.deals == 2


def test_log_loss_by_hand():
    loss = log_loss(np.array([1.0, 0.0]), np.array([0.8, 0.4]), np.array([3.0, 1.0]))

    assert loss == pytest.approx(-(3 * math.log(0.8) + math.log(0.6)) / 4)


def test_certainty_that_was_wrong_costs_much_but_not_everything():
    assert 25 < log_loss(np.array([1.0]), np.array([0.0])) < 30
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_nothing_decided_is_a_named_error():
    with pytest.raises(NothingToJudge, match="None of the 1"):
        decided_rows(np.array([np.nan]), np.array([0.5]), None, None)


@pytest.mark.parametrize("wrong", [1.2, -0.1, np.nan])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(NotAProbability, match="1 of 2"):
        decided_rows(np.array([1.0, 0.0]), np.array([0.5, wrong]), None, None)
