"""A feature of one's own is judged by what it says, whatever it is called and made of."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from features.audit_columns import load_deals
from features.audit_features import feature_findings, lives
from features.audit_report import Finding
from features.contracts import Known
from features.definition import Feature
from features.verbs import Count, DaysUntil, Latest, Mean, Verb

if TYPE_CHECKING:
    from tests.conftest import Story

UNTIL = datetime(2026, 1, 1)
DEALS = 600


def feature(verb: Verb, entity: str = "deal") -> Feature:
    return Feature("mine", "Mine.", "我的。", verb, entity)  # type: ignore[arg-type]


def against(story: "Story", *features: Feature) -> list[Finding]:
    history = story.history
    deals = load_deals(history, UNTIL)
    return list(feature_findings(history, deals, lives(history, deals, UNTIL), features))


@pytest.fixture
def told(story: "Story") -> "Story":
    """Deals with a result written at the close, a plan, visits noted for won deals, and calls on all."""
    draw = np.random.default_rng(4)
    story.declares("deals", result=Known.AT_CREATION)
    for number in range(DEALS):
        won = bool(draw.random() < 0.4)
        created = datetime(2024, 1, 1) + timedelta(days=float(draw.uniform(0, 400)))
        days = float(draw.gamma(3, 20)) + 3
        closed = created + timedelta(days=days)
        planned = created + timedelta(days=days * float(draw.lognormal(0, 0.5)))
        deal = story.deal(
            f"d{number}",
            created=created.isoformat(" "),
            status="won" if won else "lost",
            closed_at=closed.isoformat(" "),
            attributes={"result": "signed" if won else "dropped"},
        )
        deal.changes("expected_close_on", f"{planned:%Y-%m-%d}", on=created.isoformat(" "))
        minutes = 60 if won else 10
        deal.activity((created + timedelta(days=1)).isoformat(" "), "call", duration_minutes=minutes)
        if won:
            deal.activity((created + timedelta(days=days / 3)).isoformat(" "), "visit", duration_minutes=5)
    return story


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        (Latest("deals", "attr_result"), "feature-tells-outcome"),
        (Mean("activities", "duration_minutes", where=(("type", "call"),)), "feature-tells-outcome"),
        (Count("activities", where=(("type", "visit"),)), "feature-tells-outcome"),
    ],
)
def test_what_tells_the_outcome_is_found(told: "Story", verb: Verb, code: str) -> None:
    (finding,) = against(told, feature(verb))

    assert (finding.place, finding.finding, finding.severity) == ("features.mine", code, "error")
    assert "left out of learning" in finding.consequence


def test_honest_features_beside_it_are_not_accused(told: "Story") -> None:
    calls = feature(Count("activities", where=(("type", "call"),)))
    planned = Feature("planned", "Days to the plan.", "距计划。", DaysUntil("close_date_changes", "expected_close_on"))

    assert against(told, calls, planned) == []


def test_features_of_customers_are_not_computed_for_deals(told: "Story") -> None:
    assert against(told, feature(Count("orders", of="customer"), "customer")) == []


def test_nothing_is_said_of_too_few_deals(story: "Story") -> None:
    story.deal("d1", status="won", closed_at="2024-03-01")

    assert against(story, feature(Count("activities"))) == []
