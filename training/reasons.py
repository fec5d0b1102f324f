"""Why this number? Reasons that add up in log-odds, in the words of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from features.definition import Feature

Language = Literal["en", "zh"]
REST = "everything_else"
"""The feature name under which what is not listed is summed up."""


@dataclass(frozen=True)
class Reason:
    """What one feature adds to the log-odds, beside its value for this deal."""

    feature: str
    value: float | str | None
    effect: float
    text: str


def explain(
    effects: Mapping[str, float],
    values: Mapping[str, float | str | None],
    features: Mapping[str, Feature],
    total: float,
    most: int,
    language: Language,
) -> tuple[Reason, ...]:
    """The `most` strongest effects and the rest in one line; together they are exactly `total`."""
    strongest = sorted((e for e in effects.items() if e[1] != 0), key=lambda e: (-abs(e[1]), e[0]))[:most]
    reasons = [
        Reason(name, values.get(name), effect, _sentence(features.get(name), name, values.get(name), effect, language))
        for name, effect in strongest
    ]
    rest = total - sum(reason.effect for reason in reasons)
    if rest != 0 and (reasons or abs(rest) > 1e-12):
        text = "everything else together" if language == "en" else "其余因素合计"
        reasons.append(Reason(REST, None, rest, f"{text}{_direction(rest, language)}"))
    return tuple(reasons)


def _sentence(feature: Feature | None, name: str, value: float | str | None, effect: float, language: Language) -> str:
    meaning = name
    if feature is not None:
        meaning = feature.meaning if language == "en" else feature.meaning_zh
    first = meaning.split("。")[0].split(". ")[0].split(": ")[0].split("：")[0].split("; ")[0].rstrip(".")
    return f"{first}: {_shown(value, language)}{_direction(effect, language)}"


def _shown(value: float | str | None, language: Language) -> str:
    if value is None:
        return "not known" if language == "en" else "未知"
    if isinstance(value, str):
        return value
    if abs(value) < 0.001:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _direction(effect: float, language: Language) -> str:
    if language == "en":
        return " (raises the chance)" if effect > 0 else " (lowers the chance)"
    return "（提高赢单概率）" if effect > 0 else "（降低赢单概率）"
