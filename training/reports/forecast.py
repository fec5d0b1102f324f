"""How does a page tell a manager how good forecasts were? Scores by level, beside each rival.

The figures are computed elsewhere (`forecast.scores`, the backtest); here they become blocks of a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.paired import Comparison
from training.reports.page import Block, definitions, interval, number, percent, table
from training.reports.words import Language, estimate_name

NAMED = ("scrps", "wql", "mase", "rmsse", "coverage", "bias", "week_of_period")
"""The definitions a forecast's page needs."""


@dataclass(frozen=True)
class ForecastScore:
    """One estimate's figures over some forecast points; None or NaN where a figure cannot be told.

    `coverage` is of the 80 % interval; `bias` a share of what came; `against` the sCRPS of ours less this one's.
    """

    name: str
    scrps: float | None
    wql: float | None = None
    mase: float | None = None
    rmsse: float | None = None
    coverage: float | None = None
    bias: float | None = None
    points: int = 0
    against: Comparison | None = None


def scores_table(scores: Sequence[ForecastScore], caption: str, language: Language, ours: str = "") -> Block:
    """Estimates beside each other, the best first; ours stands out."""
    head = {
        "en": ["Estimate", "sCRPS", "wQL", "MASE", "RMSSE", "80 % coverage", "Bias", "Points", "Ours less this, sCRPS"],
        "zh": ["方法", "sCRPS", "wQL", "MASE", "RMSSE", "80% 覆盖率", "偏差", "预测点", "我方减此方法（sCRPS）"],
    }[language]
    unknown = float("inf")
    rows = [
        [
            estimate_name(one.name, language),
            number(one.scrps, 4),
            number(one.wql, 4),
            number(one.mase, 3),
            number(one.rmsse, 3),
            percent(one.coverage),
            "–" if one.bias is None or one.bias != one.bias else f"{one.bias:+.1%}",
            f"{one.points:,}",
            "" if one.against is None else interval(one.against.difference, one.against.low, one.against.high),
        ]
        for one in sorted(scores, key=lambda one: unknown if one.scrps is None or one.scrps != one.scrps else one.scrps)
    ]
    return table(head, rows, caption=caption, strong=[estimate_name(ours, language)] if ours else [])


def levels_table(
    by_level: Mapping[str, Mapping[str, float | None]], caption: str, language: Language, ours: str = ""
) -> Block:
    """One figure (sCRPS, say): a row per estimate, a column per level; `by_level[level][name]`."""
    names = dict.fromkeys(name for found in by_level.values() for name in found)
    head = [{"en": "Estimate", "zh": "方法"}[language], *by_level]
    rows = [
        [estimate_name(name, language), *(number(found.get(name), 4) for found in by_level.values())] for name in names
    ]
    return table(head, rows, caption=caption, strong=[estimate_name(ours, language)] if ours else [])


def forecast_definitions(language: Language) -> Block:
    """What the numbers of a forecast's page mean."""
    return definitions(NAMED, language)
