"""Is the chance to make one's number the same for all, whatever size, tenure and last success? A ratchet?

Rank correlations (Spearman 1904) with intervals by Fisher's transformation and the variance of Fieller, Hartley and
Pearson (1957). The ratchet is what last year's success adds to a quota beyond what the forecast supports: the slope of
log quota on log success, the forecast held fixed, with the interval of White (1980, in the small-sample form HC3).
"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.money import Floats
from serving.decisions.quotas.proposing import QuotaPlan
from serving.decisions.quotas.words import Pair, percent, say
from serving.language import Language

FEWEST = 8
"""Sellers below which no relation can be told from chance."""
VARIANCE = 1.06
Z95 = 1.9600
TRAITS: dict[str, Pair] = {
    "size": ("the size of the territory", "区域大小"),
    "tenure": ("tenure", "司龄"),
    "last_success": ("last period's success", "上期达成率"),
}
UNRELATED: Pair = (
    "The chance to make the number does not depend on {0}: correlation {1:+.2f} ({2:+.2f} to {3:+.2f}).",
    "达成机会与{0}无明显关系：秩相关 {1:+.2f}（{2:+.2f} 至 {3:+.2f}）。",
)
MORE: Pair = (
    "The more {0}, the better the chance: correlation {1:+.2f} ({2:+.2f} to {3:+.2f}). See who is favoured.",
    "{0}越高，达成机会越大：秩相关 {1:+.2f}（{2:+.2f} 至 {3:+.2f}），请检查是否偏向。",
)
LESS: Pair = (
    "The more {0}, the worse the chance: correlation {1:+.2f} ({2:+.2f} to {3:+.2f}). See who is burdened.",
    "{0}越高，达成机会越小：秩相关 {1:+.2f}（{2:+.2f} 至 {3:+.2f}），请检查是否加码过重。",
)
UNKNOWN: Pair = ("Too few sellers to tell whether {0} matters.", "人数太少，无法判断{0}是否有影响。")
RATCHET: Pair = (
    "Success is punished: who beat the last number by 10 % gets {0} more than the forecast supports ({1} to {2}).",
    "存在“鞭打快牛”：上期超额 10% 的人，本期比预测支持的多背 {0}（{1} 至 {2}）。",
)
NO_RATCHET: Pair = (
    "No ratchet: last success adds {0} per 10 % beaten beyond what the forecast supports ({1} to {2}).",
    "没有“鞭打快牛”：上期每超额 10%，在预测之外多背 {0}（{1} 至 {2}），可视为无。",
)


@dataclass(frozen=True)
class Relation:
    """A rank correlation, or a slope, with its interval at 95 %; NaN where `sellers` are too few."""

    what: str
    value: float
    low: float
    high: float
    sellers: int

    @property
    def known(self) -> bool:
        """Whether enough stand behind it."""
        return bool(np.isfinite(self.value))

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.known and (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Fairness:
    """`relations` of the chance to size, tenure and last success; `ratchet`; `spread`: standard deviation of chances,
    `lowest` and `highest` of them."""

    relations: tuple[Relation, ...]
    ratchet: Relation
    spread: float
    lowest: float
    highest: float

    @property
    def fair(self) -> bool:
        """Whether nothing stands out: no relation beyond chance, no ratchet."""
        return not any(one.clear for one in self.relations) and not (self.ratchet.clear and self.ratchet.value > 0)


def fairness(plan: QuotaPlan) -> Fairness:
    """Of the sellers who are there, by what was known when the plan was made."""
    tree, outlook = plan.outlook.tree, plan.outlook
    sellers = [plan.question.sellers[row] for row in tree.order]
    chance = plan.chances[tree.teams :]
    expected = outlook.draws.mean(axis=1)
    size = _numbers([one.potential for one in sellers])
    size = np.where(np.isnan(size), expected, size) if not np.isnan(size).all() else expected
    success = _numbers([one.last_result for one in sellers]) / _positive(_numbers([one.last_quota for one in sellers]))
    here = expected > 0
    traits = {"size": size, "tenure": _numbers([one.tenure_days for one in sellers]), "last_success": success}
    relations = tuple(rank_relation(name, chance[here], trait[here]) for name, trait in traits.items())
    quota = plan.of_sellers.astype(float)
    seen = chance[here]
    return Fairness(
        relations,
        ratchet(quota[here], expected[here], success[here]),
        float(seen.std()) if len(seen) else 0.0,
        float(seen.min(initial=1.0)),
        float(seen.max(initial=0.0)),
    )


def rank_relation(what: str, chance: Floats, trait: Floats) -> Relation:
    """Spearman's correlation of chances with a trait, over those whose trait is known."""
    known = np.isfinite(trait) & np.isfinite(chance)
    count = int(known.sum())
    if count < FEWEST:
        return Relation(what, np.nan, np.nan, np.nan, count)
    from scipy.stats import rankdata

    one, other = rankdata(np.round(chance[known], 9)), rankdata(trait[known])
    if one.std() == 0 or other.std() == 0:
        return Relation(what, 0.0, 0.0, 0.0, count)
    value = float(np.corrcoef(one, other)[0, 1])
    middle = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    half = Z95 * np.sqrt(VARIANCE / (count - 3))
    return Relation(what, value, float(np.tanh(middle - half)), float(np.tanh(middle + half)), count)


def ratchet(quota: Floats, expected: Floats, success: Floats) -> Relation:
    """The elasticity of a quota with regard to last success, what is expected held fixed."""
    known = (quota > 0) & (expected > 0) & (success > 0) & np.isfinite(success)
    count = int(known.sum())
    if count < FEWEST:
        return Relation("ratchet", np.nan, np.nan, np.nan, count)
    y = np.log(quota[known])
    x = np.column_stack([np.ones(count), np.log(expected[known]), np.log(success[known])])
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ x.T @ y
    if x[:, 2].std() < 1e-9:
        return Relation("ratchet", 0.0, 0.0, 0.0, count)
    pull = np.einsum("ij,jk,ik->i", x, inverse, x)
    off = (y - x @ slope) / np.maximum(1 - pull, 1e-6)
    spread = inverse @ (x.T * off**2) @ x @ inverse
    half = Z95 * float(np.sqrt(max(spread[2, 2], 0.0)))
    return Relation("ratchet", float(slope[2]), float(slope[2]) - half, float(slope[2]) + half, count)


def told(found: Fairness, language: Language) -> tuple[str, ...]:
    """One sentence for each relation, then the ratchet."""
    lines = [_line(one, language) for one in found.relations]
    if found.ratchet.known:
        a_tenth = [percent(1.1**value - 1, language) for value in _three(found.ratchet)]
        lines.append(
            say(RATCHET if found.ratchet.clear and found.ratchet.value > 0 else NO_RATCHET, language, *a_tenth)
        )
    return tuple(lines)


def _line(one: Relation, language: Language) -> str:
    trait = say(TRAITS[one.what], language)
    if not one.known:
        return say(UNKNOWN, language, trait)
    return say(UNRELATED if not one.clear else MORE if one.value > 0 else LESS, language, trait, *_three(one))


def _three(one: Relation) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _numbers(values: "list[int | None] | list[float | None]") -> Floats:
    return np.array([np.nan if one is None else float(one) for one in values], np.float64)


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
