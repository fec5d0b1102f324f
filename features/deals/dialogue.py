"""Dialogue: who answers whom and how quickly, at what hours, and is the silence longer than usual?"""

from features.definition import Feature
from features.verbs import Count, CountGiven, DaysSince, Deviation, Latest, Mean, Ratio

INBOUND = (("direction", "inbound"),)
OUTBOUND = (("direction", "outbound"),)
GAP = Mean("activities", "gap_days")

FEATURES = (
    Feature(
        "deal_reply_days",
        "Mean days the customer took to reply to us.",
        "客户回复我方的平均天数。",
        Mean("activities", "reply_days"),
    ),
    Feature(
        "deal_reply_share",
        "The customer's replies over all we sent: how often we get an answer.",
        "客户回复次数与我方主动联系次数之比：得到回应的程度。",
        Ratio(CountGiven("activities", "reply_days"), Count("activities", where=OUTBOUND)),
    ),
    Feature(
        "deal_answer_days",
        "Mean days we took to answer the customer.",
        "我方答复客户的平均天数。",
        Mean("activities", "answer_days"),
    ),
    Feature(
        "deal_tries_unanswered",
        "How often we wrote or called since the customer was last heard from.",
        "自客户最近一次联系以来我方主动联系的次数。",
        Count("activities", where=OUTBOUND, since=DaysSince("activities", where=INBOUND)),
    ),
    Feature(
        "deal_last_direction",
        "Who made the last move: the customer (inbound), we (outbound), or it was internal.",
        "最近一次活动的方向：客户发起、我方发起或内部。",
        Latest("activities", "direction"),
    ),
    Feature(
        "deal_usual_gap_days",
        "Mean days between one activity on the deal and the next.",
        "相邻两次活动的平均间隔天数。",
        GAP,
    ),
    Feature(
        "deal_gap_spread",
        "How uneven the days between activities are: their standard deviation.",
        "活动间隔天数的标准差：节奏是否均匀。",
        Deviation("activities", "gap_days"),
    ),
    Feature(
        "deal_silence_to_usual",
        "Days of silence over the usual days between activities: above 1 it is longer than usual.",
        "沉默天数与平常活动间隔之比：大于 1 表示比平常更久。",
        Ratio(DaysSince("activities"), GAP),
    ),
    Feature(
        "deal_inbound_hour",
        "Mean hour of the day at which the customer gets in touch, by the local clock.",
        "客户主动联系的平均钟点（当地时间）。",
        Mean("activities", "hour", where=INBOUND),
    ),
    Feature(
        "deal_weekend_share",
        "Share of the activities that fell on a Saturday or Sunday.",
        "发生在周末的活动占比。",
        Mean("activities", "weekend"),
    ),
)
