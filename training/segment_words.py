"""How is a group of deals or customers called, in English and Chinese?"""

from collections.abc import Iterable, Mapping

from features.definition import Feature

OTHER = "(other)"
NONE = "(none)"
ZH = {OTHER: "（其他）", NONE: "（无）"}

KNOWN: Mapping[str, tuple[str, str]] = {
    "age": ("Age", "商机年龄"),
    "deal_amount": ("Amount", "金额"),
    "deal_stage": ("Stage", "阶段"),
    "deal_pipeline": ("Pipeline", "管道"),
    "deal_source": ("Source", "来源"),
    "deal_type": ("Type", "类型"),
    "deal_currency": ("Currency", "币种"),
    "deal_forecast_category": ("Forecast category", "预测类别"),
    "deal_last_activity": ("Last activity", "最近活动"),
    "deal_last_outcome": ("Outcome of the last activity", "最近活动结果"),
    "deal_last_direction": ("Last move by", "最近活动方向"),
    "team": ("Team", "团队"),
    "rep_region": ("Seller's region", "销售区域"),
    "product": ("Product", "产品"),
    "product_family": ("Product family", "产品系列"),
    "customer_industry": ("Industry", "行业"),
    "customer_segment": ("Segment", "客户分群"),
    "customer_size": ("Customer size", "客户规模"),
    "customer_tier": ("Tier", "客户等级"),
    "customer_region": ("Region", "区域"),
    "customer_country": ("Country", "国家"),
}
"""The groupings a manager knows by a word; others are called by what the feature means."""


def words_of(features: Iterable[Feature]) -> dict[str, tuple[str, str]]:
    """A name in both languages for every feature, and for the age."""
    meant = {each.name: (_short(each.meaning, ",:;("), _short(each.meaning_zh, "，：；（")) for each in features}
    return {**meant, **KNOWN}


def _short(meaning: str, ends: str) -> str:
    """What a feature means, up to the first pause.

    >>> _short("Who made the last move: the customer, we.", ",:;(")
    'Who made the last move'
    """
    for end in ends:
        meaning = meaning.split(end)[0]
    return meaning.strip().rstrip(".。")


def label_words(label: str) -> str:
    """A label in Chinese where it is one of ours.

    >>> label_words("30 d"), label_words("(none)"), label_words("Nord")
    ('30 天', '（无）', 'Nord')
    """
    days = label.removesuffix(" d")
    if days != label and days.replace(".", "", 1).isdigit():
        return f"{days} 天"
    return ZH.get(label, label)
