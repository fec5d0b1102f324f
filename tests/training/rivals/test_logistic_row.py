"""A row tells what its columns in a table tell."""

import math

import numpy as np
import pytest

from training.rivals.logistic_row import RowEffects
from training.rivals.logistic_terms import CategoryTerm, NumberTerm

RANDOM = np.random.default_rng(4)
COUNTS = RANDOM.poisson(1.0, 400).astype(float)
NORMAL = RANDOM.normal(size=400)
LONG = np.exp(RANDOM.normal(0, 3, 400))
EVEN = np.ones(400)
TERMS = (
    NumberTerm.learn("straight", NORMAL, EVEN, curved=False),
    CategoryTerm.learn("team", ["red", "blue"] * 200, range(400)),
    NumberTerm.learn("bent", np.where(NORMAL > 1, np.nan, NORMAL), EVEN, curved=True),
    NumberTerm.learn("long", LONG, EVEN, curved=True),
    NumberTerm.learn("counts", COUNTS, EVEN, curved=True),
)
WEIGHTS = tuple(tuple(RANDOM.normal(size=term.columns).tolist()) for term in TERMS)
MEANS = tuple(RANDOM.normal(size=len(TERMS)).tolist())


def _expected(row):
    terms = zip(TERMS, WEIGHTS, MEANS, strict=True)
    return [float(np.dot(weights, term.one(row.get(term.name)))) - mean for term, weights, mean in terms]


@pytest.mark.parametrize("seed", range(8))
def test_all_terms_at_once_are_each_by_itself(seed):
    random = np.random.default_rng(seed)
    row = {
        "straight": random.normal() * 3,
        "bent": None if seed % 3 == 0 else random.normal() * 3,
        "long": math.nan if seed % 4 == 1 else float(np.exp(random.normal(0, 5))),
        "counts": float(random.poisson(2)),
        "team": ("red", "blue", "never seen", None)[seed % 4],
    }
    found = RowEffects(TERMS, WEIGHTS, MEANS)

    assert found.names == ("straight", "team", "bent", "long", "counts")
    np.testing.assert_allclose(found.of(row), _expected(row), rtol=0, atol=1e-12)


def test_a_row_that_tells_nothing_is_missing_everywhere():
    np.testing.assert_allclose(RowEffects(TERMS, WEIGHTS, MEANS).of({}), _expected({}), rtol=0, atol=1e-12)


def test_without_terms_there_are_no_effects():
    assert RowEffects((), (), ()).of({"counts": 1.0}).tolist() == []


def test_only_categories():
    only = RowEffects(TERMS[1:2], WEIGHTS[1:2], MEANS[1:2])

    assert only.of({"team": "blue"}).tolist() == pytest.approx(_expected({"team": "blue"})[1:2])
