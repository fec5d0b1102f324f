"""Which rows were set aside, why, and how are they mended?"""

from dataclasses import dataclass
from pathlib import Path

from features.inspection import Inspection
from features.quoting import text, texts
from features.spreadsheets import sql_guarded

EXAMPLES = 3
"""First rows shown of each group."""
COLUMNS = ("file", "row", "column", "value", "reason", "fix", "table")
"""The columns of a rejects file. `row` 1 is the first row under the header."""


@dataclass(frozen=True)
class RejectGroup:
    """Rows of a table set aside for one reason. `examples` are the first of them: file, row and value."""

    table: str
    column: str
    reason: str
    fix: str
    count: int
    examples: tuple[tuple[str, int, str | None], ...]


def gather_rejects(inspection: Inspection) -> tuple[dict[str, int], tuple[RejectGroup, ...]]:
    """How many rows of each table are set aside, and why, most frequent reasons first.

    Leaves the lines in the inspection's temporary table `rejects`.
    """
    run = inspection.connection
    run.execute(
        'CREATE OR REPLACE TEMP TABLE faults(fault INTEGER, file VARCHAR, "table" VARCHAR, "column" VARCHAR, '
        "reason VARCHAR, fix VARCHAR, words VARCHAR[])"
    )
    used = {row[0] for row in run.execute("SELECT DISTINCT fault FROM faulty").fetchall()}
    for number in sorted(used):
        fault = inspection.faults[number]
        listed = [fault.file, fault.table, fault.column, fault.reason, fault.fix]
        run.execute(f"INSERT INTO faults VALUES ({number}, {texts(listed)[1:-1]}, {texts(fault.choices)}::VARCHAR[])")
    run.execute(
        "CREATE OR REPLACE TEMP TABLE rejects AS "
        'SELECT f.file, y._row AS "row", f."column", y.value, f.reason, '
        "replace(replace(f.fix, '{nearest}', coalesce(nearest_of(y.value, f.words), '')), '{value}', "
        "coalesce(y.value, '')) AS fix, f.\"table\", y.part FROM faulty y JOIN faults f USING (fault)"
    )
    counts = run.execute('SELECT "table", count(DISTINCT (part, "row")) FROM rejects GROUP BY 1').fetchall()
    groups = run.execute(
        'SELECT "table", "column", reason, fix, count(*) AS n, '
        f"min({{'file': file, 'row': \"row\", 'value': value}}, {EXAMPLES}) FROM rejects "
        "GROUP BY 1, 2, 3, 4 ORDER BY n DESC, 1, 2, 3, 4"
    ).fetchall()
    found = []
    for table, column, reason, fix, count, first in groups:
        examples = tuple((example["file"], example["row"], example["value"]) for example in first)
        found.append(RejectGroup(table, column, reason, fix, count, examples))
    return dict(counts), tuple(found)


def write_rejects(inspection: Inspection, target: Path) -> None:
    """Write the gathered lines as CSV (UTF-8) to `target`, texts as `features.spreadsheets` has them."""
    named = {column: f'"{column}"' for column in COLUMNS}
    told = {column: quoted if column == "row" else sql_guarded(quoted) for column, quoted in named.items()}
    listed = ", ".join(f"{told[column]} AS {quoted}" for column, quoted in named.items())
    inspection.connection.execute(
        f'COPY (SELECT {listed} FROM rejects ORDER BY "table", file, "row", "column") TO {text(str(target))} '
        "(FORMAT csv, HEADER)"
    )
