"""How good were the forecasts, for a terminal and for a manager's page?"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from training.bookings.judged import Judged
from training.forecast.choice import ForecastChoice
from training.reports.forecast import ForecastScore, forecast_definitions, levels_table, scores_table
from training.reports.page import Report, paragraph, verdict
from training.reports.plots import error_by_week_plot
from training.reports.words import Language

HINDSIGHT = {
    "en": "The estimate served was chosen on all past moments, these quarters among them, which flatters it a little; "
    "it is fitted as of each quarter's first day.",
    "zh": "所用模型是依据全部历史时点（包括这些季度）选定的，因此误差略偏乐观；但每次均只用季度首日之前的记录拟合。",
}
"""What the error by week of the quarter knows that a forecast of the time did not."""
COLUMNS = 9
WIDE = 24


def table_lines(judged: Judged, ours: str) -> list[str]:
    """A table: an estimate a line, its scaled CRPS by frequency and level, coverage and bias of the company, and ours
    less it.
    """
    if not judged.blocks:
        return [f"{judged.measure}: too little history to judge anything."]
    views = judged.views
    head = "".join(f"{_short(view):>{COLUMNS}}" for view in views)
    found = [
        f"{judged.measure}: scaled CRPS from past moments (m: by month, w: by week, q: by quarter); lower is better",
        f"{'estimate':<{WIDE}}{'mean':>8} {head}{'cover':>7}{'bias':>7}   ours less this one, 95 %",
    ]
    fewer = {name for name in judged.estimates if len(judged.common((ours, name))) < len(judged.common((ours,)))}
    for name in ranked(judged, ours):
        overall = judged.overall(name)
        cells = ""
        for view in views:
            score = judged.score(name, view)
            known = score is not None and np.isfinite(score.scrps)
            cells += f"{score.scrps:>{COLUMNS}.4f}" if known and score is not None else f"{'-':>{COLUMNS}}"
        company = judged.score(name, views[0])
        told = f"{'-':>7}{'-':>7}" if company is None else f"{company.coverage:>7.0%}{company.bias:>+7.0%}"
        against = judged.compare(ours, name) if name != ours else None
        said = ""
        if against is not None:
            said = f"   {against.difference:+.4f}"
            if against.low is not None and against.high is not None:
                said += f" [{against.low:+.4f}, {against.high:+.4f}]"
        mean = "-" if overall is None else f"{overall:.4f}"
        found.append(f"{name:<{WIDE}}{mean:>8}{'*' if name in fewer else ' '}{cells}{told}{said}")
    if fewer:
        found.append("* judged at fewer levels: its mean is not comparable; its place, and ours less it, are by those.")
    return found


def ranked(judged: Judged, ours: str) -> list[str]:
    """The estimates, best first, each by its difference from ours on the levels that both answered."""

    def behind(name: str) -> float:
        found = judged.compare(ours, name) if name != ours else None
        return 0.0 if name == ours else np.inf if found is None else -found.difference

    return sorted(judged.estimates, key=behind)


def page(
    judged: Mapping[str, Judged],
    choices: Mapping[str, ForecastChoice],
    until: datetime,
    by_week: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]],
    language: Language,
) -> str:
    """A page a manager can read; `by_week` is the error by week of the period, by measure and estimate."""
    title = {"en": "How good would the forecasts have been?", "zh": "预测会有多准？"}[language]
    lead = {
        "en": f"Forecast from past moments before {until:%Y-%m-%d}, each with only what was on record then.",
        "zh": f"站在 {until:%Y-%m-%d} 之前的历史时点，仅用当时已有的记录进行预测。",
    }[language]
    report = Report(title, language, lead)
    for measure, one in judged.items():
        choice = choices[measure]
        report.section(measure, verdict(choice.says if language == "en" else choice.says_zh))
        for view in one.views:
            scores = [_score(one, name, view, choice.name) for name in one.estimates if one.score(name, view)]
            caption = f"{measure} · {view[0]} · {view[1]}"
            report.section(caption, scores_table(scores, caption, language, choice.name))
        if one.views:
            table = {f"{v[0]} {v[1]}": {n: _scrps(one, n, v) for n in one.estimates} for v in one.views}
            report.section(f"{measure}: sCRPS", levels_table(table, "sCRPS", language, choice.name))
        if by_week.get(measure):
            from training.reports.page import figures

            name = {"en": "Error by week of the quarter", "zh": "季度内各周的误差"}[language]
            plot = error_by_week_plot(by_week[measure], name, language)
            report.section(name, paragraph(HINDSIGHT[language], quiet=True), figures([plot], language))
    if not any(one.blocks for one in judged.values()):
        report.section("-", paragraph({"en": "There was nothing to judge.", "zh": "没有可评判的内容。"}[language]))
    report.section({"en": "What the numbers mean", "zh": "指标含义"}[language], forecast_definitions(language))
    return report.to_html()


def _score(judged: Judged, name: str, view: tuple[str, str], ours: str) -> ForecastScore:
    score = judged.score(name, view)
    assert score is not None
    against = judged.compare(ours, name, [view]) if name != ours else None
    figures = (score.wql, score.mase, score.rmsse, score.coverage, score.bias, score.points)
    return ForecastScore(name, score.scrps, *figures, against)


def _scrps(judged: Judged, name: str, view: tuple[str, str]) -> float | None:
    score = judged.score(name, view)
    return None if score is None else score.scrps


def _short(view: tuple[str, str]) -> str:
    return f"{view[0][0]}:{view[1][:6]}"
