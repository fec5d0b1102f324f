from fractions import Fraction

import lightgbm
import numpy as np
import pytest

from training.attribution.kernel import kernel
from training.attribution.native_trees import NativeTrees
from training.attribution.tree_effects import TreeEffects
from training.attribution.tree_text import CorruptTrees, read_tree_text

SETTINGS = {
    "plain": {},
    "small": {"num_leaves": 2},
    "wide": {"num_leaves": 63, "min_data_in_leaf": 5},
    "deep": {"num_leaves": 127, "min_data_in_leaf": 1, "extra_trees": True, "min_sum_hessian_in_leaf": 0.0},
    "dart": {"boosting": "dart"},
    "forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    "zeros are missing": {"zero_as_missing": True},
    "nothing is missing": {"use_missing": False},
    "one category at a time": {"max_cat_to_onehot": 100},
}


def draw(rows, seed, columns=24):
    """Columns with gaps and zeros; the last three are categories, one of them with many."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    for at, levels in ((-3, 3), (-2, 40), (-1, 500)):
        x[:, at] = random.integers(0, levels, rows)
    x[random.random(x.shape) < 0.15] = np.nan
    x[random.random(x.shape) < 0.1] = 0.0
    return x


def grow(seed, rounds=40, rows=3000, columns=24, **settings):
    x = draw(rows, seed, columns)
    known = np.nan_to_num(x)
    sign = known[:, 0] * known[:, 1] + known[:, 2] + (known[:, -2] % 3) - 1 + (known[:, -1] % 7 > 3)
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, **settings}
    categories = [columns - 3, columns - 2, columns - 1]
    table = lightgbm.Dataset(x, (sign > 0.5).astype(float), categorical_feature=categories, params=asked)
    return lightgbm.train(asked, table, num_boost_round=rounds)


def odd_rows(columns=24):
    x = draw(300, 99, columns)
    x[:6, -1] = [60, 10_000, -1, np.inf, 2.5, -0.5]
    x[6:9, -2] = [1e30, -np.inf, 4e9]
    x[9:12, 0] = [np.inf, -np.inf, 1e-36]
    x[12] = np.nan
    return x


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("seed", [1, 2])
def test_effects_are_lightgbms_own_to_the_last_digits_and_add_up(name, seed):
    booster = grow(seed, **SETTINGS[name])
    trees = NativeTrees.from_text(booster.model_to_string())
    x = odd_rows()
    given = trees.contributions(x)

    assert trees._effects is not None
    np.testing.assert_allclose(given, trees.library_contributions(x), rtol=0, atol=1e-11)
    np.testing.assert_allclose(given[:50], booster.predict(x[:50], pred_contrib=True, num_threads=1), atol=1e-11)
    np.testing.assert_allclose(given.sum(axis=1), trees.raw(x), rtol=0, atol=1e-10)
    assert np.ptp(given[:, :-1], axis=0).max() > 0.1


def by_fractions(tree, row, feature):
    """One feature's Shapley value in a tree of thresholds, in exact arithmetic, path by path."""
    total = Fraction(0)

    def walk(node, path):
        nonlocal total
        if "leaf_value" in node and "split_feature" not in node:
            product, (share, goes) = [Fraction(1)], path.get(feature, (Fraction(1), 1))
            for other, (cover, there) in path.items():
                if other != feature:
                    # times cover + t * (there - cover)
                    with_t = [Fraction(0), *((there - cover) * c for c in product)]
                    product = [c * cover + d for c, d in zip([*product, Fraction(0)], with_t, strict=True)]
            area = sum(c / (power + 1) for power, c in enumerate(product))
            total += Fraction(node["leaf_value"]) * (goes - share) * area
            return
        left = row[node["split_feature"]] <= node["threshold"]
        for child, goes in (("left_child", left), ("right_child", not left)):
            below = node[child]
            part = Fraction(below.get("internal_count", below.get("leaf_count")), node["internal_count"])
            cover, there = path.get(node["split_feature"], (Fraction(1), 1))
            walk(below, path | {node["split_feature"]: (cover * part, there * int(goes))})

    walk(tree, {})
    return float(total)


