"""Season: what time of the year is it, and how has selling gone lately?"""

from features.definition import Feature
from features.verbs import Calendar, Count, Mean, Sum

FEATURES = (
    Feature("month", "Month of the moment, 1 to 12.", "当前月份（1 至 12）。", Calendar("month"), years=3),
    Feature("weekday", "Weekday of the moment, 0 for Monday.", "当前星期（0 为星期一）。", Calendar("weekday")),
    Feature(
        "days_to_month_end",
        "Whole days left in the month.",
        "本月剩余天数。",
        Calendar("days_to_month_end"),
        years=1,
    ),
    Feature(
        "days_to_quarter_end",
        "Whole days left in the quarter.",
        "本季度剩余天数。",
        Calendar("days_to_quarter_end"),
        years=3,
    ),
    Feature(
        "working_days_to_month_end",
        "Working days left in the month, this day included.",
        "本月剩余工作日数（含当天）。",
        Calendar("working_days_to_month_end"),
        years=1,
    ),
    Feature(
        "working_days_to_quarter_end",
        "Working days left in the quarter, this day included.",
        "本季度剩余工作日数（含当天）。",
        Calendar("working_days_to_quarter_end"),
        years=3,
    ),
    Feature(
        "quarter_elapsed",
        "Share of the quarter's days that have passed.",
        "本季度已过天数的比例。",
        Calendar("quarter_elapsed"),
        years=3,
    ),
    Feature(
        "is_holiday",
        "Whether the day is a public holiday: 1 or 0.",
        "当天是否为法定节假日：1 或 0。",
        Calendar("is_holiday"),
        years=3,
    ),
    Feature(
        "days_to_holiday",
        "Days to the next public holiday, 0 on one.",
        "距下一个法定节假日的天数；当天为节假日则为 0。",
        Calendar("days_to_holiday"),
        years=3,
    ),
    Feature(
        "days_since_holiday",
        "Days since the last public holiday, 0 on one.",
        "距上一个法定节假日的天数；当天为节假日则为 0。",
        Calendar("days_since_holiday"),
        years=3,
    ),
    Feature(
        "company_win_rate_90d",
        "Share won of all deals that closed in the last 90 days.",
        "最近 90 天全公司关闭商机的赢率。",
        Mean("outcomes", "won", within_days=90, of="everyone"),
        years=3,
    ),
    Feature(
        "company_new_deals_30d",
        "Deals that anybody opened in the last 30 days.",
        "最近 30 天全公司新建商机数。",
        Count("creations", within_days=30, of="everyone"),
        years=3,
    ),
    Feature(
        "company_open_deals",
        "Deals that are open in the whole company.",
        "全公司当前未关闭的商机数。",
        Sum("openings", "delta", of="everyone"),
        years=3,
    ),
)
