"""How do the trees of a curve's head look as flat tables, and which intervals do they tell apart?

A tree asks of the interval at few of its nodes, if at any: intervals between those thresholds are a class and go the
same way. `loops_of_trees` runs through the tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from training.attribution.tables import Tables, tables_of
from training.attribution.tree_effects import rule_of
from training.attribution.tree_text import CorruptTrees, read_tree_text
from training.machine_code.compiling import Bits, Reals, Vectors, Wholes, vectors
from training.machine_code.functions import LANES
from training.rowwise.columns import RowColumns

MOST_LEAVES = 64
"""A row's leaf is found among the bits of one word."""
EVERY_LEAF = -1


@dataclass(frozen=True)
class Forest:
    """Trees of a model whose columns are `columns`, of which `interval` counts intervals; -1 where none does.

    number_ints: column of the row, how missing is told; number_reals: what stands for missing. set_ints: text of the
    row, place in `members` (0 where a code is in the set, else 1). tree_ints: first node and end, first leaf, first
    class and end. Of nodes: what they look at, threshold, share that goes left, leaves left to those who go right.
    class_ints: first interval and end. group_ints: first copy and end, first interval and end, points, first of the
    columns touched and end. copies: tree, first of the nodes whose answer the class fixes and end.
    """

    columns: tuple[str, ...]
    interval: int
    intervals: int
    constant: float
    tables: Tables
    number_ints: Wholes
    number_reals: Reals
    sets: int
    set_ints: Wholes
    members: Reals
    slots: Wholes
    thresholds: Reals
    shares: Reals
    struck: Bits
    tree_ints: Wholes
    leaves: Reals
    class_ints: Wholes
    class_bits: Bits
    groups: int
    group_ints: Wholes
    touched: Wholes
    copies: Wholes
    fixed_nodes: Wholes
    fixed_took: Reals
    points: Vectors
    weights: Vectors

    @property
    def seen(self) -> int:
        """How much the splits look at."""
        return len(self.number_reals) + self.sets


