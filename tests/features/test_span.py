from datetime import datetime, timedelta

from features.as_of import parse_moment
from features.history import History
from features.span import last_recorded


def at(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def test_the_last_thing_on_record_before_a_moment(story):
    story.deal("d1", created="2024-01-01").changes_stage("Talks", on="2024-02-01")
    story.order("C-1", on="2024-03-01")

    assert last_recorded(story.history, at("2024-06-01")) == at("2024-03-01")
    assert last_recorded(story.history, at("2024-03-01")) == at("2024-02-01")
    assert last_recorded(story.history, at("2024-03-01") + timedelta(microseconds=1)) == at("2024-03-01")
    assert last_recorded(story.history, at("2024-01-01")) is None


def test_a_closing_counts_and_so_does_when_a_row_was_recorded(story):
    story.deal("d1", created="2024-01-01").closes("won", on="2024-04-01")
    story.activity(on="2024-01-02", recorded="2024-05-01")

    assert last_recorded(story.history, at("2024-04-20")) == at("2024-04-01")
    assert last_recorded(story.history, at("2024-06-01")) == at("2024-05-01")


def test_a_history_of_nothing_has_no_end(tmp_path):
    assert last_recorded(History.open(tmp_path), at("2024-01-01")) is None


def test_what_was_always_known_is_no_moment(story):
    story.product("P1", name="Boat")

    assert last_recorded(story.history, at("2024-01-01")) is None


def test_a_cancellation_and_a_closed_ticket_count_from_when_they_happened(story):
    contract = {"subscription_id": "S1", "customer_id": "C1", "started_on": "2024-01-01"}
    story.row("subscriptions", **contract, cancelled_on="2024-05-01")
    story.row("tickets", ticket_id="T1", customer_id="C1", opened_at="2024-02-01", closed_at="2024-03-01")

    assert last_recorded(story.history, at("2024-06-01")) == at("2024-05-01")
    assert last_recorded(story.history, at("2024-05-01")) == at("2024-03-01")
    assert last_recorded(story.history, at("2024-03-01")) == at("2024-02-01")
