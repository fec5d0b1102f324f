"""What past months teach of the blend."""

from datetime import datetime

import numpy as np

from features.as_of import DAY
from features.bookings.pace import OWNERS, Sales
from features.kernel import MISSING
from training.bookings.blending import SPREAD, USUAL, Told, learn_blend

EDGES = np.array([0, 31, 59, 90])
LEVEL = (np.arange(200) + 0.5) / 200


def told(day: int, simulated: float, series: float, came: float, width: float = 20.0) -> Told:
    edges = EDGES + day
    rows = [np.tile(centre + width * (LEVEL - 0.5), (3, 1)) for centre in (simulated, series)]
    return Told(day, edges, rows[0], rows[1], np.full(3, came))


def test_without_a_past_the_usual_stands() -> None:
    blend = learn_blend([], 0)

    assert (blend.weight[0], blend.weight[-1]) == (USUAL[0], USUAL[-1])
    assert set(blend.scale) == {SPREAD}


def test_the_better_of_both_gains_weight_with_the_months_that_show_it() -> None:
    series_right = [told(31 * n, simulated=100, series=200, came=200) for n in range(20)]

    few, many = learn_blend(series_right[:4], 10_000), learn_blend(series_right, 10_000)

    assert USUAL[0] < few.weight[0] < many.weight[0] <= 1


def test_months_that_were_not_over_teach_nothing() -> None:
    series_right = [told(31 * n, simulated=100, series=200, came=200) for n in range(5)]

    assert learn_blend(series_right, 20).weight == learn_blend([], 20).weight


def test_a_close_that_was_recorded_late_teaches_nothing_before_it_was_on_record() -> None:
    days, known = np.array([5, 40, 41]), np.array([6, 41, 400]) * DAY
    nobody = {owner: np.full(3, "", object) for owner in OWNERS}
    every = Sales(
        np.array(["a", "b", "c"], object), days, np.array([10.0, 20.0, 5.0]), nobody, known, np.full(3, MISSING)
    )
    one = told(0, 100, 100, 77)
    then, later = datetime(1970, 3, 1), datetime(1972, 1, 1)

    assert one.as_known(every.as_of(then), 59).came[:2].tolist() == [10.0, 20.0]
    assert np.isnan(one.as_known(every.as_of(then), 59).came[2])
    assert one.as_known(every.as_of(later), 700).came.tolist() == [10.0, 25.0, 0.0]


def test_intervals_that_held_too_seldom_are_widened_and_too_often_narrowed() -> None:
    random = np.random.default_rng(0)
    wild = [told(31 * n, 100, 100, 100 + 40 * random.standard_normal()) for n in range(30)]
    tame = [told(31 * n, 100, 100, 100 + 1 * random.standard_normal()) for n in range(30)]

    assert learn_blend(wild, 10_000).scale[0] > 1.5
    assert learn_blend(tame, 10_000).scale[0] < 0.9


def test_a_level_that_was_off_the_same_way_is_moved_and_one_that_was_not_is_left() -> None:
    random = np.random.default_rng(0)
    high = [told(31 * n, 125, 125, 100 + random.normal()) for n in range(30)]
    right = [told(31 * n, 100, 100, 100 + random.normal()) for n in range(30)]
    unsure = [told(31 * n, 125, 125, 100, width=300) for n in range(2)]

    assert 0.79 < learn_blend(high, 10_000).level[0] < 0.82
    assert learn_blend(unsure, 10_000).level[0] > 0.9
    assert abs(learn_blend(right, 10_000).level[0] - 1) < 0.01


def test_months_that_one_moment_looked_at_are_one_piece_of_evidence() -> None:
    alike = [told(0, simulated=100, series=100, came=came, width=60) for came in (100, 100, 100, 100, 135)]

    # One piece of evidence bounds no quantile: the widest error counts, and not one between it and the next.
    assert learn_blend(alike, 10_000).scale[0] > SPREAD


def test_of_nine_moments_the_eighth_smallest_error_is_what_the_interval_must_hold() -> None:
    """Split conformal prediction takes the error of rank (n + 1) 0.8, not the next one."""

    def scale(largest: float) -> float:
        off = [largest, -12.0, 12.0 - largest, 0, 0, 0, 0, 0, 0]  # they cancel out: the level stays
        return learn_blend([told(31 * n, 100, 100, 100 + one) for n, one in enumerate(off)], 31 * 9).scale[0]

    assert scale(13) == scale(20)
