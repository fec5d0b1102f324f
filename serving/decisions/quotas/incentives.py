"""What will a pay plan cost? Rates, accelerators, caps and fixed steps, played through on the joint draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.attainment import HALF, Outlook
from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.question import BadQuestion
from serving.decisions.quotas.words import Pair, money, percent, say
from serving.language import Language

CHUNK = 500
"""Sellers played through at once: memory stays small."""
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
LINE: Pair = (
    "Pay-out {0} on average, {1} to {2} in nine years of ten: {3} of bookings. {4} of it is paid above quota.",
    "提成支出平均 {0}，九成情形在 {1} 至 {2} 之间，占业绩 {3}；其中 {4} 来自超额部分。",
)
BUDGET: Pair = (" The budget of {0} is exceeded in {1} of 100 cases.", "超出预算 {0}的可能约 {1}%。")
CAPPED: Pair = (" The cap bites for {0} in 100 sellers.", "约 {0}% 的销售会触及封顶。")


@dataclass(frozen=True)
class Rate:
    """From an attainment on (0.8: 80 % of quota), each unit of money booked pays `rate`, until the next one begins."""

    attainment: float
    rate: float


@dataclass(frozen=True)
class Bonus:
    """A fixed amount, in minor units, paid once an attainment is reached: a step of a contract, a prize."""

    attainment: float
    amount: int


@dataclass(frozen=True)
class PayPlan:
    """`rates` by rising attainment; nothing is paid below the first. `cap` is the most a seller is paid, as a multiple
    of the pay at 100 %. `retroactive`: when a rate is reached it holds for all that was booked, not only from there."""

    rates: Sequence[Rate]
    bonuses: Sequence[Bonus] = ()
    cap: float | None = None
    retroactive: bool = False


@dataclass(frozen=True)
class PayOut:
    """The distribution of the cost over the draws, in minor units. `levels` are the quantiles at `LEVELS`.

    `of_bookings`: mean cost over mean bookings. `above`: share of the mean cost that is paid beyond what quotas made
    just so would pay. `capped`: share of sellers and draws that the cap holds. `over_budget`: chance to exceed the
    budget, None without one. `by_seller` is each one's mean pay, in the order of the tree; `draws` the cost by draw.
    """

    mean: int
    levels: tuple[int, ...]
    of_bookings: float
    above: float
    capped: float
    over_budget: float | None
    budget: int | None
    by_seller: Wholes
    draws: Floats


def simulate(outlook: Outlook, quotas: Wholes, plan: PayPlan, budget: int | None = None) -> PayOut:
    """`quotas` [sellers] in the order of the tree; a seller without a quota is paid nothing. Raises BadQuestion."""
    _check(plan)
    draws = outlook.draws.shape[1]
    cost, above = np.zeros(draws), 0.0
    by_seller = np.zeros(len(quotas))
    capped = 0
    for begin in range(0, len(quotas), CHUNK):
        part = slice(begin, begin + CHUNK)
        booked, quota = np.maximum(outlook.draws[part], 0.0), quotas[part].astype(float)
        pay = paid(booked, quota, plan)
        full = paid(quota[:, None], quota, plan)
        if plan.cap is not None:
            most = full * plan.cap
            capped += int(((pay > most) & (quota[:, None] > 0)).sum())
            pay = np.minimum(pay, most)
        above += float(np.maximum(pay - full, 0.0).sum())
        cost += pay.sum(axis=0)
        by_seller[part] = pay.mean(axis=1)
    bookings, total = float(np.maximum(outlook.draws, 0).sum()), float(cost.sum())
    return PayOut(
        mean=int(np.rint(cost.mean())),
        levels=tuple(int(np.rint(one)) for one in np.quantile(cost, LEVELS)),
        of_bookings=total / bookings if bookings else 0.0,
        above=above / total if total else 0.0,
        capped=capped / (len(quotas) * draws),
        over_budget=None if budget is None else float((cost > budget + HALF).mean()),
        budget=budget,
        by_seller=np.asarray(np.rint(by_seller), np.int64),
        draws=cost,
    )


def paid(booked: Floats, quota: Floats, plan: PayPlan) -> Floats:
    """Pay [sellers, draws] for bookings [sellers, draws] on quotas [sellers], before the cap; 0 without a quota.

    >>> plan = PayPlan([Rate(0.0, 0.05), Rate(1.0, 0.10)], [Bonus(1.0, 10)])
    >>> paid(np.array([[50.0, 100.0, 150.0]]), np.array([100.0]), plan).tolist()
    [[2.5, 15.0, 20.0]]
    """
    asked = np.asarray(quota, np.float64)[:, None]
    pay = np.zeros(np.broadcast_shapes(booked.shape, asked.shape))
    ends = [*(one.attainment for one in plan.rates[1:]), np.inf]
    for rate, end in zip(plan.rates, ends, strict=True):
        start = asked * rate.attainment
        if plan.retroactive:
            reached = (
                (booked >= start - HALF) & (booked < asked * end - HALF) if np.isfinite(end) else booked >= start - HALF
            )
            pay += np.where(reached, booked * rate.rate, 0.0)
        else:
            stop = asked * end if np.isfinite(end) else np.inf
            pay += np.clip(np.minimum(booked, stop) - start, 0.0, None) * rate.rate
    for bonus in plan.bonuses:
        pay += np.where(booked >= asked * bonus.attainment - HALF, float(bonus.amount), 0.0)
    return np.where(asked > 0, pay, 0.0)


def told(found: PayOut, currency: str, language: Language) -> str:
    """The cost in words."""
    low, high = found.levels[0], found.levels[-1]
    text = say(
        LINE, language, *(money(one, currency, language) for one in (found.mean, low, high)),
        percent(found.of_bookings, language), percent(found.above, language),
    )  # fmt: skip
    if found.over_budget is not None and found.budget is not None:
        chance = f"{found.over_budget * 100:.0f}"
        text += say(BUDGET, language, money(found.budget, currency, language), chance)
    if found.capped > 0:
        text += say(CAPPED, language, f"{found.capped * 100:.1f}")
    return text


def _check(plan: PayPlan) -> None:
    starts = [one.attainment for one in plan.rates]
    if not starts and not plan.bonuses:
        raise BadQuestion("rates", "the plan pays nothing", "give a rate or a bonus")
    if starts != sorted(set(starts)) or any(one < 0 for one in starts):
        raise BadQuestion("rates", f"attainments {starts} do not rise", "each must be above the one before")
    if any(not np.isfinite(one.rate) or one.rate < 0 for one in plan.rates):
        raise BadQuestion("rates", "one is below 0 or not finite", "give shares of bookings, such as 0.05")
    if any(one.amount < 0 or one.attainment < 0 for one in plan.bonuses):
        raise BadQuestion("bonuses", "one is below 0", "give minor units, 0 or more")
    if plan.cap is not None and plan.cap < 1:
        raise BadQuestion("cap", f"{plan.cap} would cut the pay at quota itself", "give 1 or more")
