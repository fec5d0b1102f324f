from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.quotas.money import MoneyNotFinite, major, minor, shared, shared_rows


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 10**14), st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_shares_add_up_and_are_off_by_less_than_one(total: int, weights: list[float]) -> None:
    found = shared(total, np.array(weights))
    weight = np.array(weights) if sum(weights) > 0 else np.ones(len(weights))

    assert found.sum() == total
    assert (found >= 0).all()
    # Beyond 2**53 a share has no exact float to be compared with.
    assert np.abs(found - total * (weight / weight.sum())).max() <= 1 + 1e-15 * total


def test_each_row_has_its_own_weights() -> None:
    found = shared_rows(np.array([10, 7]), np.array([[1.0, 1, 0], [0, 0, 0]]))

    assert found.tolist() == [[5, 5, 0], [3, 2, 2]]


@pytest.mark.parametrize(("currency", "whole"), [("CNY", 123456), ("JPY", 1235), ("KWD", 1234560)])
def test_currencies_have_their_own_minor_units(currency: str, whole: int) -> None:
    assert minor(Decimal("1234.56"), currency) == whole
    assert minor(major(whole, currency), currency) == whole


@pytest.mark.parametrize("wrong", ["nan", "Infinity", "much", 10**20])
def test_what_is_no_money_is_named(wrong: object) -> None:
    with pytest.raises(MoneyNotFinite):
        minor(wrong, "CNY")  # type: ignore[arg-type]
