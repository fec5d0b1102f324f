"""What did an audit find? Coverage and findings, for a terminal, a program and a reader."""

import json
from dataclasses import asdict, dataclass
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

    @property
    def place(self) -> str:
        """Table and column in one word."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True)
class Coverage:
    """What a table holds: rows on record, the times of the first and last (naive UTC), how full each column is.

    `given` has the share of rows with a value for each column and attribute; `missing` names the
    contract's columns that never had one.
    """

    table: str
    rows: int
    first: datetime | None
    last: datetime | None
    given: dict[str, float]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Everything `foresell check` says of a history as it was on record before `as_of` (naive UTC)."""

    as_of: datetime
    tables: tuple[Coverage, ...]
    features_offered: int
    features_left_out: dict[str, str]
    findings: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """The report as text, a line each."""
        head = f"{'table':<14}{'rows':>11}  {'first':<12}{'last':<12}never given"
        found = [f"As of {self.as_of:%Y-%m-%d %H:%M} UTC", "", head]
        found += [_coverage_line(table) for table in self.tables]
        count = len(self.features_left_out)
        found += ["", f"{self.features_offered} deal features can be computed; {count} are not used:"]
        found += [f"  {reason}: {', '.join(names)}" for reason, names in self._reasons().items()]
        for severity in SEVERITIES:
            chosen = [finding for finding in self.findings if finding.severity == severity]
            if chosen:
                found += ["", f"{TITLES[severity]} ({MEANING[severity]}):"]
                found += [line for finding in chosen for line in _finding_lines(finding)]
        if not self.findings:
            found += ["", "Nothing was found against any column."]
        return found

    def _reasons(self) -> dict[str, list[str]]:
        reasons: dict[str, list[str]] = {}
        for name, reason in self.features_left_out.items():
            reasons.setdefault(reason, []).append(name)
        return reasons

    def to_json(self) -> str:
        """The report as one JSON object; times are ISO 8601 in UTC."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, default=_written)

    def to_html(self) -> str:
        """The report as one page that needs nothing else, in English and Chinese."""
        from features.audit_page import page

        return page(self)


def _written(value: object) -> str:
    return value.isoformat() + "Z" if isinstance(value, datetime) else str(value)


def _coverage_line(table: Coverage) -> str:
    first, last = (f"{at:%Y-%m-%d}" if at else "-" for at in (table.first, table.last))
    return f"{table.table:<14}{table.rows:>11,}  {first:<12}{last:<12}{', '.join(table.missing) or '-'}"


def _finding_lines(finding: Finding) -> list[str]:
    return [
        f"  {finding.place}: {finding.finding}",
        f"      {finding.evidence}",
        f"      {finding.consequence}",
    ]
