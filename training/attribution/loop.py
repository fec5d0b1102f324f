"""What does each column add in trees? The loop of `tree_effects`, in the part of Python that is compiled.

What its tables hold is told in `training.attribution.tables`.
"""

from training.machine_code.compiling import Reals, Vector, Vectors, Wholes, spread, total

LEAST = 1e-35
"""LightGBM takes what is no larger for zero."""
MOST_CODE = 2147483648.0


def as_split(value: float, kind: int, absent: float) -> float:
    """A number as its splits take it: missing goes to minus infinity (left) or not-a-number (right)."""
    unknown = value != value
    number = 0.0 if unknown and kind != 2 else value
    nothing = kind == 1 and abs(number) <= LEAST
    return absent if nothing or (unknown and kind == 2) else number


def explain_rows(
    rows: int, width: int, x: Reals, out: Reals,
    inputs: int, input_ints: Wholes, input_reals: Reals,
    n_categories: int, categories: Wholes, slots: Wholes, words: Wholes, seen: Reals,
    nodes: int, node_ints: Wholes, thresholds: Reals, took: Reals,
    runs: int, run_ints: Wholes, points: Vectors, weights: Vectors,
    trees: Wholes, shares: Reals, repeats: Reals, leaves: Reals,
    joint: Reals, reach: Vectors, lefts: Vectors, below: Vectors, sums: Vectors,
) -> None:  # fmt: skip
    """Add the effects of the columns of x [rows, width] to `out` [rows, width + 1]."""
    for row in range(rows):
        for at in range(inputs):
            value = x[row * width + input_ints[2 * at]]
            seen[at] = as_split(value, input_ints[2 * at + 1], input_reals[at])
        for at in range(n_categories):
            value = x[row * width + categories[3 * at]]
            known = value > -1.0 and value < MOST_CODE
            code = int(value if known else 0.0)
            for slot in range(categories[3 * at + 1], categories[3 * at + 2]):
                # Whether the row's category is in the set: 0 where it is (left), else 1.
                inside = known and code >> 5 < slots[2 * (slot - inputs) + 1]
                bits = words[slots[2 * (slot - inputs)] + (code >> 5 if inside else 0)]
                seen[slot] = 0.0 if inside and (bits >> (code & 31)) & 1 == 1 else 1.0
        for node in range(nodes):
            took[node] = 1.0 if seen[node_ints[8 * node]] <= thresholds[node] else 0.0
        for run in range(runs):
            rule = run_ints[3 * run + 2]
            for tree in range(run_ints[3 * run], run_ints[3 * run + 1]):
                explain_tree(
                    trees[5 * tree :], took, node_ints, shares, repeats, leaves, points[rule], joint, reach, lefts,
                    below, sums,
                )  # fmt: skip
            for column in range(width):
                out[row * (width + 1) + column] += total(sums[column] * weights[rule])
                sums[column] = spread(0.0)


def explain_tree(
    tree: Wholes, took: Reals, node_ints: Wholes, shares: Reals, repeats: Reals, pairs: Reals, points: Vector,
    joint: Reals, reach: Vectors, lefts: Vectors, below: Vectors, sums: Vectors,
) -> None:  # fmt: skip
    """Down the tree for how a node is reached, up again for what is below it, adding effects on the way."""
    first, branching, nodes, leaf, single = tree[0], tree[1], tree[2], tree[3], tree[4]
    reach[0] = spread(1.0)
    for node in range(nodes):
        k = first + node
        cover = shares[k]
        gap = took[k] - cover
        repeat = node_ints[8 * k + 4]
        present = 1.0
        left = points * gap + cover
        slope = spread(gap)
        if repeat >= 0:
            # Asked above already: its presence is that given the way here.
            earlier = node_ints[8 * k + 5]
            covered = repeats[2 * repeat]
            present = joint[earlier] if took[first + earlier] == repeats[2 * repeat + 1] else 0.0
            inverse = 1.0 / (points * (1.0 - covered) + covered)
            left = present * (points * inverse) * gap + cover
            slope = present * covered * inverse * inverse * gap
        if node < branching:
            joint[node] = present
            here = reach[node]
            to_left = here * left
            reach[node_ints[8 * k + 2]] = to_left
            reach[node_ints[8 * k + 3]] = here - to_left
            lefts[node] = left
            reach[node] = here * slope
        else:
            pair = leaf + 2 * (node - branching)
            difference = pairs[pair + 1]
            below[node] = left * difference + pairs[pair]
            sums[node_ints[8 * k + 1]] = sums[node_ints[8 * k + 1]] + reach[node] * slope * difference
    rest = leaf + 2 * (nodes - branching)
    for at in range(single):
        below[nodes + at] = spread(pairs[rest + at])
    for node in range(branching - 1, -1, -1):
        k = first + node
        right = below[node_ints[8 * k + 7]]
        apart = below[node_ints[8 * k + 6]] - right
        below[node] = right + lefts[node] * apart
        sums[node_ints[8 * k + 1]] = sums[node_ints[8 * k + 1]] + reach[node] * apart
