"""Which estimate of a measure is served, and why: ours, unless something plainer has proved better on past moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.bookings.judged import Judged
from training.bookings.trial import ONLY_PIPELINE, ONLY_SERIES, OURS, OURS_BY
from training.paired import Comparison

FEWEST_MOMENTS = 5
"""Past moments below which nothing is proven: a bootstrap of a few knows no noise."""
OURS_ALL = (*OURS_BY.values(), ONLY_PIPELINE, ONLY_SERIES)


@dataclass(frozen=True)
class ForecastChoice:
    """What is served, on which rung, and the reason in a sentence of each language."""

    name: str
    rung: str
    says: str
    says_zh: str


def choose(judged: Judged, servable: Sequence[str]) -> ForecastChoice:
    """Choose for one measure. `servable` are the rivals that can be served."""
    what = judged.measure
    if OURS not in judged.estimates:
        rival = next(iter(OURS_BY.values()))
        return ForecastChoice(
            rival,
            "model",
            f"{what}: too little history to judge anything; intervals are the usual ones of such models.",
            f"{what}：历史过短，无法评判；区间取此类模型的常用宽度。",
        )
    ours = _best_of_ours(judged)
    beaten = []
    for name in judged.estimates:
        if name in OURS_ALL:
            continue
        found = judged.compare(ours, name)
        if found is not None and found.low is not None and found.deals >= FEWEST_MOMENTS and found.low > 0:
            beaten.append((found.difference, name, found))
    better = [one for one in sorted(beaten, key=lambda one: -one[0]) if one[1] in servable]
    mine = judged.overall(ours)
    if better:
        _, name, found = better[0]
        return ForecastChoice(
            name,
            "rival",
            f"{what}: {name} is served: its scaled CRPS is {found.difference:.4f} below ours on {found.deals} past "
            f"moments, beyond noise (95 %: {found.low:.4f} to {found.high:.4f}).",
            f"{what}：采用“{name}”：在 {found.deals} 个历史时点上其 sCRPS 比我方低 {found.difference:.4f}，超出噪声。",
        )
    said = "" if mine is None else f", scaled CRPS {mine:.4f} on average over levels"
    said_zh = "" if mine is None else f"，各层级平均 sCRPS 为 {mine:.4f}"
    best = best_rival(judged, ours)
    beside = beside_zh = ""
    if best is not None:
        name, found = best
        beside = f"; the best rival, {name}, less ours: {-found.difference:+.4f}"
        beside_zh = f"；与最佳对手 {name} 相差 {-found.difference:+.4f}"
        if found.low is not None and found.high is not None:
            beside += f" (95 %: {-found.high:+.4f} to {-found.low:+.4f})"
            if found.low > 0 and found.deals < FEWEST_MOMENTS:
                beside += f"; {found.deals} past moments are too few to prove it better"
                beside_zh += f"；仅 {found.deals} 个历史时点，不足以证明其更优"
            elif found.low > 0:
                beside += "; it cannot be served"
                beside_zh += "；该对手无法用于预测"
    return ForecastChoice(
        ours, "model", f"{what}: {ours} is served{said}{beside}.", f"{what}：采用我方模型{said_zh}{beside_zh}。"
    )


def best_rival(judged: Judged, ours: str) -> tuple[str, Comparison] | None:
    """The rival that comes nearest to ours, or is furthest before it, and the comparison of ours with it."""
    found = {}
    for name in judged.estimates:
        if name not in OURS_ALL and (comparison := judged.compare(ours, name)) is not None:
            found[name] = comparison
    if not found:
        return None
    name = max(found, key=lambda one: found[one].difference)
    return name, found[name]


def _best_of_ours(judged: Judged) -> str:
    """The better of our blends; the preferred one unless the other is better."""
    mine: Mapping[str, float | None] = {name: judged.overall(name) for name in OURS_BY.values()}
    known = {name: value for name, value in mine.items() if value is not None}
    return min(known, key=lambda name: known[name]) if known else OURS
