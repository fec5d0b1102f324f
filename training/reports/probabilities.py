"""How does a page tell a manager how good chances were? The sections that win and churn share.

The answer first, then all estimates beside each other, then whether what was said came true, then for whom it did not,
and at the end every number in a sentence.
"""

from collections.abc import Sequence

from training.horizon_scores import EVER, MOST_LISTED, Asked, HorizonScores
from training.paired import Comparison
from training.reports.page import (
    Block,
    Report,
    Tone,
    bullets,
    definitions,
    figures,
    folded,
    interval,
    number,
    p_value,
    paragraph,
    percent,
    table,
    tiles,
    verdict,
)
from training.reports.plots import difference_plot, gains_plot, lines_plot, reliability_plot
from training.reports.words import Language, estimate_name, horizon_name
from training.scorecard import Scorecard
from training.segment_words import label_words
from training.segments import Words

MOST_CURVES = 3
ALIKE = 0.05
"""A calibration test's p-value below this says the chances are off by more than luck."""

HEADINGS: dict[str, dict[Language, str]] = {
    "short": {"en": "In short", "zh": "结论"},
    "how": {"en": "What was judged, and how", "zh": "检验了什么，如何检验"},
    "estimates": {"en": "All estimates beside each other", "zh": "各方法对比"},
    "came_true": {"en": "Did what was said come true?", "zh": "预测是否兑现"},
    "worse": {"en": "For whom it is worse", "zh": "对谁较差"},
    "numbers": {"en": "What the numbers mean", "zh": "指标含义"},
}
TEXTS: dict[str, dict[Language, str]] = {
    "money": {
        "en": "By money: {0} was said of the amounts on average, {1} came. Weighted by amount, log loss is {2} and the "
        "Brier score {3}.",
        "zh": "按金额：平均预测 {0}，实际 {1}。按金额加权的对数损失为 {2}，Brier 分数为 {3}。",
    },
    "nobody": {
        "en": "Of {0} groups looked at, none is worse beyond what luck allows.",
        "zh": "在所查看的 {0} 个分组中，没有超出偶然的较差分组。",
    },
    "somebody": {
        "en": "Of {0} groups looked at, these stand out beyond what luck allows:",
        "zh": "在所查看的 {0} 个分组中，以下分组的差距超出偶然：",
    },
    "more": {"en": "{0} more", "zh": "另外 {0} 条"},
    "groups_all": {"en": "Every group (ours)", "zh": "所有分组（我方）"},
    "question": {
        "en": "Each horizon asks: within so many days? A case nobody has watched for long enough takes no part, and "
        "cases like it stand for it.",
        "zh": "每个期限回答：在这么多天之内是否发生？观察时间不足的个案不参与，由相似个案代表。",
    },
}


def add_summary(
    page: Report, scores: HorizonScores, served: str, says: str, how: Sequence[str], language: Language
) -> None:
    """The verdict, a few numbers of what is served, and how it was found."""
    card = scores.cards[served].get(scores.horizons[-1]) if served in scores.cards else None
    tone: Tone = "neutral" if served == "base_rate" else "good"
    blocks = [verdict(says, tone)]
    if card is not None:
        words = {"en": ("log loss", "AUC", "cases judged", "came"), "zh": ("对数损失", "AUC", "检验个案", "实际发生")}
        names = words[language]
        last = horizon_name(scores.horizons[-1], language)
        blocks.append(
            tiles(
                {
                    f"{names[0]} ({last})": number(card.log_loss),
                    f"{names[1]} ({last})": number(card.auc),
                    names[2]: f"{card.deals:,}",
                    f"{names[3]} ({last})": percent(card.rate),
                }
            )
        )
    page.section(HEADINGS["short"][language], *blocks)
    page.section(HEADINGS["how"][language], bullets(how))


def add_probability_sections(
    page: Report, scores: HorizonScores, asked: Sequence[Asked], language: Language, words: Words | None = None
) -> None:
    """All estimates, said and came, for whom it is worse, and what the numbers mean.

    `words` are the names of groupings, such as those of `segment_words.words_of`.
    """
    page.section(HEADINGS["estimates"][language], *_estimates(scores, asked, language))
    page.section(HEADINGS["came_true"][language], *_came_true(scores, language))
    page.section(HEADINGS["worse"][language], *_worse(scores, language, words or {}))
    names = ["log_loss", "brier", *(["integrated"] if scores.integrated else []), "auc", "average_precision", "slope"]
    names += ["shift", "difference", "calibration_test", "reliability", "gains", "segments"]
    names += ["by_money"] if _money(scores) is not None else []
    page.section(HEADINGS["numbers"][language], definitions(names, language), last=True)


