import pytest

AS_OF = "2024-06-01"


@pytest.fixture
def two_customers(story):
    described = {
        "industry": "steel",
        "segment": "A",
        "size": "large",
        "tier": "gold",
        "region": "Hebei",
        "country": "CN",
    }
    story.customer("acme", created="2020-01-01", annual_revenue=5e6, **described)
    story.customer("beta", created="2020-01-01")
    story.deal("a", customer="acme", created="2024-01-01").closes("won", on="2024-02-01")
    story.deal("b", customer="acme", created="2022-01-01").closes("lost", on="2022-05-01")
    story.deal("c", customer="beta", created="2024-01-01").closes("lost", on="2024-02-01")
    story.deal("x", customer="acme", created="2024-05-01").activity(on="2024-05-02", customer="acme")
    story.deal("y", customer="beta", created="2024-05-01")
    story.activity(on="2024-01-02", customer="acme")
    return story


def test_what_is_known_of_the_customer(two_customers):
    told = {
        "customer_win_rate": (1 + 5 * (1 / 3)) / (2 + 5),
        "customer_closed_deals_365d": 1,
        "customer_deals_365d": 2,
        "customer_activities_90d": 1,
        "customer_industry": "steel",
        "customer_segment": "A",
        "customer_size": "large",
        "customer_tier": "gold",
        "customer_region": "Hebei",
        "customer_country": "CN",
        "customer_annual_revenue": 5e6,
    }

    assert two_customers.values(told, "x", as_of=AS_OF) == told


def test_a_customer_of_whom_little_is_known(two_customers):
    told = {
        "customer_industry": None,
        "customer_win_rate": (0 + 5 * (1 / 3)) / (1 + 5),
        "customer_days_silent": None,
        "customer_days_since_won": None,
    }

    assert two_customers.values(told, "y", as_of=AS_OF) == told


def test_how_dealing_with_the_customer_has_gone(two_customers):
    story = two_customers
    story.deal("s", customer="acme", created="2024-03-01", amount=300)
    story.deal("late", customer="acme", created="2024-03-01", amount=100)
    story.deal("late").closes("won", on="2024-05-20", recorded="2024-06-10")
    story.deal("x").changes("amount", "100", on="2024-05-03")
    told = {
        "customer_deals_won": 1,
        "customer_days_since_won": 121,
        "customer_deals_open": 3,
        "deal_share_of_customer_worth": 0.2,
        "customer_days_silent": 30,
    }
    later = told | {
        "customer_deals_won": 2,
        "customer_days_since_won": 22,
        "customer_deals_open": 2,
        "deal_share_of_customer_worth": 0.25,
        "customer_days_silent": 40,
    }

    assert story.values(told, "x", as_of=AS_OF) == told
    assert story.values(told, "x", as_of="2024-06-10")["customer_deals_won"] == 1
    assert story.values(later, "x", as_of="2024-06-11") == later


def test_a_win_at_the_moment_is_not_seen(two_customers):
    told = {"customer_deals_won": 0, "customer_days_since_won": None, "customer_deals_open": 1}

    assert two_customers.values(told, "a", as_of="2024-02-01") == told
    told = {"customer_deals_won": 1, "customer_deals_open": 0}
    assert two_customers.values(told, "a", as_of="2024-02-02") == told


def test_of_a_deal_without_a_customer_nothing_is_known(two_customers):
    two_customers.deal("z", amount=5)
    told = {
        "customer_deals_won": 0,
        "customer_days_since_won": None,
        "customer_deals_open": 0,
        "deal_share_of_customer_worth": None,
        "customer_days_silent": None,
        "customer_win_rate": 1 / 3,
        "customer_deals_365d": 0,
    }

    assert two_customers.values(told, "z", as_of=AS_OF) == told


def test_a_customer_described_anew_was_what_it_was(story):
    story.customer("acme", created="2020-01-01", tier="gold")
    story.deal("x", customer="acme")
    story.import_now("2024-03-01")
    story.customer("acme", created="2020-01-01", tier="silver")
    story.import_now("2024-04-01")

    assert story.value("customer_tier", "x", as_of="2024-03-15") == "gold"
    assert story.value("customer_tier", "x", as_of="2024-04-15") == "silver"


def test_of_two_tellings_recorded_at_the_same_time_the_later_delivered_stands(story):
    story.customer("acme", tier="gold", recorded="2024-01-01")
    story.deal("x", customer="acme")
    story.import_now("2024-03-01")
    for tier in ("silver", "bronze", "aluminium", "gold", "iron"):
        story.customer("acme", tier=tier, recorded="2024-01-01")
        story.import_now("2024-03-02")

    assert story.value("customer_tier", "x", as_of=AS_OF) == "iron"


def test_a_reopened_deals_outcome_is_taken_back(story):
    story.deal("a", customer="acme").changes("status", "lost", on="2024-02-01")
    story.deal("a").changes("status", "open", on="2024-03-01")
    story.deal("x", customer="acme")

    assert story.value("customer_closed_deals_365d", "x", as_of="2024-02-10") == 1
    assert story.value("customer_closed_deals_365d", "x", as_of="2024-03-10") == 0
