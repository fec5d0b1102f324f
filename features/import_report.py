"""What did an import do? Counts, rejects and remarks, for a terminal and for a program."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from features.rejects import RejectGroup

SHOWN_GROUPS = 20
"""Reasons listed on a terminal; the rejects file has all."""


@dataclass(frozen=True)
class TableReport:
    """One table of an import. `read` rows are new, changed, the same as on record, deletions, or rejected.

    `left_out` rows were excluded by `where` and count for nothing. `deleted` rows were on record and are no
    longer: the file says so, or is complete and lacks them.
    """

    table: str
    files: tuple[str, ...]
    read: int
    new: int
    changed: int
    same: int
    rejected: int
    left_out: int
    deleted: int = 0


@dataclass(frozen=True)
class ImportReport:
    """What one import did. `rejects_file` is None where no row was rejected."""

    origin: str
    timezone: str
    currency: str
    tables: tuple[TableReport, ...]
    rejects: tuple[RejectGroup, ...]
    notes: tuple[str, ...]
    rejects_file: Path | None

    def lines(self) -> list[str]:
        """The report as text, a line each."""
        head = f"{'table':<14}{'read':>10}{'new':>10}{'changed':>10}{'same':>10}{'deleted':>10}{'rejected':>10}  files"
        found = [head, *(_table_line(table) for table in self.tables)]
        if self.rejects:
            found += ["", "Rejected:"]
        for group in self.rejects[:SHOWN_GROUPS]:
            found += _group_lines(group)
        if more := len(self.rejects) - SHOWN_GROUPS:
            found += [f"  and {more} more reasons"] if more > 0 else []
        if self.rejects_file:
            found.append(f"All of them: {self.rejects_file}")
        if self.notes:
            found += ["", "Notes:", *(f"  {note}" for note in self.notes)]
        return found

    def to_json(self) -> str:
        """The report as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False, default=str)


def _table_line(table: TableReport) -> str:
    files = ", ".join(table.files[:3]) + (f" and {len(table.files) - 3} more" if len(table.files) > 3 else "")
    numbers = (table.read, table.new, table.changed, table.same, table.deleted, table.rejected)
    left_out = f" ({table.left_out:,} rows left out by where)" if table.left_out else ""
    return f"{table.table:<14}" + "".join(f"{number:>10,}" for number in numbers) + f"  {files}{left_out}"


def _group_lines(group: RejectGroup) -> list[str]:
    place = f"{group.table}.{group.column}" if group.column else group.table
    shown = ", ".join(f"row {row}" + (f" '{value[:40]}'" if value else "") for _, row, value in group.examples)
    return [f"  {group.count:,} x {place}: {group.reason} ({shown})", f"      fix: {group.fix}"]
