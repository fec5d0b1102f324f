import re
from itertools import pairwise

import lightgbm
import numpy as np
import pytest

from training.attribution.tree_text import CorruptTrees, read_tree_text


@pytest.fixture(scope="module")
def text():
    random = np.random.default_rng(0)
    x = np.column_stack([random.normal(size=2000), random.integers(0, 40, 2000)])
    y = (x[:, 0] + x[:, 1] % 2 > 0.5).astype(float)
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 6}
    table = lightgbm.Dataset(x, y, categorical_feature=[1], params=asked)
    return lightgbm.train(asked, table, num_boost_round=4).model_to_string()


def resized(text):
    """The same text with honest sizes, so that only what stands in the trees can be wrong."""
    starts = [found.start() for found in re.finditer(r"^Tree=", text, re.M)] + [text.index("end of trees")]
    sizes = " ".join(str(end - start) for start, end in pairwise(starts))
    return re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", text)


def test_reads_a_whole_model(text):
    parts = read_tree_text(text)

    assert parts.width == 2
    assert len(parts.trees) == 4
    assert any(tree["num_cat"] != "0" for tree in parts.trees)
    assert resized(text) == text


def test_every_cut_before_the_end_is_noticed(text):
    end = text.index("end of trees")
    for length in range(0, end, 97):
        with pytest.raises(CorruptTrees):
            read_tree_text(text[:length])


@pytest.mark.parametrize(
    ("pattern", "replacement", "complaint"),
    [
        (r"num_class=1", "num_class=3", "3 outputs"),
        (r"max_feature_idx=1", "max_feature_idx=7", "8 features"),
        (r"max_feature_idx=1", "max_feature_idx=x", "no number"),
        (r"max_feature_idx=1\n", "", "missing"),
        (r"objective=", "objective= ", "objective"),
        (r"Tree=2", "Tree=7", "not where it should be"),
        (r"num_leaves=6", "num_leaves=7", "too few or too many"),
        (r"split_feature=\d", "split_feature=9", "does not exist"),
        (r"left_child=\S+", "left_child=0", "do not join up"),
        (r"right_child=\S+", "right_child=-9", "do not join up"),
        (r"leaf_value=\S+", "leaf_value=", "too few or too many"),
        (r"leaf_value=\S+", "leaf_value=oops", "no number"),
        (r"leaf_value=", "leaf_valeu=", "missing"),
        (r"num_cat=[1-9]", "num_cat=0", "categories"),
        (r"cat_boundaries=0", "cat_boundaries=5", "categories"),
        (r"cat_threshold=\d+", "cat_threshold=99999999999", "categories"),
        (r"(split_gain=\S+ \S+ \S+ \S+ \d)", r"\1\n", "says nothing"),
        (r"is_linear=0", "is_linear=1", "linear"),
    ],
)
def test_says_what_is_wrong(text, pattern, replacement, complaint):
    broken, changes = re.subn(pattern, replacement, text, count=1)

    assert changes == 1
    with pytest.raises(CorruptTrees, match=complaint):
        read_tree_text(resized(broken) if "Tree=" in broken else broken)


def test_sizes_must_be_those_of_the_trees(text):
    with pytest.raises(CorruptTrees, match="as long as the header says"):
        read_tree_text(re.sub(r"tree_sizes=(\d+) (\d+)", r"tree_sizes=\2", text))
