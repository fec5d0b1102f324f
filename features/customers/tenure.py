"""Tenure: since when do we know the customer?"""

from features.definition import Feature
from features.verbs import DaysSinceFirst, Difference

FIRST_PURCHASE = DaysSinceFirst("purchases", of="customer")
FIRST_ACTIVITY = DaysSinceFirst("activities", of="customer")

FEATURES = (
    Feature(
        "customer_days_since_first_purchase",
        "Days since the customer first bought.",
        "距客户首次购买的天数。",
        FIRST_PURCHASE,
        "customer",
    ),
    Feature(
        "customer_days_since_first_contract",
        "Days since the customer's first contract began.",
        "距客户首份合同开始的天数。",
        DaysSinceFirst("subscriptions", of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_first_deal",
        "Days since the first deal with the customer was opened.",
        "距客户首个商机创建的天数。",
        DaysSinceFirst("creations", of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_first_activity",
        "Days since the first activity with the customer.",
        "距与客户首次活动的天数。",
        FIRST_ACTIVITY,
        "customer",
    ),
    Feature(
        "customer_days_courted",
        "Days from the first activity with the customer to the first purchase; negative when they bought before.",
        "从首次活动到首次购买的天数；先购买后活动为负。",
        Difference(FIRST_ACTIVITY, FIRST_PURCHASE),
        "customer",
    ),
)
