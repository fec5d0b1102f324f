"""Values wait in memory or in a file, and come out in the order of the moments either way."""

import numpy as np
import pytest

from features.columns import Column
from features.values_at import Category


@pytest.fixture(params=["memory", "file"])
def place(request, tmp_path):
    return None if request.param == "memory" else tmp_path / "column.bin"


def test_numbers_come_out_in_the_order_of_the_moments(place):
    order = np.array([3, 0, 4, 1, 2])
    column = Column(5, place)

    column.put(np.array([30.0, 0.0, np.nan]), order[:3])
    column.put(np.array([10.0, 20.0]), order[3:])
    column.finish(order)

    np.testing.assert_array_equal(column.whole(), [0, 10, 20, 30, np.nan])
    np.testing.assert_array_equal(column.rows(1, 3), [10, 20])


def test_texts_of_several_chunks_share_their_levels(place):
    column = Column(4, place)
    column.put(Category(np.array([0, -1]), np.array(["a", "b"], object)), slice(0, 2))
    column.put(Category(np.array([0, 1]), np.array(["b", "a"], object)), slice(2, 4))
    column.finish(None)

    found = column.whole()

    assert isinstance(found, Category)
    assert found.texts().tolist() == ["a", None, "b", "a"]
    assert column.rows(2, 4).texts().tolist() == ["b", "a"]


def test_texts_without_any_level_are_all_missing(place):
    column = Column(2, place)
    column.put(Category(np.array([-1, -1]), np.array([], object)), slice(0, 2))
    column.finish(None)

    assert column.whole().texts().tolist() == [None, None]
