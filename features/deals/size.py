"""Size: how much is at stake, is it shrinking, and is it what such deals are worth?"""

from features.definition import Feature
from features.verbs import Count, DaysSince, Difference, First, Latest, Mean, Ratio, TimeMean, Trend

AMOUNT = Latest("amount_changes", "amount")
WON = (("outcome", "won"),)

FEATURES = (
    Feature("deal_amount", "The deal's amount, in the base currency.", "商机金额（本位币）。", AMOUNT),
    Feature(
        "deal_amount_drift",
        "The amount over the first one on record: below 1 the deal has shrunk.",
        "当前金额与最初金额之比：小于 1 表示商机缩水。",
        Ratio(AMOUNT, First("amount_changes", "amount")),
    ),
    Feature(
        "deal_amount_to_its_mean",
        "The amount over its mean through the deal's life: above 1 it was raised of late.",
        "当前金额与商机存续期内时间加权平均金额之比：大于 1 表示近期上调。",
        Ratio(AMOUNT, TimeMean("amount_changes", "amount")),
    ),
    Feature(
        "deal_amount_trend",
        "By what share of its mean the amount has grown a day, on average over all that was written down.",
        "历次记录的金额平均每天的变化，占平均金额的比例。",
        Ratio(Trend("amount_changes", "amount"), Mean("amount_changes", "amount")),
    ),
    Feature(
        "deal_amount_edits",
        "How often the amount was written down, the first time included.",
        "金额被记录的次数（含首次）。",
        Count("amount_changes"),
    ),
    Feature(
        "deal_days_since_amount",
        "Days since the amount was last written down.",
        "距最近一次记录金额的天数。",
        DaysSince("amount_changes"),
    ),
    Feature(
        "deal_amount_to_list",
        "The amount over the product's list price: the discount, or the quantity.",
        "金额与产品标价之比：反映折扣或数量。",
        Ratio(AMOUNT, Latest("products", "list_price", of="product")),
    ),
    Feature(
        "deal_amount_above_usual",
        "The amount less the mean amount of the customer's deals that closed before.",
        "金额减去该客户以往已关闭商机的平均金额。",
        Difference(AMOUNT, Mean("outcomes", "amount", of="customer")),
    ),
    Feature(
        "deal_amount_to_product_wins",
        "The amount over the mean amount of deals won with the same product.",
        "金额与同产品以往赢单平均金额之比。",
        Ratio(AMOUNT, Mean("outcomes", "amount", where=WON, of="product")),
    ),
    Feature(
        "deal_amount_to_segment_wins",
        "The amount over the mean amount of deals won in the customer's segment.",
        "金额与同客户分群以往赢单平均金额之比。",
        Ratio(AMOUNT, Mean("outcomes", "amount", where=WON, of="segment")),
    ),
)
