"""What moves the number most? Each wish changed a little or given up, and whose bookings the outcome hangs on."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from serving.decisions.quotas.money import Floats
from serving.decisions.quotas.proposing import QuotaPlan, WishesConflict, propose
from serving.decisions.quotas.question import QuotaQuestion, Wish
from serving.decisions.quotas.words import Pair, money, names, say
from serving.language import Language

NUDGE = 0.05
"""A target is moved by this share, a chance by so many points."""
MOST_ROWS = 10
"""Teams' bounds and locked rows that are tried, the largest first."""
Change = Literal[
    "target_up", "target_down", "chance_up", "chance_down", "no_change_limit", "no_chance_limits",
    "no_over_assignment", "no_team_bound", "unlocked", "no_contract", "no_floors", "no_ceilings",
]  # fmt: skip
WORDS: dict[Change, Pair] = {
    "target_up": ("A target 5 % higher", "目标提高 5%"),
    "target_down": ("A target 5 % lower", "目标降低 5%"),
    "chance_up": ("A chance 5 points higher", "达成概率提高 5 个百分点"),
    "chance_down": ("A chance 5 points lower", "达成概率降低 5 个百分点"),
    "no_change_limit": ("No limit on the change from last period", "取消调整幅度限制"),
    "no_chance_limits": ("No limits on anybody's chance", "取消个人达成概率限制"),
    "no_over_assignment": ("No over-assignment", "取消超额分配"),
    "no_team_bound": ("No bound on {0}", "取消{0}的团队限制"),
    "unlocked": ("{0} unlocked", "解锁{0}"),
    "no_contract": ("No contract with {0}", "取消{0}的包干"),
    "no_floors": ("No floors", "取消保底"),
    "no_ceilings": ("No ceilings", "取消上限"),
}
EFFECT: Pair = (
    "{0}: the sum becomes {1} ({2}), the typical seller's chance {3} instead of {4}; {5} of {6} quotas move, at most "
    "by {7}.",
    "{0}：合计变为 {1}（{2}），一般销售的达成把握由 {4}% 变为 {3}%；{6} 个定额中 {5} 个变动，最多 {7}。",
)
IMPOSSIBLE: Pair = ("{0}: then not all wishes can be kept.", "{0}：则其余要求无法同时满足。")


@dataclass(frozen=True)
class Effect:
    """A wish changed. `sum_after`, `sum_change` and `largest` (change of a quota) are in minor units.

    `chance` is the median seller's afterwards, `moved` counts quotas that change. `possible` is False where the rest
    cannot be kept then.
    """

    change: Change
    node: str
    possible: bool
    sum_after: int
    sum_change: int
    chance_before: float
    chance: float
    moved: int
    largest: int


@dataclass(frozen=True)
class Hanging:
    """How much of the uncertainty of the company's total comes from a node: `share` of the variance (they add up to 1
    over the children of any node, where that node's own counts as 1)."""

    node: str
    share: float


def effects(plan: QuotaPlan) -> tuple[Effect, ...]:
    """Every change tried, that which moves the median seller's chance and the quotas most first."""
    found = [_effect(plan, change, node, question) for change, node, question in _changes(plan)]
    return tuple(
        sorted(found, key=lambda one: (-abs(one.chance - one.chance_before), -one.largest, one.change, one.node))
    )


def hanging(plan: QuotaPlan) -> tuple[Hanging, ...]:
    """Teams and sellers by what they contribute to the variance of the company's total: their covariance with it."""
    outlook = plan.outlook
    company = outlook.teams[0] - outlook.teams[0].mean()
    variance = float(company @ company)
    if variance <= 0:
        return tuple(Hanging(node, 0.0) for node in plan.ids)
    rows: Floats = np.concatenate([outlook.teams @ company, outlook.draws @ company]) / variance
    order = sorted(range(len(plan.ids)), key=lambda node: (-rows[node], plan.ids[node]))
    return tuple(Hanging(plan.ids[node], float(rows[node])) for node in order)


