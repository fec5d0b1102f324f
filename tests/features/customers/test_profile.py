import pytest

from features.customers import profile

COLUMNS = ("industry", "segment", "size", "tier", "region", "country", "source")


@pytest.mark.parametrize("column", COLUMNS)
def test_what_a_customer_is(story, column):
    story.customer("c", **{column: "old"}, recorded="2024-01-01")
    story.customer("c", **{column: "new"}, recorded="2024-03-01")

    def said(as_of: str) -> object:
        return story.value_of_customer(f"customer_{column}", "c", as_of=as_of)

    assert said("2024-01-01") is None
    assert said("2024-02-01") == said("2024-03-01") == "old"
    assert said("2024-03-02") == "new"
    assert story.value_of_customer(f"customer_{column}", "nobody", as_of="2024-03-02") is None


def test_annual_revenue_is_a_number(story):
    story.customer("c", annual_revenue=1.5e6)

    assert story.value_of_customer("customer_annual_revenue", "c", as_of="2024-02-01") == 1.5e6


def test_every_feature_of_the_profile_is_tested():
    assert {f.name for f in profile.FEATURES} == {f"customer_{c}" for c in (*COLUMNS, "annual_revenue")}
