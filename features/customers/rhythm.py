"""Rhythm: how regularly does the customer buy, and are they late by their own measure?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Deviation, Difference, Latest, Mean, Ratio, Trend

SINCE_PURCHASE = DaysSince("purchases", of="customer")
GAP = Mean("purchases", "gap_days", of="customer")
LATEST_GAP = Latest("purchases", "gap_days", of="customer")
YEAR = Count("purchases", within_days=365, of="customer")
TWO_YEARS = Count("purchases", within_days=730, of="customer")

FEATURES = (
    Feature(
        "customer_days_since_purchase",
        "Days since the customer last bought; returns do not count.",
        "距客户最近一次购买的天数（不含退货）。",
        SINCE_PURCHASE,
        "customer",
    ),
    Feature(
        "customer_purchase_gap_days",
        "Mean days between the customer's purchases.",
        "客户购买间隔的平均天数。",
        GAP,
        "customer",
    ),
    Feature(
        "customer_lateness",
        "Days since the last purchase over the mean days between purchases: above 1 the customer is late.",
        "距最近购买的天数与平均购买间隔之比：大于 1 表示逾期未购。",
        Ratio(SINCE_PURCHASE, GAP),
        "customer",
    ),
    Feature(
        "customer_purchase_gap_deviation",
        "Standard deviation of the days between the customer's purchases.",
        "客户购买间隔天数的标准差。",
        Deviation("purchases", "gap_days", of="customer"),
        "customer",
    ),
    Feature(
        "customer_purchase_unevenness",
        "That deviation over the mean gap: 0 is a clock, 1 is chance.",
        "购买间隔标准差与平均值之比：0 为极规律，1 为随机。",
        Ratio(Deviation("purchases", "gap_days", of="customer"), GAP),
        "customer",
    ),
    Feature(
        "customer_purchase_gap_trend",
        "Slope of the days between purchases, in days a day: positive when the customer buys less and less often.",
        "购买间隔的变化斜率（天/天）：为正表示购买越来越稀疏。",
        Trend("purchases", "gap_days", of="customer"),
        "customer",
    ),
    Feature(
        "customer_latest_gap_to_usual",
        "The latest gap between purchases over the mean one.",
        "最近一次购买间隔与平均间隔之比。",
        Ratio(LATEST_GAP, GAP),
        "customer",
    ),
    Feature(
        "customer_purchases",
        "Purchases of the customer so far; the lines of one order are one purchase.",
        "客户至今的购买次数（同一订单的各行计一次）。",
        Count("purchases", of="customer"),
        "customer",
    ),
    Feature(
        "customer_purchases_30d",
        "Purchases in the last 30 days.",
        "最近 30 天的购买次数。",
        Count("purchases", within_days=30, of="customer"),
        "customer",
    ),
    Feature(
        "customer_purchases_90d",
        "Purchases in the last 90 days.",
        "最近 90 天的购买次数。",
        Count("purchases", within_days=90, of="customer"),
        "customer",
    ),
    Feature(
        "customer_purchases_180d",
        "Purchases in the last 180 days.",
        "最近 180 天的购买次数。",
        Count("purchases", within_days=180, of="customer"),
        "customer",
    ),
    Feature(
        "customer_purchases_365d",
        "Purchases in the last 365 days.",
        "最近 365 天的购买次数。",
        YEAR,
        "customer",
    ),
    Feature(
        "customer_purchase_pace",
        "Share of the last 365 days' purchases that fell in the last 90: below a quarter it slows.",
        "最近 90 天购买占最近 365 天的比例：低于四分之一表示放缓。",
        Ratio(Count("purchases", within_days=90, of="customer"), YEAR),
        "customer",
    ),
    Feature(
        "customer_purchases_to_year_before",
        "Purchases of the last 365 days over those of the 365 days before.",
        "最近 365 天购买次数与此前 365 天之比。",
        Ratio(YEAR, Difference(TWO_YEARS, YEAR)),
        "customer",
    ),
)
