"""How is a total poured into a tree so that all stand at one level, as far as bounds allow?

Each seller's amount rises with a common level; a team's is the sum of its sellers', held within the team's bounds.
The level at which the company's sum is the total solves the convex problem "least deviation from the common level
under bounds on a tree" exactly: where a team is held, its own level differs from that of the rest (the conditions of
Karush, Kuhn and Tucker for nested allocations; Hochbaum 1994). Sought in whole units by halving, all held teams at
once, so sums are exact without any rounding afterwards, and a larger total never lowers anybody's share (rounding by
the largest remainder can; Balinski and Young 1982).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.tree import Tree

HALVINGS = 60
DOUBLINGS = 200
Response = Callable[[Floats], Floats]
"""What each seller is asked for at a level [sellers] -> [sellers]: 0 at level 0, never falling, without limit."""


@dataclass(frozen=True)
class Filled:
    """Whole `amounts` and the `level` of each seller; `head` is the node whose bound set the level (0: nobody's)."""

    amounts: Wholes
    level: Floats
    head: Wholes


@dataclass(frozen=True)
class Pool:
    """A tree with bounds by node, in whole minor units, and the sellers' response to a level."""

    tree: Tree
    lower: Wholes
    upper: Wholes
    response: Response
    unit: int = 1

    def at(self, level: Floats) -> Wholes:
        """Each seller's amount at a level, rounded to the unit and held within the seller's bounds."""
        teams = self.tree.teams
        wanted = np.rint(np.minimum(self.response(level) / self.unit, 2.0**60)) * self.unit
        return np.asarray(np.clip(wanted, self.lower[teams:].astype(float), self.upper[teams:].astype(float)), np.int64)

    def rolled(self, of_sellers: Wholes, fixed: Wholes) -> tuple[Wholes, Wholes]:
        """Each node's amount as its parent sees it (held within bounds, or `fixed` where not below 0), and unheld."""
        tree = self.tree
        held, raw = np.zeros(len(tree.ids)), np.zeros(len(tree.ids))
        held[tree.teams :] = raw[tree.teams :] = of_sellers
        raw[: tree.teams] = np.bincount(tree.parent[tree.teams :], of_sellers, tree.teams)[: tree.teams]
        for begin, end in reversed(tree.levels):
            part = np.clip(raw[begin:end], self.lower[begin:end], self.upper[begin:end])
            held[begin:end] = np.where(fixed[begin:end] >= 0, fixed[begin:end], part)
            if begin:
                raw[: tree.teams] += np.bincount(tree.parent[begin:end], held[begin:end], tree.teams)[: tree.teams]
        return held.astype(np.int64), raw.astype(np.int64)


def fill(pool: Pool, total: int) -> Filled:
    """Shares a total that the bounds allow (`conflicts.find_conflicts` says whether they do)."""
    tree = pool.tree
    fixed = np.full(len(tree.ids), -1, np.int64)
    fixed[0] = total
    level_of = np.zeros(len(tree.ids))
    amounts = np.zeros(len(tree.ids), np.int64)
    heads = np.array([0])
    head_of = np.zeros(len(tree.ids), np.int64)
    is_head = np.zeros(len(tree.ids), bool)
    while len(heads):
        low, high = _levels(pool, heads, head_of, level_of, fixed)
        at_low, under = pool.rolled(pool.at(low[head_of][tree.teams :]), fixed)
        at_high, over = pool.rolled(pool.at(high[head_of][tree.teams :]), fixed)
        level_of[heads] = high[heads]
        heads = _hand_down(tree, heads, fixed, amounts, (at_low, under), (at_high, over))
        is_head[heads] = True
        head_of[heads] = heads
        for begin, end in tree.levels[1:]:
            above = head_of[tree.parent[begin:end]]
            head_of[begin:end] = np.where(is_head[begin:end], head_of[begin:end], above)
        head_of[tree.teams :] = head_of[tree.parent[tree.teams :]]
    return Filled(amounts[tree.teams :], level_of[head_of][tree.teams :], head_of[tree.teams :])


def poured(pool: Pool, level: float) -> int:
    """What the company's sum comes to at a level."""
    none = np.full(len(pool.tree.ids), -1, np.int64)
    held, _ = pool.rolled(pool.at(np.full(pool.tree.sellers, level)), none)
    return int(held[0])


def _levels(pool: Pool, heads: Wholes, head_of: Wholes, level_of: Floats, fixed: Wholes) -> tuple[Floats, Floats]:
    """The two neighbouring levels between which each head's total lies; those of other nodes stay."""

    def reached(level: Floats) -> Wholes:
        return pool.rolled(pool.at(level[head_of][pool.tree.teams :]), fixed)[1][heads]

    low, high = level_of.copy(), level_of.copy()
    low[heads], high[heads] = 0.0, 1.0
    wanted = fixed[heads]
    for _ in range(DOUBLINGS):
        short = reached(high) < wanted
        if not short.any():
            break
        low[heads] = np.where(short, high[heads], low[heads])
        high[heads] = np.where(short, high[heads] * 2, high[heads])
    for _ in range(HALVINGS):
        middle = level_of.copy()
        middle[heads] = (low[heads] + high[heads]) / 2
        short = reached(middle) < wanted
        low[heads] = np.where(short, middle[heads], low[heads])
        high[heads] = np.where(short, high[heads], middle[heads])
    return low, high


def _hand_down(
    tree: Tree,
    heads: Wholes,
    fixed: Wholes,
    amounts: Wholes,
    at_low: tuple[Wholes, Wholes],
    at_high: tuple[Wholes, Wholes],
) -> Wholes:
    """From each head's total to its children's, down to the sellers; teams that are held become the next heads."""
    amounts[heads] = fixed[heads]
    reached = np.zeros(len(tree.ids), bool)
    reached[heads] = True
    held: list[int] = []
    for begin, end in tree.levels:
        nodes = np.arange(begin, end)
        nodes = nodes[reached[nodes]]
        outside = (amounts[nodes] < at_low[1][nodes]) | (amounts[nodes] > at_high[1][nodes])
        for node in nodes[outside]:
            fixed[node] = amounts[node]
            held.append(int(node))
        reached[nodes[outside]] = False
        kids = tree.children[tree.first[begin] : tree.first[end]]
        kids = kids[reached[tree.parent[kids]]]
        if not len(kids):
            continue
        up = tree.parent[kids]
        room = at_high[0][kids] - at_low[0][kids]
        before = np.cumsum(room) - room
        start = np.flatnonzero(np.r_[True, up[1:] != up[:-1]])
        before = before - np.repeat(before[start], np.diff(np.r_[start, len(kids)]))
        amounts[kids] = at_low[0][kids] + np.clip(amounts[up] - at_low[1][up] - before, 0, room)
        reached[kids] = True
    return np.array(sorted(held), np.int64)
