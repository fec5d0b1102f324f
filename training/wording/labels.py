"""What is a feature called in a sentence, and in what is it counted? Told from its definition, or by name."""

from features.definition import Feature
from features.verbs import (
    Calendar,
    Count,
    CountGiven,
    DaysSince,
    DaysSinceFirst,
    DaysUntil,
    Deviation,
    Difference,
    Distinct,
    First,
    Latest,
    Mean,
    Ratio,
    Share,
    SmoothedRate,
    Sum,
    SumBefore,
    TimeMean,
    Trend,
    Verb,
)
from training.wording.numbers import Kind, Language

COLUMNS: dict[str, Kind] = {
    "amount": "money", "worth": "money", "recurring_amount": "money", "list_price": "money", "annual_revenue": "money",
    "value": "money", "price": "money", "days": "days", "cycle_days": "days", "gap_days": "days", "reply_days": "days",
    "answer_days": "days", "slip_days": "days", "duration_minutes": "minutes", "interval_months": "months",
    "hour": "hour", "weekend": "share", "won": "share", "position": "number", "crm_probability": "share",
}  # fmt: skip
"""What the columns of the streams hold."""
NAMED: dict[str, Kind] = {
    "deal_activity_pace": "share", "deal_inbound_share": "share", "deal_contacts_share": "share",
    "deal_activities_to_rep": "share", "deal_share_of_customer_worth": "share", "deal_reply_share": "share",
    "customer_revenue_growth": "share", "customer_return_share": "share", "deal_amount_trend": "percent_a_day",
    "rep_win_rate_90d": "share", "rep_form": "points", "rep_segment_share": "share", "company_win_rate_90d": "share",
    "customer_purchase_pace": "share", "customer_revenue_pace": "share", "customer_cancelled_share": "share",
    "customer_segment_cancelled_share": "share", "customer_activity_pace": "share", "customer_market_pace": "share",
    "customer_segment_pace": "share", "customer_industry_pace": "share", "customer_share_of_industry": "share",
    "customer_contacts_reached_share": "share", "customer_line_trend": "money_a_day", "rep_days_to_hire": "days",
    "customer_purchase_unevenness": "times", "customer_lines_per_purchase": "number", "deal_days_per_stage": "days",
    "rep_activities_per_open_deal": "number", "quarter_elapsed": "share", "customer_tickets_open": "count",
    "customer_contracts_running": "count", "customer_products_dropped": "count", "month": "month",
    "customer_season_month": "month", "weekday": "weekday", "is_holiday": "flag", "customer_satisfaction": "number",
    "customer_satisfaction_trend": "slope",
    "working_days_to_month_end": "count", "working_days_to_quarter_end": "count",
    "customer_decision_makers": "count", "customer_purchase_gap_trend": "slope", "customer_purchase_value": "money",
    "customer_order_value": "money", "customer_satisfaction_latest": "number",
}  # fmt: skip
"""Features whose kind their verb does not give away."""

ENDS = {"en": (". ", ": ", "; ", ", drawn toward", ", in the base currency"), "zh": ("。", "：", "；", "（")}


_kinds: dict[str, tuple[Feature, Kind]] = {}
_labels: dict[tuple[str, Language], tuple[Feature, str]] = {}
"""What was told of each name's latest feature. To look it up by the feature would cost more than telling it: the hash
of a definition takes in all of it."""


def kind_of(feature: Feature) -> Kind:
    """In what the feature's values are counted."""
    if (found := _kinds.get(feature.name)) is None or found[0] is not feature:
        found = _kinds[feature.name] = feature, NAMED.get(feature.name) or _kind(feature.verb)
    return found[1]


def _kind(verb: Verb) -> Kind:
    match verb:
        case Count() | CountGiven() | Distinct() | SumBefore():
            return "count"
        case DaysSince() | DaysSinceFirst() | DaysUntil():
            return "days"
        case Share():
            return "share"
        case SmoothedRate(above=above):
            return "points" if above else "share"
        case Sum(column=column):
            return COLUMNS.get(column, "count")
        case Mean(column=column) | TimeMean(column=column) | Deviation(column=column):
            return COLUMNS.get(column, "number")
        case Latest(column=column) | First(column=column):
            return "number" if column.endswith(":number") else COLUMNS.get(column, "text")
        case Ratio():
            return "times"
        case Difference(left=left, right=right):
            return _kind(left) if _kind(left) == _kind(right) else "days"
        case Calendar():
            return "days"
        case Trend():
            return "slope"
    return "number"


def label_of(feature: Feature, language: Language) -> str:
    """The feature's meaning without its explanations: what can stand before a colon."""
    if (found := _labels.get((feature.name, language))) is None or found[0] is not feature:
        found = _labels[feature.name, language] = feature, _label(feature, language)
    return found[1]


def _label(feature: Feature, language: Language) -> str:
    text = (feature.meaning if language == "en" else feature.meaning_zh).strip()
    for end in ENDS[language]:
        text = text.split(end)[0]
    return text.rstrip(".。")
