"""One row is judged as an import judges a million: both are asked of the same rows."""

from datetime import date, datetime
from itertools import product
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

from features.contracts import STORED_AS, TABLES
from features.day_closings import at_the_end_of_its_day
from features.row_checks import ROW_CHECKS
from features.told_checks import closes_unsaid, contradictions, end_of_its_day

MOMENTS = (None, datetime(2026, 3, 1), datetime(2026, 3, 1, 16), datetime(2026, 3, 2, 4), datetime(2026, 3, 2, 16))
DAYS = (None, date(2026, 3, 1), date(2026, 3, 2))
VALUES = {
    "closed_at": MOMENTS,
    "created_at": MOMENTS,
    "opened_at": MOMENTS,
    "ends_on": DAYS,
    "started_on": DAYS,
    "cancelled_on": DAYS,
    "status": ("open", "won"),
    "period": ("2026", "2026Q4", "2026Q5", "2026-11", "2026-13", "2026-W47", "2026-W54", "26", "2026 "),
    "rate": (None, -1.0, 0.0, 1e-9),
    "field": ("status", "amount", "expected_close_on", "stage"),
    "new_value": (
        "open",
        "Open",
        "1",
        "1.",
        ".5",
        "1e3",
        "1e9999",
        "+3",
        "1,5",
        "2026-03-01",
        "2026-02-30",
        "2026-03-01T9",
        "٣",
    ),
}


@pytest.mark.parametrize("table", sorted({check.table for check in ROW_CHECKS}))
def test_a_row_alone_is_judged_as_an_import_judges_it(table):
    checks = [check for check in ROW_CHECKS if check.table == table]
    columns = sorted({column for check in checks for column in check.columns})
    rows = [dict(zip(columns, values, strict=True)) for values in product(*(VALUES[column] for column in columns))]
    kinds = {column: STORED_AS[TABLES[table].column(column).kind] for column in columns}
    told = pa.table({column: pa.array([row[column] for row in rows], kind) for column, kind in kinds.items()})
    cases = ", ".join(f"coalesce({check.when}, false)" for check in checks)
    with duckdb.connect(":memory:") as con:
        con.register("told", told)
        judged = con.execute(f"SELECT {cases} FROM told").fetchall()

    assert len(rows) > 3
    for row, verdicts in zip(rows, judged, strict=True):
        wrong = sorted(check.blamed for check, verdict in zip(checks, verdicts, strict=True) if verdict)
        assert sorted(column for column, _ in contradictions(table, row)) == wrong, row


@pytest.mark.parametrize(("table", "beginning"), [("deals", "created_at"), ("tickets", "opened_at")])
def test_a_closing_is_moved_to_the_end_of_its_day_as_an_import_moves_it(table, beginning):
    rows = [{"closed_at": one, beginning: other} for one, other in product(MOMENTS, MOMENTS)]
    told = pa.table({name: pa.array([row[name] for row in rows], pa.timestamp("us")) for name in rows[0]})
    with duckdb.connect(":memory:") as con:
        con.execute("SET TimeZone='UTC'")
        con.register("told", told)
        chosen = at_the_end_of_its_day(table, set(rows[0]), "Asia/Shanghai")
        moved = con.execute(f"SELECT closed_at FROM (SELECT {chosen} FROM told)").fetchall()

    zone = ZoneInfo("Asia/Shanghai")
    assert [end_of_its_day(table, row, zone)["closed_at"] for row in rows] == [one for (one,) in moved]
    assert [one for (one,) in moved] != [row["closed_at"] for row in rows]


def test_a_deal_that_closed_says_when():
    assert closes_unsaid({"status": "won"})
    assert not closes_unsaid({"status": "won", "closed_at": datetime(2026, 3, 1)})
    assert not closes_unsaid({"status": "open"})
