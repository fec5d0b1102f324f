"""How do people write a number of days, of money, a share? In English and in Chinese."""

import math
from typing import Literal

Language = Literal["en", "zh"]
Kind = Literal[
    "text", "number", "count", "days", "money", "minutes", "months", "share", "points", "times",
    "percent_a_day", "money_a_day", "slope", "month", "weekday", "hour", "flag",
]  # fmt: skip
"""What a feature's value is: its unit, or the way it is written."""

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
CONTRACT_WORDS = {
    "call": "电话", "email": "邮件", "meeting": "会议", "visit": "拜访", "chat": "聊天", "note": "备注", "task": "任务",
    "web": "网页", "inbound": "客户发起", "outbound": "我方发起", "internal": "内部", "new": "新签", "renewal": "续约",
    "upsell": "增购", "complaint": "投诉", "question": "咨询", "feedback": "反馈",
}  # fmt: skip
"""Values that the contract of the tables fixes; others are the company's own and stay as they are."""
HOURS_A_DAY, DAYS_A_YEAR = 24.0, 365.25
YEARS_FROM = 730.0
"""Days from which a duration is told in years."""


def written(value: float | str, kind: Kind, language: Language) -> str:
    """A value with its unit: "41 days", "12.5 万", "34 %". The sign of points, days and money is left to the sentence.

    >>> written(41.2, "days", "en"), written(125000, "money", "zh"), written(0.34, "share", "en")
    ('41 days', '12.5 万', '34 %')
    """
    if isinstance(value, str):
        return CONTRACT_WORDS.get(value, value) if language == "zh" else value
    if not math.isfinite(value):
        return "beyond measure" if language == "en" else "极大"
    english = language == "en"
    match kind:
        case "days":
            return _days(abs(value), english)
        case "money":
            return _large(abs(value), english)
        case "count":
            return _large(value, english)
        case "minutes":
            return _minutes(value, english)
        case "months":
            return f"{_short(value)} {'month' if value == 1 else 'months'}" if english else f"{_short(value)} 个月"
        case "share":
            return f"{_short(value * 100)} %" if english else f"{_short(value * 100)}%"
        case "points":
            points = _short(abs(value) * 100)
            return f"{points} {'point' if points == '1' else 'points'}" if english else f"{points} 个百分点"
        case "times":
            return f"{_short(value)} times" if english else f"{_short(value)} 倍"
        case "percent_a_day":
            return f"{_signed(value * 100)} % a day" if english else f"每天 {_signed(value * 100)}%"
        case "money_a_day":
            return f"{_signed(value)} a day" if english else f"每天 {_signed(value)}"
        case "slope":
            return _signed(float(f"{value:.3g}"))
        case "month":
            return MONTHS[round(value) - 1] if english else f"{round(value)} 月"
        case "weekday":
            return WEEKDAYS[language][round(value) % 7]
        case "hour":
            return f"{int(value):d}:{int(value % 1 * 60):02d}"
        case "flag":
            return ("yes" if english else "是") if value >= 0.5 else ("no" if english else "否")
    return _short(value)


def counted(value: float, one: str, many: str) -> str:
    """A count before its noun, in English.

    >>> counted(0, "call", "calls"), counted(1, "call", "calls"), counted(1200, "call", "calls")
    ('no calls', '1 call', '1,200 calls')
    """
    if value == 0:
        return f"no {many}"
    return f"{_large(value, True)} {one if value == 1 else many}"


def _days(days: float, english: bool) -> str:
    if days >= YEARS_FROM:
        return f"{_short(days / DAYS_A_YEAR)} years" if english else f"{_short(days / DAYS_A_YEAR)} 年"
    if 0 < days < 1:
        hours = round(days * HOURS_A_DAY)
        if hours == 0:
            return "less than an hour" if english else "不到 1 小时"
        return f"{hours} {'hour' if hours == 1 else 'hours'}" if english else f"{hours} 小时"
    shown = f"{days:.0f}" if days >= 3 else _short(round(days, 1))
    return f"{shown} {'day' if shown == '1' else 'days'}" if english else f"{shown} 天"


def _minutes(minutes: float, english: bool) -> str:
    if minutes >= 120:
        return f"{_short(minutes / 60)} hours" if english else f"{_short(minutes / 60)} 小时"
    shown = _short(minutes)
    return f"{shown} {'minute' if shown == '1' else 'minutes'}" if english else f"{shown} 分钟"


def _large(value: float, english: bool) -> str:
    """Millions in English, 万 and 亿 in Chinese."""
    size = abs(value)
    if english:
        return f"{_short(value / 1e6)} million" if size >= 1e6 else _short(value)
    if size >= 1e8:
        return f"{_short(value / 1e8)} 亿"
    return f"{_short(value / 1e4)} 万" if size >= 1e4 else _short(value)


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + _short(value)


def _short(value: float) -> str:
    """Three digits, or the whole part."""
    if abs(value) < 0.001:
        return "0"
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{float(f'{value:.3g}'):,.10g}"
