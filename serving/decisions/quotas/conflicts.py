"""Which wishes cannot all be kept? The smallest set of them, such that giving up any one of it ends the conflict.

On a tree wishes conflict where least amounts below a node come to more than the node may have, or most amounts below
it to less than it must. So an irreducible set (van Loon 1981; Chinneck and Dravnieks 1991) is read off the sums, with
no solver: one wish on one side and the fewest on the other.
"""

from dataclasses import dataclass, replace

import numpy as np

from serving.decisions.quotas.bounds import Bounds
from serving.decisions.quotas.money import MOST, Wholes
from serving.decisions.quotas.tree import Tree

MOST_TOLD = 5
"""Conflicts told at once: more are not read."""
MOST_LOOKED = 200
"""Nodes at which the smallest conflict is looked for, the deepest first."""


@dataclass(frozen=True)
class Wished:
    """One wish of a conflict: its `kind` (`bounds.KINDS`), the `node` it is about, whether it asks for at least or at
    most `amount`."""

    kind: str
    node: str
    least: bool
    amount: int


@dataclass(frozen=True)
class Conflict:
    """Wishes that cannot all be kept: the `least` ones come to `missing` more than the `most` ones leave.

    `at` is the node where they meet. `gap` is what must give way there with all wishes counted, those too that are not
    needed for the conflict: at least `missing`.
    """

    at: str
    wishes: tuple[Wished, ...]
    missing: int
    gap: int

    def side(self, least: bool) -> tuple[Wished, ...]:
        """The wishes that push up (`least`), or hold down."""
        return tuple(one for one in self.wishes if one.least == least)


def find_conflicts(tree: Tree, bounds: Bounds) -> tuple[Conflict, ...]:
    """Conflicts that share no wish, the fewest wishes first, at most `MOST_TOLD`; empty where all can be kept."""
    found: list[Conflict] = []
    while len(found) < MOST_TOLD and (one := _fewest(tree, bounds)) is not None:
        found.append(one)
        bounds = without(tree, bounds, {(wish.node, wish.kind) for wish in one.wishes})
    return tuple(found)


def without(tree: Tree, bounds: Bounds, wishes: set[tuple[str, str]]) -> Bounds:
    """The bounds that are left when wishes (node, kind) are given up."""
    free_below = np.array([pair in wishes for pair in zip(tree.ids, bounds.lower_by, strict=True)])
    free_above = np.array([pair in wishes for pair in zip(tree.ids, bounds.upper_by, strict=True)])
    return replace(
        bounds,
        lower=np.where(free_below, 0, bounds.lower),
        upper=np.where(free_above, MOST, bounds.upper),
        lower_by=tuple("" if free else by for free, by in zip(free_below, bounds.lower_by, strict=True)),
        upper_by=tuple("" if free else by for free, by in zip(free_above, bounds.upper_by, strict=True)),
    )


def reach(tree: Tree, bounds: Bounds) -> tuple[Wholes, Wholes]:
    """The least and the most that each node can come to, all wishes below it and its own counted; `MOST`: no end."""
    return _reach(tree, bounds)[:2]


def _reach(tree: Tree, bounds: Bounds) -> tuple[Wholes, Wholes, Wholes, Wholes]:
    low, high = bounds.lower.astype(float), bounds.upper.astype(float)
    low_sum, high_sum = np.zeros(tree.teams), np.zeros(tree.teams)
    ends = [(tree.teams, len(tree.ids)), *reversed(tree.levels)]
    for begin, end in ends:
        if begin < tree.teams:
            low[begin:end] = np.maximum(low[begin:end], low_sum[begin:end])
            high[begin:end] = np.minimum(high[begin:end], np.minimum(high_sum[begin:end], float(MOST)))
        if begin:
            low_sum += np.bincount(tree.parent[begin:end], low[begin:end], tree.teams)[: tree.teams]
            high_sum += np.bincount(tree.parent[begin:end], high[begin:end], tree.teams)[: tree.teams]
    return tuple(np.asarray(np.minimum(part, float(MOST)), np.int64) for part in (low, high, low_sum, high_sum))  # type: ignore[return-value]


