"""What did an audit find? Coverage and findings, for a terminal, a program and a reader."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

TITLES = {"error": "Errors", "warning": "Warnings", "info": "For your information"}
MEANING = {
    "error": "left out of learning",
    "warning": "looked at, and used",
    "info": "nothing is wrong, or nothing is used",
}
MEANING_ZH = {"error": "不参与学习", "warning": "需留意，仍参与学习", "info": "无需处理，或本就未使用"}


@dataclass(frozen=True)
class Finding:
    """One thing found of a column, or of a table (then `column` is empty), with its evidence in words.

    `value` is the value of the column that it is about, where it is not about all of them.

    An error is left out of learning unless the evidence is mended; a warning is used.
    """

    table: str
    column: str
    finding: str
    severity: Severity
    evidence: str
    evidence_zh: str
    consequence: str
    consequence_zh: str = ""
    value: str = ""

    @property
    def place(self) -> str:
        """Table and column in one word."""
        return f"{self.table}.{self.column}" if self.column else self.table

    @property
    def reason(self) -> str:
        """Why a feature is left out because of this, in one line."""
        return f"{self.place} {self.finding}: {self.evidence}"


@dataclass(frozen=True)
class Coverage:
    """What a table holds: rows on record, the times of the first and last (naive UTC), how full each column is.

    `given` has the share of rows with a value for each column and attribute; `missing` names the
    contract's columns that never had one. `coverage` has the rows of each period, a month (2026-11), quarter
    (2026Q4) or year in the history's time zone: `period` says which; empty for a table without times.
    """

    table: str
    rows: int
    first: datetime | None
    last: datetime | None
    given: dict[str, float]
    missing: tuple[str, ...]
    period: str = "month"
    coverage: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Computable:
    """The features of deals, or of customers: those that are used, and why the others are not.

    `cannot` lacks something in this history; `suspected` could be computed and is left out of learning.
    """

    entity: str
    used: tuple[str, ...]
    cannot: dict[str, str]
    suspected: dict[str, str]

    @property
    def not_used(self) -> dict[str, str]:
        """Every feature that is not used, with the reason."""
        return self.cannot | self.suspected


@dataclass(frozen=True)
class Report:
    """Everything `foresell check` says of a history as it was on record before `as_of` (naive UTC)."""

    as_of: datetime
    tables: tuple[Coverage, ...]
    features: tuple[Computable, ...]
    findings: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """The report as text, a line each."""
        width = max([8, *(len(bars(table.coverage)) for table in self.tables)])
        head = f"{'table':<14}{'rows':>11}  {'first':<12}{'last':<12}{'over time':<{width + 2}}never given"
        found = [f"As of {self.as_of:%Y-%m-%d %H:%M} UTC", "", head]
        found += [_coverage_line(table, width) for table in self.tables]
        for features in self.features:
            found += ["", *_feature_lines(features)]
        for severity in SEVERITIES:
            chosen = [finding for finding in self.findings if finding.severity == severity]
            if chosen:
                found += ["", f"{TITLES[severity]} ({MEANING[severity]}):"]
                found += [line for finding in chosen for line in _finding_lines(finding, self.left_out_by(finding))]
        if not self.findings:
            found += ["", "Nothing was found against any column."]
        return found

    def left_out_by(self, finding: Finding) -> tuple[str, ...]:
        """The features that are left out because of a finding."""
        reason = finding.reason
        left_out = (name for features in self.features for name, why in features.suspected.items() if why == reason)
        return tuple(dict.fromkeys(left_out))

    def to_json(self) -> str:
        """The report as one JSON object; times are ISO 8601 in UTC."""
        content = asdict(self)
        for finding, written in zip(self.findings, content["findings"], strict=True):
            written["left_out"] = self.left_out_by(finding)
        return json.dumps(content, ensure_ascii=False, indent=1, default=_written)

    def to_html(self) -> str:
        """The report as one page that needs nothing else, in English and Chinese."""
        from features.audit_page import page

        return page(self)


def _written(value: object) -> str:
    return value.isoformat() + "Z" if isinstance(value, datetime) else str(value)


STEPS = "▁▂▃▄▅▆▇█"


def bars(coverage: Mapping[str, int]) -> str:
    """Rows by period as a line of bars, a dot where there are none.

    >>> bars({"2026-01": 4, "2026-02": 0, "2026-03": 8})
    '▄·█'
    """
    most = max(coverage.values(), default=0)
    return "".join(STEPS[-(-rows * len(STEPS) // most) - 1] if rows else "·" for rows in coverage.values())


def _coverage_line(table: Coverage, width: int) -> str:
    first, last = (f"{at:%Y-%m-%d}" if at else "-" for at in (table.first, table.last))
    over_time = f"{bars(table.coverage):<{width + 2}}"
    return f"{table.table:<14}{table.rows:>11,}  {first:<12}{last:<12}{over_time}{', '.join(table.missing) or '-'}"


def _feature_lines(features: Computable) -> list[str]:
    suspected = f"{len(features.suspected)} are left out as suspect (below), " if features.suspected else ""
    counts = f"{suspected}{len(features.cannot)} cannot be computed"
    lines = [f"{len(features.used)} {features.entity} features can be used; {counts}:"]
    lines += [f"  used: {', '.join(features.used)}"] if features.used else []
    reasons: dict[str, list[str]] = {}
    for name, reason in features.cannot.items():
        reasons.setdefault(reason, []).append(name)
    return lines + [f"  {reason}: {', '.join(names)}" for reason, names in reasons.items()]


def _finding_lines(finding: Finding, left_out: tuple[str, ...]) -> list[str]:
    return [
        f"  {finding.place}: {finding.finding}",
        f"      {finding.evidence}",
        f"      {finding.consequence}",
        *([f"      left out: {', '.join(left_out)}"] if left_out else []),
    ]
