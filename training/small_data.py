"""Which rung of the ladder may be served, and why: pooled rate, shrunk rates, or a model.

A history earns a higher rung only by evidence: judged on later deals than it learned from, a rung must
beat the base rate beyond noise, with the deal as the unit. Where ours does not beat the best rival, the
rival is served; where nothing beats the base rate, the base rate is, and the answer says so.

Few later deals prove nothing, and a share for all is then not the most honest answer either: stages differ in what is
won from them long before a model can be proven. So where few later deals could be judged, and what was won from each
stage differs by more than luck would have it (a permutation test over deals), rates by stage that are drawn toward all
by their few deals are served, unless those that were judged prove them worse.
"""

from dataclasses import dataclass, replace

from training.blend import Blend
from training.rivals.base_rate import BaseRate
from training.scorecard import Comparison, Scorecard
from training.shrunk_rates import ShrunkRates
from training.trial import Trial

FEWEST_CLOSED = 30
"""Below so many closed deals nothing is compared: the pooled rate is served."""
SURE = 1.96
"""Standard errors by which ours must beat the base rate (2.5 % by chance)."""
SURER = 2.8
"""The same for the rivals, of which there are several, each with its chance to look good."""
FEWEST_OF_EACH = 10
"""Judged deals won, and lost, below which nothing is proven: a bootstrap of one or two wins knows no noise."""
FEW_JUDGED = 150
"""Below so many judged deals it is enough for rates by stage that stages differ by more than luck."""
LUCK = 0.05
"""How likely luck alone may make stages differ so much; where they do not, rates drawn toward all cost little."""
ROUNDING = 1e-9
"""Two estimates that say the same differ by so little in log loss, and always in one direction."""
SLOPES = (0.5, 2.0)
"""Bounds of the calibration slope on later deals that a served estimate must keep, its interval considered."""

NO_PROOF = (
    f"That is no proof: one of several rivals must be ahead by {SURER:g} standard errors, {FEWEST_OF_EACH} of the "
    f"judged must have ended one way and {FEWEST_OF_EACH} the other, and the calibration slope must lie within "
    f"{SLOPES[0]:g} to {SLOPES[1]:g}."
)
"""Why what is ahead beyond its own interval may still not be served."""
NO_PROOF_ZH = (
    f"这还不足以证明：多个对照方法中的一个须领先 {SURER:g} 个标准误，两种结果各需至少 {FEWEST_OF_EACH} 个，"
    f"校准斜率须在 {SLOPES[0]:g} 至 {SLOPES[1]:g} 之间。"
)

RUNGS = {
    "base_rate": "pooled rate",
    "shrunk_rates": "shrunk rates",
    "stage_table": "shrunk rates",
    "odoo": "shrunk rates",
}
"""The rung each estimate stands on; all others are models."""


OURS = (Blend.name, ShrunkRates.name)


@dataclass(frozen=True)
class Choice:
    """What is served, on which rung, and the reason in a sentence of each language."""

    name: str
    rung: str
    says: str
    says_zh: str


def choose(trial: Trial, cards: dict[str, Scorecard], closed: int, *, stage_luck: float = 1.0) -> Choice:
    """The estimate to serve, from what was judged on later deals.

    `closed` counts deals with an outcome, `stage_luck` is how likely luck alone makes stages differ as they do
    (`shrunk_rates.stage_evidence`).
    """
    base = BaseRate.name
    if closed < FEWEST_CLOSED:
        return _choice(
            base,
            f"Only {closed} closed deals are on record; {FEWEST_CLOSED} are needed before anything is compared. "
            "The share won among closed deals is served.",
            f"历史中只有 {closed} 个已关闭商机；至少需要 {FEWEST_CLOSED} 个才能比较模型。目前提供整体赢率。",
        )
    alike = bool(trial.folds) and len(set(trial.outcome[trial.weight > 0].tolist())) < 2
    if (not trial.folds or alike) and stage_luck <= LUCK:
        return _choice(
            ShrunkRates.name,
            f"{closed} closed deals are on record, but too few had been decided long enough to judge a model on. "
            "What is won differs by stage beyond luck: rates by stage are served, drawn toward the share won among "
            "all as far as they rest on few deals.",
            f"历史中有 {closed} 个已关闭商机，但可供检验的太少。各阶段赢率的差异并非偶然："
            "目前提供按阶段的赢率，商机少的阶段向整体赢率收缩。",
        )
    if not trial.folds:
        return _choice(
            base,
            f"{closed} closed deals are on record, but too few had been decided long enough to judge a model on. "
            "The share won among closed deals is served.",
            f"历史中有 {closed} 个已关闭商机，但可供检验的太少。目前提供整体赢率。",
        )
    if alike:
        return _choice(
            base,
            "All deals to judge a model on ended alike, so nothing that tells won from lost can be proven. "
            "The share won among closed deals is served.",
            "可供检验的商机结果全部相同，无法证明任何模型有效。目前提供整体赢率。",
        )
    against_base = {name: trial.comparison(name, base) for name in trial.names if name != base}
    proven = [
        name
        for name, found in against_base.items()
        if sure(found, SURE if name in OURS else SURER) and calibrated(cards[name]) and _enough_of_each(trial)
    ]
    shrunk = against_base.get(ShrunkRates.name)
    if not proven and stage_luck <= LUCK and shrunk is not None and _not_refuted(trial, shrunk):
        return _choice(ShrunkRates.name, *_unproven(cards, shrunk))
    if not proven:
        closest = min(against_base, key=lambda name: cards[name].log_loss, default=None)
        return _choice(base, *_none_proven(closest, cards, against_base))
    served = _best(trial, cards, proven)
    return _choice(served, *_proven(served, cards, against_base[served]))


