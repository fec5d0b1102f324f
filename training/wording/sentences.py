"""How is a reason told? The deal's own value, what is usual of those won and lost, and which way it moves."""

from collections.abc import Mapping
from typing import Literal

from features.contracts import ATTRIBUTE_PREFIX
from features.definition import Feature
from training.wording.comparisons import AGE, STAGE, About, Comparisons, Where
from training.wording.customers import WORDS as CUSTOMER_WORDS
from training.wording.deals import WORDS as DEAL_WORDS
from training.wording.groups import RATE
from training.wording.labels import kind_of, label_of
from training.wording.numbers import Kind, Language, written
from training.wording.phrases import BLANK, Known, Phrase

IN_STAGE, STAY_TO_WON, STAY_TO_LOST = "deal_days_in_stage", "deal_stage_age_to_won", "deal_stage_age_to_lost"
Side = Literal["yes", "no"]
WAYS = {
    ("win", "en"): (" (raises the chance)", " (lowers the chance)"),
    ("win", "zh"): ("（提高赢单概率）", "（降低赢单概率）"),
    ("churn", "en"): (" (raises the risk of leaving)", " (lowers the risk of leaving)"),
    ("churn", "zh"): ("（提高流失风险）", "（降低流失风险）"),
}
USUAL = {
    ("win", "en"): "; typical of deals won{where}: {yes}, of deals lost: {no}",
    ("win", "zh"): "；{where}赢单商机通常为 {yes}，输单商机为 {no}",
    ("churn", "en"): "; typical of customers who leave: {yes}, of those who stay: {no}",
    ("churn", "zh"): "；流失客户通常为 {yes}，留存客户为 {no}",
}
ALIKE = {"en": "; {yes} is typical{where}", "zh": "；{where}通常为 {yes}"}
WHERE: dict[tuple[Where, Language], str] = {
    ("all", "en"): "", ("all", "zh"): "", ("stage", "en"): " in this stage", ("stage", "zh"): "同阶段",
    ("age", "en"): " at this age", ("age", "zh"): "同龄",
}  # fmt: skip
LIFE = {
    "en": "; deals that are won take {yes} from creation to close, lost ones {no}",
    "zh": "；赢单商机从创建到关闭通常 {yes}，输单商机 {no}",
}
SHARE = {
    ("win", "en"): "; {share} of such deals are won, {all} of all",
    ("win", "zh"): "；此类商机赢率 {share}，整体 {all}",
    ("churn", "en"): "; {share} of such customers leave, {all} of all",
    ("churn", "zh"): "；此类客户流失率 {share}，整体 {all}",
}
STAYS = {
    STAY_TO_WON: {
        "en": "; deals that are won leave it within {stay} on average",
        "zh": "；赢单商机平均在 {stay}内离开",
    },
    STAY_TO_LOST: {
        "en": "; deals that are lost leave it within {stay} on average",
        "zh": "；输单商机平均在 {stay}内离开",
    },
}
"""How long deals stayed in the stage, by the feature that is the days over that."""
RARELY = {
    "en": "; deals that are won are rarely in it for longer than {stay}",
    "zh": "；赢单商机停留很少超过 {stay}",
}
UNCOMPARED: frozenset[Kind] = frozenset({"flag", "weekday", "month", "hour", "slope"})
"""Kinds of which a middle value says nothing."""
SIGNED: frozenset[Kind] = frozenset({"days", "money", "points"})
"""Kinds that are written without their sign."""


def sentence(
    name: str,
    feature: Feature | None,
    row: Mapping[str, Known],
    effect: float,
    language: Language,
    comparisons: Comparisons,
) -> str:
    """One reason in words; `row` holds the values of all features."""
    if (stay := _stay(name, row, language, comparisons)) is not None:
        return f"{stay}{way(effect, language, comparisons.about)}"
    said = _fact(name, feature, row.get(name), row, language)
    compared = _comparison(name, feature, row, language, comparisons)
    return f"{said}{compared}{way(effect, language, comparisons.about)}"


def way(effect: float, language: Language, about: About) -> str:
    """Which way an effect moves the chance."""
    up, down = WAYS[about, language]
    return up if effect > 0 else down


def _fact(name: str, feature: Feature | None, value: Known, row: Mapping[str, Known], language: Language) -> str:
    label = name if feature is None else label_of(feature, language)
    colon = ": " if language == "en" else "："
    if value is None:
        return f"{label}{colon}{'not known' if language == 'en' else '未知'}"
    kind = _kind(feature, value)
    if kind == "slope" and value == 0:
        return f"{label}{colon}{'unchanged' if language == 'en' else '不变'}"
    phrase = _phrase(name)
    said = phrase.say(value, kind, row, language) if phrase is not None and feature is not None else None
    return said or f"{label}{colon}{_written(value, kind, language)}"


