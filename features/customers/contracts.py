"""Contracts: what runs, what does it bring, and when does it end?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, DaysUntil, Difference, First, Latest, Ratio, Sum

BEGUN = Count("subscriptions", of="customer")
CANCELLED = Count("cancellations", of="customer")
OVER = Count("endings", of="customer")

FEATURES = (
    Feature(
        "customer_contracts",
        "Contracts of the customer that have begun so far.",
        "客户至今已开始的合同数。",
        BEGUN,
        "customer",
    ),
    Feature(
        "customer_contracts_running",
        "Contracts that have begun and were neither cancelled nor reached their agreed end.",
        "已开始、未取消且未到期的合同数。",
        Difference(BEGUN, OVER),
        "customer",
    ),
    Feature(
        "customer_recurring_amount",
        "What the contracts that still run bring each time, in the base currency.",
        "仍在履行的合同每期金额（本位币）。",
        Difference(
            Sum("subscriptions", "recurring_amount", of="customer"),
            Sum("endings", "recurring_amount", of="customer"),
        ),
        "customer",
    ),
    Feature(
        "customer_recurring_gained_365d",
        "What contracts begun in the last 365 days bring each time, in the base currency.",
        "最近 365 天新开始的合同每期金额（本位币）。",
        Sum("subscriptions", "recurring_amount", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_recurring_lost_365d",
        "What contracts cancelled in the last 365 days brought each time, in the base currency.",
        "最近 365 天取消的合同每期金额（本位币）。",
        Sum("cancellations", "recurring_amount", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_recurring_to_first",
        "What the latest contract brings each time over what the first did.",
        "最近合同每期金额与首份合同之比。",
        Ratio(
            Latest("subscriptions", "recurring_amount", of="customer"),
            First("subscriptions", "recurring_amount", of="customer"),
        ),
        "customer",
    ),
    Feature(
        "customer_days_to_agreed_end",
        "Days to the agreed end of the latest contract; negative when it has passed.",
        "距最近合同约定到期日的天数；已过期为负。",
        DaysUntil("subscriptions", "ends_on", of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_contract",
        "Days since the latest contract began.",
        "距最近一份合同开始的天数。",
        DaysSince("subscriptions", of="customer"),
        "customer",
    ),
    Feature(
        "customer_cancellations_365d",
        "Contracts cancelled in the last 365 days.",
        "最近 365 天取消的合同数。",
        Count("cancellations", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_cancelled_share",
        "Share of the customer's contracts that were cancelled.",
        "客户合同中已取消的占比。",
        Ratio(CANCELLED, BEGUN),
        "customer",
    ),
    Feature(
        "customer_days_since_cancellation",
        "Days since the customer last cancelled a contract.",
        "距客户最近一次取消合同的天数。",
        DaysSince("cancellations", of="customer"),
        "customer",
    ),
    Feature(
        "customer_contract_months",
        "Months between payments of the latest contract.",
        "最近合同的付款间隔（月）。",
        Latest("subscriptions", "interval_months", of="customer"),
        "customer",
    ),
    Feature(
        "customer_contract_product",
        "The product of the latest contract.",
        "最近合同的产品。",
        Latest("subscriptions", "product_id", of="customer"),
        "customer",
    ),
)
