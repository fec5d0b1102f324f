import pytest

TICKETS = {
    "customer_tickets_365d": 3,
    "customer_complaints_30d": 1,
    "customer_complaints_180d": 2,
    "customer_complaint_share": 2 / 3,
    "customer_days_since_complaint": 10,
    "customer_tickets_open": 1,
    "customer_satisfaction": 3,
    "customer_satisfaction_latest": 2,
    "customer_satisfaction_trend": -2 / 48,
    "customer_resolution_days": 3,
    "customer_latest_ticket": "complaint",
}


@pytest.fixture
def complainer(story):
    story.ticket("c", on="2024-05-02", closed_at="2024-05-04", kind="complaint", satisfaction=4)
    story.ticket("c", on="2024-06-01", closed_at="2024-06-05", kind="question")
    story.ticket("c", on="2024-06-21", kind="complaint", satisfaction=2)
    return story


def test_tickets_of_two_complaints_and_a_question(complainer):
    found = complainer.values_of_customer(TICKETS, "c", as_of="2024-07-01")

    assert found == {n: v if isinstance(v, str) else pytest.approx(v) for n, v in TICKETS.items()}


def test_a_ticket_is_open_until_its_closing_is_past(complainer):
    moments = ("2024-06-01", "2024-06-02", "2024-06-05", "2024-06-05T00:00:01")

    open_then = [complainer.value_of_customer("customer_tickets_open", "c", as_of=moment) for moment in moments]

    assert open_then == [0, 1, 1, 0]


def test_a_complaint_at_the_moment_or_written_down_later_is_not_seen(complainer):
    complainer.ticket("c", on="2024-06-25", kind="complaint", recorded="2024-07-05")

    assert complainer.value_of_customer("customer_days_since_complaint", "c", as_of="2024-06-21") == 50
    assert complainer.value_of_customer("customer_complaints_30d", "c", as_of="2024-07-01") == 1
    assert complainer.value_of_customer("customer_complaints_30d", "c", as_of="2024-07-06") == 2


def test_who_has_no_ticket_has_none_open_and_no_satisfaction(complainer):
    found = complainer.values_of_customer(TICKETS, "nobody", as_of="2024-07-01")

    zeros = {"customer_tickets_365d", "customer_complaints_30d", "customer_complaints_180d", "customer_tickets_open"}
    assert found == {name: 0 if name in zeros else None for name in TICKETS}
