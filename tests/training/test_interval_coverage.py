import numpy as np
import pytest

from training.interval_coverage import interval_coverage, luck_of
from training.judged_rows import JudgedRows


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


def test_luck_is_that_of_each_deals_own_chance():
    """Three deals looked at once, and the first of them twice more: by hand."""
    part = JudgedRows(np.zeros(5), np.array([0.1, 0.5, 0.9, 0.2, 0.3]), np.ones(5), np.array([0, 1, 2, 0, 0]))

    assert luck_of(part) == pytest.approx(np.sqrt(9 * 0.2 * 0.8 + 0.25 + 0.09) / 5)
    random = np.random.default_rng(2)
    p = np.repeat(np.array([0.02, 0.98]), 30)
    part = JudgedRows(p, p, np.ones(60), np.arange(60))
    drawn = (random.random((4000, 60)) < p).mean(axis=1)
    assert luck_of(part) == pytest.approx(drawn.std(), rel=0.05)  # pooled it would be 3.6 times as much


def test_groups_of_unlike_deals_hold_as_often_as_stated():
    """Chances at both ends and few deals a group: most of what is seen is luck, and it is counted as it is."""
    held = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        at, odds = np.sort(random.random(1600)), random.choice([-3.0, 3.0], 1600)
        moved = odds + random.normal(0, 0.3, 8)[np.minimum((at * 8).astype(int), 7)]
        y = (random.random(1600) < 1 / (1 + np.exp(-moved))).astype(float)
        low, p, high = (1 / (1 + np.exp(-(odds + side * 1.2816 * 0.3))) for side in (-1, 0, 1))
        held.append(interval_coverage(y, p, low, high, np.ones(1600), np.arange(1600), at, alike=1).held)

    assert 0.7 <= np.mean(held) <= 0.88
