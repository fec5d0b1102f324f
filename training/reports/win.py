"""How does a win backtest read to a sales manager?"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from training.reports.page import Report, bullets, paragraph, percent
from training.reports.probabilities import add_probability_sections, add_summary
from training.reports.words import Language, estimate_name

if TYPE_CHECKING:
    from training.backtest import Backtest

TITLE: dict[Language, str] = {"en": "How good are the chances to win?", "zh": "赢单概率有多准？"}
LEAD: dict[Language, str] = {
    "en": "Every estimate learned only from what was on record at a moment and foretold what came after it. Until {0}.",
    "zh": "每种方法都只从某一时刻之前的记录中学习，再预测之后的结果。截至 {0}。",
}
FOLD: dict[Language, str] = {
    "en": "Learned from what was on record before {0}, judged on {1:,} moments of open deals between {0} and {2}.",
    "zh": "用 {0} 之前的记录学习，用 {0} 至 {2} 之间未关闭商机的 {1:,} 个时点检验。",
}
HOW: dict[Language, tuple[str, ...]] = {
    "en": (
        "A deal is looked at again and again while it is open, as it stood on record then; a deal still open at the "
        "end is neither won nor lost, and decided deals like it stand for it.",
        "All estimates learned from the same deals and features and were asked about the same moments.",
    ),
    "zh": (
        "商机在未关闭期间按当时的记录被反复查看；最后仍未关闭的商机既不算赢也不算输，由相似的已关闭商机代表。",
        "所有方法使用相同的商机和特征学习，并在相同的时点上接受检验。",
    ),
}
COVERED: dict[Language, str] = {
    "en": "The stated 80 % interval held the share that was won in {0} of {1} groups of like deals in later stretches "
    "of time, the luck of small groups allowed for.",
    "zh": "在之后各时间段的 {1} 组相似商机中，所给 80% 区间有 {0} 包含了实际赢率（已考虑小样本的偶然性）。",
}
INTERVALS: dict[Language, str] = {"en": "Do the intervals hold?", "zh": "区间是否可靠"}
ABSENT: dict[Language, str] = {"en": "Not in the tables", "zh": "未列入表格的方法"}


def win_page(found: "Backtest", language: Language) -> str:
    """The whole document."""
    page = Report(TITLE[language], language, LEAD[language].format(f"{found.until:%Y-%m-%d}"))
    folds = [FOLD[language].format(_day(fold.cut), len(fold.judged), _day(fold.end)) for fold in found.trial.folds]
    says = found.choice.says if language == "en" else found.choice.says_zh
    add_summary(page, found.scores, found.choice.name, says, [*HOW[language], *folds], language)
    add_probability_sections(page, found.scores, found.asked, language, found.words)
    held = None if found.coverage is None else found.coverage.held
    if found.coverage is not None and held is not None:
        page.section(INTERVALS[language], paragraph(COVERED[language].format(percent(held), found.coverage.groups)))
    absent = [f"{estimate_name(name, language)}: {why}" for name, why in found.trial.absent.items()]
    if absent:
        page.section(ABSENT[language], bullets(absent), last=True)
    return page.to_html()


def _day(micros: int) -> str:
    # Hyphens that do not break keep a day on one line.
    return datetime.fromtimestamp(micros / 1e6, UTC).date().isoformat().replace("-", "\N{NON-BREAKING HYPHEN}")
