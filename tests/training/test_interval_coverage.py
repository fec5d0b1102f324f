import numpy as np
import pytest

from training.interval_coverage import interval_coverage


def made(seed, wave, stated):
    """Deals over 8 stretches whose level moves by a normal wave in log-odds; intervals allow for `stated` of it."""
    random = np.random.default_rng(seed)
    deals = 4000
    at = np.sort(random.random(deals))
    odds = random.normal(-0.5, 1, deals)
    moved = odds + random.normal(0, wave, 8)[np.minimum((at * 8).astype(int), 7)]
    y = (random.random(deals) < 1 / (1 + np.exp(-moved))).astype(float)
    bounds = [1 / (1 + np.exp(-(odds + side * 1.2816 * stated))) for side in (-1, 0, 1)]
    return y, bounds[1], bounds[0], bounds[2], np.ones(deals), np.arange(deals).astype(str), at


@pytest.mark.parametrize("wave", [0.0, 0.3])
def test_intervals_that_allow_for_what_moves_hold_about_80_percent(wave):
    held = [interval_coverage(*made(seed, wave, wave)).held for seed in range(25)]

    assert 0.76 <= np.mean(held) <= 0.85


def test_too_narrow_and_too_wide_are_seen():
    narrow = [interval_coverage(*made(seed, 0.5, 0.0)).held for seed in range(10)]
    wide = [interval_coverage(*made(seed, 0.1, 0.8)).held for seed in range(10)]

    assert np.mean(narrow) < 0.6
    assert np.mean(wide) > 0.95


def test_groups_are_counted_and_small_ones_left_out():
    y, p, low, high, weight, deal, at = made(1, 0.2, 0.2)

    assert interval_coverage(y, p, low, high, weight, deal, at).groups == 32
    few = slice(0, 25)
    small = interval_coverage(y[few], p[few], low[few], high[few], weight[few], deal[few], at[few])
    assert (small.groups, small.held) == (0, None)