def told(effect: Effect, plan: QuotaPlan, language: Language) -> str:
    """One change and what it does, in words."""
    whom = names([effect.node], plan.question, language) if effect.node else ""
    what = say(WORDS[effect.change], language, whom)
    if not effect.possible:
        return say(IMPOSSIBLE, language, what)
    currency = plan.question.currency
    signed = f"{'+' if effect.sum_change > 0 else ''}{money(effect.sum_change, currency, language)}"
    return say(
        EFFECT, language, what, money(effect.sum_after, currency, language), signed,
        f"{effect.chance * 100:.0f}{'' if language == 'zh' else ' %'}",
        f"{effect.chance_before * 100:.0f}{'' if language == 'zh' else ' %'}",
        effect.moved, plan.outlook.tree.sellers, money(effect.largest, currency, language),
    )  # fmt: skip


def _effect(plan: QuotaPlan, change: Change, node: str, question: QuotaQuestion) -> Effect:
    teams = plan.outlook.tree.teams
    before = float(np.median(plan.chances[teams:]))
    try:
        other = propose(question, plan.outlook)
    except WishesConflict:
        return Effect(change, node, False, int(plan.amounts[0]), 0, before, before, 0, 0)
    moved = np.abs(other.of_sellers - plan.of_sellers)
    return Effect(
        change=change,
        node=node,
        possible=True,
        sum_after=int(other.amounts[0]),
        sum_change=int(other.amounts[0] - plan.amounts[0]),
        chance_before=before,
        chance=float(np.median(other.chances[teams:])),
        moved=int((moved > 0).sum()),
        largest=int(moved.max()),
    )


def _changes(plan: QuotaPlan) -> list[tuple[Change, str, QuotaQuestion]]:
    question, wish = plan.question, plan.question.wish
    found: list[tuple[Change, str, QuotaQuestion]] = []

    def wished(change: Change, other: Wish) -> None:
        found.append((change, "", replace(question, wish=other)))

    if wish.target is None:
        wished("chance_up", replace(wish, chance=min(wish.chance + NUDGE, 0.99)))
        wished("chance_down", replace(wish, chance=max(wish.chance - NUDGE, 0.01)))
    else:
        wished("target_up", replace(wish, target=round(wish.target * (1 + NUDGE))))
        wished("target_down", replace(wish, target=round(wish.target * (1 - NUDGE))))
        if plan.over is not None and plan.over.amount:
            wished("no_over_assignment", replace(wish, company_chance=None))
    if wish.most_change is not None:
        wished("no_change_limit", replace(wish, most_change=None))
    if wish.chances != (None, None):
        wished("no_chance_limits", replace(wish, chances=(None, None)))
    people = question.sellers
    if any(one.floor for one in people):
        found.append(("no_floors", "", replace(question, sellers=[replace(one, floor=None) for one in people])))
    if any(one.ceiling is not None for one in people):
        found.append(("no_ceilings", "", replace(question, sellers=[replace(one, ceiling=None) for one in people])))
    return found + _rows(plan)


def _rows(plan: QuotaPlan) -> list[tuple[Change, str, QuotaQuestion]]:
    question = plan.question
    found: list[tuple[Change, str, QuotaQuestion]] = []
    bound = [one for one in question.teams if (one.least, one.most, one.locked, one.least_chance) != (None,) * 4]
    for team in sorted(bound, key=lambda one: (-plan.amount(one.id), one.id))[:MOST_ROWS]:
        free = replace(team, least=None, most=None, locked=None, least_chance=None)
        teams = [free if one.id == team.id else one for one in question.teams]
        found.append(("no_team_bound", team.id, replace(question, teams=teams)))
    fixed = [one for one in question.sellers if one.locked is not None or one.contract is not None]
    for seller in sorted(fixed, key=lambda one: (-plan.amount(one.id), one.id))[:MOST_ROWS]:
        loose = replace(seller, locked=None, contract=None)
        sellers = [loose if one.id == seller.id else one for one in question.sellers]
        change: Change = "no_contract" if seller.locked is None else "unlocked"
        if any(one.contract for one in sellers) or question.wish.policy != "contracted":
            found.append((change, seller.id, replace(question, sellers=sellers)))
    return found
