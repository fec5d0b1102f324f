"""Which deals were open, and as what."""

from datetime import date, datetime

import numpy as np

from features.as_of import parse_moment
from features.bookings.pipeline import NO_DAY, closes_after, pipeline
from features.calendar import FIRST_DAY


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


def day(text: str) -> int:
    return (date.fromisoformat(text) - FIRST_DAY).days


def test_an_open_deal_is_told_as_it_stood_then(story) -> None:
    deal = story.deal("d1", amount=100, rep="ann", customer="c1", product="p1")
    deal.changes_stage("offer", on="2024-02-01").changes("forecast_category", "commit", on="2024-02-01")
    deal.changes("expected_close_on", "2024-03-31", on="2024-02-01")
    deal.changes("amount", "5", on="2024-05-01").changes_stage("lost cause", on="2024-05-01")

    found = pipeline(story.history, at("2024-03-01"))

    assert (found.amount.tolist(), found.stage.tolist(), found.category.tolist()) == ([100.0], ["offer"], ["commit"])
    assert found.expected.tolist() == [day("2024-03-31")]
    assert found.created.tolist() == [day("2024-01-01")]
    assert [found.owners[owner][0] for owner in ("customer", "rep", "product")] == ["c1", "ann", "p1"]


def test_what_is_not_on_record_is_empty(story) -> None:
    story.deal("d1")

    found = pipeline(story.history, at("2024-03-01"))

    assert np.isnan(found.amount).all()
    assert (found.stage.tolist(), found.expected.tolist()) == ([""], [NO_DAY])


def test_closed_deals_and_deals_to_come_are_not_open(story) -> None:
    story.deal("closed", amount=1).closes("lost", on="2024-02-01")
    story.deal("later", created="2024-04-01", amount=1)
    story.deal("open", amount=1)

    assert pipeline(story.history, at("2024-03-01")).deal_id.tolist() == ["open"]


def test_deals_are_told_with_their_close_as_far_as_it_was_known(story) -> None:
    story.deal("d1").closes("won", on="2024-02-01")
    story.deal("d2").closes("lost", on="2024-04-01")

    created, closed, won, _ = closes_after(story.history, at("2024-03-01"))

    assert created.tolist() == [day("2024-01-01")] * 2
    assert closed.tolist() == [day("2024-02-01"), NO_DAY]
    assert won.tolist() == [True, False]
