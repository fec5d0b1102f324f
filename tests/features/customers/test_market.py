import pytest


@pytest.fixture
def market(story):
    """Two customers of one segment and industry, one of another."""
    story.customer("c", segment="small", industry="steel", created="2020-01-01")
    story.customer("twin", segment="small", industry="steel", created="2020-01-01")
    story.customer("other", segment="large", industry="glass", created="2020-01-01")
    story.order("c", on="2024-06-01", amount=100).order("c", on="2024-06-11", amount=100)
    story.order("twin", on="2023-09-01", amount=200).order("twin", on="2023-10-01", amount=400)
    story.order("other", on="2024-06-01", amount=200)
    story.contract("c", on="2023-01-01").contract("twin", on="2023-01-01", cancelled_on="2024-05-01")
    story.deal("a", customer="c", created="2024-01-01").closes("won", on="2024-02-01")
    story.deal("b", customer="twin", created="2024-01-01").closes("won", on="2024-02-01")
    story.deal("e", customer="other", created="2024-01-01").closes("lost", on="2024-02-01")
    return story


def test_a_customer_among_its_like(market):
    expected = {
        "customer_market_pace": 3 / 5,
        "customer_segment_pace": 2 / 4,
        "customer_industry_pace": 2 / 4,
        "customer_share_of_industry": 200 / 800,
        "customer_segment_win_rate": (2 + 20 * 2 / 3) / 22,
        "customer_industry_win_rate": (2 + 20 * 2 / 3) / 22,
        "customer_segment_cancelled_share": 1 / 2,
    }

    found = market.values_of_customer(expected, "c", as_of="2024-07-01")

    assert found == {name: pytest.approx(value) for name, value in expected.items()}
    assert market.value_of_customer("customer_gap_to_segment", "c", as_of="2024-07-01") < 1


def test_what_others_do_at_the_moment_or_is_written_down_later_is_not_seen(market):
    market.order("other", on="2024-06-20", recorded="2024-07-05")

    assert market.value_of_customer("customer_market_pace", "c", as_of="2024-06-11") == pytest.approx(2 / 4)
    assert market.value_of_customer("customer_market_pace", "c", as_of="2024-07-01") == pytest.approx(3 / 5)
    assert market.value_of_customer("customer_market_pace", "c", as_of="2024-07-06") == pytest.approx(4 / 6)


def test_a_customer_counts_for_the_segment_it_was_in_then(market):
    market.customer("twin", segment="large", recorded="2024-06-15")

    # What the twin did before it became large stays with the small ones.
    assert market.value_of_customer("customer_segment_cancelled_share", "c", as_of="2024-07-01") == 1 / 2


def test_without_a_segment_there_is_none_to_compare_with(market):
    assert market.value_of_customer("customer_segment_pace", "nobody", as_of="2024-07-01") is None
    assert market.value_of_customer("customer_market_pace", "nobody", as_of="2024-07-01") == pytest.approx(3 / 5)