def _not_refuted(trial: Trial, found: Comparison) -> bool:
    """Whether few deals were judged, and they do not prove rates by stage worse: a handful proves nothing at all."""
    worse = sure(replace(found, difference=-found.difference), SURER) and _enough_of_each(trial)
    return found.deals < FEW_JUDGED and not worse


def _best(trial: Trial, cards: dict[str, Scorecard], proven: list[str]) -> str:
    """Ours where it is proven, unless a proven rival beats it beyond noise; else the best proven rival."""
    if cards[BaseRate.name].deals < FEW_JUDGED and (ours := [name for name in proven if name in OURS]):
        return min(ours, key=lambda name: cards[name].log_loss)
    rivals = [name for name in proven if name != Blend.name]
    if Blend.name not in proven:
        return min(rivals, key=lambda name: cards[name].log_loss)
    better = [name for name in rivals if sure(trial.comparison(name, Blend.name), SURER)]
    return min(better, key=lambda name: cards[name].log_loss) if better else Blend.name


def calibrated(card: Scorecard) -> bool:
    """Whether the probabilities are neither far too bold nor far too timid, as far as can be told."""
    low, high = card.calibration_slope_low, card.calibration_slope_high
    return low is not None and high is not None and high >= SLOPES[0] and low <= SLOPES[1]


def _enough_of_each(trial: Trial) -> bool:
    known = trial.weight > 0
    deals, won = trial.subject[known], trial.outcome[known]
    return min(len(set(deals[won == value].tolist())) for value in (0, 1)) >= FEWEST_OF_EACH


def sure(found: Comparison, errors: float) -> bool:
    """Whether ours is better by so many standard errors, and by more than the last digits of a computation."""
    if found.error is None:
        return False
    return found.difference < -ROUNDING and -found.difference > errors * found.error


def _choice(name: str, says: str, says_zh: str) -> Choice:
    return Choice(name, RUNGS.get(name, "model"), says, says_zh)


def _difference(found: Comparison) -> str:
    interval = "" if found.low is None else f" [{found.low:+.4f}, {found.high:+.4f}]"
    return f"{found.difference:+.4f}{interval}"


def _none_proven(closest: str | None, cards: dict[str, Scorecard], against: dict[str, Comparison]) -> tuple[str, str]:
    if closest is None:
        return "Nothing but the base rate could be fitted; it is served.", "只有整体赢率可用。"
    base, other, found = cards[BaseRate.name], cards[closest], against[closest]
    if found.high is not None and found.high < 0:
        return (
            f"No model is proven to beat the base rate on this history. The closest, {closest}, is ahead: log loss "
            f"{other.log_loss:.4f} against {base.log_loss:.4f} (difference {_difference(found)}, {found.deals:,} "
            f"deals). {NO_PROOF} The base rate is served.",
            f"尚无模型被证明优于整体赢率。最接近的 {closest} 领先：对数损失为 {other.log_loss:.4f}，整体赢率为 "
            f"{base.log_loss:.4f}（差 {_difference(found)}，{found.deals:,} 个商机）。{NO_PROOF_ZH}目前提供整体赢率。",
        )
    return (
        f"No model beats the base rate beyond noise on this history: the closest, {closest}, has log loss "
        f"{other.log_loss:.4f} against {base.log_loss:.4f} (difference {_difference(found)}, {found.deals:,} deals). "
        "The base rate is served.",
        f"没有模型显著优于整体赢率：最接近的 {closest} 对数损失为 {other.log_loss:.4f}，整体赢率为 "
        f"{base.log_loss:.4f}（差 {_difference(found)}，{found.deals:,} 个商机）。目前提供整体赢率。",
    )


def _unproven(cards: dict[str, Scorecard], found: Comparison) -> tuple[str, str]:
    base, card = cards[BaseRate.name], cards[ShrunkRates.name]
    return (
        f"Only {found.deals} later deals could be judged, too few to prove a model. Rates by stage are served, drawn "
        f"toward the share won among all as far as they rest on few deals: log loss so far {card.log_loss:.4f}, "
        f"the share's {base.log_loss:.4f}.",
        f"可供检验的商机只有 {found.deals} 个，不足以证明任何模型。目前提供按阶段的赢率，商机少的阶段向整体赢率收缩："
        f"目前对数损失为 {card.log_loss:.4f}，整体赢率为 {base.log_loss:.4f}。",
    )


def _proven(served: str, cards: dict[str, Scorecard], found: Comparison) -> tuple[str, str]:
    base, card = cards[BaseRate.name], cards[served]
    return (
        f"{served} is served: log loss {card.log_loss:.4f} against the base rate's {base.log_loss:.4f} on later deals "
        f"(difference {_difference(found)}, {found.deals:,} deals).",
        f"采用 {served}：在之后的商机上对数损失为 {card.log_loss:.4f}，整体赢率为 {base.log_loss:.4f}"
        f"（差 {_difference(found)}，{found.deals:,} 个商机）。",
    )
