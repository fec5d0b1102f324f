"""Orders: what does the customer buy, how often, and is it growing?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Mean, Ratio, Share, Sum

SALE = (("kind", "sale"),)
YEAR = 365

FEATURES = (
    Feature(
        "customer_orders_365d",
        "Order lines of the customer in the last 365 days.",
        "客户最近 365 天的订单行数。",
        Count("orders", within_days=YEAR, of="customer"),
    ),
    Feature(
        "customer_purchases_365d",
        "Purchases of the customer in the last 365 days, however many lines each had; no returns.",
        "客户最近 365 天的购买次数（不论行数，不含退货）。",
        Count("purchases", within_days=YEAR, of="customer"),
    ),
    Feature(
        "customer_revenue_365d",
        "What the customer bought in the last 365 days, in the base currency.",
        "客户最近 365 天的购买金额（本位币）。",
        Sum("orders", "amount", within_days=YEAR, of="customer"),
    ),
    Feature(
        "customer_purchase_value",
        "Mean value of a purchase of the customer in the last 365 days, in the base currency.",
        "客户最近 365 天每次购买的平均金额（本位币）。",
        Ratio(
            Sum("orders", "amount", within_days=YEAR, where=SALE, of="customer"),
            Count("purchases", within_days=YEAR, of="customer"),
        ),
    ),
    Feature(
        "customer_revenue_growth",
        "Share of the last 360 days' sales to the customer that fell in the last 180: above a half they grow.",
        "客户最近 180 天购买金额占最近 360 天的比例：高于一半表示增长。",
        Ratio(
            Sum("orders", "amount", within_days=180, where=SALE, of="customer"),
            Sum("orders", "amount", within_days=360, where=SALE, of="customer"),
        ),
    ),
    Feature(
        "customer_days_since_order",
        "Days since the customer last ordered.",
        "距客户最近一次下单的天数。",
        DaysSince("orders", of="customer"),
    ),
    Feature(
        "customer_purchase_gap_days",
        "Mean days between one purchase of the customer and the next.",
        "客户相邻两次购买的平均间隔天数。",
        Mean("purchases", "gap_days", of="customer"),
    ),
    Feature(
        "customer_lateness",
        "Days since the last purchase over the usual days between purchases: above 1 the next one is overdue.",
        "距最近一次购买的天数与平常购买间隔之比：大于 1 表示逾期未购。",
        Ratio(DaysSince("purchases", of="customer"), Mean("purchases", "gap_days", of="customer")),
    ),
    Feature(
        "customer_return_share",
        "Share of the customer's order lines of the last 365 days that gave something back.",
        "客户最近 365 天订单行中退货的占比。",
        Share("orders", where=(("kind", "return"),), within_days=YEAR, of="customer"),
    ),
    Feature(
        "customer_orders_of_product",
        "Order lines in which the customer ever bought the deal's product.",
        "客户累计购买该商机产品的订单行数。",
        Count("orders", where=SALE, of="customer&product"),
    ),
)
