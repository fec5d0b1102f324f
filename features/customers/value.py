"""Value: how much does the customer buy, of what, and is it growing?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Difference, Distinct, Latest, Mean, Ratio, Share, Sum, Trend

RETURN = (("kind", "return"),)
SALE = (("kind", "sale"),)
YEAR = Sum("orders", "amount", within_days=365, of="customer")
TWO_YEARS = Sum("orders", "amount", within_days=730, of="customer")
ORDER_VALUE = Ratio(Sum("orders", "amount", where=SALE, of="customer"), Count("purchases", of="customer"))

FEATURES = (
    Feature(
        "customer_revenue",
        "What the customer has bought so far less returns, in the base currency.",
        "客户至今的购买金额减去退货（本位币）。",
        Sum("orders", "amount", of="customer"),
        "customer",
    ),
    Feature(
        "customer_revenue_30d",
        "What the customer bought in the last 30 days, in the base currency.",
        "客户最近 30 天的购买金额（本位币）。",
        Sum("orders", "amount", within_days=30, of="customer"),
        "customer",
    ),
    Feature(
        "customer_revenue_90d",
        "What the customer bought in the last 90 days, in the base currency.",
        "客户最近 90 天的购买金额（本位币）。",
        Sum("orders", "amount", within_days=90, of="customer"),
        "customer",
    ),
    Feature(
        "customer_revenue_365d",
        "What the customer bought in the last 365 days, in the base currency.",
        "客户最近 365 天的购买金额（本位币）。",
        YEAR,
        "customer",
    ),
    Feature(
        "customer_revenue_pace",
        "Share of the last 365 days' revenue that came in the last 90: below a quarter it shrinks.",
        "最近 90 天金额占最近 365 天的比例：低于四分之一表示萎缩。",
        Ratio(Sum("orders", "amount", within_days=90, of="customer"), YEAR),
        "customer",
    ),
    Feature(
        "customer_revenue_to_year_before",
        "Revenue of the last 365 days over that of the 365 days before.",
        "最近 365 天金额与此前 365 天之比。",
        Ratio(YEAR, Difference(TWO_YEARS, YEAR)),
        "customer",
    ),
    Feature(
        "customer_order_value",
        "Mean worth of the customer's purchases, in the base currency; returns do not count.",
        "客户单次购买的平均金额（本位币，不含退货）。",
        ORDER_VALUE,
        "customer",
    ),
    Feature(
        "customer_order_value_to_usual",
        "Mean worth of the purchases of the last 180 days over that of all purchases.",
        "最近 180 天单次购买平均金额与历史平均之比。",
        Ratio(
            Ratio(
                Sum("orders", "amount", within_days=180, where=SALE, of="customer"),
                Count("purchases", within_days=180, of="customer"),
            ),
            ORDER_VALUE,
        ),
        "customer",
    ),
    Feature(
        "customer_line_trend",
        "Slope of what an order line comes to, over the last 730 days, in money a day.",
        "最近 730 天订单行金额的变化斜率（金额/天）。",
        Trend("orders", "amount", within_days=730, where=SALE, of="customer"),
        "customer",
    ),
    Feature(
        "customer_latest_line_to_usual",
        "What the latest order line came to, over the mean of all.",
        "最近一个订单行金额与平均值之比。",
        Ratio(
            Latest("orders", "amount", where=SALE, of="customer"),
            Mean("orders", "amount", where=SALE, of="customer"),
        ),
        "customer",
    ),
    Feature(
        "customer_lines_per_purchase",
        "Order lines in a purchase, on average.",
        "单次购买的平均订单行数。",
        Ratio(Count("orders", where=SALE, of="customer"), Count("purchases", of="customer")),
        "customer",
    ),
    Feature(
        "customer_return_share",
        "Share of the order lines of the last 365 days that gave something back.",
        "最近 365 天订单行中退货的占比。",
        Share("orders", RETURN, within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_days_since_return",
        "Days since the customer last gave something back.",
        "距客户最近一次退货的天数。",
        DaysSince("orders", where=RETURN, of="customer"),
        "customer",
    ),
    Feature(
        "customer_products",
        "Different products the customer has bought.",
        "客户购买过的不同产品数。",
        Distinct("orders", "product_id", where=SALE, of="customer"),
        "customer",
    ),
    Feature(
        "customer_products_dropped",
        "Products the customer has bought, but not in the last 365 days.",
        "客户曾购买但最近 365 天未再购买的产品数。",
        Difference(
            Distinct("orders", "product_id", where=SALE, of="customer"),
            Distinct("orders", "product_id", within_days=365, where=SALE, of="customer"),
        ),
        "customer",
    ),
    Feature(
        "customer_latest_product",
        "The product of the customer's latest order line.",
        "客户最近订单行的产品。",
        Latest("orders", "product_id", of="customer"),
        "customer",
    ),
    Feature(
        "customer_latest_family",
        "The family of that product.",
        "该产品所属系列。",
        Latest("products", "family", of="product"),
        "customer",
    ),
)
