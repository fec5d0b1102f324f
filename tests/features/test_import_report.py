import json

from features.import_report import SHOWN_GROUPS, ImportReport, TableReport
from features.rejects import RejectGroup


def report(**changes):
    table = TableReport("deals", ("a.csv", "b.csv", "c.csv", "d.csv"), 1234567, 5, 4, 3, 2, 1)
    group = RejectGroup(
        "deals", "amount", "not a number", "correct it", 2, (("a.csv", 7, "x" * 99), ("a.csv", 9, None))
    )
    facts = {"tables": (table,), "rejects": (group,), "notes": ("a remark",), "rejects_file": None} | changes
    return ImportReport("export", "UTC", "EUR", **facts)


def test_the_lines_hold_every_count_and_are_not_too_long():
    lines = report().lines()
    assert lines[1].split() == [
        "deals", "1,234,567", "5", "4", "3", "0", "2", "a.csv,", "b.csv,", "c.csv", "and", "1", "more",
        "(1", "rows", "left", "out", "by", "where)",
    ]  # fmt: skip
    assert "  2 x deals.amount: not a number (row 7 '" + "x" * 40 + "', row 9)" in lines
    assert lines[-1] == "  a remark"


def test_many_reasons_are_cut():
    groups = tuple(RejectGroup("deals", "a", f"reason {n}", "fix", 1, ()) for n in range(SHOWN_GROUPS + 3))
    assert "  and 3 more reasons" in report(rejects=groups).lines()


def test_json_holds_the_same():
    found = json.loads(report().to_json())
    assert found["tables"][0]["read"] == 1234567
    assert found["rejects"][0]["examples"][0][1] == 7
