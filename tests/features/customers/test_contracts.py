import pytest

CONTRACTS = {
    "customer_contracts": 2,
    "customer_contracts_running": 1,
    "customer_recurring_amount": 300,
    "customer_recurring_gained_365d": 300,
    "customer_recurring_lost_365d": 100,
    "customer_recurring_to_first": 3,
    "customer_days_to_agreed_end": 184,
    "customer_days_since_contract": 182,
    "customer_cancellations_365d": 1,
    "customer_cancelled_share": 0.5,
    "customer_days_since_cancellation": 30,
    "customer_contract_months": 12,
    "customer_contract_product": "p2",
}


@pytest.fixture
def subscriber(story):
    story.contract(
        "c", on="2022-01-01", cancelled_on="2024-06-01", recurring_amount=100, interval_months=1, product="p1"
    )
    story.contract("c", on="2024-01-01", ends_on="2025-01-01", recurring_amount=300, interval_months=12, product="p2")
    return story


def test_contracts_of_one_that_was_cancelled_and_one_that_runs(subscriber):
    assert subscriber.values_of_customer(CONTRACTS, "c", as_of="2024-07-01") == CONTRACTS


def test_a_cancellation_is_known_from_its_day_on(subscriber):
    """Of the day itself nothing is seen, as of any moment asked about."""
    names = ("customer_contracts_running", "customer_recurring_amount", "customer_days_since_cancellation")

    before = subscriber.values_of_customer(names, "c", as_of="2024-06-01")
    after = subscriber.values_of_customer(names, "c", as_of="2024-06-02")

    assert list(before.values()) == [2, 400, None]
    assert list(after.values()) == [1, 300, 1]


def test_the_agreed_end_goes_by_and_is_negative_then(subscriber):
    assert subscriber.value_of_customer("customer_days_to_agreed_end", "c", as_of="2025-01-11") == -10


def test_a_contract_written_down_later_was_not_known_before(subscriber):
    subscriber.contract("c", on="2024-05-01", recorded="2024-07-10", recurring_amount=50)

    assert subscriber.value_of_customer("customer_contracts", "c", as_of="2024-07-01") == 2
    assert subscriber.value_of_customer("customer_contracts", "c", as_of="2024-07-11") == 3


def test_who_has_no_contract_has_none_running_and_nothing_else(subscriber):
    found = subscriber.values_of_customer(CONTRACTS, "nobody", as_of="2024-07-01")

    assert {name for name, value in found.items() if value is None} == {
        "customer_recurring_to_first", "customer_days_to_agreed_end", "customer_days_since_contract",
        "customer_cancelled_share", "customer_days_since_cancellation", "customer_contract_months",
        "customer_contract_product",
    }  # fmt: skip
    assert {value for value in found.values() if value is not None} == {0}
