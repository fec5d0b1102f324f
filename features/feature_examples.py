"""What does each verb look like in use? Examples over a tiny history, with values that can be checked by hand."""

from typing import NamedTuple

from features.definition import Entity


class Example(NamedTuple):
    """A verb as it is written, of `{stream}`, and its values by the two moments of the test."""

    code: str
    meaning: str
    meaning_zh: str
    first: float
    second: float


EXAMPLES = {
    "Count": Example(
        'Count("{stream}", within_days=90{of})', "{What} in the last 90 days.", "最近 90 天的{zh}数。", 2, 3
    ),
    "CountGiven": Example(
        'CountGiven("{stream}", "{column}"{of})', "{What} that have {a_value}.", "有{value_zh}的{zh}数。", 2, 3
    ),
    "Sum": Example(
        'Sum("{stream}", "{column}", within_days=90{of})',
        "{Value} of the last 90 days' {what}, together.",
        "最近 90 天{zh}的{value_zh}合计。",
        30,
        90,
    ),
    "Mean": Example(
        'Mean("{stream}", "{column}"{of})', "Mean {value} of the {what}.", "{zh}的平均{value_zh}。", 15, 30
    ),
    "Deviation": Example(
        'Deviation("{stream}", "{column}"{of})',
        "Standard deviation of the {value} of the {what}.",
        "{zh}的{value_zh}标准差。",
        50**0.5,
        700**0.5,
    ),
    "Trend": Example(
        'Trend("{stream}", "{column}"{of})',
        "Slope of the {value} of the {what}, a day.",
        "{zh}的{value_zh}每日变化斜率。",
        1,
        3,
    ),
    "Share": Example(
        'Share("{stream}", (("{choice}", "{chosen}"),){of})',
        "Share of the {what} whose {choice} is {chosen}.",
        "{zh}中 {choice} 为 {chosen} 的占比。",
        1 / 2,
        2 / 3,
    ),
    "Latest": Example(
        'Latest("{stream}", "{column}"{of})',
        "{Value} of the latest of the {what}.",
        "最近一条{zh}的{value_zh}。",
        20,
        60,
    ),
    "First": Example(
        'First("{stream}", "{column}"{of})', "{Value} of the first of the {what}.", "首条{zh}的{value_zh}。", 10, 10
    ),
    "DaysSince": Example(
        'DaysSince("{stream}"{of})', "Days since the latest of the {what}.", "距最近一条{zh}的天数。", 12, 21
    ),
    "DaysSinceFirst": Example(
        'DaysSinceFirst("{stream}"{of})', "Days since the first of the {what}.", "距首条{zh}的天数。", 22, 36
    ),
    "Distinct": Example(
        'Distinct("{stream}", "{choice}"{of})',
        "Different values of {choice} of the {what}.",
        "{zh}的不同 {choice} 数。",
        2,
        2,
    ),
    "Ratio": Example(
        'Ratio(Sum("{stream}", "{column}"{of}), Count("{stream}"{of}))',
        "{Value} for each of the {what}.",
        "每条{zh}的{value_zh}。",
        15,
        30,
    ),
    "Difference": Example(
        'Difference(Count("{stream}"{of}), Count("{stream}", where=(("{choice}", "{chosen}"),){of}))',
        "{What} whose {choice} is not {chosen}.",
        "{choice} 不为 {chosen} 的{zh}数。",
        1,
        1,
    ),
}
"""By verb: of three events worth 10, 20 and 60, as of 1 and 15 February."""

WORDS: dict[Entity, dict[str, str]] = {
    "deal": {
        "stream": "activities", "column": "duration_minutes", "of": "", "choice": "type", "chosen": "call",
        "what": "activities", "What": "Activities", "value": "minutes", "Value": "Minutes", "a_value": "a duration",
        "zh": "活动", "value_zh": "分钟数", "id": "d1",
    },
    "customer": {
        "stream": "orders", "column": "amount", "of": ', of="customer"', "choice": "product_id", "chosen": "p1",
        "what": "order lines", "What": "Order lines", "value": "amount", "Value": "Amount", "a_value": "an amount",
        "zh": "订单行", "value_zh": "金额", "id": "c1",
    },
}  # fmt: skip

TABLES: dict[Entity, dict[str, str]] = {
    "deal": {
        "deals": "deal_id,status,created_at\nd1,open,2024-01-01\n",
        "activities": "activity_id,deal_id,type,happened_at,recorded_at,duration_minutes\n"
        "a1,d1,call,2024-01-10,,10\n"
        "a2,d1,email,2024-01-20,,20\n"
        "a3,d1,call,2024-01-25,2024-02-10,60\n",
    },
    "customer": {
        "orders": "order_id,customer_id,product_id,ordered_at,recorded_at,amount\n"
        "o1,c1,p1,2024-01-10,,10\n"
        "o2,c1,p2,2024-01-20,,20\n"
        "o3,c1,p1,2024-01-25,2024-02-10,60\n",
    },
}
