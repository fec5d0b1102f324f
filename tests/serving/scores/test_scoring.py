import numpy as np

from features.evaluate import Category
from serving.scores.scoring import _looked_up
from training.bundle import rows_of


def test_one_row_is_read_as_many_are():
    columns = {
        "number": np.array([2.5, np.nan, 0.0]),
        "text": Category(np.array([1, -1, 0]), np.array(["a", "b"], dtype=object)),
        "missing": Category(np.array([-1, -1, -1]), np.array([], dtype=object)),
    }

    def values(places):
        return {
            name: Category(column.codes[places], column.levels) if isinstance(column, Category) else column[places]
            for name, column in columns.items()
        }

    singly = [row for place in range(3) for row in _looked_up([place], values)]
    assert singly == list(_looked_up([0, 1, 2], values)) == rows_of(columns)
    assert singly[1] == {"number": None, "text": None, "missing": None}


def test_many_are_looked_up_a_few_at_a_time():
    asked = []

    def values(places):
        asked.append(len(places))
        return {"number": np.array(places, float)}

    rows = list(_looked_up(list(range(20)), values))
    assert [row["number"] for row in rows] == list(range(20))
    assert asked == [8, 8, 4]
