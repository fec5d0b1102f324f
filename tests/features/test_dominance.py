"""Counting below a limit within a stretch, beside doing just that."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.dominance import Dominance

VALUES = st.lists(st.integers(-4, 12), max_size=40)


@given(values=VALUES, data=st.data())
def test_a_stretch_is_counted_as_if_walked(values, data):
    n = len(values)
    places = st.integers(0, n)
    asked = data.draw(st.lists(st.tuples(places, places, st.integers(-6, 14)), min_size=1, max_size=8))
    weights = np.array(data.draw(st.lists(st.integers(-9, 9), min_size=n, max_size=n)), np.int64)
    first, end, limit = (np.array(column, np.int64) for column in zip(*asked, strict=True))
    held, order = np.array(values, np.int64), Dominance(np.array(values, np.int64))

    def walked(of: np.ndarray) -> list[int]:
        return [int(of[low:high][held[low:high] < below].sum()) for low, high, below in asked]

    assert order.below(first, end, limit).tolist() == walked(np.ones(n, np.int64))
    assert order.below(first, end, limit, weights).tolist() == walked(weights)
    assert order.below(first, end, limit, weights > 0).tolist() == walked((weights > 0).astype(np.int64))
