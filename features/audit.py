"""What may be learned from this history, and why not the rest? The audit behind `foresell check`.

Leaks are found by test, over closed deals, from what was on record before a moment; see docs/check.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np

from features.audit_changes import change_findings
from features.audit_columns import Deals, Tested, customer_columns, deal_columns, load_deals, tracked_columns
from features.audit_coverage import coverage, coverage_findings
from features.audit_report import SEVERITIES, Coverage, Finding, Report, Severity
from features.audit_times import time_findings
from features.audit_words import of_tracked, tell
from features.catalog import offered
from features.contracts import ATTRIBUTE_PREFIX, Known
from features.definition import Feature
from features.history import History
from features.leak_rules import Bench, codes_of_closed, evidence
from features.leak_tests import Floats, out_of_fold_rates
from features.needs import Need, needs_of

__all__ = ["Coverage", "Finding", "Report", "Severity", "audit", "suspects"]

STREAM_OF = {
    "stage": "stage_changes",
    "amount": "amount_changes",
    "expected_close_on": "close_date_changes",
    "rep_id": "owner_changes",
    "forecast_category": "category_changes",
}
"""The stream that gives a deal's field over time."""

NOT_LEARNED = ("free-text",)
"""Findings that are no errors and still leave nothing to learn."""


def audit(history: History, until: datetime) -> Report:
    """Coverage of the history and findings against its columns, as on record before `until` (naive UTC)."""
    deals = _deals(history, until)
    leaks = _leaks(history, deals, until)
    found = [*leaks, *coverage_findings(history, deals, until)]
    found.sort(key=lambda f: (SEVERITIES.index(f.severity), f.table, f.column, f.finding))
    offering = offered(history, until)
    suspected = _suspects(offering.features, leaks)
    return Report(
        until,
        coverage(history, until),
        len(offering.features) - len(suspected),
        offering.left_out | suspected,
        tuple(found),
    )


def suspects(history: History, until: datetime) -> dict[str, str]:
    """The features that training must leave out, each with the reason, as of `until` (naive UTC)."""
    leaks = _leaks(history, _deals(history, until), until)
    return _suspects(offered(history, until).features, leaks)


def _deals(history: History, until: datetime) -> Deals:
    if "deals" in history.tables():
        return load_deals(history, until)
    nothing = np.empty(0, np.int64)
    return Deals(np.empty(0, object), nothing, nothing, nothing > 0, nothing > 0)


def _leaks(history: History, deals: Deals, until: datetime) -> list[Finding]:
    """Everything found against columns of deals and their customers, and against times."""
    if not len(deals):
        return []
    columns = [
        *deal_columns(history, deals, until),
        *tracked_columns(history, deals, until),
        *customer_columns(history, deals, until),
    ]
    bench = Bench.of(deals, len(columns))
    found = list(_column_findings(columns, bench))
    found += change_findings(history, deals, until)
    found += time_findings(history, deals, columns, until)
    return found


def _column_findings(columns: list[Tested], bench: Bench) -> Iterator[Finding]:
    scores = _scores(columns, bench) if bench.decided else {}
    together = sum(scores.values(), np.zeros(len(bench.won)))
    for column in columns:
        mine = [s for n, s in scores.items() if (columns[n].table, columns[n].column) == (column.table, column.column)]
        others = together - sum(mine, np.zeros(len(bench.won))) if len(scores) > len(mine) else None
        for found in evidence(column, bench, others):
            severity: Severity = found.severity if column.usable else "info"
            finding = tell(found.code, column.table, column.column, severity, found.facts)
            yield of_tracked(finding) if column.known is Known.TRACKED else finding


def _scores(columns: list[Tested], bench: Bench) -> dict[int, Floats]:
    """For each usable column the log-odds of a deal's value, learned from other deals: they add up."""
    scores = {}
    for number, column in enumerate(columns):
        if column.usable and column.when != "halfway":
            rates = np.clip(out_of_fold_rates(codes_of_closed(column, bench), bench.won), 1e-6, 1 - 1e-6)
            scores[number] = np.log(rates / (1 - rates))
    return scores


def _suspects(features: Iterable[Feature], findings: Iterable[Finding]) -> dict[str, str]:
    found: dict[str, str] = {}
    against = [f for f in findings if f.severity == "error" or f.finding in NOT_LEARNED]
    for feature in features:
        needs = tuple(needs_of(feature.verb))
        for finding in against:
            if any(_looks_at(need, finding) for need in needs):
                found.setdefault(feature.name, f"{finding.place} {finding.finding}: {finding.evidence}")
    return found


def _looks_at(need: Need, finding: Finding) -> bool:
    """Whether a feature's need is met from the column of a finding."""
    if finding.table == "orders":
        return need.stream == "orders"
    if finding.table == "customers":
        wanted = {finding.column, ATTRIBUTE_PREFIX + finding.column}
        return need.stream == "customers" and bool(need.columns & wanted)
    if finding.column == "created_at":
        return (need.stream == "creations" and need.of == "deal") or "cycle_days" in need.columns
    if finding.column in STREAM_OF:
        return need.stream == STREAM_OF[finding.column]
    attribute = ATTRIBUTE_PREFIX + finding.column
    return need.stream == "deals" and bool(need.columns & {finding.column, attribute, f"{attribute}:number"})
