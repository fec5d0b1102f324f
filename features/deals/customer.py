"""Customer: who is buying, and what do we know of them?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Latest, Mean, SmoothedRate, Sum

COMPLAINT = (("kind", "complaint"),)


def _described(column: str, meaning: str, meaning_zh: str) -> Feature:
    return Feature(f"customer_{column}", meaning, meaning_zh, Latest("customers", column, of="customer"))


FEATURES = (
    Feature(
        "customer_win_rate",
        "Share won of the customer's closed deals, drawn toward everyone's share.",
        "客户以往已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="customer", strength=5),
    ),
    Feature(
        "customer_closed_deals_365d",
        "Deals with this customer that closed in the last 365 days.",
        "该客户最近 365 天关闭的商机数。",
        Count("outcomes", within_days=365, of="customer"),
    ),
    Feature(
        "customer_deals_365d",
        "Deals opened with this customer in the last 365 days, this one included.",
        "该客户最近 365 天新建的商机数（含本商机）。",
        Count("creations", within_days=365, of="customer"),
    ),
    Feature(
        "customer_activities_90d",
        "Activities with the customer in the last 90 days.",
        "最近 90 天与客户的活动次数。",
        Count("activities", within_days=90, of="customer"),
    ),
    Feature(
        "customer_orders_365d",
        "Order lines of the customer in the last 365 days.",
        "客户最近 365 天的订单行数。",
        Count("orders", within_days=365, of="customer"),
    ),
    Feature(
        "customer_revenue_365d",
        "What the customer bought in the last 365 days, in the base currency.",
        "客户最近 365 天的购买金额（本位币）。",
        Sum("orders", "amount", within_days=365, of="customer"),
    ),
    Feature(
        "customer_days_since_order",
        "Days since the customer last ordered.",
        "距客户最近一次下单的天数。",
        DaysSince("orders", of="customer"),
    ),
    Feature(
        "customer_complaints_180d",
        "Complaints of the customer in the last 180 days.",
        "客户最近 180 天的投诉次数。",
        Count("tickets", within_days=180, where=COMPLAINT, of="customer"),
    ),
    Feature(
        "customer_days_since_complaint",
        "Days since the customer last complained.",
        "距客户最近一次投诉的天数。",
        DaysSince("tickets", where=COMPLAINT, of="customer"),
    ),
    Feature(
        "customer_satisfaction",
        "Mean satisfaction on the customer's tickets of the last year.",
        "客户最近一年工单的平均满意度。",
        Mean("tickets", "satisfaction", within_days=365, of="customer"),
    ),
    Feature(
        "customer_contacts",
        "People we know at the customer.",
        "客户的已知联系人数。",
        Count("contacts", of="customer"),
    ),
    Feature(
        "customer_decision_makers",
        "Decision makers we know at the customer.",
        "客户的已知决策人数。",
        Sum("contacts", "is_decision_maker", of="customer"),
    ),
    _described("industry", "The customer's industry.", "客户行业。"),
    _described("segment", "The customer's segment.", "客户分群。"),
    _described("size", "The customer's size class.", "客户规模等级。"),
    _described("tier", "The customer's tier.", "客户等级。"),
    _described("region", "The customer's region.", "客户区域。"),
    _described("country", "The customer's country.", "客户国家。"),
    _described("annual_revenue", "The customer's annual revenue.", "客户年收入。"),
)
