"""Seller: who works on the deal, and how have their deals gone?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, DaysUntil, Difference, Latest, Mean, Ratio, SmoothedRate

CLOSED = Count("outcomes", of="rep")
WON = (("outcome", "won"),)

FEATURES = (
    Feature(
        "rep_win_rate",
        "Share of the seller's closed deals that were won, drawn toward everyone's share.",
        "销售以往已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="rep"),
    ),
    Feature(
        "rep_closed_deals_180d",
        "Deals the seller has closed in the last 180 days, won or lost.",
        "销售最近 180 天关闭的商机数（含赢单与输单）。",
        Count("outcomes", within_days=180, of="rep"),
    ),
    Feature(
        "rep_win_rate_90d",
        "Share won of the seller's deals that closed in the last 90 days.",
        "销售最近 90 天关闭商机的赢率。",
        Mean("outcomes", "won", within_days=90, of="rep"),
    ),
    Feature(
        "rep_cycle_days",
        "Mean days from creation to close of the seller's deals.",
        "销售商机从创建到关闭的平均天数。",
        Mean("outcomes", "cycle_days", of="rep"),
    ),
    Feature(
        "rep_deals_closed",
        "Deals the seller has ever closed, won or lost: their experience.",
        "销售累计关闭的商机数（含赢单与输单）：经验。",
        CLOSED,
    ),
    Feature(
        "rep_form",
        "The seller's share won of the last 90 days less that of all time: above 0 they are on a run.",
        "销售最近 90 天赢率减去累计赢率：大于 0 表示状态正佳。",
        Difference(Mean("outcomes", "won", within_days=90, of="rep"), Mean("outcomes", "won", of="rep")),
    ),
    Feature(
        "rep_segment_share",
        "Share of the seller's closed deals that were in the customer's segment: how much it is their specialty.",
        "销售已关闭商机中该客户分群的占比：专长程度。",
        Ratio(Count("outcomes", of="rep&segment"), CLOSED),
    ),
    Feature(
        "rep_customer_activities_365d",
        "The seller's activities with the customer in the last 365 days, on any deal: how well they know each other.",
        "销售最近 365 天与该客户的活动次数（含其他商机）：熟悉程度。",
        Count("activities", within_days=365, of="rep&customer"),
    ),
    Feature(
        "rep_days_to_hire",
        "Days from the moment to the seller's first day: minus the seller's tenure.",
        "距销售入职日的天数（负值即司龄）。",
        DaysUntil("reps", "hired_on", of="rep"),
    ),
    Feature("team", "The seller's team.", "销售所在团队。", Latest("reps", "team_id", of="rep")),
    Feature("rep_region", "The seller's region.", "销售所在区域。", Latest("reps", "region", of="rep")),
    Feature(
        "deal_owners",
        "How often the deal was given to a seller, the first included.",
        "商机分配给销售的次数（含首次）。",
        Count("owner_changes"),
    ),
    Feature(
        "deal_days_with_owner",
        "Days since the deal was given to its seller.",
        "商机分配给当前销售以来的天数。",
        DaysSince("owner_changes"),
    ),
)
