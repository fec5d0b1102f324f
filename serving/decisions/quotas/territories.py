"""Which customers should change hands so that territories are alike in potential and workload? As a proposal only.

A mixed-integer program (HiGHS): each customer goes to one seller; deviations of potential and of workload from each
seller's fair share cost, and so do moves away from the owner and every region that a seller must travel besides. The
answer is the better of HiGHS' and of a search by single moves, and says how far from the best it can be.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.money import Wholes
from serving.decisions.quotas.territory_numbers import Sums, Territories, sums_of
from serving.decisions.quotas.territory_search import floor_of, left_out, searched, settled, solved
from serving.decisions.quotas.words import Pair, percent, say
from serving.language import Language

HERE: Pair = (
    "{0} of {1} customers change hands. Potential between sellers differs by {2} of a fair share at most, not {3}; "
    "workload by {4}, not {5}.",
    "{1} 家客户中 {0} 家换人负责。各销售的潜力与应得份额最多相差 {2}（原为 {3}），工作量最多相差 {4}（原为 {5}）。",
)
GAP: Pair = (
    " No split could score more than {0} better; {1} when time was up.", "距最优至多差 {0}，{1}。",
)  # fmt: skip
IN_TIME: Pair = ("it had been searched to the end", "已搜索完毕")
OUT_OF_TIME: Pair = ("the program was still being solved", "到时限时精确求解尚未完成")
MOVE: Pair = (
    "{0} goes from {1} to {2}: {1} has {3} of a fair share, {2} has {4} and is {5}.",
    "{0} 由 {1} 转给 {2}：{1} 现有应得份额的 {3}，{2} 为 {4}，{5}。",
)
AT_HOME: Pair = ("in the region already", "{0}已在该区域有客户")
NEXT_DOOR: Pair = ("next door", "{0}在相邻区域")
NOBODY: Pair = (
    "{0} had no owner and goes to {1}, who has {2} of a fair share.",
    "{0} 原无人负责，交给 {1}（现有应得份额的 {2}）。",
)


@dataclass(frozen=True)
class Handover:
    """One customer that changes hands; `near`: the new owner has customers in the region already."""

    customer: str
    giver: str | None
    taker: str
    near: bool


@dataclass(frozen=True)
class Division:
    """A proposal. `owners` by customer; `potential` and `workload` by seller, over the fair share, before and after.

    `score` is what was minimised, `bound` what no split can be below, `gap` the share between. `in_time`: HiGHS ended,
    at the best or at its limit of branches; else its answer is not used, for it would depend on the machine. `left`
    customers were too small to be looked at and stay.
    """

    owners: Mapping[str, str]
    handovers: tuple[Handover, ...]
    before: Mapping[str, tuple[float, float]]
    after: Mapping[str, tuple[float, float]]
    score: float
    bound: float
    in_time: bool
    left: int = 0

    @property
    def gap(self) -> float:
        """(score - bound) / score: 0 where nothing better exists."""
        return max(self.score - self.bound, 0.0) / self.score if self.score > 0 else 0.0


def divide(ask: Territories) -> Division:
    """The proposal for a question; the same for its rows in any order. Raises BadQuestion.

    The score is balance x (half the summed distance from fair shares, mean of potential and workload, plus half the
    largest relative one) + continuity x (share of potential that changes hands) + travel x (regions per seller).
    """
    sums = sums_of(ask)
    start = settled(sums)
    best = searched(sums, start)
    left = left_out(sums)
    found, bound, in_time = solved(sums, left)
    if found is not None and sums.hangs(found) and sums.score(found) < sums.score(best) - 1e-12:
        best = found
    bound = min(max(bound, floor_of(sums)), sums.score(best))
    return _division(sums, start, best, bound, in_time, int(left.sum()))


def told(found: Division, language: Language) -> str:
    """The proposal in two sentences."""
    worst = [
        max((abs(pair[k] - 1) for pair in side.values()), default=0.0)
        for k in (0, 1)
        for side in (found.after, found.before)
    ]
    shares = [percent(one, language) for one in worst]
    text = say(HERE, language, len(found.handovers), len(found.owners), *shares)
    ended = say(IN_TIME if found.in_time else OUT_OF_TIME, language)
    return text + say(GAP, language, percent(found.gap, language), ended)


def told_handover(one: Handover, found: Division, language: Language) -> str:
    """Why one customer changes hands."""
    taker = percent(found.before[one.taker][0], language)
    if one.giver is None:
        return say(NOBODY, language, one.customer, one.taker, taker)
    giver = percent(found.before[one.giver][0], language)
    where = say(AT_HOME if one.near else NEXT_DOOR, language, one.taker)
    return say(MOVE, language, one.customer, one.giver, one.taker, giver, taker, where)


def _division(sums: Sums, start: Wholes, best: Wholes, bound: float, in_time: bool, left: int) -> Division:
    home = {(int(region), int(owner)) for region, owner in zip(sums.region, sums.owner, strict=True) if owner >= 0}

    def shares(who: Wholes) -> dict[str, tuple[float, float]]:
        load = np.stack([np.bincount(who, sums.weight[:, k], len(sums.sellers)) for k in (0, 1)]) / sums.fair
        return {one: (float(load[0, at]), float(load[1, at])) for at, one in enumerate(sums.sellers)}

    given = [
        Handover(
            sums.ids[row],
            sums.sellers[sums.owner[row]] if sums.owner[row] >= 0 else None,
            sums.sellers[best[row]],
            (int(sums.region[row]), int(best[row])) in home,
        )
        for row in np.flatnonzero(best != sums.owner)
    ]
    owners = {one: sums.sellers[at] for one, at in zip(sums.ids, best, strict=True)}
    return Division(owners, tuple(given), shares(start), shares(best), sums.score(best), bound, in_time, left)
