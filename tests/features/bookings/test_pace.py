"""What had been sold by a moment."""

from collections.abc import Callable
from datetime import datetime

import pytest

from features.as_of import parse_moment
from features.bookings.pace import measures_of, sales
from features.contracts import Known


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


def test_a_booking_has_the_amount_the_day_and_the_owner_of_the_close(story) -> None:
    deal = story.deal("d1", amount=100, rep="ann", customer="c1")
    deal.changes("amount", "80", on="2024-02-01").changes("rep_id", "bob", on="2024-02-01")
    deal.closes("won", on="2024-03-05")
    deal.changes("amount", "1", on="2024-04-01")

    found = sales(story.history, "bookings", at("2024-06-01"))

    assert found.amount.tolist() == [80.0]
    assert [found.owners[owner].tolist() for owner in ("customer", "rep", "product")] == [["c1"], ["bob"], [""]]
    assert found.day.tolist() == [19787]


def test_what_closed_or_was_written_down_later_is_not_seen(story) -> None:
    story.deal("early", amount=10).closes("won", on="2024-02-01")
    story.deal("on the day", amount=20).closes("won", on="2024-03-01")
    story.deal("late", amount=40, recorded="2024-01-02").closes("won", on="2024-02-02", recorded="2024-04-01")

    assert sorted(sales(story.history, "bookings", at("2024-03-01")).amount.tolist()) == [10.0]
    assert sorted(sales(story.history, "bookings", at("2024-05-01")).amount.tolist()) == [10.0, 20.0, 40.0]


def test_what_is_cut_from_a_longer_reading_is_what_was_read_then(story) -> None:
    story.deal("d1", amount=10).closes("won", on="2024-02-01")
    story.deal("d2", amount=20).closes("won", on="2024-04-01")
    story.order("c1", on="2024-02-03", amount=5).order("c1", on="2024-05-03", amount=7)

    for measure in ("bookings", "orders"):
        longer = sales(story.history, measure, at("2024-12-01")).as_of(at("2024-03-01"))
        assert longer.amount.tolist() == sales(story.history, measure, at("2024-03-01")).amount.tolist()
        assert len(longer) == 1


def test_a_won_deal_that_was_opened_again_is_no_booking_from_then_on(story) -> None:
    story.deal("d1", amount=10).closes("won", on="2024-02-01")
    story.deal("d1").changes("status", "open", on="2024-03-01")

    assert len(sales(story.history, "bookings", at("2024-02-15")).as_of(at("2024-02-15"))) == 1
    assert len(sales(story.history, "bookings", at("2024-04-01")).as_of(at("2024-04-01"))) == 0


def test_returns_are_taken_off_and_foreign_money_is_counted_in_the_base_currency(story) -> None:
    story.rate("USD", on="2024-01-01", rate=7.0)
    story.order("c1", on="2024-02-01", amount=100).order("c1", on="2024-02-02", amount=-30, quantity=-1)
    story.order("c1", on="2024-02-03", amount=10, currency="USD").order("c1", on="2024-02-04", amount=5, currency="EUR")

    found = sales(story.history, "orders", at("2024-03-01"))

    assert found.amount.tolist() == [100.0, -30.0, 70.0]
    assert found.unpriced == 1


def test_amounts_known_at_the_close_count_as_told_then(story) -> None:
    story.declares("deals", amount=Known.AT_CLOSE)
    story.row("deals", deal_id="d1", status="won", created_at="2024-01-01", closed_at="2024-02-01", amount=50)

    assert sales(story.history, "bookings", at("2024-03-01")).amount.tolist() == [50.0]


@pytest.mark.parametrize(
    ("tell", "measures"),
    [
        (lambda s: s.deal("d1", amount=3), ("bookings",)),
        (lambda s: s.order("c1", on="2024-02-01"), ("orders",)),
        (lambda s: s.deal("d1", amount=3).story.order("c1", on="2024-02-01"), ("bookings", "orders")),
        (lambda s: s.deal("d1"), ()),
    ],
)
def test_the_measures_are_those_whose_amounts_are_on_record(
    story, tell: Callable[[object], object], measures: tuple[str, ...]
) -> None:
    tell(story)

    assert measures_of(story.history) == measures
