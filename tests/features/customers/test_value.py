import pytest

VALUE = {
    # Two lines of 100 and 300 in one order 100 days before, 200 ten days before, 50 of it given back five days before.
    "customer_revenue": 550,
    "customer_revenue_30d": 150,
    "customer_revenue_90d": 150,
    "customer_revenue_365d": 550,
    "customer_revenue_pace": 150 / 550,
    "customer_revenue_to_year_before": None,
    "customer_order_value": 300,
    "customer_order_value_to_usual": 1,
    "customer_latest_line_to_usual": 1,
    "customer_lines_per_purchase": 1.5,
    "customer_return_share": 1 / 4,
    "customer_days_since_return": 5,
    "customer_products": 2,
    "customer_products_dropped": 0,
    "customer_latest_product": "p1",
    "customer_latest_family": "tools",
}


@pytest.fixture
def buyer(story):
    story.product("p1", family="tools").product("p2", family="oil")
    story.order("c", on="2024-03-23", amount=100, product="p1", group_id="g")
    story.order("c", on="2024-03-23", amount=300, product="p2", group_id="g")
    story.order("c", on="2024-06-21", amount=200, product="p1", quantity=2)
    story.order("c", on="2024-06-26", amount=-50, product="p1", quantity=-1)
    return story


def test_value_of_two_orders_and_a_return(buyer):
    found = buyer.values_of_customer(VALUE, "c", as_of="2024-07-01")

    assert found == {n: v if isinstance(v, str) else pytest.approx(v) for n, v in VALUE.items()}


def test_lines_that_come_to_more_and_more_have_a_trend(story):
    story.order("c", on="2024-01-01", amount=100).order("c", on="2024-01-11", amount=150)

    assert story.value_of_customer("customer_line_trend", "c", as_of="2024-02-01") == pytest.approx(5)
    assert story.value_of_customer("customer_line_trend", "c", as_of="2024-01-11") is None


def test_this_year_is_compared_with_the_one_before(story):
    story.order("c", on="2022-09-01", amount=400, product="old").order("c", on="2023-09-01", amount=100, product="new")

    found = ("customer_revenue_to_year_before", "customer_products_dropped")
    assert list(story.values_of_customer(found, "c", as_of="2024-07-01").values()) == [0.25, 1]


def test_money_is_in_the_base_currency_at_the_rate_known_then(story):
    story.rate("USD", on="2024-01-01", rate=7)
    story.order("c", on="2024-02-01", amount=100, currency="USD")

    assert story.value_of_customer("customer_revenue", "c", as_of="2024-03-01") == 700


def test_an_order_at_the_moment_or_written_down_later_is_not_seen(buyer):
    buyer.order("c", on="2024-06-28", amount=1000, recorded="2024-07-05")

    assert buyer.value_of_customer("customer_revenue", "c", as_of="2024-06-21") == 400
    assert buyer.value_of_customer("customer_revenue", "c", as_of="2024-06-21T00:00:01") == 600
    assert buyer.value_of_customer("customer_revenue_30d", "c", as_of="2024-07-01") == 150
    assert buyer.value_of_customer("customer_revenue_30d", "c", as_of="2024-07-06") == 1150