@dataclass
class _Classes:
    """One tree's classes of intervals, and the node answers that make each."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    fixed: list[list[tuple[int, float]]] = field(default_factory=list)


def forest_of(
    text: str, names: Sequence[str], codes: Mapping[str, Mapping[str, int]], columns: RowColumns,
    interval: str | None = None, intervals: int = 1,
) -> Forest:  # fmt: skip
    """Tables of a model's text, given its columns and the codes of its texts.

    Raises CorruptTrees where a tree has more leaves than `MOST_LEAVES`, a branch covers no rows or trees are averaged.
    """
    model = read_tree_text(text)
    if any(int(tree["num_leaves"]) > MOST_LEAVES for tree in model.trees):
        raise CorruptTrees(f"a tree has more than {MOST_LEAVES} leaves")
    if "average_output" in model.header:
        raise CorruptTrees("its trees are averaged")
    tables = tables_of(model)
    constant = sum(float(tree["leaf_value"]) for tree in model.trees if int(tree["num_leaves"]) == 1)
    place = names.index(interval) if interval in names else -1
    nodes, trees = tables.node_ints, tables.trees.reshape(-1, 5)
    thresholds = tables.thresholds
    numbers = len(tables.input_reals)
    struck: list[int] = []
    leaves: list[float] = []
    tree_ints: list[tuple[int, ...]] = []
    class_ints: list[tuple[int, int]] = []
    class_bits: list[int] = []
    copies: list[tuple[int, int, int]] = []
    fixed: list[tuple[int, float]] = []
    ranges: dict[tuple[int, int, int], list[int]] = {}
    for number, (first, _, many, _, _) in enumerate(trees.tolist()):
        left_of, values = _leaves_of(tables, number)
        asks = [first + node for node in range(many) if nodes[first + node, 1] == place]
        classes = _classes_of(asks, nodes, thresholds, tables, intervals)
        first_class = len(class_bits)
        for (low, high), answers in zip(classes.ranges, classes.fixed, strict=True):
            bits = EVERY_LEAF
            for node, took in answers:
                bits &= EVERY_LEAF if took else ~left_of[node - first]
            class_ints.append((low, high))
            class_bits.append(bits)
            ranges.setdefault((-(-int(tables.deepest[number]) // (2 * LANES)), low, high), []).append(len(copies))
            copies.append((number, len(fixed), len(fixed) + len(answers)))
            fixed += answers
        struck += [EVERY_LEAF if first + n in asks else ~left_of[n] for n in range(many)]
        tree_ints.append((first, first + many, len(leaves), first_class, len(class_bits)))
        leaves += values
    points, weights, rule_of = _rules(sorted({rule for rule, _, _ in ranges}))
    groups, touched, ordered = _groups(ranges, copies, rule_of, tables)
    sets, set_ints, members = _sets(tables, names, codes, columns)
    number_ints = tables.input_ints.reshape(-1, 2).copy()
    for at in range(numbers):
        column = int(number_ints[at, 0])
        number_ints[at, 0] = 0 if column == place else columns.number_place[names[column]]
    return Forest(
        columns=tuple(names), interval=place, intervals=intervals, constant=constant, tables=tables,
        number_ints=_wholes(number_ints), number_reals=tables.input_reals, sets=sets, set_ints=set_ints,
        members=members, slots=_wholes(nodes[:, 0]), thresholds=thresholds,
        shares=tables.shares, struck=_bits(struck),
        tree_ints=_wholes(tree_ints), leaves=np.array(leaves or [0.0]), class_ints=_wholes(class_ints),
        class_bits=_bits(class_bits),
        groups=len(groups), group_ints=_wholes(groups), touched=_wholes(touched), copies=_wholes(ordered),
        fixed_nodes=_wholes([node for node, _ in fixed]), fixed_took=np.array([took for _, took in fixed], np.float64),
        points=points, weights=weights,
    )  # fmt: skip


def _leaves_of(tables: Tables, number: int) -> tuple[list[int], list[float]]:
    """For each node of a tree the leaves to its left as bits, and the values of all leaves from left to right."""
    first, branching, many, leaf, _ = tables.trees.reshape(-1, 5)[number].tolist()
    rest = leaf + 2 * (many - branching)
    values: list[float] = []
    left_of = [0] * many

    def down(row: int) -> int:
        """The leaves below as bits."""
        if row >= many:
            values.append(float(tables.leaves[rest + row - many]))
            return 1 << (len(values) - 1)
        if row >= branching:
            pair = leaf + 2 * (row - branching)
            right, difference = float(tables.leaves[pair]), float(tables.leaves[pair + 1])
            values.extend((right + difference, right))
            left_of[row] = 1 << (len(values) - 2)
            return 3 << (len(values) - 2)
        left, right_row = tables.node_ints[first + row, 6:8].tolist()
        left_of[row] = down(left)
        return left_of[row] | down(right_row)

    down(0)
    return left_of, values


def _classes_of(asks: Sequence[int], nodes: Wholes, thresholds: Reals, tables: Tables, intervals: int) -> _Classes:
    """Neighbouring intervals that every node asking for the interval answers alike."""
    found = _Classes()
    for interval in range(intervals):
        answers = []
        for node in asks:
            slot = int(nodes[node, 0])
            by_zero = int(tables.input_ints.reshape(-1, 2)[slot, 1]) == 1
            value = float(tables.input_reals[slot]) if interval == 0 and by_zero else float(interval)
            answers.append((node, 1.0 if value <= thresholds[node] else 0.0))
        if found.fixed and found.fixed[-1] == answers:
            found.ranges[-1] = (found.ranges[-1][0], interval + 1)
        else:
            found.ranges.append((interval, interval + 1))
            found.fixed.append(answers)
    return found


def _rules(blocks: Sequence[int]) -> tuple[Vectors, Vectors, dict[int, list[int]]]:
    """Points and weights of quadratures in runs of LANES, and which runs each length takes."""
    points, weights = vectors(sum(blocks) or 1), vectors(sum(blocks) or 1)
    found: dict[int, list[int]] = {}
    at = 0
    for block in blocks:
        found[block] = list(range(at, at + block))
        points[at : at + block], weights[at : at + block] = rule_of(block)
        at += block
    return points, weights, found


def _groups(
    ranges: Mapping[tuple[int, int, int], list[int]], copies: Sequence[tuple[int, int, int]],
    rule_of: Mapping[int, list[int]], tables: Tables,
) -> tuple[list[tuple[int, ...]], list[int], list[tuple[int, int, int]]]:  # fmt: skip
    """Copies of trees in the order of their intervals, and the columns that those of one range touch."""
    groups: list[tuple[int, ...]] = []
    touched: list[int] = []
    ordered: list[tuple[int, int, int]] = []
    trees = tables.trees.reshape(-1, 5)
    for (block, low, high), members in sorted(ranges.items()):
        start, first = len(ordered), len(touched)
        ordered += [copies[member] for member in members]
        columns: set[int] = set()
        for number, _, _ in ordered[start:]:
            begin, many = int(trees[number, 0]), int(trees[number, 2])
            columns |= set(tables.node_ints[begin : begin + many, 1].tolist())
        touched += sorted(columns)
        groups += [(start, len(ordered), low, high, rule, first, len(touched)) for rule in rule_of[block]]
    return groups, touched, ordered


def _sets(
    tables: Tables, names: Sequence[str], codes: Mapping[str, Mapping[str, int]], columns: RowColumns
) -> tuple[int, Wholes, Reals]:
    """Sets of categories over the codes of the row; who is not known, or missing, is in none."""
    ints: list[tuple[int, int]] = []
    members: list[float] = []
    slots = tables.slots.reshape(-1, 2)
    for feature, first, end in tables.categories.reshape(-1, 3).tolist():
        name = names[feature]
        place = columns.text_place[name]
        known = columns.codes[place]
        for slot in range(first - len(tables.input_reals), end - len(tables.input_reals)):
            start, length = slots[slot].tolist()
            words = tables.words[start : start + length].view(np.uint32).tolist()
            inside = {
                text for text, code in codes[name].items() if code >> 5 < length and words[code >> 5] >> (code & 31) & 1
            }
            ints.append((place, len(members)))
            members += [1.0, 1.0, *(0.0 if text in inside else 1.0 for text in known)]
    return len(ints), _wholes(ints), np.array(members or [0.0])


def _wholes(numbers: object) -> Wholes:
    found = np.ascontiguousarray(np.array(numbers, np.int32).reshape(-1))
    return found if len(found) else np.zeros(1, np.int32)


def _bits(numbers: Sequence[int]) -> Bits:
    return np.array([number & (2**64 - 1) for number in numbers] or [0], np.uint64).view(np.int64)
