"""Momentum: is this deal moving, and which way?"""

from features.definition import Feature
from features.verbs import Calendar, Count, DaysSince, DaysUntil, Difference, Latest, Mean, Ratio, Sum

AGE = DaysSince("creations")
IN_STAGE = DaysSince("stage_changes")
TO_CLOSE = DaysUntil("close_date_changes", "expected_close_on")
LATER = (("slip", "later"),)
WON, LOST = (("outcome", "won"),), (("outcome", "lost"),)

FEATURES = (
    Feature("deal_age_days", "Days since the deal was created.", "商机创建至今的天数。", AGE),
    Feature(
        "deal_age_to_won_cycle",
        "The deal's age over the mean days that won deals took: above 1 it takes longer than those.",
        "商机已历时天数与赢单平均周期之比：大于 1 表示比赢单更慢。",
        Ratio(AGE, Mean("outcomes", "cycle_days", where=WON, of="everyone")),
        years=1,
    ),
    Feature("deal_stage", "The stage the deal is in.", "商机所处阶段。", Latest("stage_changes", "stage")),
    Feature(
        "deal_stage_position",
        "The stage's place in its pipeline.",
        "阶段在管道中的位置。",
        Latest("stage_changes", "position"),
    ),
    Feature(
        "deal_days_in_stage",
        "Days since the deal last changed stage. A long stay is the oldest sign of a stall.",
        "距上次阶段变更的天数。停留过久是停滞的最早迹象。",
        IN_STAGE,
    ),
    Feature(
        "deal_stage_age_to_won",
        "Days in the stage over the mean days that won deals stayed in it.",
        "在当前阶段的天数与赢单在该阶段平均停留天数之比。",
        Ratio(IN_STAGE, Mean("stage_stays", "days", where=WON, of="stage")),
        years=1,
    ),
    Feature(
        "deal_stage_age_to_lost",
        "Days in the stage over the mean days that lost deals stayed in it.",
        "在当前阶段的天数与输单在该阶段平均停留天数之比。",
        Ratio(IN_STAGE, Mean("stage_stays", "days", where=LOST, of="stage")),
        years=1,
    ),
    Feature(
        "deal_stage_changes",
        "How many stages the deal was put in, the first included.",
        "商机进入过的阶段次数（含首个阶段）。",
        Count("stage_changes"),
    ),
    Feature(
        "deal_stage_changes_14d",
        "Stage changes in the last 14 days.",
        "最近 14 天的阶段变更次数。",
        Count("stage_changes", within_days=14),
    ),
    Feature(
        "deal_days_per_stage",
        "The deal's age over the number of stages it was put in: its pace.",
        "商机已历时天数除以进入过的阶段次数：推进节奏。",
        Ratio(AGE, Count("stage_changes")),
    ),
    Feature(
        "deal_steps_back",
        "How often the deal moved back to an earlier stage.",
        "商机退回更早阶段的次数。",
        Count("stage_changes", where=(("move", "back"),)),
    ),
    Feature(
        "deal_days_to_expected_close",
        "Days to the expected close date; negative when it has passed.",
        "距预计成交日的天数；已过期为负。",
        TO_CLOSE,
    ),
    Feature(
        "deal_time_left_to_age",
        "Days to the expected close date over the deal's age: how much of the plan is still ahead.",
        "距预计成交日的天数与商机已历时天数之比：计划还剩多少。",
        Ratio(TO_CLOSE, AGE),
    ),
    Feature(
        "deal_close_beyond_quarter",
        "Days by which the expected close date lies beyond the last day of this quarter; negative within it.",
        "预计成交日超出本季度最后一天的天数；在本季度内为负。",
        Difference(TO_CLOSE, Calendar("days_to_quarter_end")),
        years=3,
    ),
    Feature(
        "deal_close_date_slips",
        "How often the expected close date moved later.",
        "预计成交日推迟的次数。",
        Count("close_date_changes", where=LATER),
    ),
    Feature(
        "deal_close_date_slips_30d",
        "How often the expected close date moved later in the last 30 days.",
        "最近 30 天预计成交日推迟的次数。",
        Count("close_date_changes", within_days=30, where=LATER),
    ),
    Feature(
        "deal_slip_days",
        "Days by which the expected close date has moved in all.",
        "预计成交日累计推迟的天数。",
        Sum("close_date_changes", "slip_days"),
    ),
    Feature(
        "deal_forecast_category",
        "The forecast category the seller gave the deal.",
        "销售给出的预测类别。",
        Latest("category_changes", "forecast_category"),
    ),
    Feature(
        "deal_times_reopened",
        "How often the deal was opened again after it had closed.",
        "商机关闭后被重新打开的次数。",
        Count("states", where=(("status", "open"),)),
    ),
)
