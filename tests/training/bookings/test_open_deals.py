"""Open deals simulated: single deals as likely as said, totals as uncertain as shared luck makes them."""

import numpy as np
import pytest

from training.bookings.open_deals import Events, Floats, centred, paces, simulate

GRID = np.array([10.0, 30.0, 100.0])
DRAWS = 4000


def drawn(chances: Floats, wins: float = 0.0, pace: float = 0.0, days: int = 100, seed: int = 0) -> Events:
    random = np.random.default_rng(seed)
    clock = np.arange(1, days + 1, dtype=float)
    paced = paces(clock, np.arange(days) // 30, DRAWS, pace, random)
    return simulate(chances, GRID, paced, wins * random.standard_normal(DRAWS), random)


def test_each_deal_is_won_as_often_and_as_early_as_said() -> None:
    chances = np.array([[0.1, 0.3, 0.6], [0.0, 0.0, 0.05], [0.9, 0.95, 1.0]])

    events = drawn(chances)

    for row, said in enumerate(chances):
        for day, share in zip(GRID, said, strict=True):
            came = ((events.row == row) & (events.day < day)).sum() / DRAWS
            assert came == pytest.approx(share, abs=0.03)


def test_no_deal_is_won_twice_in_a_draw() -> None:
    events = drawn(np.full((5, 3), 0.9), wins=0.5, pace=0.3)

    assert len(np.unique(events.row.astype(np.int64) * DRAWS + events.draw)) == len(events)


def test_shared_luck_widens_totals_and_leaves_single_deals_as_they_are() -> None:
    chances = np.tile([[0.1, 0.2, 0.4]], (300, 1))

    alone, shared = drawn(chances), drawn(chances, wins=0.6)
    totals = [np.bincount(events.draw, minlength=DRAWS) for events in (alone, shared)]

    assert totals[0].std() == pytest.approx(np.sqrt(300 * 0.4 * 0.6), rel=0.1)
    assert totals[1].std() > 3 * totals[0].std()
    assert totals[1].mean() == pytest.approx(120, rel=0.05)


@pytest.mark.parametrize("said", [0.02, 0.1, 0.5, 0.9])
def test_large_shared_luck_leaves_the_mean_of_a_chance_where_it_was(said: float) -> None:
    chances = np.tile([[said / 2, said / 2, said]], (400, 1))
    shift = np.random.default_rng(1).normal(0, 1.5, DRAWS)

    far = centred(chances, shift)
    back = 1 / (1 + (1 - far[0, -1]) / far[0, -1] * np.exp(-shift))
    events = drawn(chances, wins=1.5)

    assert back.mean() == pytest.approx(said, rel=1e-3)
    assert len(events) / DRAWS / 400 == pytest.approx(said, rel=0.08)


def test_chances_that_are_certain_stay_so() -> None:
    assert centred(np.array([[0.0, 1.0]]), np.array([-1.0, 1.0])).tolist() == [[0.0, 1.0]]


def test_a_month_that_runs_slowly_moves_wins_and_loses_none_of_those_to_come() -> None:
    chances = np.tile([[0.2, 0.4, 0.4]], (300, 1))

    events = drawn(chances, pace=0.4)
    early = np.bincount(events.draw[events.day < 30], minlength=DRAWS)

    assert early.std() > 1.5 * np.sqrt(300 * 0.4 * 0.6)
    assert len(events) / DRAWS == pytest.approx(120, rel=0.05)


def test_the_same_seed_draws_the_same_and_no_deal_draws_nothing() -> None:
    chances = np.full((3, 3), 0.5)

    assert all(
        np.array_equal(a, b) for a, b in zip(vars(drawn(chances)).values(), vars(drawn(chances)).values(), strict=True)
    )
    assert len(drawn(np.zeros((0, 3)))) == 0