def test_paths_longer_than_one_pass_of_points_can_tell_are_exact_where_lightgbm_is_not():
    random = np.random.default_rng(3)
    x = random.exponential(size=(4000, 60))
    # One feature after another splits off a few rows: a single long path.
    y = np.argmax(x > 2.5, axis=1) % 2
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 60, "min_data_in_leaf": 5}
    booster = lightgbm.train(asked, lightgbm.Dataset(x, y, params=asked), num_boost_round=1)
    trees = NativeTrees.from_text(booster.model_to_string())
    given = trees.contributions(x[:100])

    assert len(trees._effects._runs.ints) > 1
    np.testing.assert_allclose(given.sum(axis=1), trees.raw(x[:100]), rtol=0, atol=1e-13)
    np.testing.assert_allclose(given, trees.library_contributions(x[:100]), rtol=0, atol=1e-5)
    root = booster.dump_model()["tree_info"][0]["tree_structure"]
    for feature in (0, 1, 17):
        assert given[0, feature] == pytest.approx(by_fractions(root, x[0], feature), abs=1e-14)


def test_a_row_alone_is_told_the_same_as_among_others():
    trees = NativeTrees.from_text(grow(1).model_to_string())
    x = odd_rows()
    together = trees.contributions(x)

    assert all((trees.contributions(x[at : at + 1])[0] == together[at]).all() for at in range(len(x)))
    assert (trees.contributions(np.asfortranarray(x)) == together).all()


def test_the_effects_of_a_sum_by_hand():
    """Two features that count alike, each split at its middle: each has half of what both change."""
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 50)
    asked = {"objective": "regression", "verbosity": -1, "num_threads": 1, "learning_rate": 1.0, "num_leaves": 4}
    asked |= {"min_data_in_leaf": 1, "boost_from_average": False}
    booster = lightgbm.train(asked, lightgbm.Dataset(x, 4 * x[:, 0] * x[:, 1], params=asked), num_boost_round=1)
    effects = NativeTrees.from_text(booster.model_to_string()).contributions(np.array([[1.0, 1.0], [1.0, 0.0]]))

    # v({}) = 1, v({one of two ones}) = 2, v(both) = 4; with (1, 0): 1, 2 (first), 0 (second), 0 (both).
    np.testing.assert_allclose(effects, [[1.5, 1.5, 1.0], [0.5, -1.5, 1.0]], atol=1e-6)


@pytest.mark.parametrize("failure", [ImportError, OSError, RuntimeError])
def test_where_no_machine_code_can_be_made_lightgbm_is_asked(monkeypatch, failure):
    def fails():
        raise failure("not on this machine")

    text, x = grow(1).model_to_string(), odd_rows()
    expected = NativeTrees.from_text(text).contributions(x)
    monkeypatch.setattr("training.attribution.tree_effects.kernel", fails)
    without = NativeTrees.from_text(text)

    assert without._effects is None
    np.testing.assert_allclose(without.contributions(x), expected, rtol=0, atol=1e-11)
    assert without.expected == pytest.approx(expected[0, -1], abs=1e-12)


def test_a_branch_that_covers_no_rows_is_left_to_lightgbm():
    text = grow(1, rounds=1).model_to_string()
    start = text.index("leaf_count=") + len("leaf_count=")
    broken = text[:start] + "0" * text[start:].index(" ") + text[start:][text[start:].index(" ") :]

    with pytest.raises(CorruptTrees, match="covers no rows"):
        TreeEffects(read_tree_text(broken))


def test_trees_of_one_leaf_only_move_the_mean():
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    nothing = lightgbm.Dataset(np.ones((40, 2)), np.array([1.0, 0, 0, 0] * 10), params=asked)
    trees = NativeTrees.from_text(lightgbm.train(asked, nothing, num_boost_round=3).model_to_string())

    given = trees.contributions(np.zeros((2, 2)))
    np.testing.assert_allclose(given, [[0, 0, trees.expected]] * 2)
    np.testing.assert_allclose(trees.raw(np.zeros((2, 2))), trees.expected)


def test_the_machine_code_is_made_once():
    assert kernel() is kernel()
