"""Who gets which number? From joint draws and wishes to a plan that adds up, or to the wishes that cannot be kept."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.errors import ForesellError
from serving.decisions.quotas.attainment import Outlook, look_out
from serving.decisions.quotas.bounds import Bounds, bounds_of, check_wishes
from serving.decisions.quotas.conflict_words import in_words
from serving.decisions.quotas.conflicts import Conflict, find_conflicts
from serving.decisions.quotas.filling import Filled, Pool, fill, poured
from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.over_assignment import OverAssignment, over_assign
from serving.decisions.quotas.policies import level_of_chance, response_of
from serving.decisions.quotas.question import BadQuestion, QuotaQuestion
from serving.decisions.quotas.stepping import in_steps
from serving.decisions.quotas.tiers import Tier, tiers

MANY_LEVELS = 64


class WishesConflict(ForesellError):
    """`conflicts` says which; `conflict_words` says it in both languages."""

    problem = "No plan keeps all wishes. {0}"
    fix = "change one of the wishes. {1}"

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Conflicts that share no wish: each must be mended."""
        found: tuple[Conflict, ...] = self.args[2]
        return found


@dataclass(frozen=True)
class QuotaPlan:
    """Quotas of every node of `tree`, in minor units: `amounts` add up exactly from the sellers to the company.

    `chances` are those of each node to make its own number in the draws. `over` is the line between the company's
    target and what the sellers carry. `binds` says what set each seller's number (`reasons` puts it in words), `free`
    what it would be without bounds at the company's common level. `chance` is that level as a chance; None for a
    rule that does not go by chance.
    """

    question: QuotaQuestion
    outlook: Outlook
    bounds: Bounds
    amounts: Wholes
    chances: Floats
    target: int
    over: OverAssignment | None
    chance: float | None
    free: Wholes
    binds: tuple[str, ...]
    heads: Wholes
    tiers: tuple[Tier, Tier, Tier]

    @property
    def ids(self) -> tuple[str, ...]:
        """Teams by depth and id, then sellers by id; the first is the company."""
        return self.outlook.tree.ids

    @property
    def of_sellers(self) -> Wholes:
        """The sellers' quotas, in the order of the tree."""
        return self.amounts[self.outlook.tree.teams :]

    def node(self, node: str) -> int:
        """The number of a team or seller. Raises BadQuestion."""
        if node not in self._numbers:
            raise BadQuestion("node", f"{node} is not in the plan", "name a team or seller of it")
        return self._numbers[node]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {one: at for at, one in enumerate(self.ids)}

    def amount(self, node: str) -> int:
        """A team's or seller's quota."""
        return int(self.amounts[self.node(node)])


def propose(question: QuotaQuestion, outlook: Outlook | None = None) -> QuotaPlan:
    """A plan for a question; the same for the rows in any order.

    With `outlook` of an earlier plan on the same draws and people (`look_out`, `plan.outlook`) a what-if on wishes,
    bounds or locks takes a fraction of the time. Raises BadQuestion, StepsDoNotAddUp, or
    WishesConflict with the wishes to choose from.
    """
    check_wishes(question)
    if outlook is None or not outlook.fits(question):
        outlook = look_out(question)
    wish = question.wish
    response = response_of(question, outlook)
    over = None
    if wish.target is not None and wish.company_chance is not None:
        over = over_assign(outlook.teams_sorted[0], wish.target, wish.company_chance, wish.most_over, wish.unit)
    total = over.assigned if over else wish.target
    question = in_steps(question, outlook, total)
    bounds = bounds_of(question, outlook, total)
    if conflicts := find_conflicts(outlook.tree, bounds):
        raise WishesConflict(*in_words(conflicts, question, "en", over), conflicts)
    pool = Pool(outlook.tree, bounds.lower, bounds.upper, response, wish.unit)
    if total is None:
        level = level_of_chance(wish.chance) if _by_chance(question) else _level_made(pool, outlook, wish.chance)
        total = poured(pool, level)
    filled = fill(pool, total)
    return _plan(question, outlook, bounds, pool, filled, over)


def _plan(
    question: QuotaQuestion, outlook: Outlook, bounds: Bounds, pool: Pool, filled: Filled, over: OverAssignment | None
) -> QuotaPlan:
    tree, wish = outlook.tree, question.wish
    amounts = tree.sums(filled.amounts)
    company = _company_level(filled, pool, int(amounts[0]))
    free = np.asarray(np.rint(pool.response(np.full(tree.sellers, company)) / wish.unit) * wish.unit, np.int64)
    three = tiers(outlook, filled.amounts, wish.stretch_chance, wish.challenge_chance, wish.unit)
    return QuotaPlan(
        question=question,
        outlook=outlook,
        bounds=bounds,
        amounts=amounts,
        chances=three[0].chances,
        target=int(amounts[0]) if wish.target is None else wish.target,
        over=over,
        chance=min(max(level_of_chance(company), 0.0), 1.0) if _by_chance(question) else None,
        free=free,
        binds=_binds(outlook, bounds, filled, pool),
        heads=filled.head,
        tiers=three,
    )


def _by_chance(question: QuotaQuestion) -> bool:
    return question.wish.policy in ("equal-chance", "contracted")


def _level_made(pool: Pool, outlook: Outlook, chance: float) -> float:
    """Bottom-up by weights: the level at which the company itself makes the sum with the stated chance."""
    wanted = float(np.quantile(outlook.teams_sorted[0], 1 - chance))
    low, high = 0.0, 1.0
    while poured(pool, high) < wanted and high < 2.0**MANY_LEVELS:
        low, high = high, high * 2
    for _ in range(MANY_LEVELS):
        middle = (low + high) / 2
        low, high = (middle, high) if poured(pool, middle) < wanted else (low, middle)
    return high


def _company_level(filled: Filled, pool: Pool, total: int) -> float:
    """The level of those who are under no team's bound; where all are, the level that would give the total."""
    free = np.flatnonzero(filled.head == 0)
    if len(free):
        return float(filled.level[free[0]])
    everyone = np.zeros(len(pool.tree.ids), np.int64)
    alone = Pool(pool.tree, everyone, np.full(len(everyone), 2**53, np.int64), pool.response, pool.unit)
    return float(fill(alone, total).level[0])


def _binds(outlook: Outlook, bounds: Bounds, filled: Filled, pool: Pool) -> tuple[str, ...]:
    """The kind of wish that set each seller's number: "" for the rule alone."""
    tree = outlook.tree
    wanted = np.rint(pool.response(filled.level) / pool.unit) * pool.unit
    sums = tree.sums(filled.amounts)
    found = []
    for leaf, amount in enumerate(filled.amounts):
        node, head = tree.teams + leaf, int(filled.head[leaf])
        if bounds.lower[node] == bounds.upper[node]:
            found.append(bounds.lower_by[node] or bounds.upper_by[node])
        elif amount == bounds.lower[node] and wanted[leaf] < amount:
            found.append(bounds.lower_by[node])
        elif amount == bounds.upper[node] and wanted[leaf] > amount:
            found.append(bounds.upper_by[node])
        elif head:
            at_most = sums[head] >= bounds.upper[head]
            found.append(bounds.upper_by[head] if at_most else bounds.lower_by[head])
        else:
            found.append("")
    return tuple(found)
