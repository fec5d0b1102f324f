import numpy as np
import pytest

from simulation.effort import MOST_EFFORT, Answers, effort, felt_ratchet, held_back, pulled_forward

LAW = Answers()
COLD = Answers(gradient=0, slack=0, gaming=0, fear=0)


def at(need, elapsed=0.5, ratchet=0.0, answers=LAW):
    return float(effort(answers, np.array([need]), elapsed, ratchet)[0])


def test_effort_rises_as_a_goal_in_reach_comes_near_and_slackens_when_it_is_made_or_lost():
    assert at(1.0) > 1 > at(-0.2)
    assert at(1.0) > at(2.0) > at(4.0)
    assert at(4.0) < 1
    assert at(1.0, elapsed=0.9) > at(1.0, elapsed=0.1)
    assert at(0.0) == pytest.approx(1 - LAW.slack)


def test_fear_of_the_ratchet_bites_only_once_the_goal_is_made():
    assert at(-0.2, ratchet=1.0) == pytest.approx(at(-0.2) - LAW.fear)
    assert at(1.0, ratchet=1.0) == at(1.0)


@pytest.mark.parametrize("need", [-9.0, 0.0, 1e-9, 0.5, 1.0, 50.0])
@pytest.mark.parametrize("ratchet", [0.0, 1.0])
def test_effort_stays_within_its_bounds_and_quotas_leave_cold_sellers_cold(need, ratchet):
    assert 0 < at(need, 1.0, ratchet, Answers(gradient=9, slack=2)) <= MOST_EFFORT
    assert at(need, 1.0, ratchet, COLD) == 1.0


def test_deals_are_pulled_forward_only_where_that_makes_the_goal_and_just_enough():
    gap, at_hand = np.array([-5.0, 40.0, 93.0, 94.0, 10.0]), np.array([100.0, 100.0, 100.0, 100.0, 0.0])
    share = pulled_forward(LAW, gap, at_hand)

    np.testing.assert_allclose(share, [0, 40 / 93, 1, 0, 0])
    np.testing.assert_allclose(share[1] * at_hand[1] * (1 - LAW.discount), gap[1])


def test_deals_wait_when_the_goal_is_made_or_lost_and_more_under_a_ratchet():
    need = np.array([-0.1, 1.0, 5.0])

    np.testing.assert_allclose(held_back(LAW, need, 0.0), [0.3, 0, 0.3])
    np.testing.assert_allclose(held_back(LAW, need, 1.0), [0.8, 0, 0.3])
    assert not held_back(COLD, need, 1.0).any()


@pytest.mark.parametrize(("weight", "lag"), [(0.0, 1), (0.5, 1), (1.0, 1), (1.0, 4)])
def test_the_ratchet_is_felt_for_what_it_is(weight, lag):
    """Quotas that follow the result of `lag` periods before by this weight, whatever else moves them."""
    rng = np.random.default_rng(3)
    quotas, booked = (1e6 * np.exp(0.4 * rng.normal(size=(40, 30))) for _ in range(2))
    for period in range(lag, 40):
        quotas[period] = quotas[period] ** (1 - weight) * booked[period - lag] ** weight

    assert felt_ratchet(quotas, booked) == pytest.approx(weight, abs=0.1)


def test_nothing_is_felt_before_there_was_a_second_quota_or_where_all_have_the_same():
    rng = np.random.default_rng(3)
    booked = rng.random((6, 9)) * 1e6

    assert felt_ratchet(booked[:0], booked[:0]) == 0
    assert felt_ratchet(booked[:1], booked[:1]) == 0
    assert felt_ratchet(np.full((6, 9), 5e5), booked) == 0
