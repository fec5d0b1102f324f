"""Is this text a whole LightGBM model? Asked before the C library reads it: on a damaged one it ends the process.

The layout is that of `Booster.save_model`, version v4: a header of `key=value` lines, trees of the sizes the header
names, `end of trees`, and remarks that no prediction depends on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from features.errors import ForesellError

END = "end of trees"
BY_NODE = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
BY_NODE_REAL = ("split_gain", "threshold", "internal_value", "internal_weight")
BY_LEAF_REAL = ("leaf_value", "leaf_weight", "leaf_count")


class CorruptTrees(ForesellError):
    """Model text LightGBM cannot read, or that answers something other than one log-odds per row."""

    problem = "This is not a usable LightGBM model: {0}."
    fix = "restore the model file, or train and promote the model again."


@dataclass(frozen=True)
class TreeText:
    """A model's text taken apart: header and trees, each key to the text behind it."""

    header: Mapping[str, str]
    trees: tuple[Mapping[str, str], ...]

    @property
    def width(self) -> int:
        """How many features a row has."""
        return _whole(self.header, "max_feature_idx") + 1


def read_tree_text(text: str) -> TreeText:
    """The model's parts, every one checked; raises CorruptTrees."""
    body, found, _ = text.partition(f"\n{END}\n")
    if not text.startswith("tree\n") or not found:
        raise CorruptTrees("the text is cut off or is something else")
    head, _, trees = body.partition("\n\n")
    header = _lines(head)
    parts = TreeText(header, tuple(_tree_lines(tree) for tree in _cut(trees, _wholes(header, "tree_sizes"))))
    _check_header(parts)
    for number, tree in enumerate(parts.trees):
        _check_tree(tree, number, parts.width)
    return parts


def _lines(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in text.splitlines())}


def _tree_lines(text: str) -> dict[str, str]:
    """The lines of a tree; LightGBM stops reading at the first without an equals sign."""
    lines = text.rstrip("\n").split("\n")
    if odd := [line for line in lines if "=" not in line]:
        raise CorruptTrees(f"a tree has a line that says nothing: {odd[0][:40]!r}")
    return _lines(text)


def _cut(trees: str, sizes: list[int]) -> list[str]:
    """The trees by their sizes in bytes, the blank line after the last left off."""
    as_bytes, pieces, start = (trees + "\n").encode(), [], 0
    for size in sizes:
        pieces.append(as_bytes[start : start + size].decode(errors="replace"))
        start += size
    if start != len(as_bytes) or any(size <= 0 for size in sizes):
        raise CorruptTrees("the trees are not as long as the header says")
    return pieces


def _check_header(parts: TreeText) -> None:
    width = parts.width
    for key in ("feature_names", "feature_infos"):
        if len(parts.header.get(key, "").split()) != width:
            raise CorruptTrees(f"{key} does not list {width} features")
    if not re.fullmatch(r"\w+( \S+)*", parts.header.get("objective", "")):
        raise CorruptTrees("the header names no objective")
    for key in ("num_class", "num_tree_per_iteration"):
        if (outputs := _whole(parts.header, key)) != 1:
            raise CorruptTrees(f"it has {outputs} outputs instead of one")


def _check_tree(tree: Mapping[str, str], number: int, width: int) -> None:
    if tree.get("Tree") != str(number):
        raise CorruptTrees(f"tree {number} is not where it should be")
    if tree.get("is_linear") != "0":
        raise CorruptTrees(f"tree {number} has linear leaves")
    leaves = _whole(tree, "num_leaves")
    nodes = {key: _wholes(tree, key) for key in BY_NODE}
    lengths = {key: len(values) for key, values in nodes.items()}
    lengths |= {key: len(_reals(tree, key)) for key in BY_NODE_REAL}
    # A tree that is a single leaf leaves some lists of leaves empty.
    lengths |= {key: max(len(_reals(tree, key)), leaves == 1) - 1 for key in BY_LEAF_REAL}
    if wrong := [key for key, length in lengths.items() if length != leaves - 1]:
        raise CorruptTrees(f"tree {number} has too few or too many numbers in {wrong[0]}")
    if any(not 0 <= feature < width for feature in nodes["split_feature"]):
        raise CorruptTrees(f"tree {number} asks for a feature that does not exist")
    _check_shape(nodes["left_child"], nodes["right_child"], leaves, number)
    _check_categories(tree, nodes["decision_type"], number)
    _reals(tree, "shrinkage")


def _check_shape(left: list[int], right: list[int], leaves: int, number: int) -> None:
    """Each leaf (from -1 down) and each node but the first is reached once, and nodes only from earlier ones."""
    children = left + right
    forward = all(child < 0 or child > node for side in (left, right) for node, child in enumerate(side))
    expected = [*range(-leaves, 0), *range(1, leaves - 1)] if leaves > 1 else []
    if leaves < 1 or not forward or sorted(children) != expected:
        raise CorruptTrees(f"the branches of tree {number} do not join up")


def _check_categories(tree: Mapping[str, str], decision_type: list[int], number: int) -> None:
    count = _whole(tree, "num_cat")
    splits = [place for place, kind in zip(_reals(tree, "threshold"), decision_type, strict=True) if kind & 1]
    bounds = _wholes(tree, "cat_boundaries") if count else [0]
    words = _wholes(tree, "cat_threshold") if count else []
    joined = bounds == sorted(bounds) and len(bounds) == count + 1 and (bounds[0], bounds[-1]) == (0, len(words))
    if not joined or sorted(splits) != list(range(count)) or any(not 0 <= word < 2**32 for word in words):
        raise CorruptTrees(f"the categories of tree {number} are incomplete")


def _whole(lines: Mapping[str, str], key: str) -> int:
    values = _wholes(lines, key)
    if len(values) != 1:
        raise CorruptTrees(f"{key} is missing")
    return values[0]


def _wholes(lines: Mapping[str, str], key: str) -> list[int]:
    try:
        return [int(value) for value in lines[key].split()]
    except (KeyError, ValueError) as error:
        raise CorruptTrees(f"{key} is missing or holds something that is no number") from error


def _reals(lines: Mapping[str, str], key: str) -> list[float]:
    try:
        return [float(value) for value in lines[key].split()]
    except (KeyError, ValueError) as error:
        raise CorruptTrees(f"{key} is missing or holds something that is no number") from error
