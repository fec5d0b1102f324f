"""How do a model's trees look as flat tables that one loop can run through?

Nodes of a tree are put in order: those with a branch below them first, each after its parent, then those with two
leaves, which need no way down. A split on categories becomes the question whether the row's is in a set, answered once
for a set however many nodes ask it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.attribution.tree_text import CorruptTrees, TreeText

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
CATEGORICAL, DEFAULT_LEFT = 1, 2
"""Bits of LightGBM's decision_type; the next two say how missing values are told (0 not, 1 by zero, 2 by NaN)."""
Slot = tuple[int, int, tuple[int, ...]]
"""What a split looks at: feature, how missing values go (-1 for categories), and the set's words (or (goes left,))."""


@dataclass(frozen=True)
class Tables:
    """The trees of a model. `deepest` counts, for each tree, the most features on one path.

    node_ints: input, feature, rows of the left and right child, repeat or -1, row of the earlier node with the same
    feature, rows of what is below left and right. Of each node too: threshold, and share of the cover that goes left.
    repeats: product of shares at earlier nodes with the feature, the side taken there. trees: first node, nodes with a
    branch, nodes, first of its leaves, single leaves. leaves: of nodes with two leaves, the right value and left less
    right; then single ones.
    """

    trees: Wholes
    node_ints: Wholes
    thresholds: Floats
    shares: Floats
    repeats: Floats
    leaves: Floats
    input_ints: Wholes
    input_reals: Floats
    categories: Wholes
    slots: Wholes
    words: Wholes
    deepest: Wholes
    most_rows: int
    seen: int
    expected: float


@dataclass(frozen=True)
class _Tree:
    feature: Sequence[int]
    decision: Sequence[int]
    threshold: Sequence[float]
    left: Sequence[int]
    right: Sequence[int]
    count: Sequence[int]
    leaf_count: Sequence[int]
    leaf_value: Sequence[float]
    bounds: Sequence[int]
    words: Sequence[int]

    def covered(self, child: int) -> int:
        return self.count[child] if child >= 0 else self.leaf_count[~child]

    def slot(self, node: int) -> Slot:
        decision, feature = self.decision[node], self.feature[node]
        if decision & CATEGORICAL:
            which = int(self.threshold[node])
            return feature, -1, tuple(self.words[self.bounds[which] : self.bounds[which + 1]])
        missing = (decision >> 2) & 3
        return feature, missing, (int(bool(decision & DEFAULT_LEFT)) if missing else 0,)


@dataclass
class _Lists:
    trees: list[int] = field(default_factory=list)
    ints: list[int] = field(default_factory=list)
    reals: list[float] = field(default_factory=list)
    repeats: list[float] = field(default_factory=list)
    leaves: list[float] = field(default_factory=list)
    deepest: list[int] = field(default_factory=list)
    slots: dict[Slot, int] = field(default_factory=dict)
    rows: int = 1


def tables_of(model: TreeText) -> Tables:
    """The tables of a checked model, shallow trees first. Raises CorruptTrees where a node covers no rows."""
    lists, expected = _Lists(), 0.0
    trees = [_tree(lines) for lines in model.trees]
    for tree in trees:
        if not tree.feature:
            expected += tree.leaf_value[0]
            continue
        if min(*tree.count, *tree.leaf_count) <= 0:
            raise CorruptTrees("a branch covers no rows")
        expected += float(np.average(tree.leaf_value, weights=tree.leaf_count))
    for tree in sorted((tree for tree in trees if tree.feature), key=_most_features):
        _add(lists, tree)
    return _tables(lists, expected)


def _tree(lines: Mapping[str, str]) -> _Tree:
    def wholes(key: str) -> list[int]:
        return [int(value) for value in lines.get(key, "").split()]

    def reals(key: str) -> list[float]:
        return [float(value) for value in lines.get(key, "").split()]

    nodes = (wholes("split_feature"), wholes("decision_type"), reals("threshold"))
    children = (wholes("left_child"), wholes("right_child"))
    covers = ([int(count) for count in reals("internal_count")], [int(count) for count in reals("leaf_count")])
    return _Tree(*nodes, *children, *covers, reals("leaf_value"), wholes("cat_boundaries"), wholes("cat_threshold"))


