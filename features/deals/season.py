"""Season: what time of the year is it, and how has selling gone lately?"""

from features.definition import Feature
from features.verbs import Calendar, Count, Mean

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
)
