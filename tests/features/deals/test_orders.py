import pytest

from features.catalog import offered

AS_OF = "2024-06-01"
ORDERS = (
    "customer_orders_365d",
    "customer_purchases_365d",
    "customer_revenue_365d",
    "customer_purchase_value",
    "customer_revenue_growth",
    "customer_days_since_order",
    "customer_purchase_gap_days",
    "customer_lateness",
    "customer_return_share",
    "customer_orders_of_product",
)


@pytest.fixture
def buyer(story):
    """Acme buys on 2023-06-02, in two lines on 2024-02-02 and 2024-05-22, gave back, bought long ago."""
    story.order("acme", on="2023-06-02", amount=300, product="p", quantity=1)
    story.order("acme", on="2024-02-02", amount=50, product="p", quantity=1, group_id="g")
    story.order("acme", on="2024-02-02", amount=150, product="q", quantity=2, group_id="g")
    story.order("acme", on="2024-05-22", amount=100, product="q", quantity=1)
    story.order("acme", on="2024-05-24", amount=-40, product="p", quantity=-1)
    story.order("acme", on="2022-06-02", amount=9, product="p", quantity=1)
    story.order("acme", on="2024-05-25", amount=1000, product="p", quantity=1, recorded="2024-06-10")
    story.order("beta", on="2022-01-01", amount=5, product="p", quantity=1)
    story.deal("x", customer="acme", product="p")
    story.deal("y", customer="beta", product="p")
    story.deal("z")
    return story


def test_what_the_customer_buys(buyer):
    told = {
        "customer_orders_365d": 5,
        "customer_purchases_365d": 3,
        "customer_revenue_365d": 560,
        "customer_purchase_value": 200,
        "customer_revenue_growth": 1,
        "customer_days_since_order": 8,
        "customer_purchase_gap_days": (365 + 245 + 110) / 3,
        "customer_lateness": 10 / 240,
        "customer_return_share": 0.2,
        "customer_orders_of_product": 3,
    }

    assert buyer.values(told, "x", as_of=AS_OF) == told


def test_the_years_window_has_an_edge(buyer):
    told = {"customer_orders_365d": 4, "customer_purchases_365d": 2, "customer_revenue_365d": 260}

    assert buyer.values(told, "x", as_of="2024-06-01T00:00:01") == told


def test_growth_compares_the_last_half_year_with_the_last_two(buyer):
    assert buyer.value("customer_revenue_growth", "x", as_of="2024-05-22") == 200 / 500
    assert buyer.value("customer_revenue_growth", "x", as_of="2024-05-23") == 300 / 600
    assert buyer.value("customer_revenue_growth", "x", as_of="2024-05-27") == 300 / 600
    assert buyer.value("customer_revenue_growth", "x", as_of="2024-05-27T00:00:01") == 1


def test_an_order_at_the_moment_or_written_down_later_is_not_seen(buyer):
    assert buyer.value("customer_orders_of_product", "x", as_of="2024-02-02") == 2
    assert buyer.value("customer_orders_of_product", "x", as_of="2024-02-02T00:00:01") == 3
    assert buyer.value("customer_days_since_order", "x", as_of="2024-06-10") == 17
    assert buyer.value("customer_days_since_order", "x", as_of="2024-06-11") == 17
    assert buyer.value("customer_purchases_365d", "x", as_of="2024-06-10") == 2
    assert buyer.value("customer_purchases_365d", "x", as_of="2024-06-11") == 3
    assert buyer.value("customer_lateness", "x", as_of="2024-06-11") == pytest.approx(17 / ((365 + 245 + 110 + 3) / 4))


def test_of_a_customer_who_bought_once_long_ago(buyer):
    told = {
        "customer_orders_365d": 0,
        "customer_purchases_365d": 0,
        "customer_revenue_365d": 0,
        "customer_purchase_value": None,
        "customer_revenue_growth": None,
        "customer_days_since_order": 882,
        "customer_purchase_gap_days": None,
        "customer_lateness": None,
        "customer_return_share": None,
        "customer_orders_of_product": 1,
    }

    assert buyer.values(told, "y", as_of=AS_OF) == told


def test_of_a_deal_without_a_customer_there_are_no_orders(buyer):
    counted = ("customer_orders_365d", "customer_purchases_365d", "customer_revenue_365d", "customer_orders_of_product")
    told = dict.fromkeys(ORDERS) | dict.fromkeys(counted, 0)

    assert buyer.values(told, "z", as_of=AS_OF) == told


def test_without_orders_on_record_all_are_left_out(story):
    story.deal("x", customer="acme")

    assert offered(story.history).left_out.keys() >= set(ORDERS)
