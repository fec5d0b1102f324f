"""When is a feature missing? The rule of each verb in words, put together for those made of others."""

from collections.abc import Iterator
from typing import NamedTuple

from features import verbs
from features.definition import Entity, Feature
from features.owners import EVERYONE, parts_of
from features.verbs import Leaf, Verb


class Rule(NamedTuple):
    """The same in English and Chinese."""

    en: str
    zh: str


NEVER = Rule("Never missing.", "不会缺失。")
NOTHING_IS_0 = Rule("0 where there is none; never missing.", "没有时为 0，不会缺失。")
NOTHING_COUNTS_0 = Rule("Never missing; what there is none of counts as 0.", "不会缺失；没有的部分按 0 计。")

WORDS_ZH = {
    "deals": "商机资料",
    "creations": "商机创建记录",
    "states": "商机状态",
    "outcomes": "已关闭商机",
    "openings": "未关闭商机",
    "stage_changes": "阶段变更",
    "stage_stays": "阶段停留记录",
    "amount_changes": "金额记录",
    "close_date_changes": "预计成交日记录",
    "owner_changes": "负责人记录",
    "category_changes": "预测类别记录",
    "activities": "活动",
    "orders": "订单行",
    "purchases": "购买",
    "tickets": "工单",
    "resolutions": "已关闭工单",
    "ratings": "满意度评价",
    "subscriptions": "合同",
    "cancellations": "合同取消记录",
    "endings": "合同终止记录",
    "customers": "客户资料",
    "contacts": "联系人",
    "products": "产品资料",
    "reps": "销售资料",
}
"""The streams by what they hold."""


def null_rule(feature: Feature) -> Rule:
    """When a feature is missing, and what it is where there is nothing to look at.

    >>> null_rule(Feature("calls", "Calls.", "通话次数。", verbs.Count("activities"))).en
    '0 where there is none; never missing.'
    """
    verb = feature.verb
    if isinstance(verb, COUNTING):
        return NOTHING_IS_0
    reasons = list(dict.fromkeys(_missing(verb, feature.entity)))
    if not reasons:
        return NOTHING_COUNTS_0 if isinstance(verb, verbs.Difference) else NEVER
    return Rule(
        f"Missing {'; '.join(reason.en for reason in reasons)}.",
        f"以下情况缺失：{'；'.join(reason.zh for reason in reasons)}。",
    )


COUNTING = (verbs.Count, verbs.CountGiven, verbs.Sum, verbs.Distinct)
"""What counts and adds up: of nothing it gives 0."""


def _missing(verb: Verb, entity: Entity) -> Iterator[Rule]:
    """The circumstances in which a verb has no value."""
    match verb:
        case verbs.Ratio(over, under):
            yield from _missing(over, entity)
            yield from _missing(under, entity)
            if not isinstance(under, verbs.SmoothedRate):
                yield Rule("where what it is divided by is 0", "除数为 0")
        case verbs.Difference(left, right):
            yield from _missing(left, entity)
            yield from _missing(right, entity)
        case verbs.SmoothedRate(stream):
            en, zh = ("0", "为 0") if verb.above else ("everyone's rate", "取整体水平")
            yield Rule(
                f"until anybody has {_en(stream)} with a value; where only others have, it is {en}",
                f"任何人都还没有带数值的{WORDS_ZH[stream]}（仅他人有时{zh}）",
            )
        case verbs.Calendar(part):
            if part in ("days_to_holiday", "days_since_holiday"):
                yield Rule("where the time zone's country has no known holidays", "时区所属国家没有已知节假日")
        case _ if isinstance(verb, COUNTING):
            return
        case _:
            assert isinstance(verb, Leaf)
            yield _without(verb, entity)


def _without(verb: Leaf, entity: Entity) -> Rule:
    """The circumstance in which a verb that looks at events finds nothing."""
    such = bool(getattr(verb, "where", ())) and not isinstance(verb, verbs.Share)
    of, of_zh = _whose(verb, entity)
    bounded = getattr(verb, "within_days", None) is not None or getattr(verb, "since", None) is not None
    en = f"{'such ' if such else ''}{_en(verb.stream)}{of}{' in the window' if bounded else ''}"
    before = f"{of_zh}{'窗口内' if bounded else ''}"
    what = f"{'符合条件的' if such else ''}{WORDS_ZH[verb.stream]}"
    match verb:
        case verbs.Mean():
            return Rule(f"without {en} that have a value", f"{before}没有带数值的{what}")
        case verbs.Deviation():
            return Rule(f"below two {en} with a value", f"{before}带数值的{what}少于两条")
        case verbs.Trend():
            return Rule(
                f"until {en} with a value fall on two different days", f"{before}带数值的{what}不足两个不同日期"
            )
        case verbs.TimeMean():
            return Rule(f"until a value of {en} has lasted a minute", f"{before}{what}的数值尚未持续一分钟")
        case verbs.Latest() | verbs.DaysUntil():
            return Rule(f"without {en}, or where the latest says nothing", f"{before}没有{what}，或最近一条没有值")
        case verbs.First():
            return Rule(f"without {en}, or where the first says nothing", f"{before}没有{what}，或首条没有值")
        case verbs.SumBefore():
            return Rule(f"where it is not among the {_en(verb.stream)} itself", f"自身不在{WORDS_ZH[verb.stream]}之中")
        case _:
            return Rule(f"without {en}", f"{before}没有{what}")


WORDS_EN = {
    "deals": "deal data",
    "creations": "deals",
    "states": "status changes",
    "outcomes": "closed deals",
    "openings": "open deals",
    "stage_stays": "stays in a stage",
    "resolutions": "closed tickets",
    "ratings": "tickets rated",
    "subscriptions": "contracts",
    "cancellations": "cancelled contracts",
    "endings": "contracts that are over",
    "customers": "customer data",
    "products": "product data",
    "reps": "seller data",
}
"""The streams whose own names do not say what they hold."""


def _en(stream: str) -> str:
    return WORDS_EN.get(stream, stream.replace("_", " "))


OWNERS_ZH = {
    "customer": "该客户",
    "rep": "该销售",
    "team": "该团队",
    "product": "该产品",
    "contact": "该联系人",
    "stage": "该阶段",
    "segment": "同分群",
    "industry": "同行业",
    "region": "同区域",
    "country": "同国家",
    "size": "同规模",
    "tier": "同等级",
    "source": "同来源",
    "type": "同类型",
    "pipeline": "同管道",
    "currency": "同币种",
}


def _whose(verb: Leaf, entity: Entity) -> tuple[str, str]:
    """Whose events, where they are others': those of the same rep, segment and so on."""
    others = [key for key in parts_of(verb.of) if key not in (entity, EVERYONE)]
    if not others:
        return "", ""
    return f" of its {' and '.join(others)}", "、".join(OWNERS_ZH.get(key, f"同 {key} ") for key in others)
