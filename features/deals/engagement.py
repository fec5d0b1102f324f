"""Engagement: are we talking, and do they answer?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, DaysSinceFirst, Difference, Latest, Ratio, Sum

INBOUND = (("direction", "inbound"),)
OUTBOUND = (("direction", "outbound"),)
MEETING = (("type", "meeting"),)
ACTIVITIES = Count("activities")

FEATURES = (
    Feature("deal_activities", "Activities on the deal so far.", "商机至今的活动次数。", ACTIVITIES),
    Feature(
        "deal_activities_7d",
        "Activities on the deal in the last 7 days.",
        "最近 7 天的活动次数。",
        Count("activities", within_days=7),
    ),
    Feature(
        "deal_activities_30d",
        "Activities on the deal in the last 30 days.",
        "最近 30 天的活动次数。",
        Count("activities", within_days=30),
    ),
    Feature(
        "deal_activity_pace",
        "Share of the last 30 days' activities that fell in the last 7: above a quarter it quickens.",
        "最近 7 天活动占最近 30 天的比例：高于四分之一表示加快。",
        Ratio(Count("activities", within_days=7), Count("activities", within_days=30)),
    ),
    Feature(
        "deal_days_silent",
        "Days since the last activity on the deal.",
        "距最近一次活动的天数。",
        DaysSince("activities"),
    ),
    Feature(
        "deal_activities_in_stage",
        "Activities on the deal since it came into its stage.",
        "进入当前阶段以来的活动次数。",
        Count("activities", since=DaysSince("stage_changes")),
    ),
    Feature(
        "deal_days_to_first_activity",
        "Days from the deal's creation to the first activity on it; negative when the talk began before.",
        "从商机创建到首次活动的天数；先有活动则为负。",
        Difference(DaysSince("creations"), DaysSinceFirst("activities")),
    ),
    Feature(
        "deal_inbound",
        "Activities that came from the customer.",
        "客户主动发起的活动次数。",
        Count("activities", where=INBOUND),
    ),
    Feature(
        "deal_inbound_share",
        "Share of the activities that came from the customer.",
        "客户主动发起的活动占比。",
        Ratio(Count("activities", where=INBOUND), ACTIVITIES),
    ),
    Feature(
        "deal_days_since_inbound",
        "Days since the customer was last heard from on the deal.",
        "距客户最近一次主动联系的天数。",
        DaysSince("activities", where=INBOUND),
    ),
    Feature(
        "deal_inbound_30d",
        "Activities that came from the customer in the last 30 days.",
        "最近 30 天客户主动发起的活动次数。",
        Count("activities", within_days=30, where=INBOUND),
    ),
    Feature(
        "deal_outbound_30d",
        "Activities that went out to the customer in the last 30 days.",
        "最近 30 天我方主动发起的活动次数。",
        Count("activities", within_days=30, where=OUTBOUND),
    ),
    Feature("deal_calls", "Calls on the deal.", "通话次数。", Count("activities", where=(("type", "call"),))),
    Feature("deal_emails", "Mails on the deal.", "邮件次数。", Count("activities", where=(("type", "email"),))),
    Feature("deal_meetings", "Meetings on the deal.", "会议次数。", Count("activities", where=MEETING)),
    Feature(
        "deal_meetings_30d",
        "Meetings on the deal in the last 30 days.",
        "最近 30 天的会议次数。",
        Count("activities", within_days=30, where=MEETING),
    ),
    Feature("deal_visits", "Visits on the deal.", "拜访次数。", Count("activities", where=(("type", "visit"),))),
    Feature("deal_chats", "Chats on the deal.", "即时聊天次数。", Count("activities", where=(("type", "chat"),))),
    Feature("deal_tasks", "Tasks on the deal.", "任务次数。", Count("activities", where=(("type", "task"),))),
    Feature(
        "deal_minutes",
        "Minutes spent in activities on the deal.",
        "活动累计分钟数。",
        Sum("activities", "duration_minutes"),
    ),
    Feature("deal_last_activity", "What the last activity was.", "最近一次活动的类型。", Latest("activities", "type")),
    Feature(
        "deal_last_outcome",
        "How the last activity ended.",
        "最近一次活动的结果。",
        Latest("activities", "outcome"),
    ),
)
