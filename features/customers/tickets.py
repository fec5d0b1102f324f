"""Tickets: what do they complain of, and do we mend it?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Difference, Latest, Mean, Share, Trend

COMPLAINT = (("kind", "complaint"),)
YEAR = Count("tickets", within_days=365, of="customer")

FEATURES = (
    Feature(
        "customer_tickets_365d",
        "Tickets of the customer in the last 365 days.",
        "客户最近 365 天的工单数。",
        YEAR,
        "customer",
    ),
    Feature(
        "customer_complaints_30d",
        "Complaints of the customer in the last 30 days.",
        "客户最近 30 天的投诉次数。",
        Count("tickets", within_days=30, where=COMPLAINT, of="customer"),
        "customer",
    ),
    Feature(
        "customer_complaints_180d",
        "Complaints of the customer in the last 180 days.",
        "客户最近 180 天的投诉次数。",
        Count("tickets", within_days=180, where=COMPLAINT, of="customer"),
        "customer",
    ),
    Feature(
        "customer_complaint_share",
        "Share of the tickets of the last 365 days that were complaints.",
        "最近 365 天工单中投诉的占比。",
        Share("tickets", COMPLAINT, within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_complaint",
        "Days since the customer last complained.",
        "距客户最近一次投诉的天数。",
        DaysSince("tickets", where=COMPLAINT, of="customer"),
        "customer",
    ),
    Feature(
        "customer_tickets_open",
        "Tickets that are not closed yet.",
        "尚未关闭的工单数。",
        Difference(Count("tickets", of="customer"), Count("resolutions", of="customer")),
        "customer",
    ),
    Feature(
        "customer_satisfaction",
        "Mean satisfaction on the customer's tickets of the last year.",
        "客户最近一年工单的平均满意度。",
        Mean("ratings", "satisfaction", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_satisfaction_latest",
        "Satisfaction on the customer's latest ticket.",
        "客户最近工单的满意度。",
        Latest("ratings", "satisfaction", of="customer"),
        "customer",
    ),
    Feature(
        "customer_satisfaction_trend",
        "Slope of the satisfaction over the last 730 days, in points a day.",
        "最近 730 天满意度的变化斜率（分/天）。",
        Trend("ratings", "satisfaction", within_days=730, of="customer"),
        "customer",
    ),
    Feature(
        "customer_resolution_days",
        "Mean days to close a ticket, of those closed in the last 365 days.",
        "最近 365 天关闭工单的平均处理天数。",
        Mean("resolutions", "days", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_latest_ticket",
        "What the latest ticket was: complaint, question or feedback.",
        "最近工单的类型：投诉、咨询或反馈。",
        Latest("tickets", "kind", of="customer"),
        "customer",
    ),
)
