"""Season: what time of the year is it?"""

from features.definition import Feature
from features.verbs import Calendar

FEATURES = (
    Feature(
        "customer_season_month",
        "Month of the moment, 1 to 12.",
        "当前月份（1 至 12）。",
        Calendar("month"),
        "customer",
        years=3,
    ),
    Feature(
        "customer_season_quarter_end",
        "Whole days left in the quarter.",
        "本季度剩余天数。",
        Calendar("days_to_quarter_end"),
        "customer",
        years=3,
    ),
    Feature(
        "customer_season_to_holiday",
        "Days to the next public holiday of the history's country; 0 on one.",
        "距下一个法定节假日的天数；当日为 0。",
        Calendar("days_to_holiday"),
        "customer",
        years=3,
    ),
    Feature(
        "customer_season_since_holiday",
        "Days since the last public holiday of the history's country; 0 on one.",
        "距上一个法定节假日的天数；当日为 0。",
        Calendar("days_since_holiday"),
        "customer",
        years=3,
    ),
)
