"""Size: how much is at stake, and is it shrinking?"""

from features.definition import Feature
from features.verbs import Count, Difference, First, Latest, Mean, Ratio

AMOUNT = Latest("amount_changes", "amount")

FEATURES = (
    Feature("deal_amount", "The deal's amount, in the base currency.", "商机金额（本位币）。", AMOUNT),
    Feature(
        "deal_amount_drift",
        "The amount over the first one on record: below 1 the deal has shrunk.",
        "当前金额与最初金额之比：小于 1 表示商机缩水。",
        Ratio(AMOUNT, First("amount_changes", "amount")),
    ),
    Feature(
        "deal_amount_edits",
        "How often the amount was written down, the first time included.",
        "金额被记录的次数（含首次）。",
        Count("amount_changes"),
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
)
