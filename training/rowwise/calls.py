"""Which arguments does machine code take of the tables of regressions and trees? Prepared calls for some rows."""

from collections.abc import Mapping

import numpy as np

from training.machine_code.compiling import Argument, Block, Machine, Reals, Wholes, vectors
from training.rowwise.forests import Forest
from training.rowwise.regressions import Regressions

Machines = Mapping[str, Machine]
Rows = Mapping[str, Argument]
"""How many rows there are, and the numbers and texts of each: `rows`, `width`, `texts`, `x`, `codes`."""


def term_adding(machines: Machines, rows: Rows, r: Regressions, effects: Reals, odds: Reals, stride: int) -> Block:
    """Adds up the terms: `effects` [rows, terms], and `odds` of which each row has the regressions' at a `stride`."""
    return Block(
        machines["add_terms"], **rows, regressions=r.many, firsts=some_wholes(r.firsts), centres=some(r.centres),
        column=some_wholes(r.column), low=some(r.low), high=some(r.high), start=some(r.start), gain=some(r.gain),
        offset=some(r.offset), missing=some(r.missing), scale=some(r.scale), reach=some(r.reach),
        bends=some_wholes(r.bends), bend=r.bend, text=some_wholes(r.text), level=some_wholes(r.level),
        levels=r.levels, terms=effects.shape[1], effects=effects, stride=stride, odds=odds,
    )  # fmt: skip


def asking(machines: Machines, rows: Rows, forest: Forest, odds: Reals, stride: int) -> Block:
    """Asks the trees: `odds` of which each row has those of the intervals, and one more, at a `stride`."""
    return Block(
        machines["ask_trees"], **rows, **_looks(forest), trees=len(forest.tables.deepest), tree_ints=forest.tree_ints,
        slots=forest.slots, thresholds=some(forest.thresholds), struck=forest.struck, leaves=forest.leaves,
        class_ints=forest.class_ints, class_bits=forest.class_bits, intervals=forest.intervals,
        constant=forest.constant, stride=stride, odds=odds,
    )  # fmt: skip


def explaining(machines: Machines, rows: Rows, forest: Forest, out: Reals) -> Block:
    """Tells the effects of the trees' columns, `out` [rows, intervals + 1, columns]."""
    t, nodes = forest.tables, len(forest.thresholds)
    return Block(
        machines["explain_trees"], **rows, **_looks(forest), nodes=nodes, slots=forest.slots,
        thresholds=some(forest.thresholds), took=np.zeros(nodes + 1), groups=forest.groups,
        group_ints=forest.group_ints, touched=forest.touched, copies=forest.copies, fixed_nodes=forest.fixed_nodes,
        fixed_took=some(forest.fixed_took), trees=some_wholes(t.trees), node_ints=some_wholes(t.node_ints),
        shares=some(forest.shares), repeats=t.repeats, pairs=some(t.leaves), points=forest.points,
        weights=forest.weights, joint=np.zeros(t.most_rows), reach=vectors(t.most_rows), lefts=vectors(t.most_rows),
        below=vectors(t.most_rows), sums=vectors(len(forest.columns)), columns=len(forest.columns),
        intervals=forest.intervals, out=out,
    )  # fmt: skip


def _looks(forest: Forest) -> dict[str, Argument]:
    return {
        "numbers": len(forest.number_reals), "number_ints": forest.number_ints,
        "number_reals": some(forest.number_reals), "sets": forest.sets, "set_ints": forest.set_ints,
        "members": forest.members, "seen": np.zeros(forest.seen + 1),
    }  # fmt: skip


def some(numbers: Reals) -> Reals:
    """At least one number, so that there is an address."""
    return numbers if numbers.size else np.zeros(1)


def some_wholes(numbers: Wholes) -> Wholes:
    """The same of whole numbers."""
    return np.ascontiguousarray(numbers) if numbers.size else np.zeros(1, np.int32)
