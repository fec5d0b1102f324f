"""How does a churn backtest read to a sales manager?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from training.churn.choice import WHO
from training.churn.money import Campaign
from training.churn.recipe import horizon_said
from training.reports.page import Report, bullets, number, paragraph, percent, table
from training.reports.probabilities import add_probability_sections, add_summary
from training.reports.words import Language, estimate_name

if TYPE_CHECKING:
    from training.churn.candidate import Judged
    from training.churn.dataset import ChurnData
    from training.interval_coverage import IntervalCoverage

TITLE: dict[Language, str] = {"en": "How well is it known who stays?", "zh": "客户流失预测有多准？"}
LEAD: dict[Language, str] = {
    "en": "Every estimate learned only from what was on record at a moment and foretold what customers did after it. "
    "Until {0}.",
    "zh": "每种方法都只从某一时刻之前的记录中学习，再预测客户之后的行为。截至 {0}。",
}
FOLD: dict[Language, str] = {
    "en": "Learned from what was on record before {0}, judged on {1:,} moments of active customers until {2}.",
    "zh": "用 {0} 之前的记录学习，用至 {2} 为止活跃客户的 {1:,} 个时点检验。",
}
PART: dict[Language, str] = {
    "en": "Learned from four fifths of the customers, judged on {0:,} others: the history has no time to split by.",
    "zh": "用五分之四的客户学习，用另外 {0:,} 个客户检验：历史没有时间可供划分。",
}
HOW: dict[str, dict[Language, str]] = {
    "orders": {
        "en": "A customer without a contract has churned within a horizon when no order came in so many days; returns "
        "are no orders.",
        "zh": "无合同客户在期限内没有任何订单即为流失；退货不算订单。",
    },
    "contract": {
        "en": "A customer with a contract has churned when no contract runs any more: by cancellation, or by a renewal "
        "missed for {0} days.",
        "zh": "合同客户在没有任何合同继续履行时即为流失：取消，或到期 {0} 天仍未续约。",
    },
}
MONEY: dict[Language, str] = {"en": "What would acting on it earn?", "zh": "据此行动能挣多少"}
ASSUMED: dict[Language, str] = {
    "en": "Profit per customer of a retention campaign within {0:g} days: {1}. EMPC is the expected maximum profit "
    "over how many accept; best, the most that any share contacted earns; as said, contacting exactly those for "
    "whom the stated chance says it pays.",
    "zh": "{0:g} 天内挽留活动的人均利润：{1}。EMPC 为对接受率取期望的最大利润；best 为最优联系比例下的利润；"
    "as said 为仅按所给概率判断值得联系者的利润。",
}
HEAD: dict[Language, list[str]] = {
    "en": ["Estimate", "EMPC", "Best", "Share contacted", "As said"],
    "zh": ["方法", "EMPC", "最优利润", "联系比例", "按概率行动"],
}
COVERED: dict[Language, str] = {
    "en": "The stated 80 % interval held the share that churned in {0} of {1} groups of like customers in the last "
    "window, the luck of small groups allowed for.",
    "zh": "在最后一个检验窗口的 {1} 组相似客户中，所给 80% 区间有 {0} 包含了实际流失率（已考虑小样本的偶然性）。",
}
INTERVALS: dict[Language, str] = {"en": "Do the intervals hold?", "zh": "区间是否可靠"}
ABSENT: dict[Language, str] = {"en": "Not in the tables", "zh": "未列入表格的方法"}


def churn_page(
    data: ChurnData,
    judged: Mapping[str, Judged],
    language: Language,
    coverage: Mapping[str, IntervalCoverage] | None = None,
) -> str:
    """The whole document: one part for each kind of customers."""
    page = Report(TITLE[language], language, LEAD[language].format(f"{data.until:%Y-%m-%d}"))
    for kind, one in judged.items():
        if one.scores is None:
            says = one.choice.says if language == "en" else one.choice.says_zh
            page.section(WHO[kind][language == "zh"].capitalize(), paragraph(says))
            continue
        _add_kind(page, data, one, language, (coverage or {}).get(kind))
    return page.to_html()


def _add_kind(page: Report, data: ChurnData, one: Judged, language: Language, held: IntervalCoverage | None) -> None:
    from training.churn.events import RENEWAL_DAYS

    assert one.scores is not None
    folds = [
        FOLD[language].format(_day(fold.cut), len(fold.rows), _day(fold.end))
        if fold.cut
        else PART[language].format(len(fold.rows))
        for fold in one.trial.folds
    ]
    how = [HOW[one.base.kind][language].format(RENEWAL_DAYS), *horizon_said(data, language), *folds]
    says = one.choice.says if language == "en" else one.choice.says_zh
    add_summary(page, one.scores, one.choice.name, says, how, language)
    add_probability_sections(page, one.scores, one.trial.asked(), language)
    rows = [
        [
            estimate_name(name, language),
            number(found.empc),
            number(found.best),
            percent(found.share),
            number(found.as_said),
        ]
        for name, found in sorted(one.profits().items(), key=lambda item: -item[1].empc)
    ]
    told = ASSUMED[language].format(one.trial.horizons[-1], Campaign().said())
    page.section(MONEY[language], paragraph(told), table(HEAD[language], rows))
    if held is not None and held.held is not None:
        page.section(INTERVALS[language], paragraph(COVERED[language].format(percent(held.held), held.groups)))
    if one.trial.absent:
        absent = [f"{estimate_name(name, language)}: {why}" for name, why in one.trial.absent.items()]
        page.section(ABSENT[language], bullets(absent))


def _day(moment: int) -> str:
    return str(np.datetime64(moment, "us"))[:10]