def _fewest(tree: Tree, bounds: Bounds) -> Conflict | None:
    """The conflict of the fewest wishes among those of the nodes where sums and bounds disagree."""
    low, high, low_sum, high_sum = _reach(tree, bounds)
    wrong = np.flatnonzero(low > high)
    best: tuple[int, list[int], list[int], int] | None = None
    for node in wrong[np.argsort(-tree.depth[wrong], kind="stable")][:MOST_LOOKED]:
        own_low, own_high = int(bounds.lower[node]), int(bounds.upper[node])
        found: list[tuple[list[int], list[int], int]] = []
        if own_low > own_high:
            found.append(([node], [node], own_low - own_high))
        elif node < tree.teams:
            if int(low_sum[node]) > own_high:
                pushing = _fewest_pushing(tree, bounds, node, low, low_sum)
                found.append((pushing, [node], int(low_sum[node]) - own_high))
            if own_low > int(high_sum[node]):
                holding = _fewest_holding(tree, bounds, node, high, high_sum)
                found.append(([node], holding, own_low - int(high_sum[node])))
        for pushing, holding, gap in found:
            if best is None or len(pushing) + len(holding) < len(best[1]) + len(best[2]):
                best = int(node), pushing, holding, gap
    if best is None:
        return None
    node, pushing, holding, gap = best
    wishes = [Wished(bounds.lower_by[one], tree.ids[one], True, int(bounds.lower[one])) for one in pushing]
    wishes += [Wished(bounds.upper_by[one], tree.ids[one], False, int(bounds.upper[one])) for one in holding]
    missing = sum(one.amount if one.least else -one.amount for one in wishes)
    return Conflict(tree.ids[node], tuple(wishes), missing, max(gap, missing))


def _kids(tree: Tree, node: int) -> list[int]:
    return [] if node >= tree.teams else [int(one) for one in tree.children[tree.first[node] : tree.first[node + 1]]]


def _fewest_pushing(tree: Tree, bounds: Bounds, node: int, low: Wholes, low_sum: Wholes) -> list[int]:
    """The fewest least-wishes below a node that come to more than it may have: the largest first.

    Tried with what each team asks for itself, and with what those below it ask for in sum.
    """
    tries: list[list[int]] = []
    for own_first in (True, False):
        stack, frontier = _kids(tree, node), []
        while stack:
            one = stack.pop()
            own = int(bounds.lower[one])
            enough = own >= (int(low_sum[one]) if one < tree.teams else 0)
            if own > 0 and (own_first or enough):
                frontier.append(one)
            else:
                stack.extend(kid for kid in _kids(tree, one) if low[kid] > 0)
        frontier.sort(key=lambda one: (-int(bounds.lower[one]), one))
        sums = np.cumsum([int(bounds.lower[one]) for one in frontier])
        count = int(np.searchsorted(sums, int(bounds.upper[node]), side="right")) + 1
        if count <= len(frontier):
            tries.append(frontier[:count])
    return min(tries, key=len)


def _fewest_holding(tree: Tree, bounds: Bounds, node: int, high: Wholes, high_sum: Wholes) -> list[int]:
    """Few most-wishes that cover all below a node and leave it less than it must have.

    From the cover with the least sum, a team's own wish takes the place of those below it while the conflict stays.
    """
    slack = int(bounds.lower[node]) - int(high_sum[node]) - 1
    cover: list[int] = []
    stack = _kids(tree, node)
    people = tree.sums(np.ones(tree.sellers, np.int64))
    while stack:
        one = stack.pop()
        if not people[one]:
            continue
        if one >= tree.teams or bounds.upper[one] <= high_sum[one]:
            cover.append(one)
            continue
        loose = int(bounds.upper[one]) - int(high[one])
        if bounds.upper[one] < MOST and loose <= slack and len(_kids(tree, one)) > 1:
            slack -= loose
            cover.append(one)
        else:
            stack.extend(_kids(tree, one))
    return sorted(cover)
