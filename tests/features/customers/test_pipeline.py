import pytest

PIPELINE = {
    "customer_deals_open": 1,
    "customer_deals_open_worth": 700,
    "customer_new_deals_180d": 2,
    "customer_days_since_new_deal": 11,
    "customer_deals_won_365d": 2,
    "customer_deals_lost_365d": 1,
    # Three closed, two won, drawn by five toward the two of four that everyone won.
    "customer_win_rate": (2 + 5 * 2 / 4) / (3 + 5),
    "customer_days_since_won": 31,
    "customer_days_since_lost": 61,
    "customer_deal_days": (60 + 30 + 90) / 3,
    "customer_deal_amount": 200,
}


@pytest.fixture
def customer(story):
    story.deal("w1", customer="c", amount=100, created="2023-10-01").closes("won", on="2023-11-30")
    story.deal("l1", customer="c", amount=900, created="2024-04-01").closes("lost", on="2024-05-01")
    story.deal("w3", customer="c", amount=300, created="2024-03-02").closes("won", on="2024-05-31")
    story.deal("o", customer="c", amount=700, created="2024-06-20")
    story.deal("x", customer="another", amount=5, created="2024-01-01").closes("lost", on="2024-02-01")
    return story


def test_pipeline_of_three_closed_deals_and_an_open_one(customer):
    found = customer.values_of_customer(PIPELINE, "c", as_of="2024-07-01")

    assert found == {**{n: pytest.approx(v) for n, v in PIPELINE.items()}, "customer_new_deals_180d": 3}


def test_a_deal_closes_after_the_moment_of_its_closing(customer):
    names = ("customer_deals_open", "customer_deals_open_worth", "customer_deals_won_365d")

    at_the_closing = customer.values_of_customer(names, "c", as_of="2024-05-31")
    a_second_later = customer.values_of_customer(names, "c", as_of="2024-05-31T00:00:01")

    assert list(at_the_closing.values()) == [1, 300, 1]
    assert list(a_second_later.values()) == [0, 0, 2]


def test_a_loss_written_down_later_was_not_known_before(customer):
    customer.deal("o").closes("lost", on="2024-06-25", recorded="2024-07-10")

    assert customer.value_of_customer("customer_deals_lost_365d", "c", as_of="2024-07-01") == 1
    assert customer.value_of_customer("customer_deals_open", "c", as_of="2024-07-01") == 1
    assert customer.value_of_customer("customer_deals_lost_365d", "c", as_of="2024-07-11") == 2
    assert customer.value_of_customer("customer_deals_open", "c", as_of="2024-07-11") == 0


def test_who_never_had_a_deal_has_everyones_rate(customer):
    found = customer.values_of_customer(PIPELINE, "nobody", as_of="2024-07-01")

    assert found["customer_win_rate"] == pytest.approx(2 / 4)
    assert found["customer_deals_open"] == found["customer_deals_won_365d"] == 0
    assert found["customer_days_since_won"] is None
