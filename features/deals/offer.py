"""Offer: what is sold, and how has it sold before?"""

from features.definition import Feature
from features.verbs import Latest, Mean, Ratio, SmoothedRate

LIST_PRICE = Latest("products", "list_price", of="product")
SALE = (("kind", "sale"),)

FEATURES = (
    Feature("product", "The product of the deal.", "商机产品。", Latest("deals", "product_id")),
    Feature("product_family", "The product's family.", "产品系列。", Latest("products", "family", of="product")),
    Feature(
        "product_list_price",
        "The product's list price.",
        "产品标价。",
        LIST_PRICE,
    ),
    Feature(
        "product_win_rate",
        "Share won of closed deals on the same product, drawn toward everyone's share.",
        "同产品已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="product"),
    ),
    Feature(
        "product_price_to_list",
        "The mean price paid a piece for the product in the last 365 days over its list price: the usual discount.",
        "该产品最近 365 天平均成交单价与标价之比：通常的折扣。",
        Ratio(Mean("orders", "unit_price", within_days=365, where=SALE, of="product"), LIST_PRICE),
    ),
    Feature(
        "customer_price_to_list",
        "The mean price the customer has paid a piece for the product over its list price: what they are used to.",
        "客户以往购买该产品的平均单价与标价之比：客户习惯的折扣。",
        Ratio(Mean("orders", "unit_price", where=SALE, of="customer&product"), LIST_PRICE),
    ),
    Feature("deal_pipeline", "The pipeline the deal runs in.", "商机所在管道。", Latest("deals", "pipeline")),
    Feature("deal_source", "Where the deal came from.", "商机来源。", Latest("deals", "source")),
    Feature("deal_type", "New, renewal or upsell.", "新签、续约或增购。", Latest("deals", "type")),
    Feature("deal_currency", "The currency of the deal.", "商机币种。", Latest("deals", "currency")),
    Feature(
        "deal_crm_probability",
        "The probability the CRM showed, where the mapping says it was known at creation.",
        "CRM 显示的概率（仅当映射声明创建时已知）。",
        Latest("deals", "crm_probability"),
    ),
)
