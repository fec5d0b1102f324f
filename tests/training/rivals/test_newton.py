"""Weights as scikit-learn finds them, from wherever the search begins."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.rivals.newton import Regression


@pytest.fixture(scope="module")
def cases():
    random = np.random.default_rng(3)
    shared = random.normal(size=(700, 4))
    design = np.column_stack([shared @ random.normal(size=(4, 12)) + random.normal(size=(700, 12)), shared > 1.5])
    odds = design @ random.normal(scale=0.5, size=design.shape[1]) - 1
    won = (random.random(700) < 1 / (1 + np.exp(-odds))).astype(float)
    return design.astype(float), won, random.uniform(0.2, 5, 700)


@pytest.mark.parametrize("order", [1, -1])
def test_agrees_with_scikit_learn_at_every_penalty(cases, order):
    design, won, weight = cases
    regression = Regression(design, won, weight)
    for strength in (1e-4, 1e-2, 1.0, 100.0)[::order]:
        theirs = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10, max_iter=500)
        theirs.fit(design, won >= 0.5, sample_weight=weight / weight.mean())
        weights, intercept = regression.solve(strength)

        assert weights == pytest.approx(theirs.coef_[0], abs=2e-4)
        assert intercept == pytest.approx(theirs.intercept_[0], abs=2e-4)


def test_where_a_line_parts_them_wholly_the_penalty_still_bounds_the_weights(cases):
    design, _, weight = cases
    won = (design[:, 0] > 0).astype(float)
    weights, _ = Regression(design, won, weight).solve(1.0)

    assert np.isfinite(weights).all()
    assert np.argmax(np.abs(weights)) == 0


def test_without_columns_the_share_is_left(cases):
    _, won, weight = cases
    weights, intercept = Regression(np.empty((len(won), 0)), won, weight).solve(1.0)

    assert len(weights) == 0
    assert 1 / (1 + np.exp(-intercept)) == pytest.approx(np.average(won, weights=weight), abs=1e-6)
