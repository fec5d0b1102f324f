"""Which pictures does a report show? Said and came, who is ahead, gains, error by week, a forecast's fan.

Each returns a `Plot`: SVG in the page's own colours, a text that says the same to those who cannot see it, and the
table it was drawn from. No plotting library is loaded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.judged_rows import Floats
from training.reports.canvas import Canvas, round_ticks, span_of, text_width
from training.reports.words import Language, phrase
from training.scorecard import Bin, Comparison

LONGEST_NAME = 24
FEWEST_LABELS = 6


@dataclass(frozen=True)
class Plot:
    """A drawing, its title, what it shows in words, and its figures as texts."""

    title: str
    svg: str
    alt: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def reliability_plot(bins: Sequence[Bin], title: str, language: Language) -> Plot:
    """What was said against what came, a dot per bin with its 95 % interval; the axes end where the bins do."""
    # Rare events fill the lower corner only: the axes end at a round number above all that is shown.
    top = min(max([*(b.mean_probability for b in bins), *(b.rate_high for b in bins), 0.1]) * 1.04, 1.0)
    canvas = Canvas((0, top), (0, top), phrase("said", language), phrase("came", language), height=340)
    canvas.x_format = canvas.y_format = _percent_of(top)
    canvas.ideal((0, 0), (top, top), phrase("as_said", language))
    for one in bins:
        canvas.upright(one.mean_probability, one.rate_low, one.rate_high, 0)
    canvas.dots([(b.mean_probability, b.rate) for b in bins], 0, phrase("interval95", language), size=4.2)
    head = (
        phrase("said", language),
        phrase("came", language),
        phrase("interval95", language),
        phrase("cases", language),
    )
    rows = tuple(
        (f"{b.mean_probability:.1%}", f"{b.rate:.1%}", f"{b.rate_low:.1%} – {b.rate_high:.1%}", f"{b.deals:,}")
        for b in bins
    )
    inside = sum(b.rate_low <= b.mean_probability <= b.rate_high for b in bins)
    alt = {
        "en": f"In {inside} of {len(bins)} groups the share that came agrees with the chance said, within 95 %.",
        "zh": f"{len(bins)} 组中有 {inside} 组的实际比例与预测概率在 95% 区间内一致。",
    }[language]
    return Plot(title, canvas.svg(), alt, head, rows)


def difference_plot(found: Mapping[str, Comparison], title: str, language: Language) -> Plot:
    """Ours less each other, with 95 % intervals, the farthest behind last. Names stand on the left."""
    order = sorted(found, key=lambda name: found[name].difference, reverse=True)
    shown = {name: name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…" for name in order}
    ends = [value for c in found.values() for value in (c.difference, c.low, c.high) if value is not None]
    height = 58 + 26 * max(len(order), 1)
    left = 14 + max([text_width(text) for text in shown.values()], default=0)
    places = {name: len(order) - 1 - place for place, name in enumerate(order)}
    canvas = Canvas(
        span_of(ends, room=0.08),
        (-0.6, len(order) - 0.4),
        phrase("better_left", language),
        y_ticks=[(place, shown[name]) for name, place in places.items()],
        left=min(left, 200),
        height=height,
    )
    canvas.x_ticks = [(value, f"{value:+g}" if value else "0") for value in round_ticks(*canvas.x, most=4)]
    canvas.ideal((0, -0.6), (0, len(order) - 0.4))
    for name, place in places.items():
        one = found[name]
        if one.low is not None and one.high is not None:
            canvas.level(place, one.low, one.high, 0)
        canvas.dots([(one.difference, place)], 0, size=4.2)
    better, worse = (sum(one.verdict == word for one in found.values()) for word in ("better", "worse"))
    alt = {
        "en": f"Ours is better than {better} of {len(order)} beyond noise, worse than {worse}.",
        "zh": f"在 {len(order)} 个对手中，我方显著优于 {better} 个，显著劣于 {worse} 个。",
    }[language]
    rows = tuple((name, f"{found[name].difference:+.4f}", _interval(found[name])) for name in order)
    head = (phrase("estimate", language), "Δ", phrase("interval95", language))
    return Plot(title, canvas.svg(), alt, head, rows)


def gains_plot(
    outcome: Floats, said: Mapping[str, Floats], weight: Floats, title: str, language: Language, points: int = 20
) -> Plot:
    """How much of what came is found when only the highest chances are looked at; arrays [n], undecided left out."""
    shares = np.linspace(0, 1, points + 1)
    canvas = Canvas((0, 1), (0, 1), phrase("share_seen", language), phrase("share_found", language), height=340)
    canvas.x_format = canvas.y_format = "{:.0%}".format
    canvas.ideal((0, 0), (1, 1), phrase("at_random", language))
    known = np.isfinite(outcome) & (weight > 0)
    curves = {name: _gains(outcome[known], p[known], weight[known], shares) for name, p in said.items()}
    for style, (name, curve) in enumerate(curves.items()):
        canvas.line(list(zip(shares.tolist(), curve.tolist(), strict=True)), style, name)
    fifth = points // 5
    told = {name: f"{curve[fifth]:.0%}" for name, curve in curves.items()}
    joined = ", ".join(f"{name} {share}" for name, share in told.items())
    alt = {"en": f"Found in the first fifth: {joined}.", "zh": f"前五分之一中找到的比例：{joined}。"}[language]
    head = (phrase("share_seen", language), *curves)
    rows = tuple(
        (f"{shares[place]:.0%}", *(f"{curve[place]:.0%}" for curve in curves.values()))
        for place in range(0, points + 1, 2)
    )
    return Plot(title, canvas.svg(), alt, head, rows)


def _gains(outcome: Floats, p: Floats, weight: Floats, shares: Floats) -> Floats:
    order = np.argsort(-p, kind="stable")
    seen, hit = np.cumsum(weight[order]), np.cumsum((weight * outcome)[order])
    # Alike chances are looked at in no order: within a tie the curve is a straight line.
    ends = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    total = hit[-1] if hit[-1] > 0 else 1.0
    return np.asarray(np.interp(shares, np.append(0, seen[ends] / seen[-1]), np.append(0, hit[ends] / total)))


def lines_plot(
    series: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    x_label: str,
    y_label: str,
    *,
    percent: bool = False,
    zero: bool = True,
    alt: str = "",
) -> Plot:
    """Lines through (x, y) by name, up to six; for error by week of the period, loss by horizon and the like."""
    xs = sorted({x for points in series.values() for x, _ in points})
    ys = [y for points in series.values() for _, y in points]
    shown = "{:.1%}".format if percent else "{:.4g}".format
    canvas = Canvas(_wide(xs), span_of(ys, zero=zero), x_label, y_label)
    canvas.y_format = _percent_of(canvas.y[1] - canvas.y[0]) if percent else "{:g}".format
    if len(xs) <= FEWEST_LABELS * 2:
        canvas.x_ticks = [(x, f"{x:g}") for x in xs]
    for style, (name, points) in enumerate(series.items()):
        canvas.line(sorted(points), style, name, dots=len(xs) <= FEWEST_LABELS * 4)
    by_x = {name: dict(points) for name, points in series.items()}
    rows = tuple((f"{x:g}", *(shown(by_x[name][x]) if x in by_x[name] else "–" for name in series)) for x in xs)
    return Plot(title, canvas.svg(), alt or title, (x_label, *series), rows)


def error_by_week_plot(errors: Mapping[str, Sequence[tuple[float, float]]], title: str, language: Language) -> Plot:
    """The mean absolute error (a share of the period's total) of forecasts made in each week of the period, by name."""
    firsts = {name: sorted(points) for name, points in errors.items() if points}
    told = "; ".join(f"{name} {points[0][1]:.0%} → {points[-1][1]:.0%}" for name, points in firsts.items())
    alt = {"en": f"From the first week to the last: {told}.", "zh": f"从第一周到最后一周：{told}。"}[language]
    return lines_plot(firsts, title, phrase("week", language), phrase("error", language), percent=True, alt=alt)


def fan_plot(
    periods: Sequence[str],
    quantiles: Mapping[float, Sequence[float]],
    actual: Sequence[float | None],
    title: str,
    language: Language,
    y_label: str = "",
) -> Plot:
    """What was forecast of each period, middle and intervals, and what came (None where it is not known yet).

    `quantiles` by level, such as 0.1, 0.25 or 0.3, 0.5, 0.7 or 0.75, 0.9: those that are there are drawn.
    """
    at = list(range(len(periods)))
    known = [(float(x), float(v)) for x, v in zip(at, actual, strict=True) if v is not None]
    every = [value for values in quantiles.values() for value in values] + [y for _, y in known]
    canvas = Canvas((-0.4, len(at) - 0.6), span_of(every), "", y_label)
    step = max(1, -(-len(at) // FEWEST_LABELS))
    canvas.x_ticks = [(float(x), periods[x]) for x in at if x % step == 0]
    canvas.y_format = _money(language)
    for low, high, name, wide in ((0.1, 0.9, "band80", True), (0.25, 0.75, "band50", False)):
        if low in quantiles and high in quantiles:
            band = [(float(x), float(quantiles[low][x]), float(quantiles[high][x])) for x in at]
            canvas.band(band, 0, phrase(name, language), wide)
    if 0.5 in quantiles:
        canvas.line([(float(x), float(quantiles[0.5][x])) for x in at], 0, phrase("middle", language))
    canvas.line(known, 1, phrase("actual", language), dots=True)
    covered = [quantiles[0.1][int(x)] <= y <= quantiles[0.9][int(x)] for x, y in known if {0.1, 0.9} <= set(quantiles)]
    alt = {
        "en": f"{sum(covered)} of {len(covered)} periods lie within the 80 % interval.",
        "zh": f"{len(covered)} 个周期中有 {sum(covered)} 个落在 80% 区间内。",
    }[language]
    head = (phrase("period", language), *(f"q{level * 100:02.0f}" for level in quantiles), phrase("actual", language))
    rows = tuple((periods[x], *(f"{values[x]:,.0f}" for values in quantiles.values()), _amount(actual[x])) for x in at)
    return Plot(title, canvas.svg(), alt, head, rows)


def _amount(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _interval(found: Comparison) -> str:
    return "–" if found.low is None else f"[{found.low:+.4f}, {found.high:+.4f}]"


def _percent_of(span: float) -> Callable[[float], str]:
    return "{:.0%}".format if span > 0.05 else "{:.1%}".format


def _wide(xs: Sequence[float]) -> tuple[float, float]:
    return (xs[0], xs[-1]) if len(xs) > 1 else (xs[0] - 1, xs[0] + 1) if xs else (0.0, 1.0)


def _money(language: Language) -> Callable[[float], str]:
    """Large amounts in short: thousands and millions, or 万 and 亿."""
    steps = ((1e9, "bn"), (1e6, "m"), (1e3, "k")) if language == "en" else ((1e8, "亿"), (1e4, "万"))

    def shown(value: float) -> str:
        size, unit = next(((s, u) for s, u in steps if abs(value) >= s), (1.0, ""))
        return f"{value / size:g}{unit}"

    return shown
