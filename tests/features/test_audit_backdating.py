"""Rows written later than they say: found by the exports that lacked them, and not where older data was brought in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from features.audit_backdating import backdating_findings
from features.audit_columns import load_deals
from features.audit_report import Finding

if TYPE_CHECKING:
    from tests.conftest import Story

EXPORTS = [datetime(2024, month, 1) for month in range(2, 13)]
UNTIL = datetime(2025, 1, 1)
DEALS = 200
Late = Callable[[bool], bool]


def day(moment: datetime) -> str:
    return moment.isoformat(sep=" ")


def tell(story: "Story", late: Late, late_while_open: Late, recorded: bool = False) -> None:
    """Monthly exports. A call is made ten days into each deal; where late, an export has it only after the close,
    or (while open) one export late."""
    draw = np.random.default_rng(3)
    pending: list[tuple[datetime, Callable[[], None]]] = []
    for number in range(DEALS):
        name, won = f"d{number}", bool(draw.random() < 0.5)
        created = datetime(2024, 1, 2) + timedelta(days=float(draw.uniform(0, 200)))
        closed, call = created + timedelta(days=75), created + timedelta(days=10)
        rows = {"created": day(created)}
        pending.append((created, lambda name=name, rows=rows: story.deal(name, **rows)))  # type: ignore[misc,arg-type]
        status = {"status": "won" if won else "lost", "closed_at": day(closed)}
        pending.append((closed, lambda name=name, status=status: story.deal(name, **status)))  # type: ignore[misc,arg-type]
        written = closed + timedelta(hours=1) if late(won) else call
        written = call + timedelta(days=33) if written == call and late_while_open(won) else written
        told = {"recorded": day(written)} if recorded else {}
        pending.append(
            (written, lambda name=name, call=call, told=told: story.activity(day(call), deal_id=name, **told))  # type: ignore[misc,arg-type]
        )
    for export in EXPORTS:
        for moment, happens in pending:
            if export - timedelta(days=32) < moment <= export and moment > previous(export):
                happens()
        story.import_now(day(export))


def previous(export: datetime) -> datetime:
    place = EXPORTS.index(export)
    return EXPORTS[place - 1] if place else datetime(2023, 1, 1)


def found(story: "Story", until: datetime = UNTIL) -> dict[str, Finding]:
    history = story.history
    return {f.finding: f for f in backdating_findings(history, load_deals(history, until), until)}


def never(won: bool) -> bool:
    return False


def always(won: bool) -> bool:
    return True


def test_calls_noted_only_when_a_deal_is_won_are_an_error(story: "Story") -> None:
    tell(story, late=lambda won: won, late_while_open=never)

    finding = found(story)["dated-back"]

    assert (finding.place, finding.severity) == ("activities.happened_at", "error")
    assert "100% of the won and 0% of the lost" in finding.evidence


def test_calls_noted_with_the_close_whatever_the_outcome_are_an_error_too(story: "Story") -> None:
    """They say that the deal is about to close."""
    tell(story, late=always, late_while_open=never)

    assert found(story)["dated-back"].severity == "error"


def test_calls_noted_late_while_deals_are_open_are_told_and_used(story: "Story") -> None:
    tell(story, late=never, late_while_open=always)

    assert found(story)["dated-back"].severity == "warning"


def test_calls_noted_in_time_are_not_accused(story: "Story") -> None:
    tell(story, late=never, late_while_open=never)

    assert not found(story)


def test_a_time_of_record_takes_the_accusation_away_and_tells_who_is_late(story: "Story") -> None:
    tell(story, late=lambda won: won, late_while_open=never, recorded=True)

    findings = found(story)

    assert findings.keys() == {"lateness-tells-outcome"}
    assert findings["lateness-tells-outcome"].severity == "warning"


def test_what_was_imported_after_the_moment_accuses_nobody(story: "Story") -> None:
    tell(story, late=lambda won: won, late_while_open=never)

    assert not found(story, datetime(2024, 2, 15))


def test_older_deals_brought_in_later_with_their_rows_are_not_dated_back(story: "Story") -> None:
    story.deal("new", created="2024-06-01").activity("2024-06-02")
    story.import_now("2024-07-01")
    for number in range(100):
        deal = story.deal(f"old{number}", created="2023-03-01", status="won", closed_at="2023-05-01")
        deal.activity("2023-04-01")
    story.import_now("2024-08-01")

    assert not found(story)


@pytest.mark.parametrize("field", ["stage", "amount"])
def test_changes_are_judged_field_by_field(story: "Story", field: str) -> None:
    for number in range(60):
        story.deal(f"d{number}", created="2024-01-05")
        story.deal(f"d{number}").changes("rep_id", "r1", on="2024-01-06")
    story.import_now("2024-03-01")
    for number in range(60):
        story.deal(f"d{number}", status="won", closed_at="2024-03-20").changes(field, "7", on="2024-02-01")
        story.deal(f"d{number}").changes("rep_id", "r2", on="2024-03-10")
    story.import_now("2024-04-01")

    finding = found(story)["dated-back"]

    assert (finding.place, finding.severity) == (f"deal_changes.{field}", "error")
