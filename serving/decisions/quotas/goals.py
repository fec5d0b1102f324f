"""Which goals stand beside revenue? New customers won and customers kept, each with the chance to make it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from serving.decisions.quotas.attainment import HALF, Outlook, look_out
from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.proposing import QuotaPlan, propose
from serving.decisions.quotas.question import BadQuestion, QuotaQuestion, Wish
from serving.decisions.quotas.words import Pair, percent, say
from serving.language import Language

FEWEST = 10
"""Customers up for renewal below which a share kept is luck: the goal is the team's."""
NEW: Pair = ("{0} new customers; made in {1} of 100 cases.", "新增客户 {0} 家，达成把握约 {1}%。")
KEPT: Pair = (
    "Keep {0} of {1} customers ({2}); made in {3} of 100 cases.", "{1} 家客户中保留 {0} 家（{2}），达成把握约 {3}%。",
)  # fmt: skip
TOO_FEW: Pair = (
    "{0} customers are too few to judge one person by; the goal is the team's.",
    "仅 {0} 家客户，不足以考核个人，目标归团队。",
)


@dataclass(frozen=True)
class Retention:
    """Goals of keeping, by node of the `outlook`'s tree: keep `goals` of `customers`, made with `chances`.

    Where `own` is False there are too few customers for a goal of one's own.
    """

    outlook: Outlook
    customers: Wholes
    goals: Wholes
    chances: Floats
    own: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"


def new_customers(question: QuotaQuestion, counts: Floats, target: int | None = None, chance: float = 0.6) -> QuotaPlan:
    """A plan in customers instead of money: `counts` [draws, sellers] of new customers each would win.

    The tree, ramp, presence and moves of the question hold; its bounds of money do not.
    """
    sellers = [replace(one, floor=None, ceiling=None, locked=None, contract=None, last_quota=None, last_result=None)
               for one in question.sellers]  # fmt: skip
    teams = [replace(one, least=None, most=None, locked=None, least_chance=None) for one in question.teams]
    wish = Wish(target=target, chance=chance)
    return propose(QuotaQuestion(question.period, "", teams, sellers, counts, wish))


def retention(question: QuotaQuestion, kept: Floats, customers: Sequence[int], chance: float = 0.6) -> Retention:
    """`kept` [draws, sellers] are counts of customers kept, of the `customers` [sellers] that may leave in the period.

    Each node's goal is the most it keeps with at least the stated chance, so a team's is no sum: what one loses
    another may keep, and the team can be asked for more than its people alone. Whole customers; who is there only in
    part has fewer customers, not a lower share.
    """
    if len(customers) != len(question.sellers) or any(one < 0 for one in customers):
        raise BadQuestion("customers", f"{len(customers)} counts", "give one for each seller, 0 or more")
    if not 0 < chance < 1:
        raise BadQuestion("chance", f"{chance} is no chance", "give a number between 0 and 1, such as 0.6")
    plain = [replace(one, ramp=1.0, present=1.0) for one in question.sellers]
    outlook = look_out(replace(question, sellers=plain, totals=kept, moves=()))
    rising = np.concatenate([outlook.teams_sorted, outlook.sorted])
    of = outlook.tree.sums(np.asarray(customers, np.int64)[outlook.tree.order])
    row = rising.shape[1] - int(np.ceil(chance * rising.shape[1] - 1e-9))
    goals = np.clip(np.floor(rising[:, row] + HALF), 0, of).astype(np.int64)
    return Retention(outlook, of, goals, outlook.chances(goals), of >= FEWEST)


def told_new(plan: QuotaPlan, node: str, language: Language) -> str:
    """A goal of new customers in words."""
    at = plan.node(node)
    return say(NEW, language, int(plan.amounts[at]), f"{plan.chances[at] * 100:.0f}")


def told_kept(goals: Retention, node: str, language: Language) -> str:
    """A goal of keeping in words."""
    at = goals.outlook.tree.ids.index(node)
    of = int(goals.customers[at])
    if not goals.own[at]:
        return say(TOO_FEW, language, of)
    share = percent(goals.goals[at] / of, language)
    return say(KEPT, language, int(goals.goals[at]), of, share, f"{goals.chances[at] * 100:.0f}")
