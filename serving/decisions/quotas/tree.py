"""Who stands above whom, and what does each number add up to?

Nodes are numbered: teams by depth and id, then sellers by id. Whatever the order of a question's rows, the tree is the
same, and so is the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.question import BadQuestion, Seller, Team


@dataclass(frozen=True)
class Tree:
    """`ids`, `parent` and `depth` by node; the first is the company. `teams` is how many nodes are teams.

    `order[k]` is the row in the question of the k-th seller of the tree. `children` lists nodes by their parent:
    those of node v are children[first[v]:first[v + 1]].
    """

    ids: tuple[str, ...]
    parent: Wholes
    depth: Wholes
    teams: int
    order: Wholes
    children: Wholes
    first: Wholes
    levels: tuple[tuple[int, int], ...]
    """Per depth of teams: the first and the last-but-one node number."""

    @property
    def sellers(self) -> int:
        """How many leaves there are."""
        return len(self.ids) - self.teams

    def sums(self, of_sellers: Wholes) -> Wholes:
        """Whole amounts of sellers [sellers] added up at every node [nodes]."""
        found = np.zeros(len(self.ids), np.int64)
        found[self.teams :] = of_sellers
        np.add.at(found, self.parent[self.teams :], of_sellers)
        for begin, end in reversed(self.levels[1:]):
            np.add.at(found, self.parent[begin:end], found[begin:end])
        return found

    def draws_of_teams(self, draws: Floats) -> Floats:
        """Draws of sellers [sellers, draws] added up at every team [teams, draws]."""
        found = np.zeros((self.teams, draws.shape[1]))
        for row, up in enumerate(self.parent[self.teams :]):
            found[up] += draws[row]
        for begin, end in reversed(self.levels[1:]):
            for node in range(begin, end):
                found[self.parent[node]] += found[node]
        return found

    def below(self, node: int) -> Wholes:
        """The sellers under a node, as rows of sellers in the order of the tree."""
        inside = np.zeros(len(self.ids), bool)
        inside[node] = True
        for begin, end in self.levels[1:]:
            inside[begin:end] |= inside[self.parent[begin:end]]
        leaves = self.parent[self.teams :]
        return np.flatnonzero(inside[self.teams :] | inside[leaves])


def grow(teams: Sequence[Team], sellers: Sequence[Seller]) -> Tree:
    """The tree of a question. Raises BadQuestion where it is none."""
    parents = {team.id: team.parent for team in teams}
    _check(teams, sellers, parents)
    depth: dict[str, int] = {}
    for team in parents:
        way = [team]
        while (up := parents[way[-1]]) is not None and way[-1] not in depth:
            if up in way:
                raise BadQuestion("teams", f"{up} stands above itself", "give one of them another parent")
            way.append(up)
        for one in reversed(way):
            above = parents[one]
            depth[one] = 0 if above is None else depth[above] + 1
    names = sorted(parents, key=lambda one: (depth[one], one))
    number = {one: at for at, one in enumerate(names)}
    order = sorted(range(len(sellers)), key=lambda row: sellers[row].id)
    over = [-1 if (up := parents[one]) is None else number[up] for one in names]
    parent = np.array(over + [number[sellers[row].team] for row in order], np.int64)
    deep = np.array([depth[one] for one in names], np.int64)
    children = np.argsort(parent[1:], kind="stable") + 1
    first = np.searchsorted(parent[children], np.arange(len(parent) + 1))
    ends = [int(np.searchsorted(deep, level)) for level in range(int(deep.max()) + 2)]
    return Tree(
        ids=(*names, *(sellers[row].id for row in order)),
        parent=parent,
        depth=np.concatenate([deep, deep[parent[len(names) :]] + 1]),
        teams=len(names),
        order=np.array(order, np.int64),
        children=np.asarray(children, np.int64),
        first=np.asarray(first, np.int64),
        levels=tuple(pairwise(ends)),
    )


def _check(teams: Sequence[Team], sellers: Sequence[Seller], parents: dict[str, str | None]) -> None:
    if not sellers:
        raise BadQuestion("sellers", "there are none", "name at least one seller")
    roots = [team.id for team in teams if team.parent is None]
    if len(roots) != 1:
        raise BadQuestion(
            "teams", f"{len(roots)} of them have no parent", "exactly one is the company, all others below"
        )
    if len(parents) != len(teams):
        raise BadQuestion("teams", "an id stands there twice", "give every team an id of its own")
    if len({seller.id for seller in sellers}) != len(sellers):
        raise BadQuestion("sellers", "an id stands there twice", "give every seller an id of their own")
    if both := sorted(parents.keys() & {seller.id for seller in sellers}):
        raise BadQuestion("sellers", f"{both[0]} is also the id of a team", "give one of them another id")
    for team in teams:
        if team.parent is not None and team.parent not in parents:
            raise BadQuestion(
                "teams", f"{team.id} stands below {team.parent}, which is no team", "name a team of the list"
            )
    for seller in sellers:
        if seller.team not in parents:
            raise BadQuestion(
                "sellers", f"{seller.id} is in {seller.team}, which is no team", "name a team of the list"
            )
