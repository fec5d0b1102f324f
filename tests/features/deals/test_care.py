import numpy as np
import pytest

AS_OF = "2024-06-01"
CARE = (
    "customer_complaints_180d",
    "customer_days_since_complaint",
    "customer_satisfaction",
    "customer_satisfaction_trend",
    "customer_tickets_open",
    "customer_days_to_agreed_end",
)


@pytest.fixture
def cared_for(story):
    """Acme complained thrice, asked twice, and is bound to the end of August."""
    story.ticket("acme", on="2023-12-04", kind="complaint", satisfaction=2, closed_at="2023-12-20")
    story.ticket("acme", on="2024-05-01", kind="complaint", satisfaction=3, closed_at="2024-05-11")
    story.ticket("acme", on="2024-05-20", kind="question", satisfaction=5, closed_at="2024-06-20")
    story.ticket("acme", on="2023-01-01", kind="complaint", satisfaction=1, closed_at="2023-01-03")
    story.ticket("acme", on="2024-05-21", kind="question")
    story.ticket("acme", on="2024-05-25", kind="complaint", satisfaction=1, recorded="2024-06-10")
    contract = {"customer": "acme", "recurring_amount": 10}
    story.row("subscriptions", subscription_id="s1", started_on="2023-01-01", ends_on="2023-12-31", **contract)
    story.row("subscriptions", subscription_id="s2", started_on="2024-01-01", ends_on="2024-08-30", **contract)
    story.deal("x", customer="acme", created="2022-01-01")
    story.deal("y", customer="beta")
    return story


def test_whether_the_customer_is_content(cared_for):
    told = {
        "customer_complaints_180d": 2,
        "customer_days_since_complaint": 31,
        "customer_satisfaction": (2 + 3) / 2,  # the question of May is answered, and rated, in June
        "customer_tickets_open": 2,
        "customer_days_to_agreed_end": 90,
    }

    assert cared_for.values(told, "x", as_of=AS_OF) == told


def test_satisfaction_has_a_slope_by_day(cared_for):
    days = [0, 351, 494]  # from the first verdict, given when a ticket was closed; those of the last two years
    slope = np.polyfit(days, [1, 2, 3], 1)[0]

    assert cared_for.value("customer_satisfaction_trend", "x", as_of=AS_OF) == pytest.approx(slope)


def test_the_windows_have_edges(cared_for):
    assert cared_for.value("customer_complaints_180d", "x", as_of="2024-06-01T00:00:01") == 1
    assert cared_for.value("customer_satisfaction", "x", as_of="2024-12-19") == (2 + 3 + 5 + 1) / 4
    assert cared_for.value("customer_satisfaction", "x", as_of="2024-12-19T00:00:01") == 3


def test_a_verdict_is_not_known_before_the_ticket_was_closed(cared_for):
    assert cared_for.value("customer_satisfaction", "x", as_of="2024-06-20") == (2 + 3 + 1) / 3
    assert cared_for.value("customer_satisfaction", "x", as_of="2024-06-21") == (2 + 3 + 1 + 5) / 4


def test_a_ticket_at_the_moment_or_written_down_later_is_not_seen(cared_for):
    assert cared_for.value("customer_days_since_complaint", "x", as_of="2024-05-01") == 149
    assert cared_for.value("customer_days_since_complaint", "x", as_of="2024-06-10") == 40
    assert cared_for.value("customer_days_since_complaint", "x", as_of="2024-06-11") == 17
    assert cared_for.value("customer_complaints_180d", "x", as_of="2024-06-11") == 2


def test_a_ticket_is_open_until_its_closing_is_in_the_past(cared_for):
    assert cared_for.value("customer_tickets_open", "x", as_of="2024-05-11") == 1
    assert cared_for.value("customer_tickets_open", "x", as_of="2024-05-12") == 0
    assert cared_for.value("customer_tickets_open", "x", as_of="2024-06-20") == 3
    assert cared_for.value("customer_tickets_open", "x", as_of="2024-06-21") == 2


def test_the_contract_that_began_last_counts(cared_for):
    assert cared_for.value("customer_days_to_agreed_end", "x", as_of="2023-12-01") == 30
    assert cared_for.value("customer_days_to_agreed_end", "x", as_of="2024-01-01") == -1
    assert cared_for.value("customer_days_to_agreed_end", "x", as_of="2024-01-02") == 241


def test_of_a_customer_never_heard_of(cared_for):
    told = dict.fromkeys(CARE) | {"customer_complaints_180d": 0, "customer_tickets_open": 0}

    assert cared_for.values(told, "y", as_of=AS_OF) == told
