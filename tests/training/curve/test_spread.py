import json

import numpy as np
import pytest

from training.curve.spread import CurveSpread, fit_curve_spread
from training.intervals import Spread

SPREAD = CurveSpread(
    (7.0, 30.0, float("inf")), (Spread((0.0,), (0.1,)), Spread((0.0,), (0.3,)), Spread((0.0,), (0.5,)))
)


def width(p: float, days: float) -> float:
    low, high = SPREAD.around(p, days)
    assert low < p < high
    return high - low


def test_between_two_horizons_the_interval_lies_between_theirs():
    assert width(0.4, 1.0) == width(0.4, 7.0) < width(0.4, 14.0) < width(0.4, 30.0)
    assert width(0.4, 30.0) < width(0.4, float("inf"))
    assert width(0.4, 200.0) == pytest.approx(width(0.4, 30.0))


def test_the_sure_have_an_interval_too():
    assert SPREAD.around(1.0, 7.0)[0] < 1
    assert SPREAD.around(0.0, 7.0)[1] > 0


def test_it_comes_back_from_json_as_it_was():
    assert CurveSpread.from_json(json.loads(json.dumps(SPREAD.to_json()))) == SPREAD


def test_it_is_learned_from_what_was_said_of_later_moments(invented):
    made = invented(800, 2)
    said = np.column_stack([made.p * (1 - np.exp(-30 / 30)), made.p])
    found = fit_curve_spread([made.dataset], {np.inf: [said[:, 1]], 30.0: [said[:, 0]]})

    assert found is not None
    assert found.days == (30.0, np.inf)
    low, high = found.around(0.3, 30.0)
    assert 0.15 < low < 0.3 < high < 0.5


def test_too_few_to_tell_give_none(invented):
    made = invented(20, 2)

    assert fit_curve_spread([made.dataset], {np.inf: [made.p]}) is None


def test_folds_are_taken_together(invented):
    made = invented(800, 2)
    early = made.dataset.as_of.astype("int64") < np.median(made.dataset.as_of.astype("int64"))
    parts = [made.dataset.rows(early), made.dataset.rows(~early)]
    order = np.concatenate([np.flatnonzero(early), np.flatnonzero(~early)])

    apart = fit_curve_spread(parts, {np.inf: [made.p[early], made.p[~early]]})
    assert apart == fit_curve_spread([made.dataset.rows(order)], {np.inf: [made.p[order]]})
