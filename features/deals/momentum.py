"""Momentum: is this deal moving, and which way?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, DaysUntil, Latest, Sum

FEATURES = (
    Feature("deal_age_days", "Days since the deal was created.", "商机创建至今的天数。", DaysSince("creations")),
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
        DaysSince("stage_changes"),
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
        "deal_steps_back",
        "How often the deal moved back to an earlier stage.",
        "商机退回更早阶段的次数。",
        Count("stage_changes", where=(("move", "back"),)),
    ),
    Feature(
        "deal_days_to_expected_close",
        "Days to the expected close date; negative when it has passed.",
        "距预计成交日的天数；已过期为负。",
        DaysUntil("close_date_changes", "expected_close_on"),
    ),
    Feature(
        "deal_close_date_slips",
        "How often the expected close date moved later.",
        "预计成交日推迟的次数。",
        Count("close_date_changes", where=(("slip", "later"),)),
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
