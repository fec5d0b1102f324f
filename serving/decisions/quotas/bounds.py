"""Between which amounts may each number lie, and whose wish is it?

Per node only the tightest wish on either side counts. A locked row stays as it is, whatever else was wished for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from serving.decisions.quotas.attainment import Outlook, amount_at, amount_beyond
from serving.decisions.quotas.money import MOST, Floats, Wholes
from serving.decisions.quotas.question import BadQuestion, Contract, QuotaQuestion

KINDS = (
    "target", "team_least", "team_most", "team_locked", "team_chance", "floor", "ceiling", "locked", "contract",
    "change_least", "change_most", "chance_least", "chance_most", "absent",
)  # fmt: skip
"""Kinds of wishes: what `conflict_words` and `reasons` have words for."""


@dataclass(frozen=True)
class Bounds:
    """Whole amounts by node and the kind of wish behind each ("" for none: 0 below, `MOST` above)."""

    lower: Wholes
    upper: Wholes
    lower_by: tuple[str, ...]
    upper_by: tuple[str, ...]


class _Tightest:
    """Collects wishes, keeps the tightest."""

    def __init__(self, nodes: int) -> None:
        self.lower, self.upper = np.zeros(nodes, np.int64), np.full(nodes, MOST, np.int64)
        self.lower_by, self.upper_by = [""] * nodes, [""] * nodes

    def least(self, node: int, amount: int | None, kind: str) -> None:
        if amount is not None and amount > self.lower[node]:
            self.lower[node], self.lower_by[node] = amount, kind

    def most(self, node: int, amount: int | None, kind: str) -> None:
        if amount is not None and amount < self.upper[node]:
            self.upper[node], self.upper_by[node] = max(amount, 0), kind

    def exactly(self, node: int, amount: int, kind: str) -> None:
        self.lower[node] = self.upper[node] = amount
        self.lower_by[node] = self.upper_by[node] = kind

    def done(self) -> Bounds:
        return Bounds(self.lower, self.upper, tuple(self.lower_by), tuple(self.upper_by))


def bounds_of(question: QuotaQuestion, outlook: Outlook, assigned: int | None) -> Bounds:
    """All wishes as bounds; `assigned` is what the sellers carry in sum, None where that is open.

    Raises BadQuestion for a wish that makes no sense by itself.
    """
    check_wishes(question)
    tree = outlook.tree
    found = _Tightest(len(tree.ids))
    _of_sellers(found, question, outlook)
    teams = {team.id: team for team in question.teams}
    for node in range(tree.teams):
        team = teams[tree.ids[node]]
        if team.locked is not None:
            found.exactly(node, team.locked, "team_locked")
            continue
        found.least(node, team.least, "team_least")
        found.most(node, team.most, "team_most")
        if team.least_chance is not None:
            sure = float(amount_at(outlook.teams_sorted[node : node + 1], team.least_chance)[0])
            found.most(node, floor(max(sure, 0.0)), "team_chance")
    if assigned is not None:
        found.least(0, assigned, "target")
        found.most(0, assigned, "target")
        if assigned == 0:
            found.lower_by[0] = "target"
    return found.done()


def agreed(contract: Contract, sure: float) -> int:
    """What a contracted territory answers for: its amount, else what is sure enough, in whole steps above the floor."""
    wanted = sure if contract.amount is None else contract.amount
    steps = max(wanted - contract.floor, 0) / contract.step
    return contract.floor + contract.step * (floor(steps) if contract.amount is None else floor(steps + 0.5))


def _of_sellers(found: _Tightest, question: QuotaQuestion, outlook: Outlook) -> None:
    tree, wish = outlook.tree, question.wish
    sure = amount_at(outlook.sorted, wish.chance)
    hard = _rounded(wish.chances[0], outlook.sorted, wish.unit)
    easy = None if wish.chances[1] is None else amount_beyond(outlook.sorted, wish.chances[1])
    for leaf, row in enumerate(tree.order):
        seller, node = question.sellers[row], tree.teams + leaf
        if seller.locked is not None:
            found.exactly(node, seller.locked, "locked")
            continue
        if seller.contract is not None:
            found.exactly(node, agreed(seller.contract, float(sure[leaf])), "contract")
            continue
        if seller.present * seller.ramp <= 0:
            found.most(node, 0, "absent")
        found.least(node, seller.floor, "floor")
        found.most(node, seller.ceiling, "ceiling")
        if wish.most_change is not None and seller.last_quota is not None:
            least, most = _near(seller.last_quota * seller.present, wish.most_change, wish.unit)
            found.least(node, least, "change_least")
            found.most(node, most, "change_most")
        if hard is not None:
            found.most(node, int(hard[leaf]), "chance_least")
        if easy is not None and wish.chances[1] is not None and wish.chances[1] < 1 and easy[leaf] >= 0:
            found.least(node, floor(easy[leaf]) + 1, "chance_most")


def _near(last: float, change: float, unit: int) -> tuple[int, int]:
    """The range around a last quota, in whole units where it holds any."""
    low, high = last * (1 - change) - 1e-6, last * (1 + change) + 1e-6
    least, most = max(ceil(low / unit), 0) * unit, floor(high / unit) * unit
    return (least, most) if least <= most else (max(ceil(low), 0), floor(high))


def _rounded(chance: float | None, rising: Floats, unit: int) -> Floats | None:
    """The most that is reached with a chance, down to the unit."""
    if chance is None or chance <= 0:
        return None
    return np.asarray(np.floor(np.maximum(amount_at(rising, chance), 0) / unit) * unit)


def check_wishes(question: QuotaQuestion) -> None:
    """Raises BadQuestion."""
    wish = question.wish
    shares: Sequence[tuple[str, float | None]] = (
        ("chance", wish.chance), ("stretch_chance", wish.stretch_chance), ("challenge_chance", wish.challenge_chance),
        ("company_chance", wish.company_chance),
        *((f"least_chance of {one.id}", one.least_chance) for one in question.teams),
    )  # fmt: skip
    for name, value in shares:
        if value is not None and not 0 < value < 1:
            raise BadQuestion(name, f"{value} is no chance", "give a number between 0 and 1, such as 0.6")
    least, most = wish.chances
    if not 0 <= (least or 0) <= (1 if most is None else most) <= 1:
        raise BadQuestion(
            "chances", f"{least} to {most} is no range of chances", "give least and most, between 0 and 1"
        )
    if wish.most_change is not None and not wish.most_change >= 0:
        raise BadQuestion("most_change", f"{wish.most_change} is below 0", "give a share, such as 0.2")
    if wish.most_over < 0 or wish.unit < 1:
        raise BadQuestion(
            "most_over, unit", f"{wish.most_over}, {wish.unit}", "give a share of 0 or more, a unit of 1 or more"
        )
    amounts = [("target", wish.target)]
    for team in question.teams:
        amounts += [(f"a bound of {team.id}", one) for one in (team.least, team.most, team.locked)]
    for one in question.sellers:
        amounts += [(f"an amount of {one.id}", each) for each in (one.floor, one.ceiling, one.locked, one.last_quota)]
        if one.contract is not None:
            amounts += [(f"the contract of {one.id}", each) for each in (one.contract.floor, one.contract.amount)]
            if one.contract.step < 1:
                raise BadQuestion(
                    f"the contract of {one.id}", f"a step of {one.contract.step}", "give a step of 1 or more"
                )
    for name, amount in amounts:
        if amount is not None and not 0 <= amount < MOST // 4:
            raise BadQuestion(name, f"{amount} is no quota", "give minor units, 0 or more")
