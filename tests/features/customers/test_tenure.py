import pytest

TENURE = {
    "customer_days_since_first_purchase": 40,
    "customer_days_since_first_contract": 30,
    "customer_days_since_first_deal": 55,
    "customer_days_since_first_activity": 50,
    "customer_days_courted": 10,
}


@pytest.fixture
def customer(story):
    story.deal("d", customer="c", created="2024-01-06")
    story.deal("e", customer="c", created="2024-02-20")
    story.activity(on="2024-01-11", customer="c").activity(on="2024-02-01", customer="c")
    story.order("c", on="2024-01-21").order("c", on="2024-02-11")
    story.contract("c", on="2024-01-31").contract("c", on="2024-02-25")
    return story


def test_tenure_counts_from_the_first_of_each(customer):
    assert customer.values_of_customer(TENURE, "c", as_of="2024-03-01") == TENURE
    assert set(customer.values_of_customer(TENURE, "nobody", as_of="2024-03-01").values()) == {None}


def test_what_happens_at_the_moment_itself_is_not_seen(customer):
    at_the_first_order = customer.values_of_customer(TENURE, "c", as_of="2024-01-21")
    a_second_later = customer.values_of_customer(TENURE, "c", as_of="2024-01-21T00:00:01")

    assert at_the_first_order["customer_days_since_first_purchase"] is None
    assert a_second_later["customer_days_since_first_purchase"] == pytest.approx(1 / 86400)


def test_a_first_purchase_told_of_later_was_not_known_before(customer):
    customer.order("c", on="2023-12-02", recorded="2024-03-10")

    assert customer.value_of_customer("customer_days_since_first_purchase", "c", as_of="2024-03-01") == 40
    # The first known remains the first: what was told of later does not make a customer older.
    assert customer.value_of_customer("customer_days_since_first_purchase", "c", as_of="2024-03-11") == 50
