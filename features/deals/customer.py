"""Customer: who is buying, and what do we know of them?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Latest, Ratio, SmoothedRate, Sum

WON = (("outcome", "won"),)


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
        "customer_deals_won",
        "Deals ever won with the customer.",
        "该客户累计赢单数。",
        Count("outcomes", where=WON, of="customer"),
    ),
    Feature(
        "customer_days_since_won",
        "Days since a deal was last won with the customer.",
        "距该客户最近一次赢单的天数。",
        DaysSince("outcomes", where=WON, of="customer"),
    ),
    Feature(
        "customer_deals_open",
        "Deals open with the customer: this one and its siblings.",
        "该客户当前未关闭的商机数（本商机及其他商机）。",
        Sum("openings", "delta", of="customer"),
    ),
    Feature(
        "deal_share_of_customer_worth",
        "The deal's amount over that of all deals open with the customer.",
        "本商机金额占该客户未关闭商机总金额的比例。",
        Ratio(Latest("amount_changes", "amount"), Sum("openings", "worth", of="customer")),
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
        "customer_days_silent",
        "Days since the last activity with the customer, on any deal.",
        "距与客户最近一次活动的天数（含其他商机）。",
        DaysSince("activities", of="customer"),
    ),
    _described("industry", "The customer's industry.", "客户行业。"),
    _described("segment", "The customer's segment.", "客户分群。"),
    _described("size", "The customer's size class.", "客户规模等级。"),
    _described("tier", "The customer's tier.", "客户等级。"),
    _described("region", "The customer's region.", "客户区域。"),
    _described("country", "The customer's country.", "客户国家。"),
    _described("annual_revenue", "The customer's annual revenue.", "客户年收入。"),
)
