"""Offer: what is sold, and how has it sold before?"""

from features.definition import Feature
from features.verbs import Latest, SmoothedRate

FEATURES = (
    Feature("product", "The product of the deal.", "商机产品。", Latest("deals", "product_id")),
    Feature("product_family", "The product's family.", "产品系列。", Latest("products", "family", of="product")),
    Feature(
        "product_list_price",
        "The product's list price.",
        "产品标价。",
        Latest("products", "list_price", of="product"),
    ),
    Feature(
        "product_win_rate",
        "Share won of closed deals on the same product, drawn toward everyone's share.",
        "同产品已关闭商机的赢率（向整体赢率收缩）。",
        SmoothedRate("outcomes", "won", of="product"),
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
