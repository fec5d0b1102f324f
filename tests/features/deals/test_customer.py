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
    story.order("acme", on="2024-05-22", amount=100).order("acme", on="2023-07-01", amount=50, currency="CNY")
    story.order("acme", on="2022-01-01", amount=9).order("acme", on="2024-05-25", amount=1000, recorded="2024-06-10")
    story.ticket("acme", on="2024-05-01", kind="complaint", satisfaction=2)
    story.ticket("acme", on="2024-05-20", kind="question", satisfaction=5)
    story.ticket("acme", on="2023-01-01", kind="complaint", satisfaction=1)
    story.ticket("acme", on="2024-05-21", kind="feedback")
    story.contact("p", "acme", is_decision_maker=True, created="2024-01-01")
    story.contact("q", "acme", is_decision_maker=False, created="2024-01-01")
    story.contact("r", "acme", is_decision_maker=True, created="2024-07-01")
    return story


def test_what_is_known_of_the_customer(two_customers):
    told = {
        "customer_win_rate": (1 + 5 * (1 / 3)) / (2 + 5),
        "customer_closed_deals_365d": 1,
        "customer_deals_365d": 2,
        "customer_activities_90d": 1,
        "customer_orders_365d": 2,
        "customer_revenue_365d": 150,
        "customer_days_since_order": 10,
        "customer_complaints_180d": 1,
        "customer_days_since_complaint": 31,
        "customer_satisfaction": 3.5,
        "customer_contacts": 2,
        "customer_decision_makers": 1,
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
        "customer_orders_365d": 0,
        "customer_revenue_365d": 0,
        "customer_days_since_order": None,
        "customer_satisfaction": None,
        "customer_industry": None,
        "customer_win_rate": (0 + 5 * (1 / 3)) / (1 + 5),
    }

    assert two_customers.values(told, "y", as_of=AS_OF) == told


def test_a_contact_described_anew_is_still_one_person(two_customers):
    two_customers.import_now("2024-05-10")
    two_customers.contact("q", "acme", is_decision_maker=True, created="2024-01-01")
    two_customers.import_now("2024-05-20")

    assert two_customers.value("customer_contacts", "x", as_of="2024-05-15") == 2
    assert two_customers.value("customer_decision_makers", "x", as_of="2024-05-15") == 1
    assert two_customers.value("customer_contacts", "x", as_of=AS_OF) == 2
    assert two_customers.value("customer_decision_makers", "x", as_of=AS_OF) == 2


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
