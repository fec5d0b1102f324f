"""Pipeline: which deals do we have with the customer, and how did the earlier ones go?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Mean, SmoothedRate, Sum

WON = (("outcome", "won"),)
LOST = (("outcome", "lost"),)

FEATURES = (
    Feature(
        "customer_deals_open",
        "Deals open with the customer now.",
        "客户当前未关闭的商机数。",
        Sum("openings", "delta", of="customer"),
        "customer",
    ),
    Feature(
        "customer_deals_open_worth",
        "What the open deals are worth together, in the base currency.",
        "客户当前未关闭商机的总金额（本位币）。",
        Sum("openings", "worth", of="customer"),
        "customer",
    ),
    Feature(
        "customer_new_deals_180d",
        "Deals opened with the customer in the last 180 days.",
        "最近 180 天与客户新建的商机数。",
        Count("creations", within_days=180, of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_new_deal",
        "Days since a deal was last opened with the customer.",
        "距与客户最近新建商机的天数。",
        DaysSince("creations", of="customer"),
        "customer",
    ),
    Feature(
        "customer_deals_won_365d",
        "Deals won with the customer in the last 365 days.",
        "客户最近 365 天赢得的商机数。",
        Count("outcomes", within_days=365, where=WON, of="customer"),
        "customer",
    ),
    Feature(
        "customer_deals_lost_365d",
        "Deals lost with the customer in the last 365 days.",
        "客户最近 365 天输掉的商机数。",
        Count("outcomes", within_days=365, where=LOST, of="customer"),
        "customer",
    ),
    Feature(
        "customer_win_rate",
        "Share won of the customer's closed deals, drawn toward everyone's share.",
        "客户以往已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="customer", strength=5),
        "customer",
    ),
    Feature(
        "customer_days_since_won",
        "Days since a deal was last won with the customer.",
        "距客户最近一次赢单的天数。",
        DaysSince("outcomes", where=WON, of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_lost",
        "Days since a deal was last lost with the customer.",
        "距客户最近一次输单的天数。",
        DaysSince("outcomes", where=LOST, of="customer"),
        "customer",
    ),
    Feature(
        "customer_deal_days",
        "Mean days from creation to close of the customer's deals.",
        "客户商机从创建到关闭的平均天数。",
        Mean("outcomes", "cycle_days", of="customer"),
        "customer",
    ),
    Feature(
        "customer_deal_amount",
        "Mean amount of the deals won with the customer, in the base currency.",
        "客户赢单的平均金额（本位币）。",
        Mean("outcomes", "amount", where=WON, of="customer"),
        "customer",
    ),
)
