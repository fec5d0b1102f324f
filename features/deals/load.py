"""Load: how much else is on the seller's table, and what share of it is this deal?"""

from features.definition import Feature
from features.verbs import Count, Ratio, Sum, SumBefore

OPEN = Sum("openings", "delta", of="rep")
WORTH = Sum("openings", "worth", of="rep")
BUSY = Count("activities", within_days=30, of="rep")

FEATURES = (
    Feature(
        "rep_open_deals",
        "Deals the seller has open, this one included.",
        "销售当前未关闭的商机数（含本商机）。",
        OPEN,
    ),
    Feature(
        "rep_open_worth",
        "What the seller's open deals are worth together, in the base currency.",
        "销售当前未关闭商机的总金额（本位币）。",
        WORTH,
    ),
    Feature(
        "rep_deals_ahead",
        "Open deals of the seller that were created before this one: those ahead in the queue.",
        "销售名下早于本商机创建且未关闭的商机数：排在前面的商机。",
        SumBefore("openings", "delta", "born", of="rep"),
    ),
    Feature(
        "rep_activities_30d",
        "The seller's activities in the last 30 days, on any deal.",
        "销售最近 30 天的全部活动次数。",
        BUSY,
    ),
    Feature(
        "rep_activities_per_open_deal",
        "The seller's activities in the last 30 days for each deal they have open.",
        "销售最近 30 天的活动次数与其未关闭商机数之比。",
        Ratio(BUSY, OPEN),
    ),
    Feature(
        "deal_activities_to_rep",
        "Activities on the deal over all of its seller's, in the last 30 days: how much attention it gets.",
        "最近 30 天本商机活动次数与销售全部活动次数之比：受到的关注。",
        Ratio(Count("activities", within_days=30), BUSY),
    ),
)
