import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.rivals.logistic_terms import CategoryTerm, NumberTerm, term_from_json, term_to_json

VALUES = np.random.default_rng(0).normal(size=500)
LONG = np.exp(np.random.default_rng(0).normal(0, 3, 500))
EVEN = np.ones(500)
TERMS = {
    "line": NumberTerm.learn("n", VALUES, EVEN, curved=False),
    "curve": NumberTerm.learn("n", np.where(VALUES > 1, np.nan, VALUES), EVEN, curved=True),
    "long tail": NumberTerm.learn("n", LONG, EVEN, curved=True),
}


@pytest.mark.parametrize("kind", TERMS)
@settings(max_examples=60, deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_one_value_is_read_as_a_column_is(kind, value):
    term = TERMS[kind]

    np.testing.assert_allclose(term.one(value), term.design(np.array([value]))[0], rtol=0, atol=1e-13)


def test_columns_are_centred_and_scaled():
    columns = TERMS["line"].design(VALUES)

    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(columns.std(axis=0), 1, atol=1e-12)


def test_a_curve_is_straight_beyond_its_outer_knots():
    term = TERMS["curve"]
    beyond = np.linspace(term.knots[-1], term.knots[-1] + 0.5, 6)

    np.testing.assert_allclose(np.diff(term.basis(beyond), n=2, axis=0), 0, atol=1e-10)


def test_only_a_long_tail_is_read_on_a_logarithmic_scale():
    assert TERMS["line"].log_scale is None
    assert TERMS["long tail"].log_scale == pytest.approx(np.median(LONG))


def test_a_missing_number_stands_at_the_mean_and_says_so():
    term = TERMS["curve"]

    assert term.one(None) == term.one(math.nan) == [0.0] * len(term.centres) + [1.0]


def test_rare_and_unseen_levels_are_pooled():
    values = ["often"] * 12 + ["rare"] * 3 + [None]
    term = CategoryTerm.learn("c", values, range(16))

    assert term.levels == ("often",)
    assert term.one("rare") == term.one("unseen") == [0.0, 1.0, 0.0]
    assert term.one(None) == [0.0, 0.0, 1.0]
    np.testing.assert_array_equal(term.design(values), [term.one(value) for value in values])


def test_levels_are_counted_in_deals():
    assert CategoryTerm.learn("c", ["a"] * 20 + ["b"] * 20, [1] * 20 + list(range(20))).levels == ("b",)


@pytest.mark.parametrize("values", [np.full(5, 2.0), np.full(5, np.nan)])
def test_a_number_that_never_varies_is_no_term(values):
    assert NumberTerm.learn("n", values, np.ones(5), curved=True) is None


def test_few_different_values_make_a_line():
    term = NumberTerm.learn("n", np.array([0.0, 1.0] * 10), np.ones(20), curved=True)

    assert term.knots == ()


@pytest.mark.parametrize("term", [*TERMS.values(), CategoryTerm("c", ("a", "b"))])
def test_is_the_same_after_json(term):
    assert term_from_json(json.loads(json.dumps(term_to_json(term)))) == term