def _most_features(tree: _Tree) -> int:
    found = [frozenset[int]()] * len(tree.feature)
    for node, feature in enumerate(tree.feature):
        found[node] |= {feature}
        for child in (tree.left[node], tree.right[node]):
            if child >= 0:
                found[child] = found[node]
    return max(map(len, found))


def _add(lists: _Lists, tree: _Tree) -> None:
    """One tree's nodes, in order."""
    children = list(zip(tree.left, tree.right, strict=True))
    branching = [node for node, pair in enumerate(children) if max(pair) >= 0]
    twins = [node for node, pair in enumerate(children) if max(pair) < 0]
    nodes = len(children)
    row = {node: at for at, node in enumerate(branching + twins)}
    single: list[float] = []
    first, first_leaf = len(lists.ints) // 8, len(lists.leaves)
    # For each feature asked on the way to a node: row of the last node that did, side taken, product of shares.
    ways: list[dict[int, tuple[int, float, float]]] = [{}] * nodes
    for node in branching + twins:
        left, right = children[node]
        feature, share = tree.feature[node], tree.covered(left) / tree.count[node]
        earlier, side, product = ways[node].get(feature, (-1, 1.0, 1.0))
        for child, taken, part in ((left, 1.0, share), (right, 0.0, 1 - share)):
            if child >= 0:
                ways[child] = ways[node] | {feature: (row[node], taken, product * part)}
        below = [0, 0]
        if node in twins:
            lists.leaves += [tree.leaf_value[~right], tree.leaf_value[~left] - tree.leaf_value[~right]]
        else:
            for at, child in enumerate((left, right)):
                below[at] = row[child] if child >= 0 else nodes + len(single)
                single += [tree.leaf_value[~child]] if child < 0 else []
        # What goes to a leaf goes to a row that nobody reads.
        to = [row[child] if child >= 0 else nodes for child in (left, right)]
        slot = lists.slots.setdefault(tree.slot(node), len(lists.slots))
        repeat = len(lists.repeats) // 2 if earlier >= 0 else -1
        lists.ints += [slot, feature, *to, repeat, max(earlier, 0), *below]
        lists.repeats += [product, side] if earlier >= 0 else []
        lists.reals += [0.5 if tree.decision[node] & CATEGORICAL else tree.threshold[node], share]
    lists.leaves += single
    lists.trees += [first, len(branching), nodes, first_leaf, len(single)]
    lists.deepest.append(_most_features(tree))
    lists.rows = max(lists.rows, nodes + len(single) + 1)


def _tables(lists: _Lists, expected: float) -> Tables:
    """Lists as arrays; slots are numbered anew, numbers first, then categories by feature."""
    numbers = [slot for slot in lists.slots if slot[1] >= 0]
    sets = sorted((slot for slot in lists.slots if slot[1] < 0), key=lambda slot: slot[0])
    place = {slot: at for at, slot in enumerate(numbers + sets)}
    nodes = np.array(lists.ints, np.int32).reshape(-1, 8)
    nodes[:, 0] = np.array([place[slot] for slot in lists.slots], np.int32)[nodes[:, 0]]
    lengths = [len(slot[2]) for slot in sets]
    starts = np.cumsum([0, *lengths])[: len(sets)]
    words = np.array([word for slot in sets for word in slot[2]] + [0], np.uint32).view(np.int32)
    features, first, count = np.unique([slot[0] for slot in sets], return_index=True, return_counts=True)
    first += len(numbers)
    return Tables(
        trees=np.array(lists.trees, np.int32),
        node_ints=np.ascontiguousarray(nodes),
        thresholds=np.array(lists.reals[::2]),
        shares=np.array(lists.reals[1::2]),
        repeats=np.array(lists.repeats or [0.0]),
        leaves=np.array(lists.leaves),
        input_ints=np.array([slot[:2] for slot in numbers], np.int32),
        input_reals=np.array([-np.inf if slot[2][0] else np.nan for slot in numbers]),
        categories=np.ascontiguousarray(np.column_stack([features, first, first + count]), dtype=np.int32),
        slots=np.ascontiguousarray(np.column_stack([starts, lengths]), dtype=np.int32),
        words=words,
        deepest=np.array(lists.deepest, np.int32),
        most_rows=lists.rows,
        seen=len(place),
        expected=expected,
    )
