"""包干 of a whole company: which number of steps does each territory answer for, so that all add up to the target?

Where nobody is free to share the rest, the territories whose contract names no amount share the target in whole steps,
as near as can be to what equal chances would give each: a mixed-integer program (HiGHS), least largest relative
distance first, then least in sum.
"""

from dataclasses import replace
from math import gcd

import numpy as np

from features.errors import ForesellError
from serving.decisions.quotas.attainment import Outlook
from serving.decisions.quotas.bounds import bounds_of
from serving.decisions.quotas.conflicts import reach
from serving.decisions.quotas.filling import Pool, fill
from serving.decisions.quotas.money import MOST, Floats, Wholes
from serving.decisions.quotas.policies import response_of
from serving.decisions.quotas.question import Contract, QuotaQuestion, Seller
from serving.decisions.quotas.words import money

NODES = 2_000
SPREAD = 100.0
"""What the largest distance weighs against the mean of all."""


class StepsDoNotAddUp(ForesellError):
    problem = "In whole steps the contracts cannot come to {0}."
    fix = "take {1} or {2} as the number, make one step smaller, or leave one seller free to carry the rest."


def in_steps(question: QuotaQuestion, outlook: Outlook, total: int | None) -> QuotaQuestion:
    """The question with an amount in every contract, where nobody is free to share the rest of a total.

    Otherwise the question as it is, so too where the wishes conflict whatever the steps. Raises StepsDoNotAddUp.
    """
    open_ = [one for one in question.sellers if _is_open(one)]
    if total is None or not open_ or any(one.locked is None and one.contract is None for one in question.sellers):
        return question
    policy = "equal-chance" if question.wish.policy == "contracted" else question.wish.policy
    wish = replace(question.wish, policy=policy)
    loose = replace(question, sellers=[_loosened(one) for one in question.sellers], wish=wish)
    bounds = bounds_of(loose, outlook, total)
    low, high = reach(outlook.tree, bounds)
    if (low > high).any():
        return question
    pool = Pool(outlook.tree, bounds.lower, bounds.upper, response_of(loose, outlook))
    ideal = fill(pool, total).amounts
    amounts = _whole_steps(question, outlook, bounds.lower, bounds.upper, ideal, total)
    by_id = {question.sellers[row].id: int(amounts[leaf]) for leaf, row in enumerate(outlook.tree.order)}
    return replace(
        question,
        sellers=[
            replace(one, contract=replace(one.contract, amount=by_id[one.id]))
            if _is_open(one) and one.contract
            else one
            for one in question.sellers
        ],
    )


def _is_open(seller: Seller) -> bool:
    return seller.locked is None and seller.contract is not None and seller.contract.amount is None


def _loosened(seller: Seller) -> Seller:
    """An open contract as nothing but its floor."""
    if not _is_open(seller) or seller.contract is None:
        return seller
    return replace(
        seller, contract=None, floor=seller.contract.floor, ceiling=None, last_quota=None, ramp=1.0, present=1.0
    )


def _whole_steps(
    question: QuotaQuestion, outlook: Outlook, lower: Wholes, upper: Wholes, ideal: Wholes, total: int
) -> Wholes:
    tree = outlook.tree
    contracts: list[Contract | None] = [
        one.contract if _is_open(one) else None for one in (question.sellers[row] for row in tree.order)
    ]
    leaves = np.array([at for at, one in enumerate(contracts) if one is not None])
    steps = np.array([one.step for one in contracts if one is not None], np.int64)
    floors = np.array([one.floor for one in contracts if one is not None], np.int64)
    unit = gcd(*(int(one) for one in steps))
    fixed = np.where(np.isin(np.arange(tree.sellers), leaves), 0, ideal)
    fixed[leaves] = floors
    rest = total - int(fixed.sum())
    if rest % unit:
        raise _nearest(question, total - rest % unit, total - rest % unit + unit)
    base = tree.sums(fixed)
    room = (lower - base) / unit, (upper - base) / unit
    near = (ideal[leaves] - floors) / unit, np.maximum(ideal[leaves], 1) / unit
    found = _solved(outlook, leaves, steps // unit, *room, *near, rest // unit)
    if found is None or int(found @ steps) != rest:
        largest = int(steps.max())
        raise _nearest(question, total - rest % largest, total - rest % largest + largest)
    fixed[leaves] = floors + found * steps
    return fixed


def _solved(
    outlook: Outlook,
    leaves: Wholes,
    steps: Wholes,
    least: Floats,
    most: Floats,
    wanted: Floats,
    scale: Floats,
    rest: int,
) -> Wholes | None:
    """Counts of steps; all amounts in units. None where there are none."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    tree, count = outlook.tree, len(leaves)
    of_teams = np.zeros((tree.teams, count))
    for at, leaf in enumerate(leaves):
        node = int(tree.parent[tree.teams + leaf])
        while node >= 0:
            of_teams[node, at] = steps[at]
            node = int(tree.parent[node])
    bound = np.flatnonzero((least[: tree.teams] > 0) | (most[: tree.teams] < MOST / 4))
    bound = bound[bound > 0]
    size = 2 * count + 1
    eye, none = np.eye(count), np.zeros((count, 1))
    counts = np.diag(steps / scale)
    rules = [
        LinearConstraint(np.hstack([counts, -eye, none]), -np.inf, wanted / scale),
        LinearConstraint(np.hstack([counts, eye, none]), wanted / scale, np.inf),
        LinearConstraint(np.hstack([np.zeros((count, count)), eye, none - 1]), -np.inf, 0),
        LinearConstraint(np.r_[steps, np.zeros(count + 1)][None, :], rest, rest),
    ]
    if len(bound):
        teams = np.hstack([of_teams[bound], np.zeros((len(bound), count + 1))])
        rules.append(LinearConstraint(teams, least[bound], most[bound]))
    answer = milp(
        np.r_[np.zeros(count), np.full(count, 1.0 / count), SPREAD],
        constraints=rules,
        integrality=np.r_[np.ones(count), np.zeros(count + 1)],
        bounds=Bounds(np.zeros(size), np.full(size, np.inf)),
        options={"node_limit": NODES},
    )
    return None if answer.x is None else np.asarray(np.rint(answer.x[:count]), np.int64)


def _nearest(question: QuotaQuestion, below: int, above: int) -> StepsDoNotAddUp:
    asked = question.wish.target or 0
    told = (money(one, question.currency, "en") for one in (asked, below, above))
    return StepsDoNotAddUp(*told)
