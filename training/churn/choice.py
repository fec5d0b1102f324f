"""Which estimate of churn may be served, and why: the base rate, shrunk rates, or a model.

What has not beaten the base rate beyond noise on later moments is not served; where a rival beats ours, the rival is.
"""

from __future__ import annotations

from training.churn.dataset import Base
from training.churn.trial import OURS, ChurnTrial
from training.horizon_scores import Asked, HorizonScores, horizon_shares
from training.paired import Comparison, Paired, compare_mean
from training.rivals.base_rate import BaseRate
from training.small_data import FEWEST_OF_EACH, NO_PROOF, NO_PROOF_ZH, SURE, SURER, Choice, calibrated, sure

FEWEST_CUSTOMERS = 30
"""Below so many customers nothing is compared."""
RUNGS = {
    BaseRate.name: "pooled rate",
    "seasonal_rate": "shrunk rates",
    "recency_rule": "shrunk rates",
    "health_score": "shrunk rates",
}
"""The rung each estimate stands on; all others are models."""
WHO = {
    "orders": ("customers without a contract", "无合同客户"),
    "contract": ("customers with a contract", "合同客户"),
}


def choose_churn(base: Base, trial: ChurnTrial, scores: HorizonScores | None) -> Choice:
    """The estimate to serve for one kind of customers, from what was judged on later moments."""
    who, who_zh = WHO[base.kind]
    customers = len(set(base.subject.tolist()))
    if customers < FEWEST_CUSTOMERS:
        return _base_rate(
            f"Only {customers} {who} were ever active; {FEWEST_CUSTOMERS} are needed before anything is compared. "
            "The share that churned is served.",
            f"{who_zh}只有 {customers} 个；至少需要 {FEWEST_CUSTOMERS} 个才能比较模型。目前提供整体流失率。",
        )
    if scores is None:
        return _base_rate(
            f"The history is too short to judge any estimate for {who} on later moments. "
            "The share that churned is served.",
            f"历史太短，无法在之后的时点检验{who_zh}的模型。目前提供整体流失率。",
        )
    asked = trial.asked(plain=True)
    fewest = min(min(_subjects(each, value) for value in (0.0, 1.0)) for each in asked)
    if fewest < FEWEST_OF_EACH:
        return _base_rate(
            f"Of the {who} judged on later moments, only {fewest} had one of the two outcomes within a horizon; "
            f"{FEWEST_OF_EACH} with each are needed. The share that churned is served.",
            f"在可检验的{who_zh}中，只有 {fewest} 个流失或留存；各需 {FEWEST_OF_EACH} 个。目前提供整体流失率。",
        )
    against = {name: against_base(asked, name) for name in trial.names if name != BaseRate.name}
    last = scores.horizons[-1]
    proven = [
        name
        for name, found in against.items()
        if sure(found, SURE if name == OURS else SURER) and calibrated(scores.cards[name][last])
    ]
    if not proven:
        closest = min(against, key=scores.main_loss, default=None)
        if closest is None:
            return _base_rate("Nothing but the base rate could be fitted; it is served.", "只有整体流失率可用。")
        said = f"{scores.main_loss(closest):.4f} against {scores.main_loss(BaseRate.name):.4f}"
        if (top := against[closest]).high is not None and top.high < 0:
            return _base_rate(
                f"For {who} no model is proven to beat the base rate. The closest, {closest}, is ahead: log loss "
                f"{said} (difference {_shown(top)}). {NO_PROOF} The base rate is served.",
                f"{who_zh}：尚无模型被证明优于整体流失率。最接近的 {closest} 领先：对数损失为 "
                f"{scores.main_loss(closest):.4f}，整体流失率为 {scores.main_loss(BaseRate.name):.4f}"
                f"（差 {_shown(top)}）。{NO_PROOF_ZH}目前提供整体流失率。",
            )
        return _base_rate(
            f"For {who} no model beats the base rate beyond noise: the closest, {closest}, has log loss {said} "
            f"(difference {_shown(against[closest])}). The base rate is served.",
            f"{who_zh}：没有模型显著优于整体流失率，最接近的 {closest} 对数损失为 {scores.main_loss(closest):.4f}，"
            f"整体流失率为 {scores.main_loss(BaseRate.name):.4f}（差 {_shown(against[closest])}）。"
            "目前提供整体流失率。",
        )
    served = _best(asked, scores, proven)
    found = against[served]
    return Choice(
        served,
        RUNGS.get(served, "model"),
        f"For {who} {served} is served: log loss {scores.main_loss(served):.4f} against the base rate's "
        f"{scores.main_loss(BaseRate.name):.4f} on later moments "
        f"(difference {_shown(found)}, {found.deals:,} customers).",
        f"{who_zh}采用 {served}：在之后的时点上对数损失为 {scores.main_loss(served):.4f}，整体流失率为 "
        f"{scores.main_loss(BaseRate.name):.4f}（差 {_shown(found)}，{found.deals:,} 个客户）。",
    )


def against_base(asked: list[Asked], name: str, base: str = BaseRate.name) -> Comparison:
    """Mean log loss over the horizons of one estimate less another's."""
    shares = horizon_shares([each.days for each in asked]).tolist()
    pairs = [Paired(each.outcome, each.said[name], each.said[base], each.weight, each.subject) for each in asked]
    return compare_mean(pairs, shares)


def _best(asked: list[Asked], scores: HorizonScores, proven: list[str]) -> str:
    """Ours where it is proven, unless a proven rival beats it beyond noise; else the best proven rival."""
    rivals = [name for name in proven if name != OURS]
    if OURS not in proven:
        return min(rivals, key=scores.main_loss)
    better = [name for name in rivals if sure(against_base(asked, name, OURS), SURER)]
    return min(better, key=scores.main_loss) if better else OURS


def _subjects(each: Asked, value: float) -> int:
    return len(set(each.subject[each.outcome == value].tolist()))


def _shown(found: Comparison) -> str:
    interval = "" if found.low is None else f" [{found.low:+.4f}, {found.high:+.4f}]"
    return f"{found.difference:+.4f}{interval}"


def _base_rate(says: str, says_zh: str) -> Choice:
    return Choice(BaseRate.name, RUNGS[BaseRate.name], says, says_zh)
