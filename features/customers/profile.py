"""Profile: what kind of customer is it?"""

from features.definition import Feature
from features.verbs import Latest


def _described(column: str, meaning: str, meaning_zh: str) -> Feature:
    return Feature(f"customer_{column}", meaning, meaning_zh, Latest("customers", column, of="customer"), "customer")


FEATURES = (
    _described("industry", "The customer's industry.", "客户行业。"),
    _described("segment", "The customer's segment.", "客户分群。"),
    _described("size", "The customer's size class.", "客户规模等级。"),
    _described("tier", "The customer's tier.", "客户等级。"),
    _described("region", "The customer's region.", "客户区域。"),
    _described("country", "The customer's country.", "客户国家。"),
    _described("annual_revenue", "The customer's annual revenue.", "客户年收入。"),
    _described("source", "Where the customer came from.", "客户来源。"),
)
