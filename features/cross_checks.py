"""Which rows contradict other rows: of this import, or on record?"""

from features.contracts import TABLES
from features.history import History
from features.inspection import Inspection
from features.quoting import name

NEAREST_LIMIT = 3
"""Values shown for each reference that finds no row."""

REFERENCES = (
    ("deals", "customer_id", "customers"),
    ("deals", "rep_id", "reps"),
    ("deals", "product_id", "products"),
    ("deal_changes", "deal_id", "deals"),
    ("contacts", "customer_id", "customers"),
    ("activities", "deal_id", "deals"),
    ("activities", "customer_id", "customers"),
    ("activities", "contact_id", "contacts"),
    ("activities", "rep_id", "reps"),
    ("orders", "customer_id", "customers"),
    ("orders", "deal_id", "deals"),
    ("orders", "rep_id", "reps"),
    ("orders", "product_id", "products"),
    ("subscriptions", "customer_id", "customers"),
    ("subscriptions", "product_id", "products"),
    ("tickets", "customer_id", "customers"),
    ("customers", "parent_id", "customers"),
    ("reps", "team_id", "teams"),
    ("reps", "manager_id", "reps"),
    ("teams", "parent_team_id", "teams"),
)
"""Columns that name a row of another table."""


def reject_contradictions(inspection: Inspection, history: History) -> dict[str, int]:
    """Set aside rows that contradict others; return how many rows of each table merely repeat another."""
    repeated = {table: _settle_duplicates(inspection, table) for table in inspection.tables()}
    if "deals" in inspection.tables():
        _reject_unclosed(inspection, history)
        _reject_unknown_stages(inspection, history)
    return repeated


def find_loose_references(inspection: Inspection, history: History) -> list[str]:
    """A line for each column that names rows which are neither in this import nor on record."""
    lines: list[str] = []
    for table, column, target in REFERENCES:
        there = _all_rows(inspection, history, target, TABLES[target].key)
        if there is None or not inspection.gives(table, column):
            continue
        key = TABLES[target].key[0]
        loose = (
            f"SELECT {column} AS value, count(*) AS times FROM {inspection.good(table)} g "
            f"WHERE {column} IS NOT NULL AND NOT EXISTS (FROM {there} t WHERE t.{key} = g.{column}) GROUP BY ALL"
        )
        row = inspection.connection.execute(
            f"WITH loose AS ({loose}), shown AS (FROM loose ORDER BY times DESC, value LIMIT {NEAREST_LIMIT}) "
            f"SELECT (SELECT sum(times) FROM loose), (SELECT count(*) FROM loose), "
            f"(SELECT list([value, times::VARCHAR, (SELECT arg_max({key}, jaro_winkler_similarity({key}, value)) "
            f"FROM {there})] ORDER BY times DESC, value) FROM shown)"
        ).fetchall()[0]
        if row[0]:
            examples = ", ".join(f"'{value}' x{times} (nearest '{near}')" for value, times, near in row[2])
            more = f" and {row[1] - len(row[2])} more" if row[1] > len(row[2]) else ""
            lines.append(f"{table}.{column}: {row[0]} rows name what is not among {target}: {examples}{more}")
    return lines


def _all_rows(inspection: Inspection, history: History, table: str, columns: tuple[str, ...]) -> str | None:
    """A relation of the table's rows in this import and on record; None where it has none anywhere."""
    listed = ", ".join(name(column) for column in columns)
    sources = []
    if table in inspection.tables() and all(inspection.gives(table, column) for column in columns):
        sources.append(f"SELECT {listed} FROM {inspection.good(table)}")
    if table in history.tables():
        sources.append(f"SELECT {listed} FROM ({history.sql_latest(table)})")
    return f"({' UNION ALL '.join(sources)})" if sources else None


def _settle_duplicates(inspection: Inspection, table: str) -> int:
    """Drop rows that repeat another of this import; reject those that repeat its key with other values.

    Rows of one key with different `recorded_at` are versions and stay.
    """
    keys = TABLES[table].key
    key, good, run = ", ".join(name(k) for k in keys), inspection.good(table), inspection.connection
    run.execute(f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT {key} FROM {good} GROUP BY ALL HAVING count(*) > 1")
    if not run.execute("SELECT count(*) FROM repeated").fetchall()[0][0]:
        return 0
    run.execute(f"CREATE OR REPLACE TEMP TABLE twins AS SELECT * FROM {good} SEMI JOIN repeated USING ({key})")
    columns = [row[0] for row in run.execute("DESCRIBE twins").fetchall() if row[0] not in ("_part", "_row")]
    whole = ", ".join(name(column) for column in columns)
    run.execute(
        "CREATE OR REPLACE TEMP TABLE copies AS SELECT _part, _row FROM twins "
        f"QUALIFY row_number() OVER (PARTITION BY {whole} ORDER BY _part, _row) > 1"
    )
    run.execute("INSERT INTO dropped FROM copies")
    version = f"{key}, recorded_at" if "recorded_at" in columns else key
    shown = " || ' | ' || ".join(f"{name(k)}::VARCHAR" for k in keys)
    inspection.reject(
        table,
        ", ".join(keys),
        f"an earlier row has the same {' and '.join(keys)} and other values",
        f"keep one row for each {' and '.join(keys)}, or give recorded_at so that the rows become versions",
        f"SELECT _part, _row, {shown} AS value FROM twins ANTI JOIN copies USING (_part, _row) "
        f"QUALIFY row_number() OVER (PARTITION BY {version} ORDER BY _part, _row) > 1",
    )
    return int(run.execute("SELECT count(*) FROM copies").fetchall()[0][0])


def _reject_unclosed(inspection: Inspection, history: History) -> None:
    """Won and lost deals of which nobody says when."""
    closing = "true" if not inspection.gives("deals", "closed_at") else "closed_at IS NULL"
    changes = _all_rows(inspection, history, "deal_changes", ("deal_id", "field", "new_value"))
    told = (
        f"deal_id IN (SELECT deal_id FROM {changes} WHERE field = 'status' AND new_value IN ('won', 'lost'))"
        if changes
        else "false"
    )
    inspection.reject(
        "deals",
        "closed_at",
        "the deal is closed and nothing says when",
        "fill in closed_at, or give its status change in deal_changes",
        f"SELECT _part, _row, status AS value FROM {inspection.good('deals')} "
        f"WHERE status IN ('won', 'lost') AND {closing} AND NOT ({told})",
    )


def _reject_unknown_stages(inspection: Inspection, history: History) -> None:
    """Deals in a stage that their pipeline does not have, where stages are known."""
    stages = _all_rows(inspection, history, "stages", ("pipeline", "stage"))
    if stages is None or not inspection.gives("deals", "stage"):
        return
    piped = inspection.gives("deals", "pipeline")
    same = "(d.pipeline IS NULL OR d.pipeline = s.pipeline) AND " if piped else ""
    words = inspection.connection.execute(f"SELECT DISTINCT stage FROM {stages} ORDER BY 1").fetchall()
    inspection.reject(
        "deals",
        "stage",
        "the stage is not among the stages of its pipeline",
        'correct it, add it to stages, or map it: values: {stage: {"{value}": "{nearest}"}}',
        f"SELECT _part, _row, stage AS value FROM {inspection.good('deals')} d WHERE stage IS NOT NULL "
        f"AND NOT EXISTS (FROM {stages} s WHERE {same}s.stage = d.stage)",
        tuple(row[0] for row in words),
    )
