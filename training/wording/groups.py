"""Which features say the same thing twice? Groups whose effects are one reason.

A group's effect is the sum of its members': Shapley values are additive, so the sum is what the members bring together,
each in the orders in which it becomes known. Groups come from this table, those of a company's own attributes and
features from how closely they go together with others in the history (`training.wording.comparisons`).
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from features.contracts import ATTRIBUTE_PREFIX

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("forecast", ("deal_forecast_category", "deal_crm_probability")),
    (
        "stage",
        (
            "deal_stage", "deal_stage_*", "deal_days_in_stage", "deal_days_per_stage", "deal_steps_back",
            "stage_win_rate_above", "deal_times_reopened",
        ),
    ),
    ("age", ("deal_age_*",)),
    ("close_date", ("deal_days_to_expected_close", "deal_time_left_*", "deal_close_*", "deal_slip_days")),
    ("amount", ("deal_amount*", "deal_days_since_amount", "deal_share_of_customer_worth")),
    (
        "response",
        (
            "deal_inbound*", "deal_days_since_inbound", "deal_reply_*", "deal_answer_days", "deal_tries_unanswered",
            "deal_last_direction", "customer_inbound*", "customer_days_since_inbound", "customer_reply_days",
            "customer_answer_days",
        ),
    ),
    ("people", ("deal_contact*", "deal_decision_maker*", "customer_contacts*", "customer_decision_maker*",
                "customer_new_contacts_365d")),
    (
        "activity",
        (
            "deal_activit*", "deal_days_silent", "deal_days_to_first_activity", "deal_outbound_30d", "deal_calls",
            "deal_emails", "deal_meetings*", "deal_visits", "deal_chats", "deal_tasks", "deal_minutes", "deal_last_*",
            "deal_usual_gap_days", "deal_gap_spread", "deal_silence_*", "deal_weekend_share", "deal_colleagues",
            "customer_activit*", "customer_days_silent", "customer_silence_*",
            "customer_calls_180d", "customer_emails_180d", "customer_meetings_180d", "customer_visits_180d",
            "customer_web_visits_180d", "customer_minutes_90d", "customer_last_activity", "customer_colleagues_365d",
            "rep_customer_activities_365d",
        ),
    ),
    ("seller_load", ("rep_open_*", "rep_deals_ahead", "rep_activities_*", "deal_owners", "deal_days_with_owner")),
    ("seller", ("rep_*", "team", "team_win_rate_above", "customer_team")),
    ("product", ("product", "product_*", "customer_price_to_list", "customer_orders_of_product",
                 "customer_latest_product", "customer_latest_family", "customer_contract_product")),
    ("care", ("customer_complaint*", "customer_days_since_complaint", "customer_satisfaction*", "customer_tickets*",
              "customer_resolution_days", "customer_latest_ticket")),
    ("contracts", ("customer_contract*", "customer_recurring_*", "customer_days_to_agreed_end",
                   "customer_days_since_contract", "customer_days_since_first_contract", "customer_cancel*",
                   "customer_days_since_cancellation")),
    ("returns", ("customer_return_share", "customer_days_since_return")),
    ("rhythm", ("customer_days_since_purchase", "customer_days_since_order", "customer_purchase_gap_*",
                "customer_lateness", "customer_purchase_unevenness", "customer_latest_gap_to_usual")),
    ("tenure", ("customer_days_since_first_*", "customer_days_courted")),
    ("market", ("customer_market_pace", "customer_segment_pace", "customer_industry_pace", "customer_gap_to_segment",
                "customer_share_of_industry", "customer_segment_cancelled_share", "customer_segment_win_rate",
                "customer_industry_win_rate")),
    ("buying", ("customer_purchase*", "customer_orders_*", "customer_revenue*", "customer_order_value*",
                "customer_line*", "customer_latest_line_to_usual", "customer_products*")),
    ("customer_deals", ("customer_win_rate", "customer_closed_deals_*", "customer_deal*", "customer_new_deals_*",
                        "customer_days_since_won", "customer_days_since_lost", "customer_days_since_new_deal")),
    ("customer", ("customer_industry", "customer_segment", "customer_size", "customer_tier", "customer_region",
                  "customer_country", "customer_annual_revenue", "customer_source", "segment_win_rate_above",
                  "industry_win_rate_above")),
    ("origin", ("deal_source", "source_win_rate_above", "deal_type", "type_win_rate_above", "deal_pipeline",
                "pipeline_win_rate_above", "deal_currency")),
    ("calendar", ("month", "weekday", "days_to_*", "days_since_holiday", "working_days_to_*", "quarter_elapsed",
                  "is_holiday", "customer_season_*")),
    ("company", ("company_*",)),
)  # fmt: skip
"""Groups and patterns of the features in them; the first that fits counts."""
RATE = "win_rate_above_by_"


def group_of(feature: str, learned: Mapping[str, str] | None = None) -> str:
    """The group a feature belongs to: of the table, learned from the history, or one of its own.

    >>> group_of("deal_days_in_stage"), group_of("win_rate_above_by_region"), group_of("attr_region")
    ('stage', 'attr_region', 'attr_region')
    """
    if learned and feature in learned:
        return learned[feature]
    return _told(feature)


@lru_cache(maxsize=4096)
def _told(feature: str) -> str:
    found = next((group for group, names in GROUPS if any(fnmatchcase(feature, name) for name in names)), None)
    if found is None and feature.startswith(RATE):
        return ATTRIBUTE_PREFIX + feature.removeprefix(RATE)
    return found or feature
