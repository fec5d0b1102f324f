"""How much luck do deals share? Told from invented counts whose truth is known."""

import numpy as np
import pytest

from training.bookings.shocks import USUAL, Counted, Shocks, excess, fit_shocks


def counts(size: float, moments: int = 400, seed: int = 0, expected: float = 200.0) -> list[Counted]:
    random = np.random.default_rng(seed)
    luck = np.exp(size * random.standard_normal(moments) - size**2 / 2)
    came = random.poisson(expected * luck)
    return [Counted(expected, expected, float(one)) for one in came]


@pytest.mark.parametrize("size", [0.0, 0.1, 0.3])
def test_the_variance_beyond_chance_is_found(size: float) -> None:
    assert np.sqrt(excess(counts(size))) == pytest.approx(size, abs=0.04)


def test_a_few_moments_are_drawn_to_the_usual() -> None:
    assert excess([]) == USUAL**2
    assert 0 < excess(counts(0.0, moments=3)) < USUAL**2


def test_luck_that_stays_over_a_quarter_is_of_winning_and_luck_that_does_not_is_of_pace() -> None:
    lasting = fit_shocks(counts(0.3), counts(0.3, seed=1), counts(0.1, seed=2))
    passing = fit_shocks(counts(0.3), counts(0.3 / np.sqrt(3), seed=1), counts(0.1, seed=2))

    assert lasting.wins > 0.25 > lasting.pace
    assert passing.pace > 0.25 > passing.wins
    assert Shocks.from_json(lasting.to_json()) == lasting
