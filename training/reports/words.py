"""Which short texts stand on a report, in English and Chinese: names of estimates, axes and columns?"""

from typing import Literal

Language = Literal["en", "zh"]

PHRASES: dict[str, dict[Language, str]] = {
    "contents": {"en": "Contents", "zh": "目录"},
    "figures": {"en": "The figures behind it", "zh": "图表数据"},
    "estimate": {"en": "Estimate", "zh": "方法"},
    "said": {"en": "chance said", "zh": "预测概率"},
    "came": {"en": "share that came", "zh": "实际比例"},
    "as_said": {"en": "as said", "zh": "两者相等"},
    "cases": {"en": "Cases", "zh": "个案"},
    "interval95": {"en": "95 % interval", "zh": "95% 区间"},
    "better_left": {"en": "ours is better to the left of zero", "zh": "零的左侧表示我方更好"},
    "share_seen": {"en": "share of cases looked at, highest chance first", "zh": "所查看个案的比例（概率从高到低）"},
    "share_found": {"en": "share found of all that came", "zh": "找到的发生个案比例"},
    "at_random": {"en": "at random", "zh": "随机"},
    "week": {"en": "week of the period", "zh": "期内第几周"},
    "error": {"en": "average error, share of total", "zh": "平均误差（占总额）"},
    "period": {"en": "Period", "zh": "周期"},
    "actual": {"en": "what came", "zh": "实际"},
    "middle": {"en": "forecast (middle)", "zh": "预测（中位数）"},
    "band80": {"en": "80 % interval", "zh": "80% 区间"},
    "band50": {"en": "50 % interval", "zh": "50% 区间"},
    "horizon": {"en": "Horizon", "zh": "期限"},
    "ever": {"en": "ever", "zh": "最终"},
    "days": {"en": "{0:g} days", "zh": "{0:g} 天"},
    "group": {"en": "Group", "zh": "分组"},
}
"""Short texts of plots and tables."""


NAMES: dict[str, dict[Language, str]] = {
    "base_rate": {"en": "share so far (base rate)", "zh": "整体比例（基准）"},
    "stage_table": {"en": "table by stage", "zh": "分阶段比例表"},
    "odoo": {"en": "Odoo's counting", "zh": "Odoo 计数法"},
    "crm_probability": {"en": "the CRM's probability", "zh": "CRM 自带概率"},
    "logistic": {"en": "logistic regression", "zh": "逻辑回归"},
    "default_trees": {"en": "LightGBM, defaults", "zh": "LightGBM 默认设置"},
    "blend": {"en": "blend of trees and regression", "zh": "树与回归的混合"},
    "event_curve": {"en": "event curve (ours)", "zh": "事件曲线（我方）"},
    "shrunk_rates": {"en": "shrunk rates by stage", "zh": "收缩后的分阶段比例"},
    "seasonal_rate": {"en": "seasonal rate", "zh": "季节比例"},
    "recency_rule": {"en": "recency rule", "zh": "最近购买规则"},
    "rfm_logistic": {"en": "regression on recency, frequency, value", "zh": "RFM 逻辑回归"},
    "health_score": {"en": "health score of weighted rules", "zh": "加权规则健康分"},
    "bg_nbd": {"en": "BG/NBD", "zh": "BG/NBD 模型"},
    "pareto_nbd": {"en": "Pareto/NBD", "zh": "Pareto/NBD 模型"},
    "ours": {"en": "ours", "zh": "我方"},
    "ours by stage and age": {"en": "ours by stage and age", "zh": "我方（按阶段和年龄）"},
    "pipeline alone": {"en": "pipeline alone", "zh": "仅用管道"},
    "series alone": {"en": "series alone", "zh": "仅用时间序列"},
    "weighted pipeline": {"en": "weighted pipeline", "zh": "加权管道"},
    "point of period": {"en": "projection by point of the period", "zh": "按期内进度推算"},
    "commit": {"en": "the people's commit", "zh": "销售承诺额"},
    "best case": {"en": "the people's best case", "zh": "销售最佳情形"},
    "trailing three months": {"en": "trailing three months", "zh": "近三月延续"},
    "last period": {"en": "last period", "zh": "上一期"},
    "last year times growth": {"en": "last year times growth", "zh": "去年同期乘增长"},
    "seasonal naive": {"en": "seasonal naive", "zh": "季节朴素法"},
}
"""How estimates are called on a page; others by their own name."""


def estimate_name(name: str, language: Language) -> str:
    """An estimate in words.

    >>> estimate_name("stage_table", "en"), estimate_name("my_rule", "en")
    ('table by stage', 'my rule')
    """
    return NAMES[name][language] if name in NAMES else name.replace("_", " ")


def phrase(key: str, language: Language) -> str:
    """A short text in a language."""
    return PHRASES[key][language]


def horizon_name(days: float, language: Language) -> str:
    """A horizon in words.

    >>> horizon_name(30, "en"), horizon_name(float("inf"), "zh")
    ('30 days', '最终')
    """
    return phrase("ever", language) if days == float("inf") else phrase("days", language).format(days)
