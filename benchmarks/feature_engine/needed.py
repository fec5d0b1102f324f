"""Which features are measured, and which columns at rest do they need, asked when?"""

from pathlib import Path

FEATURES = (
    "deal_amount",
    "deal_amount_drift",
    "deal_age_days",
    "deal_stage",
    "deal_days_in_stage",
    "deal_steps_back",
    "deal_days_to_expected_close",
    "deal_close_date_slips",
    "deal_slip_days",
    "deal_activities",
    "deal_activities_7d",
    "deal_activities_30d",
    "deal_activity_pace",
    "deal_days_silent",
    "deal_inbound",
    "deal_inbound_share",
    "deal_days_since_inbound",
    "deal_calls",
    "deal_minutes",
    "deal_last_activity",
    "rep_win_rate",
    "rep_closed_deals_180d",
    "rep_cycle_days",
    "rep_activities_30d",
    "customer_activities_90d",
    "customer_orders_365d",
    "customer_revenue_365d",
    "customer_complaints_180d",
    "product_win_rate",
    "company_new_deals_30d",
)
"""Thirty of the catalogue, in its order."""

COLUMNS = {
    "deals": (
        "deal_id",
        "customer_id",
        "rep_id",
        "product_id",
        "status",
        "created_at",
        "closed_at",
        "amount",
        "expected_close_on",
    ),
    "deal_changes": ("deal_id", "field", "changed_at", "recorded_at", "new_value"),
    "stages": ("stage", "position"),
    "activities": (
        "deal_id",
        "customer_id",
        "rep_id",
        "type",
        "direction",
        "happened_at",
        "recorded_at",
        "duration_minutes",
    ),
    "orders": ("customer_id", "ordered_at", "amount"),
    "tickets": ("customer_id", "opened_at", "kind"),
}
"""What these features need of each table, keys of rows aside."""


def asked(home: Path, weekly: bool = False) -> Path:
    """The Parquet file of (deal_id, as_of) that the features are asked at."""
    return home / "benchmark" / ("weekly.parquet" if weekly else "moments.parquet")


def at_rest(home: Path, table: str) -> Path:
    """The folder with a table's Parquet files; one delivery makes one file."""
    return home / "history" / "tables" / table
