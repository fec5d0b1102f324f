"""Trees laid out as tables say what LightGBM says of them, and why."""

import math

import numpy as np
import pytest

from training.attribution.native_trees import NativeTrees
from training.attribution.tree_text import CorruptTrees
from training.machine_code.compiling import Argument
from training.machine_code.functions import LANES
from training.rowwise.calls import asking, explaining
from training.rowwise.code import code
from training.rowwise.columns import RowColumns
from training.rowwise.forests import Forest, forest_of

NAMES = ("colour", "size", "interval", "kind", "weight")
CODES = {"colour": {f"c{n}": n for n in range(40)}, "kind": {"a": 0, "b": 1, "c": 2}}
NUMBERS = ("size", "weight")
INTERVALS = 6


def train(**settings) -> NativeTrees:
    import lightgbm

    random = np.random.default_rng(3)
    rows = 3000
    x = np.column_stack(
        [
            random.integers(0, 40, rows),
            random.normal(size=rows),
            random.integers(0, INTERVALS, rows),
            random.integers(0, 3, rows),
            np.where(random.random(rows) < 0.4, 0.0, random.normal(size=rows)),
        ]
    ).astype(float)
    odds = x[:, 1] * (x[:, 2] - 2) + np.sin(x[:, 0]) * x[:, 4] + (x[:, 3] == 1) * x[:, 1] ** 2
    outcome = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    x[random.random(rows) < 0.1, 1] = np.nan
    x[random.random(rows) < 0.1, 3] = np.nan
    asked = {"objective": "binary", "num_threads": 1, "verbosity": -1, "seed": 0, **settings}
    table = lightgbm.Dataset(x, outcome, categorical_feature=[0, 3], params=asked)
    return NativeTrees.from_text(lightgbm.train(asked, table, num_boost_round=12).model_to_string())


def rows_and_lines(columns: RowColumns, seed: int = 0):
    """Rows as the tables read them, and as LightGBM does, but for the interval."""
    random = np.random.default_rng(seed)
    rows, lines = [], []
    for _ in range(40):
        row = {
            "colour": str(random.choice(["c3", "c17", "c39", "never seen"])),
            "size": float(random.choice([random.normal(), 0.0, 1e-40, math.nan, math.inf])),
            "kind": random.choice(["a", "b", "c", None]),
            "weight": float(random.choice([random.normal(), 0.0, math.nan])),
        }
        rows.append(row)
        codes = [CODES[name].get(row[name], math.nan) for name in ("colour", "kind")]
        lines.append([codes[0], row["size"], 0.0, codes[1], row["weight"]])
    x, texts = np.empty((len(rows), 2)), np.empty((len(rows), 2), np.int32)
    for at, row in enumerate(rows):
        columns.read(row, x[at], texts[at])
    return x, texts, np.array(lines)


def lay_out(trees: NativeTrees) -> tuple[RowColumns, Forest]:
    columns = RowColumns(NUMBERS, CODES)
    return columns, forest_of(trees.text, NAMES, CODES, columns, "interval", INTERVALS)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_leaves": 10},
        {"num_leaves": 63, "min_data_in_leaf": 3, "max_cat_to_onehot": 1},
        {"num_leaves": 20, "zero_as_missing": True},
        {"num_leaves": 20, "use_missing": False},
        {"num_leaves": 2},
    ],
)
def test_every_interval_is_answered_as_by_lightgbm(settings):
    trees = train(**settings)
    columns, forest = lay_out(trees)
    x, codes, lines = rows_and_lines(columns)
    rows: dict[str, Argument] = {"rows": len(x), "width": 2, "texts": 2, "x": x, "codes": codes}
    odds, out = np.zeros((len(x), 9)), np.zeros((len(x), INTERVALS + 1, len(NAMES)))
    asking(code(), rows, forest, odds, 9).run()
    explaining(code(), rows, forest, out).run()

    for interval in range(INTERVALS):
        lines[:, 2] = interval
        np.testing.assert_allclose(odds[:, interval], trees.raw(lines), rtol=0, atol=1e-12)
        expected = trees.library_contributions(lines)
        np.testing.assert_allclose(out[:, interval], expected[:, :-1], rtol=0, atol=1e-9)
        assert forest.tables.expected == pytest.approx(expected[0, -1], abs=1e-9)


def test_paths_of_many_features_take_more_points_than_there_are_lanes():
    import lightgbm

    random = np.random.default_rng(0)
    names = tuple(f"f{n}" for n in range(40))
    x = random.normal(size=(1500, 40))
    asked = {"objective": "binary", "num_threads": 1, "verbosity": -1, "seed": 0, "num_leaves": 60}
    asked |= {"min_data_in_leaf": 1, "extra_trees": True, "min_sum_hessian_in_leaf": 0.0, "boost_from_average": False}
    outcome = (x[:, :20] > -1.5).all(axis=1).astype(float)
    grown = lightgbm.train(asked, lightgbm.Dataset(x, outcome, params=asked), num_boost_round=6)
    trees, columns = NativeTrees.from_text(grown.model_to_string()), RowColumns(names, {})
    forest = forest_of(trees.text, names, {}, columns)
    assert forest.tables.deepest.max() > 2 * LANES
    out, codes = np.zeros((20, 2, 40)), np.zeros((20, 1), np.int32)
    lines = np.ascontiguousarray(x[:20])
    explaining(code(), {"rows": 20, "width": 40, "texts": 1, "x": lines, "codes": codes}, forest, out).run()

    np.testing.assert_allclose(out[:, 0], trees.library_contributions(lines)[:, :-1], rtol=0, atol=1e-9)


def test_an_average_of_trees_is_left_to_lightgbm():
    with pytest.raises(CorruptTrees, match="averaged"):
        lay_out(train(boosting="rf", bagging_freq=1, bagging_fraction=0.6))


def test_a_column_that_trees_never_ask_for_changes_nothing():
    trees = train(num_leaves=4)
    columns = RowColumns(("other", *NUMBERS), {**CODES, "word": ("x", "y")})
    forest = forest_of(trees.text, NAMES, CODES, columns, "interval", INTERVALS)
    odds, codes = np.zeros((1, INTERVALS + 1)), np.zeros((1, 3), np.int32)
    x = np.zeros((1, 3))
    columns.read({"size": 0.4, "colour": "c3", "word": "y", "other": 9.0}, x[0], codes[0])
    asking(code(), {"rows": 1, "width": 3, "texts": 3, "x": x, "codes": codes}, forest, odds, INTERVALS + 1).run()

    line = np.array([[3.0, 0.4, interval, math.nan, math.nan] for interval in range(INTERVALS)])
    np.testing.assert_allclose(odds[0, :INTERVALS], trees.raw(line), rtol=0, atol=1e-12)


def test_trees_of_more_leaves_than_a_word_has_bits_are_refused():
    with pytest.raises(CorruptTrees, match="64 leaves"):
        lay_out(train(num_leaves=90, min_data_in_leaf=3))
