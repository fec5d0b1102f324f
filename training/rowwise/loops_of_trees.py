"""What do trees say in every interval of a curve, and why? The loops, in the part of Python that is compiled.

A row is led down all trees at once: each node strikes out the leaves it leads away from, and of those left the first
is the row's (QuickScorer; Lucchese and others, SIGIR 2015). Intervals that no node of a tree tells apart share a walk
and its effects. Effects are those of `training.attribution.tree_effects`; what the tables hold is told in
`training.rowwise.forests`.
"""

from training.attribution.loop import as_split, explain_tree
from training.machine_code.compiling import Bits, Reals, Vectors, Wholes, lowest_bit, spread, total


def see(
    x: Reals, codes: Wholes, numbers: int, number_ints: Wholes, number_reals: Reals,
    sets: int, set_ints: Wholes, members: Reals, seen: Reals,
) -> None:  # fmt: skip
    """What the splits look at: a number as they take it, or 0 where a category is in a set and 1 where it is not."""
    for at in range(numbers):
        seen[at] = as_split(x[number_ints[2 * at]], number_ints[2 * at + 1], number_reals[at])
    for at in range(sets):
        seen[numbers + at] = members[set_ints[2 * at + 1] + codes[set_ints[2 * at]] + 2]


def ask_trees(
    rows: int, width: int, texts: int, x: Reals, codes: Wholes,
    numbers: int, number_ints: Wholes, number_reals: Reals, sets: int, set_ints: Wholes, members: Reals, seen: Reals,
    trees: int, tree_ints: Wholes, slots: Wholes, thresholds: Reals, struck: Bits, leaves: Reals,
    class_ints: Wholes, class_bits: Bits, intervals: int, constant: float, stride: int, odds: Reals,
) -> None:  # fmt: skip
    """Log-odds in each interval, `odds` [rows, stride], of which the first `intervals` + 1 are written."""
    for row in range(rows):
        see(x[row * width :], codes[row * texts :], numbers, number_ints, number_reals, sets, set_ints, members, seen)
        place = row * stride
        for interval in range(intervals + 1):
            odds[place + interval] = 0.0
        for tree in range(trees):
            left = -1
            for node in range(tree_ints[5 * tree], tree_ints[5 * tree + 1]):
                left = left & (-1 if seen[slots[node]] <= thresholds[node] else struck[node])
            for c in range(tree_ints[5 * tree + 3], tree_ints[5 * tree + 4]):
                leaf = leaves[tree_ints[5 * tree + 2] + lowest_bit(left & class_bits[c])]
                odds[place + class_ints[2 * c]] += leaf
                odds[place + class_ints[2 * c + 1]] -= leaf
        so_far = constant
        for interval in range(intervals):
            so_far += odds[place + interval]
            odds[place + interval] = so_far


def explain_trees(
    rows: int, width: int, texts: int, x: Reals, codes: Wholes,
    numbers: int, number_ints: Wholes, number_reals: Reals, sets: int, set_ints: Wholes, members: Reals, seen: Reals,
    nodes: int, slots: Wholes, thresholds: Reals, took: Reals,
    groups: int, group_ints: Wholes, touched: Wholes, copies: Wholes, fixed_nodes: Wholes, fixed_took: Reals,
    trees: Wholes, node_ints: Wholes, shares: Reals, repeats: Reals, pairs: Reals, points: Vectors, weights: Vectors,
    joint: Reals, reach: Vectors, lefts: Vectors, below: Vectors, sums: Vectors,
    columns: int, intervals: int, out: Reals,
) -> None:  # fmt: skip
    """What each column adds in each interval in log-odds, `out` [rows, intervals + 1, columns]; the last is scratch."""
    for row in range(rows):
        see(x[row * width :], codes[row * texts :], numbers, number_ints, number_reals, sets, set_ints, members, seen)
        for node in range(nodes):
            took[node] = 1.0 if seen[slots[node]] <= thresholds[node] else 0.0
        base = row * (intervals + 1) * columns
        for at in range((intervals + 1) * columns):
            out[base + at] = 0.0
        for g in range(groups):
            rule = group_ints[7 * g + 4]
            for v in range(group_ints[7 * g], group_ints[7 * g + 1]):
                for at in range(copies[3 * v + 1], copies[3 * v + 2]):
                    took[fixed_nodes[at]] = fixed_took[at]
                explain_tree(
                    trees[5 * copies[3 * v] :], took, node_ints, shares, repeats, pairs, points[rule], joint,
                    reach, lefts, below, sums,
                )  # fmt: skip
            low = base + group_ints[7 * g + 2] * columns
            high = base + group_ints[7 * g + 3] * columns
            for at in range(group_ints[7 * g + 5], group_ints[7 * g + 6]):
                column = touched[at]
                effect = total(sums[column] * weights[rule])
                sums[column] = spread(0.0)
                out[low + column] += effect
                out[high + column] -= effect
        for at in range(columns, intervals * columns):
            out[base + at] += out[base + at - columns]
