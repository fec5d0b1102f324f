"""By what rule do sellers share? Each rule says what a seller carries at a common level; bounds come afterwards."""

import numpy as np

from serving.decisions.quotas.attainment import Outlook
from serving.decisions.quotas.filling import Response
from serving.decisions.quotas.money import Floats
from serving.decisions.quotas.question import POLICIES, BadQuestion, QuotaQuestion

LEAST_WEIGHT = 1e-9
"""Share of the mean weight that a seller without any still has: somebody must carry what others may not."""
EASIEST, HARDEST = 1.0, 2.0
"""Levels at which every draw and no draw makes the number; the chance at a level between is 2 minus the level."""


def response_of(question: QuotaQuestion, outlook: Outlook) -> Response:
    """The rule of a question as a response to a level. Raises BadQuestion for an unknown one.

    By chance (equal-chance, and contracted for those who share the rest): the amount that a seller makes with the
    same chance as all others; below all draws and beyond them, in proportion. Otherwise level times weight.
    """
    policy = question.wish.policy
    if policy not in POLICIES:
        raise BadQuestion("policy", f"'{policy}' is none", f"choose one of {', '.join(POLICIES)}")
    if policy in ("equal-chance", "contracted"):
        if policy == "contracted" and not any(one.contract for one in question.sellers):
            raise BadQuestion(
                "policy", "contracted, but nobody has a contract", "give a seller one, or choose equal-chance"
            )
        return _by_chance(outlook)
    weight = weights(question, outlook)
    return lambda level: level * weight


def level_of_chance(chance: float) -> float:
    """The level at which the rule by chance asks what is made with a chance."""
    return HARDEST - chance


def weights(question: QuotaQuestion, outlook: Outlook) -> Floats:
    """What the shares of proportional, potential and even are in proportion to [sellers in the order of the tree].

    A seller whose last result or potential is not known counts as the mean of those who are.
    """
    sellers = [question.sellers[row] for row in outlook.tree.order]
    strength = np.array([one.ramp * one.present for one in sellers])
    known = {
        "proportional": [one.last_result for one in sellers],
        "potential": [one.potential for one in sellers],
    }.get(question.wish.policy, [1.0] * len(sellers))
    value = np.array([np.nan if one is None else float(one) for one in known])
    if np.isnan(value).all():
        raise BadQuestion("policy", f"{question.wish.policy}, but nobody's is known", "give it, or choose equal-chance")
    weight = np.maximum(np.where(np.isnan(value), np.nanmean(value), value), 0.0) * strength
    mean = float(weight.mean())
    return np.maximum(weight, LEAST_WEIGHT * mean) if mean > 0 else np.ones(len(sellers))


def _by_chance(outlook: Outlook) -> Response:
    rising = np.maximum(outlook.sorted, 0.0)
    rows, last = np.arange(len(rising)), rising.shape[1] - 1
    top = rising[:, -1]
    slope = np.maximum(top, max(float(top.mean()), 1.0) * LEAST_WEIGHT)

    def response(level: Floats) -> Floats:
        at = np.clip(level - EASIEST, 0.0, 1.0) * last
        below = np.minimum(at.astype(np.int64), max(last - 1, 0))
        part = at - below
        inside = rising[rows, below] * (1 - part) + rising[rows, np.minimum(below + 1, last)] * part
        inside = np.where(level >= HARDEST, top, inside)
        easier = inside * np.minimum(level, EASIEST)
        return np.asarray(easier + np.maximum(level - HARDEST, 0.0) * slope)

    return response
