"""Care: is the customer content, and for how long are they bound?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, DaysUntil, Difference, Mean, Trend

COMPLAINT = (("kind", "complaint"),)

FEATURES = (
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
        Mean("ratings", "satisfaction", within_days=365, of="customer"),
    ),
    Feature(
        "customer_satisfaction_trend",
        "By how much the satisfaction on the customer's tickets has changed a day in the last two years.",
        "客户最近两年工单满意度平均每天的变化。",
        Trend("ratings", "satisfaction", within_days=730, of="customer"),
    ),
    Feature(
        "customer_tickets_open",
        "Tickets of the customer that are not closed yet.",
        "客户尚未关闭的工单数。",
        Difference(Count("tickets", of="customer"), Count("resolutions", of="customer")),
    ),
    Feature(
        "customer_days_to_agreed_end",
        "Days to the agreed end of the contract the customer began last; negative when it has passed.",
        "距客户最近签订的合同到期的天数；已到期为负。",
        DaysUntil("subscriptions", "ends_on", of="customer"),
    ),
)
