"""How are quotas set without a forecast? Last year plus ten percent, in proportion, evenly: the rivals of a plan.

Each takes a question and gives whole quotas in the order of its sellers. Nothing of the draws is looked at.
"""

from collections.abc import Callable, Mapping

import numpy as np

from serving.decisions.quotas.money import Wholes, shared
from serving.decisions.quotas.question import QuotaQuestion

GROWTH = 0.10
Planner = Callable[[QuotaQuestion], Wholes]


def last_year_plus(question: QuotaQuestion, growth: float = GROWTH) -> Wholes:
    """Each seller's last result and ten percent more, whatever the company's number; a newcomer gets the mean."""
    last = _known([one.last_result for one in question.sellers])
    return np.asarray(np.rint(np.maximum(last, 0) * (1 + growth)), np.int64)


def proportional(question: QuotaQuestion) -> Wholes:
    """The company's number in proportion to last results."""
    return shared(_target(question), np.maximum(_known([one.last_result for one in question.sellers]), 0))


def by_potential(question: QuotaQuestion) -> Wholes:
    """The company's number in proportion to the potential of territories."""
    return shared(_target(question), np.maximum(_known([one.potential for one in question.sellers]), 0))


def even(question: QuotaQuestion) -> Wholes:
    """The company's number in equal parts."""
    return shared(_target(question), np.ones(len(question.sellers)))


def kept(question: QuotaQuestion) -> Wholes:
    """The quotas that the history itself had for the period before, once more."""
    return np.asarray(np.rint(_known([one.last_quota for one in question.sellers])), np.int64)


RIVALS: Mapping[str, Planner] = {
    "last year plus 10 %": last_year_plus,
    "proportional to last year": proportional,
    "proportional to potential": by_potential,
    "even": even,
    "own quotas": kept,
}


def _target(question: QuotaQuestion) -> int:
    """The company's number; without one, last results and ten percent."""
    if question.wish.target is not None:
        return question.wish.target
    return int(last_year_plus(question).sum())


def _known(values: list[int | None] | list[float | None]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    found = np.array([np.nan if one is None else float(one) for one in values])
    return np.where(np.isnan(found), np.nanmean(found), found) if not np.isnan(found).all() else np.ones(len(found))