def _estimates(scores: HorizonScores, asked: Sequence[Asked], language: Language) -> list[Block]:
    several = len([days for days in scores.horizons if days < EVER]) > 1
    blocks = [paragraph(TEXTS["question"][language], quiet=True)] if scores.integrated else []
    for days in reversed(scores.horizons):
        blocks.append(_table(scores, days, language))
    if several:
        blocks.insert(1, _integrated(scores, language))
    last_asked = scores.horizons[-1]
    ever = {name: by[last_asked] for name, by in scores.against.items() if last_asked in by}
    found = scores.integrated_against or ever
    plots = []
    if found:
        ours = estimate_name(scores.ours, language)
        title = {"en": f"Log loss: {ours} less each other", "zh": f"对数损失：{ours}减其他方法"}
        named = {estimate_name(name, language): one for name, one in found.items()}
        plots.append(difference_plot(named, title[language], language))
    if len([days for days in scores.horizons if days < EVER]) > 2:
        title = {"en": "Log loss by horizon", "zh": "各期限的对数损失"}
        curves = {
            estimate_name(name, language): [
                (days, scores.cards[name][days].log_loss) for days in scores.horizons if days < EVER
            ]
            for name in scores.names[:6]
            if name in scores.integrated
        }
        day = {"en": "horizon, days", "zh": "期限（天）"}[language]
        plots.append(lines_plot(curves, title[language], day, title[language], zero=False))
    last = next((each for each in asked if each.days == scores.horizons[-1]), None)
    if last is not None:
        title = {"en": "Gains: looking at the highest first", "zh": "增益：先看概率最高的"}
        said = {estimate_name(name, language): last.said[name] for name in _shown(scores) if name in last.said}
        plots.append(gains_plot(last.outcome, said, last.weight, title[language], language))
    return [*blocks, figures(plots, language)]


def _shown(scores: HorizonScores) -> list[str]:
    """Ours first, then the best others, few enough to tell apart."""
    return [scores.ours, *(name for name in scores.names if name != scores.ours)][:MOST_CURVES]


def _integrated(scores: HorizonScores, language: Language) -> Block:
    head = {
        "en": [
            "Estimate",
            "Log loss",
            "Brier",
            "Log loss: ours less this one, 95 %",
            "Brier: ours less this one, 95 %",
        ],
        "zh": ["方法", "对数损失", "Brier", "对数损失：我方减此方法，95%", "Brier：我方减此方法，95%"],
    }[language]
    rows = [
        [
            estimate_name(name, language),
            number(scores.integrated[name].log_loss, 4),
            number(scores.integrated[name].brier, 4),
            _difference(scores.integrated_against.get(name)),
            _difference(scores.integrated_brier_against.get(name)),
        ]
        for name in scores.names
        if name in scores.integrated
    ]
    caption = {"en": "Over all horizons", "zh": "跨期限平均"}[language]
    return table(head, rows, caption=caption, strong=[estimate_name(scores.ours, language)])


def _table(scores: HorizonScores, days: float, language: Language) -> Block:
    head = {
        "en": ["Estimate", "Log loss", "Brier", "AUC", "Avg. precision", "Slope", "Shift", "Ours less this one, 95 %"],
        "zh": ["方法", "对数损失", "Brier", "AUC", "平均精确率", "斜率", "偏移", "我方减此方法，95%"],
    }[language]
    rows = []
    there = [name for name in scores.cards if days in scores.cards[name]]
    for name in sorted(there, key=lambda name: scores.cards[name][days].log_loss):
        card = scores.cards[name][days]
        figures_of = (card.log_loss, 4), (card.brier, 4), (card.auc, 3), (card.average_precision, 3)
        figures_of += (card.calibration_slope, 2), (card.calibration_shift, 2)  # type: ignore[assignment]
        against = scores.against.get(name, {}).get(days)
        rows.append(
            [
                estimate_name(name, language),
                *(number(value, digits) for value, digits in figures_of),
                _difference(against),
            ]
        )
    card = scores.cards[scores.ours][days]
    caption = {
        "en": f"{horizon_name(days, 'en').capitalize()}: {card.rows:,} moments of {card.deals:,} cases",
        "zh": f"{horizon_name(days, 'zh')}：{card.deals:,} 个个案的 {card.rows:,} 个时点",
    }[language]
    return table(head, rows, caption=caption, strong=[estimate_name(scores.ours, language)])