def _phrase(name: str) -> Phrase | None:
    """The feature's own words; those of an attribute are its name."""
    if (found := DEAL_WORDS.get(name) or CUSTOMER_WORDS.get(name)) is not None:
        return found
    if name.startswith(RATE):
        attribute = _literal(name.removeprefix(RATE))
        return Phrase.above(f"Deals with the same {attribute}", f"{attribute} 相同的商机")
    for prefix in (ATTRIBUTE_PREFIX, f"customer_{ATTRIBUTE_PREFIX}"):
        if name.startswith(prefix):
            attribute = _literal(name.removeprefix(prefix))
            return Phrase(f"{attribute}: {{v}}", f"{attribute}：{{v}}", capital=False)
    return None


def asked_of_row(name: str) -> frozenset[str]:
    """The features beside its own value that a feature's words name."""
    phrase = _phrase(name)
    if phrase is None:
        return frozenset()
    texts = (phrase.en, phrase.zh, phrase.en_below, phrase.zh_below)
    return frozenset(blank for text in texts for blank, _, _ in BLANK.findall(text)) - {"v"}


def counts_value(name: str) -> bool:
    """Whether a feature's words give its value as a count before its noun."""
    phrase = _phrase(name)
    if phrase is None:
        return False
    return any(one for text in (phrase.en, phrase.en_below) for _, one, _ in BLANK.findall(text))


def _literal(attribute: str) -> str:
    """A name without braces, which would be blanks."""
    return attribute.replace("{", "(").replace("}", ")")


def _kind(feature: Feature | None, value: float | str) -> Kind:
    if feature is None or isinstance(value, str):
        return "text" if isinstance(value, str) else "number"
    return kind_of(feature)


def _comparison(
    name: str, feature: Feature | None, row: Mapping[str, Known], language: Language, comparisons: Comparisons
) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        if (share := comparisons.shares.get(name, {}).get(value)) is None:
            return ""
        shares = (written(part, "share", language) for part in (_whole(share), _whole(comparisons.share)))
        return SHARE[comparisons.about, language].format(**dict(zip(("share", "all"), shares, strict=True)))
    if name == AGE:
        if (life := comparisons.life) is None:
            return ""
        yes, no = (written(side[1], "days", language) for side in (life.yes, life.no))
        return LIFE[language].format(yes=yes, no=no)
    stage, age = row.get(STAGE), row.get(AGE)
    usual, among = comparisons.usual(
        name, stage if isinstance(stage, str) else None, age if isinstance(age, float) else None
    )
    if usual is None:
        return ""
    kind = _kind(feature, value)
    if kind in UNCOMPARED:
        return ""
    # What lies on the value's side of zero is written as the value is.
    turned = -1.0 if value < 0 and kind in SIGNED else 1.0
    yes, no = (_written(turned * side[1], kind, language) for side in (usual.yes, usual.no))
    where = WHERE[among, language]
    if yes == no:
        return ALIKE[language].format(yes=yes, where=where)
    return USUAL[comparisons.about, language].format(yes=yes, no=no, where=where)


def _stay(name: str, row: Mapping[str, Known], language: Language, comparisons: Comparisons) -> str | None:
    """Days in the stage and the stay of deals that were won, or lost: the mean of the past where the row tells it.

    Else how long three in four of the won were in it at most. None where too few were seen in the stage.
    """
    days, stage = row.get(IN_STAGE), row.get(STAGE)
    if name not in (IN_STAGE, *STAYS) or not isinstance(days, float) or not isinstance(stage, str):
        return None
    said = DEAL_WORDS[IN_STAGE].say(days, "days", row, language) or ""
    here = comparisons.stages.get(IN_STAGE, {}).get(stage)
    if here is None and stage not in comparisons.shares.get(STAGE, {}):
        return said
    for known in (name, STAY_TO_WON):
        share = row.get(known)
        if known in STAYS and isinstance(share, float) and share > 0 and days > 0:
            return said + STAYS[known][language].format(stay=written(days / share, "days", language))
    here = here or comparisons.numbers.get(IN_STAGE)
    return said if here is None else said + RARELY[language].format(stay=written(here.yes[2], "days", language))


def _written(value: float | str, kind: Kind, language: Language) -> str:
    below = kind in SIGNED and not isinstance(value, str) and value < 0
    return ("−" if below else "") + written(value, kind, language)


def _whole(share: float) -> float:
    """A share to whole per cents: the last digits of a history are noise."""
    return round(share, 2)
