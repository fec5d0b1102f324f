"""Which estimate of a measure is served, and why: ours, unless something plainer has proved better on past moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.bookings.judged import Judged
from training.bookings.levels import COMPANY
from training.bookings.trial import ONLY_PIPELINE, ONLY_SERIES, OURS, OURS_BY
from training.paired import Comparison

FEWEST_PERIODS = 5
"""Past periods below which nothing is proven: a bootstrap of a few knows no noise."""
SURER = 2.8
"""Standard errors by which one of several rivals must be better, as for the other models (`training.small_data`)."""
FEWEST_LINES = 12
"""Sales on record below which no model is fitted to them."""
TOO_LITTLE = "too little history"
PLAINEST = "mean of the last periods"
SAME_MOMENTS = "The figures are of the moments it was chosen on; those to come will show them a little flattering."
SAME_MOMENTS_ZH = "以上数字取自选择模型时所用的时点，未来可能略逊。"
OURS_ALL = (*OURS_BY.values(), ONLY_PIPELINE, ONLY_SERIES)


@dataclass(frozen=True)
class ForecastChoice:
    """What is served, on which rung, and the reason in a sentence of each language."""

    name: str
    rung: str
    says: str
    says_zh: str


def choose(judged: Judged, servable: Sequence[str], lines: int | None = None) -> ForecastChoice:
    """Choose for one measure. `servable` are the rivals that can be served, `lines` how many sales are on record."""
    few = lines is not None and lines < FEWEST_LINES
    if few or OURS not in judged.estimates:
        # Open deals tell what is to come long before months are there to judge by; a series does not.
        return (
            _unjudged(judged.measure)
            if judged.measure == "bookings" and not few
            else _too_little(judged.measure, lines)
        )
    ours = _best_of_ours(judged)
    better = _proven(judged, ours)
    chosen = [one for one in better if one[0] in servable and _total_is_better(judged, ours, one[0])]
    return _rival(judged.measure, *chosen[0]) if chosen else _ours(judged, ours, servable, better)


def _proven(judged: Judged, ours: str) -> list[tuple[str, Comparison]]:
    """Rivals better than ours beyond noise, of the company's total or on average over levels; the best first."""
    found: dict[str, Comparison] = {}
    for name in judged.estimates:
        if name in OURS_ALL:
            continue
        for views in (None, company_views(judged, (ours, name))):
            comparison = judged.compare(ours, name, views)
            if name not in found and comparison is not None and sure(comparison):
                found[name] = comparison
    return sorted(found.items(), key=lambda one: -one[1].difference)


def sure(found: Comparison) -> bool:
    """Whether the other is better than ours beyond noise: there are several rivals, each with its chance to look so."""
    if found.error is None or found.deals < FEWEST_PERIODS:
        return False
    return found.difference > SURER * found.error and found.difference > 0


def company_views(judged: Judged, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The views of the company's total that all of these answered."""
    return tuple(view for view in judged.common(names) if view[1] == COMPANY)


def _total_is_better(judged: Judged, ours: str, name: str) -> bool:
    """Whether a rival's figures for the company, which is what is served of it, are no worse than ours."""
    found = judged.compare(ours, name, company_views(judged, (ours, name)))
    return found is not None and found.difference >= 0


def _too_little(what: str, lines: int | None) -> ForecastChoice:
    counted = "" if lines is None else f" ({lines:,} sale{'' if lines == 1 else 's'} on record)"
    counted_zh = "" if lines is None else f"（仅有 {lines:,} 笔销售记录）"
    return ForecastChoice(
        PLAINEST,
        TOO_LITTLE,
        f"{what}: too little history to judge anything{counted}; the {PLAINEST} is served, as wide as what was sold "
        "in them varies.",
        f"{what}：历史过短，无法评判{counted_zh}；目前延用最近几个周期的平均值，区间取自其波动。",
    )


def _unjudged(what: str) -> ForecastChoice:
    return ForecastChoice(
        next(iter(OURS_BY.values())),
        "model",
        f"{what}: too little history to judge anything; open deals are played out, and intervals are the usual ones of "
        "such models.",
        f"{what}：历史过短，无法评判；按未结商机推演，区间取此类模型的常用宽度。",
    )


def _rival(what: str, name: str, found: Comparison) -> ForecastChoice:
    return ForecastChoice(
        name,
        "rival",
        f"{what}: {name} is served: its scaled CRPS is {found.difference:.4f} below ours on {found.deals} past "
        f"periods, beyond noise (95 %: {found.low:.4f} to {found.high:.4f}). {SAME_MOMENTS}",
        f"{what}：采用“{name}”：在 {found.deals} 个历史周期上其 sCRPS 比我方低 {found.difference:.4f}，超出噪声。"
        f"{SAME_MOMENTS_ZH}",
    )


def _ours(
    judged: Judged, ours: str, servable: Sequence[str], proven: Sequence[tuple[str, Comparison]]
) -> ForecastChoice:
    """Ours; `proven` are rivals that are better somewhere and yet cannot be served."""
    what, mine = judged.measure, judged.overall(ours)
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
            if found.low > 0 and found.deals < FEWEST_PERIODS:
                beside += f"; {found.deals} past periods are too few to prove it better"
                beside_zh += f"；仅 {found.deals} 个历史周期，不足以证明其更优"
            elif found.low > 0 and not sure(found):
                beside += "; among several rivals one looks so by chance"
                beside_zh += "；在多个对手中，这样的差距可能出于偶然"
    for name, _ in proven:
        if name in servable:
            beside += f"; {name} is better below the company and not for it, and only a total can be served"
            beside_zh += f"；{name} 在公司以下层级更优，公司总额则不然，而只有总额可以采用"
        else:
            beside += f"; {name} is better and it cannot be served"
            beside_zh += f"；{name} 更优，但无法用于预测"
    return ForecastChoice(
        ours,
        "model",
        f"{what}: {ours} is served{said}{beside}. {SAME_MOMENTS}",
        f"{what}：采用我方模型{said_zh}{beside_zh}。{SAME_MOMENTS_ZH}",
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
