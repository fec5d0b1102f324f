"""Engagement: are we talking with the customer, and do they answer?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Latest, Mean, Ratio, Share, Sum

INBOUND = (("direction", "inbound"),)
SILENCE = DaysSince("activities", of="customer")
MONTH = Count("activities", within_days=30, of="customer")
QUARTER = Count("activities", within_days=90, of="customer")


def _of_type(kind: str, name: str, word: str, word_zh: str) -> Feature:
    return Feature(
        f"customer_{name}_180d",
        f"{word} with the customer in the last 180 days.",
        f"最近 180 天与客户的{word_zh}次数。",
        Count("activities", within_days=180, where=(("type", kind),), of="customer"),
        "customer",
    )


FEATURES = (
    Feature(
        "customer_activities_30d",
        "Activities with the customer in the last 30 days.",
        "最近 30 天与客户的活动次数。",
        MONTH,
        "customer",
    ),
    Feature(
        "customer_activities_90d",
        "Activities with the customer in the last 90 days.",
        "最近 90 天与客户的活动次数。",
        QUARTER,
        "customer",
    ),
    Feature(
        "customer_activity_pace",
        "Share of the last 90 days' activities that fell in the last 30: below a third it cools.",
        "最近 30 天活动占最近 90 天的比例：低于三分之一表示降温。",
        Ratio(MONTH, QUARTER),
        "customer",
    ),
    Feature(
        "customer_days_silent",
        "Days since the last activity with the customer.",
        "距与客户最近一次活动的天数。",
        SILENCE,
        "customer",
    ),
    Feature(
        "customer_silence_to_usual",
        "Those days over the mean days between activities: above 1 it is quieter than usual.",
        "沉默天数与平均活动间隔之比：大于 1 表示比平时沉默。",
        Ratio(SILENCE, Mean("activities", "gap_days", of="customer")),
        "customer",
    ),
    Feature(
        "customer_inbound_90d",
        "Times the customer came to us in the last 90 days.",
        "最近 90 天客户主动联系的次数。",
        Count("activities", within_days=90, where=INBOUND, of="customer"),
        "customer",
    ),
    Feature(
        "customer_inbound_share",
        "Share of the activities of the last 365 days that came from the customer.",
        "最近 365 天活动中客户主动发起的占比。",
        Share("activities", INBOUND, within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_inbound",
        "Days since the customer last came to us.",
        "距客户最近一次主动联系的天数。",
        DaysSince("activities", where=INBOUND, of="customer"),
        "customer",
    ),
    Feature(
        "customer_reply_days",
        "Mean days the customer took to answer us, over the last 365 days.",
        "最近 365 天客户回复我方的平均天数。",
        Mean("activities", "reply_days", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_answer_days",
        "Mean days we took to answer the customer, over the last 365 days.",
        "最近 365 天我方回复客户的平均天数。",
        Mean("activities", "answer_days", within_days=365, of="customer"),
        "customer",
    ),
    _of_type("call", "calls", "Calls", "通话"),
    _of_type("email", "emails", "Mails", "邮件"),
    _of_type("meeting", "meetings", "Meetings", "会议"),
    _of_type("visit", "visits", "Visits", "拜访"),
    _of_type("web", "web_visits", "Visits of our pages", "网页浏览"),
    Feature(
        "customer_minutes_90d",
        "Minutes spent with the customer in the last 90 days.",
        "最近 90 天与客户沟通的分钟数。",
        Sum("activities", "duration_minutes", within_days=90, of="customer"),
        "customer",
    ),
    Feature(
        "customer_last_activity",
        "What the last activity with the customer was.",
        "与客户最近一次活动的类型。",
        Latest("activities", "type", of="customer"),
        "customer",
    ),
)
