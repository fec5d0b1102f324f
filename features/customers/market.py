"""Market: how do customers like this one behave, and is this one different?"""

from features.definition import Feature
from features.verbs import Count, Mean, Ratio, SmoothedRate, Sum

OWN_YEAR = Sum("orders", "amount", within_days=365, of="customer")


def _pace(of: str, name: str, meaning: str, meaning_zh: str) -> Feature:
    recent, year = (Count("purchases", within_days=days, of=of) for days in (90, 365))
    return Feature(f"customer_{name}", meaning, meaning_zh, Ratio(recent, year), "customer")


FEATURES = (
    _pace(
        "everyone",
        "market_pace",
        "Share of everybody's purchases of the last 365 days that fell in the last 90.",
        "全部客户最近 90 天购买占最近 365 天的比例。",
    ),
    _pace(
        "segment",
        "segment_pace",
        "Share of the segment's purchases of the last 365 days that fell in the last 90.",
        "同分群客户最近 90 天购买占最近 365 天的比例。",
    ),
    _pace(
        "industry",
        "industry_pace",
        "Share of the industry's purchases of the last 365 days that fell in the last 90.",
        "同行业客户最近 90 天购买占最近 365 天的比例。",
    ),
    Feature(
        "customer_gap_to_segment",
        "The customer's mean days between purchases over the segment's.",
        "客户平均购买间隔与同分群之比。",
        Ratio(Mean("purchases", "gap_days", of="customer"), Mean("purchases", "gap_days", of="segment")),
        "customer",
    ),
    Feature(
        "customer_share_of_industry",
        "Share of the industry's revenue of the last 365 days that came from the customer.",
        "客户占同行业最近 365 天金额的比例。",
        Ratio(OWN_YEAR, Sum("orders", "amount", within_days=365, of="industry")),
        "customer",
    ),
    Feature(
        "customer_segment_win_rate",
        "Share won of the segment's closed deals, drawn toward everyone's share.",
        "同分群已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="segment"),
        "customer",
    ),
    Feature(
        "customer_industry_win_rate",
        "Share won of the industry's closed deals, drawn toward everyone's share.",
        "同行业已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="industry"),
        "customer",
    ),
    Feature(
        "customer_segment_cancelled_share",
        "Share of the segment's contracts that were cancelled.",
        "同分群合同中已取消的占比。",
        Ratio(Count("cancellations", of="segment"), Count("subscriptions", of="segment")),
        "customer",
    ),
)
