import numpy as np
import pytest

from simulation.chain import LOST, OPEN_STATES, WON, Today, chances, moved, usual_contact

STATES = np.arange(OPEN_STATES)


def today(drive=0.0, receptivity=1.0, pace=1.0, push=1.0):
    one = np.array([[1.0]])
    return Today(0, np.array([[0]]), one * drive, one * pace, one * receptivity, one, push)


def total(odds):
    return odds.advance + odds.lose + odds.back + odds.warm + odds.cool


@pytest.mark.parametrize("drive", [-9.0, 0.0, 9.0])
@pytest.mark.parametrize("receptivity", [-0.4, 3.0])
def test_chances_are_chances_for_every_deal_there_can_be(drive, receptivity):
    odds = chances(STATES, today(drive, receptivity, pace=2.5, push=2.2), np.ones((1, 1)))

    assert (total(odds) < 1).all()
    assert all((chance >= 0).all() for chance in vars(odds).values())


def test_a_chance_of_contact_counts_as_that_share_of_a_contact():
    likely = chances(STATES, today(), np.full((1, 1), 0.3))
    made, not_made = (chances(STATES, today(), np.full((1, 1), fact)) for fact in (1.0, 0.0))

    np.testing.assert_allclose(likely.warm, 0.3 * made.warm + 0.7 * not_made.warm)


def test_contact_warms_most_and_harms_a_few():
    warm = np.array([1, 2])
    for receptivity, better, worse in ((1.0, "warm", "cool"), (-0.4, "cool", "warm")):
        made, not_made = (chances(warm, today(receptivity=receptivity), fact * np.ones((1, 1))) for fact in (1, 0))

        assert (getattr(made, better) > getattr(not_made, better)).all()
        np.testing.assert_array_equal(getattr(made, worse), getattr(not_made, worse))


def test_deals_move_as_often_as_the_chances_say():
    draws = (np.arange(200_000) + 0.5) / 200_000
    for state in STATES:
        states = np.full(draws.size, state)
        odds = chances(states, Today(0, states, *(np.full(draws.size, 1.0) for _ in range(4)), 1.5), np.ones(1))
        after = moved(states, odds, draws)
        goal = WON if state >= 12 else state + 4

        assert np.mean(after == goal) == pytest.approx(odds.advance[0], abs=1e-5)
        assert np.mean(after == LOST) == pytest.approx(odds.lose[0], abs=1e-5)
        assert np.mean(after == state) == pytest.approx(1 - total(odds)[0], abs=1e-5)


def test_sellers_call_whom_it_is_pleasant_to_call():
    made = usual_contact(STATES, today())[0].reshape(4, 4)

    assert (np.diff(made, axis=1) > 0).all()