def _difference(found: Comparison | None) -> str:
    return "" if found is None else interval(found.difference, found.low, found.high)


def _came_true(scores: HorizonScores, language: Language) -> list[Block]:
    head = {
        "en": ["Horizon", "Said", "Came", "Slope, 95 %", "Shift", "Test of boldness, p", "Test by groups, p", ""],
        "zh": ["期限", "平均预测", "实际", "斜率，95%", "偏移", "大胆程度检验 p", "分组检验 p", ""],
    }[language]
    rows = [_calibration(scores.cards[scores.ours][days], days, language) for days in scores.horizons]
    ours = estimate_name(scores.ours, language)
    caption = {"en": f"What was said ({ours}), and what came", "zh": f"预测（{ours}）与实际"}[language]
    plots = [
        reliability_plot(scores.cards[scores.ours][days].reliability, horizon_name(days, language), language)
        for days in scores.horizons
    ]
    money = _money(scores)
    told = [] if money is None else [paragraph(TEXTS["money"][language].format(*money))]
    return [table(head, rows, caption=caption), *told, figures(plots, language)]


def _calibration(card: Scorecard, days: float, language: Language) -> list[str]:
    tests = [p for p in (card.spiegelhalter_p, card.groups_p) if p is not None]
    # Two tests are made: the smaller p-value counts double (Bonferroni).
    words = {"en": ("agrees", "off by more than luck"), "zh": ("一致", "偏差超出偶然")}[language]
    slope = number(card.calibration_slope, 2)
    if card.calibration_slope_low is not None:
        slope += f" [{number(card.calibration_slope_low, 2)}, {number(card.calibration_slope_high, 2)}]"
    return [
        horizon_name(days, language),
        percent(card.mean_probability, 1),
        percent(card.rate, 1),
        slope,
        number(card.calibration_shift, 2, sign=True),
        p_value(card.spiegelhalter_p),
        p_value(card.groups_p),
        "" if not tests else words[len(tests) * min(tests) < ALIKE],
    ]


def _money(scores: HorizonScores) -> tuple[str, str, str, str] | None:
    found = scores.cards[scores.ours][scores.horizons[-1]].by_amount
    if found is None:
        return None
    return percent(found.mean_probability, 1), percent(found.rate, 1), number(found.log_loss), number(found.brier)


def _worse(scores: HorizonScores, language: Language, words: Words) -> list[Block]:
    last = scores.cards[scores.ours][scores.horizons[-1]].segments
    if not last:
        return []
    text = TEXTS["somebody" if scores.worse else "nobody"][language].format(len(last))
    head = {
        "en": ["Group", "Cases", "Said", "Came", "Log loss", "AUC", "Slope"],
        "zh": ["分组", "个案", "平均预测", "实际", "对数损失", "AUC", "斜率"],
    }[language]
    rows = [
        [
            _group(name, words, language),
            f"{card.deals:,}",
            percent(card.mean_probability, 1),
            percent(card.rate, 1),
            number(card.log_loss, 4),
            number(card.auc),
            number(card.calibration_slope, 2),
        ]
        for name, card in last.items()
    ]
    caption = horizon_name(scores.horizons[-1], language)
    listed = [one.says if language == "en" else one.says_zh for one in scores.worse]
    groups = folded(TEXTS["groups_all"][language], table(head, rows, caption=caption))
    first = [bullets(listed[:MOST_LISTED])] if listed else []
    more = TEXTS["more"][language].format(len(listed) - MOST_LISTED)
    rest = [folded(more, bullets(listed[MOST_LISTED:]))] if len(listed) > MOST_LISTED else []
    return [paragraph(text), *first, *rest, groups]


def _group(name: str, words: Words, language: Language) -> str:
    """A group's name, "segment=label", in words."""
    segment, _, label = name.partition("=")
    english, chinese = words.get(segment, (segment, segment))
    return f"{english} = {label}" if language == "en" else f"{chinese} = {label_words(label)}"
