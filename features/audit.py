"""What may be learned from this history, and why not the rest? The audit behind `foresell check`.

Leaks are found by test, over closed deals, from what was on record before a moment; see docs/check.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np

from features.audit_backdating import backdating_findings
from features.audit_changes import change_findings
from features.audit_columns import Deals, Tested, customer_columns, deal_columns, load_deals, tracked_columns
from features.audit_coverage import by_day, coverage, coverage_findings
from features.audit_events import event_findings
from features.audit_features import feature_findings, lives
from features.audit_periods import period_findings
from features.audit_reach import looks_at
from features.audit_report import SEVERITIES, Computable, Coverage, Finding, Report, Severity
from features.audit_times import time_findings
from features.audit_words import of_tracked, tell
from features.catalog import Offering, offered
from features.contracts import Known
from features.definition import Entity, Feature
from features.history import History
from features.leak_rules import Bench, codes_of_closed, evidence
from features.leak_tests import Floats, out_of_fold_rates

__all__ = ["Coverage", "Finding", "Report", "Severity", "audit", "suspects"]

ENTITIES: tuple[Entity, ...] = ("deal", "customer")

NOT_LEARNED = ("free-text",)
"""Findings that are no errors and still leave nothing to learn."""


def audit(history: History, until: datetime) -> Report:
    """Coverage of the history and findings against its columns, as on record before `until` (naive UTC)."""
    deals = _deals(history, until)
    offerings = {entity: offered(history, until, entity) for entity in ENTITIES}
    leaks = _leaks(history, deals, offerings["deal"].features, until)
    tables = by_day(history, until)
    found = [*leaks, *coverage_findings(history, deals, until), *period_findings(history, tables)]
    found.sort(key=lambda f: (SEVERITIES.index(f.severity), f.table, f.column, f.finding, f.value))
    features = tuple(_computable(entity, offering, leaks) for entity, offering in offerings.items())
    return Report(until, coverage(history, tables, until), features, tuple(found))


def suspects(history: History, until: datetime, entity: Entity = "deal") -> dict[str, str]:
    """The features that training must leave out, each with the reason, as of `until` (naive UTC)."""
    of_deals = offered(history, until).features
    leaks = _leaks(history, _deals(history, until), of_deals, until)
    return _suspects(of_deals if entity == "deal" else offered(history, until, entity).features, leaks)


def _computable(entity: Entity, offering: Offering, leaks: Iterable[Finding]) -> Computable:
    suspected = _suspects(offering.features, leaks)
    used = tuple(feature.name for feature in offering.features if feature.name not in suspected)
    return Computable(entity, used, offering.left_out, suspected)


def _deals(history: History, until: datetime) -> Deals:
    if "deals" in history.tables():
        return load_deals(history, until)
    nothing = np.empty(0, np.int64)
    return Deals(np.empty(0, object), nothing, nothing, nothing > 0, nothing > 0)


def _leaks(history: History, deals: Deals, features: Sequence[Feature], until: datetime) -> list[Finding]:
    """Everything found against columns of deals and their customers, against times, events and features."""
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
    found += backdating_findings(history, deals, until)
    moments = lives(history, deals, until)
    found += event_findings(history, deals, moments, until)
    # What is left out already need not be accused again.
    accused = _suspects(features, found)
    found += feature_findings(history, deals, moments, [f for f in features if f.name not in accused])
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
        for finding in against:
            if looks_at(feature, finding):
                found.setdefault(feature.name, finding.reason)
    return found
