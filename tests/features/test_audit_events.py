"""Rows that only a win can bring about must not stand before it; what good deals are full of may."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from features.audit_columns import load_deals
from features.audit_events import event_findings
from features.audit_features import lives
from features.audit_report import Finding

if TYPE_CHECKING:
    from tests.conftest import Story

UNTIL = datetime(2026, 1, 1)
DEALS = 400


class Deal:
    """One of many closed deals: its times, and whether it was won."""

    def __init__(self, number: int, draw: np.random.Generator) -> None:
        self.name, self.customer = f"d{number:04d}", f"c{number}"
        self.won = bool(draw.random() < 0.4)
        self.created = datetime(2024, 1, 1) + timedelta(days=float(draw.uniform(0, 500)))
        self.days = float(draw.gamma(3, 15)) + 5

    def at(self, share: float) -> str:
        """A moment of its life."""
        return (self.created + timedelta(days=self.days * share)).isoformat(sep=" ")


@pytest.fixture
def deals(story: "Story") -> list[Deal]:
    """Deals on record, each of a customer of its own; their rows are told by the tests."""
    draw = np.random.default_rng(8)
    told = [Deal(number, draw) for number in range(DEALS)]
    for deal in told:
        status = "won" if deal.won else "lost"
        story.deal(deal.name, created=deal.at(0), closed_at=deal.at(1), status=status, customer=deal.customer)
    return told


def found(story: "Story", until: datetime = UNTIL) -> list[Finding]:
    history = story.history
    on_record = load_deals(history, until)
    return list(event_findings(history, on_record, lives(history, on_record, until), until))


def test_an_activity_only_won_deals_have_is_found_by_its_kind(story: "Story", deals: list[Deal]) -> None:
    for deal in deals:
        story.activity(deal.at(0.2), "call", deal_id=deal.name)
        if deal.won:
            story.activity(deal.at(0.4), "visit", deal_id=deal.name)

    (finding,) = found(story)

    assert (finding.place, finding.value, finding.severity) == ("activities.type", "visit", "error")
    assert "'visit' is there on 100.0% of the won and on 0.0% of the lost deals" in finding.evidence


def test_good_deals_may_have_more_of_everything_and_lost_ones_nothing(story: "Story", deals: list[Deal]) -> None:
    draw = np.random.default_rng(1)
    for deal in deals:
        for _ in range(int(draw.poisson(6 if deal.won else 1))):
            kind = str(draw.choice(["call", "meeting", "email"]))
            story.activity(deal.at(float(draw.random())), kind, deal_id=deal.name)

    assert found(story) == []


def test_what_is_recorded_after_the_close_gives_nothing_away(story: "Story", deals: list[Deal]) -> None:
    for deal in deals:
        story.activity(deal.at(0.2), "call", deal_id=deal.name)
        if deal.won:
            story.activity(deal.at(0.4), "visit", deal_id=deal.name, recorded=deal.at(1.01))

    assert found(story) == []


@pytest.mark.parametrize(("share", "accused"), [(0.9, {"orders"}), (1.02, set())])
def test_orders_that_do_not_name_their_deal_are_judged_by_its_customer(
    story: "Story", deals: list[Deal], share: float, accused: set[str]
) -> None:
    for deal in deals:
        story.order(deal.customer, deal.at(-0.5))
        if deal.won:
            story.order(deal.customer, deal.at(share))

    findings = found(story)

    assert {finding.table for finding in findings} == accused
    assert all(finding.severity == "error" and finding.value == "" for finding in findings)


def test_what_comes_after_the_moment_of_the_audit_is_not_looked_at(story: "Story", deals: list[Deal]) -> None:
    until = datetime(2025, 1, 1)
    for deal in deals:
        if deal.won and deal.created > until:
            story.activity(deal.at(0.1), "visit", deal_id=deal.name)

    assert found(story, until) == []
