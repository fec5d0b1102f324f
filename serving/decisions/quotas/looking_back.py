"""What would this plan have given in past periods? Each way of setting quotas, judged by what was booked afterwards.

A past period's question holds what was known when it began; what was booked is only what judges it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.attainment import Outlook, chance_of, look_out
from serving.decisions.quotas.fairness import Relation, ratchet
from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.proposing import WishesConflict, propose
from serving.decisions.quotas.question import BadQuestion, QuotaQuestion
from serving.decisions.quotas.rivals import RIVALS, Planner
from serving.decisions.quotas.words import Pair, percent, say
from serving.language import Language

OURS = "this plan"
Z95 = 1.96
MOST_ATTAINMENT = 3.0
"""Attainment above which one lucky seller would be all that the dispersion tells."""
LINE: Pair = (
    "{0}: {1} of quotas made ({2} to {3}); attainment spread {4}; the sellers carried {5} of what was booked.",
    "{0}：{1} 的定额达成（{2} 至 {3}），达成率离散度 {4}；合计定额为实际业绩的 {5}。",
)
NO_PLAN: Pair = ("{0}: no plan was possible in any period.", "{0}：各期均无法形成方案。")
STATED: Pair = (" It had said {0}.", "事先预计为 {0}。")


@dataclass(frozen=True)
class PastPeriod:
    """A question as of the start of a past period, and what each seller [sellers] booked in it, in minor units."""

    question: QuotaQuestion
    booked: Sequence[int]


@dataclass(frozen=True)
class Judged:
    """One way of setting quotas over all periods.

    `made`: share of quotas made, with an interval at 95 % that takes periods, not sellers, as independent where there
    are several (low, high). `stated`: mean chance that the draws gave these quotas. `spread`: mean over periods of the
    standard deviation of attainment (booked over quota). `carried`: quotas over bookings in sum. `company`: share of
    periods in which the company's number was made, of those that had one. `left_out`: periods without a plan.
    """

    name: str
    periods: int
    quotas: int
    made: float
    low: float
    high: float
    stated: float
    spread: float
    carried: float
    company: float | None
    ratchet: Relation
    left_out: tuple[str, ...]


def look_back(periods: Sequence[PastPeriod], planners: Mapping[str, Planner] | None = None) -> tuple[Judged, ...]:
    """Ours first, then the rivals (or the `planners` given). Raises BadQuestion without a period."""
    if not periods:
        raise BadQuestion("periods", "there are none to look back on", "give at least one past period")
    chosen = RIVALS if planners is None else planners
    seen: dict[str, list[_Seen]] = {OURS: [], **{name: [] for name in chosen}}
    left_out: dict[str, list[str]] = {name: [] for name in seen}
    for period in periods:
        outlook = look_out(period.question)
        for name in seen:
            try:
                quota = _ours(period.question, outlook) if name == OURS else _others(chosen[name], period, outlook)
            except WishesConflict:
                left_out[name].append(period.question.period)
                continue
            seen[name].append(_see(period, outlook, quota))
    return tuple(_judged(name, seen[name], left_out[name]) for name in seen)


def told(one: Judged, language: Language) -> str:
    """One way of setting quotas, in a sentence or two."""
    if not one.quotas:
        return say(NO_PLAN, language, one.name)
    shares = (one.made, one.low, one.high, one.carried, one.stated)
    made, low, high, carried, stated = (percent(share, language) for share in shares)
    return say(LINE, language, one.name, made, low, high, f"{one.spread:.2f}", carried) + say(STATED, language, stated)


@dataclass(frozen=True)
class _Seen:
    """One period under one way of setting quotas: by seller, those without a quota left out of `made`."""

    made: Floats
    stated: Floats
    spread: float
    quota: Floats
    booked: float
    hit: bool | None
    expected: Floats
    success: Floats


def _ours(question: QuotaQuestion, outlook: Outlook) -> Wholes:
    return propose(question, outlook).of_sellers


def _others(planner: Planner, period: PastPeriod, outlook: Outlook) -> Wholes:
    return np.asarray(planner(period.question)[outlook.tree.order], np.int64)


def _see(period: PastPeriod, outlook: Outlook, quota: Wholes) -> _Seen:
    booked = np.asarray(period.booked, np.float64)[outlook.tree.order]
    asked = quota > 0
    attained = np.minimum(booked[asked] / quota[asked], MOST_ATTAINMENT)
    target = period.question.wish.target
    return _Seen(
        made=(booked[asked] >= quota[asked]).astype(float),
        stated=chance_of(outlook.sorted[asked], quota[asked]),
        spread=float(attained.std()) if asked.any() else np.nan,
        quota=quota.astype(float),
        booked=float(booked.sum()),
        hit=None if target is None else bool(booked.sum() >= target),
        expected=outlook.draws.mean(axis=1),
        success=_success(period.question, outlook),
    )


def _judged(name: str, seen: Sequence[_Seen], left_out: Sequence[str]) -> Judged:
    share, low, high = _interval([one.made for one in seen if len(one.made)])
    stated = np.concatenate([np.zeros(0), *(one.stated for one in seen)])
    spreads = [one.spread for one in seen if np.isfinite(one.spread)]
    hits = [one.hit for one in seen if one.hit is not None]
    booked = sum(one.booked for one in seen)
    return Judged(
        name=name,
        periods=len(seen),
        quotas=len(stated),
        made=share,
        low=low,
        high=high,
        stated=float(stated.mean()) if len(stated) else np.nan,
        spread=float(np.mean(spreads)) if spreads else np.nan,
        carried=float(sum(one.quota.sum() for one in seen)) / booked if booked else np.nan,
        company=float(np.mean(hits)) if hits else None,
        ratchet=ratchet(
            np.concatenate([np.zeros(0), *(one.quota for one in seen)]),
            np.concatenate([np.zeros(0), *(one.expected for one in seen)]),
            np.concatenate([np.zeros(0), *(one.success for one in seen)]),
        ),
        left_out=tuple(left_out),
    )


def _interval(made: Sequence[Floats]) -> tuple[float, float, float]:
    """Wilson's interval for a share (1927), with as many cases as the spread between periods leaves independent."""
    count = sum(len(one) for one in made)
    if not count:
        return np.nan, np.nan, np.nan
    share = float(sum(one.sum() for one in made)) / count
    cases = float(count)
    if len(made) > 1 and 0 < share < 1:
        sizes = np.array([len(one) for one in made], float)
        off = np.array([one.sum() for one in made]) - sizes * share
        variance = len(made) / (len(made) - 1) * float(off @ off) / count**2
        cases = min(cases, share * (1 - share) / variance) if variance > 0 else cases
    middle = (share + Z95**2 / (2 * cases)) / (1 + Z95**2 / cases)
    half = Z95 / (1 + Z95**2 / cases) * np.sqrt(share * (1 - share) / cases + Z95**2 / (4 * cases**2))
    return share, float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def _success(question: QuotaQuestion, outlook: Outlook) -> Floats:
    sellers = [question.sellers[row] for row in outlook.tree.order]
    return np.array(
        [one.last_result / one.last_quota if one.last_result and one.last_quota else np.nan for one in sellers],
        np.float64,
    )
