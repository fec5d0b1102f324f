"""A report must read the same on a terminal, as JSON and as a page, and let nothing through unescaped."""

import json
from datetime import datetime

import pytest

from features.audit_page import page
from features.audit_report import Coverage, Finding, Report


@pytest.fixture
def report() -> Report:
    finding = Finding("deals", "<b>note", "free-text", "error", "1 < 2.", "证据。", "Mend it.", "请更正。")
    table = Coverage("deals", 10, datetime(2024, 1, 1), None, {"status": 1.0, "stage": 0.25}, ("amount",))
    return Report(datetime(2025, 1, 1), (table,), 3, {"deal_amount": "no amounts"}, (finding,))


def test_lines_name_the_place_the_evidence_and_the_way_out(report: Report) -> None:
    text = "\n".join(report.lines())

    for part in ("deals.<b>note: free-text", "1 < 2.", "Mend it.", "3 deal features", "no amounts: deal_amount"):
        assert part in text


def test_json_has_the_findings_as_objects(report: Report) -> None:
    content = json.loads(report.to_json())

    assert content["as_of"] == "2025-01-01T00:00:00Z"
    assert {"table", "column", "finding", "severity", "evidence"} <= content["findings"][0].keys()
    assert content["tables"][0]["given"]["stage"] == 0.25


def test_the_page_is_in_both_languages_escaped_and_needs_nothing_else(report: Report) -> None:
    html = page(report)

    assert "&lt;b&gt;note" in html
    assert "<b>note" not in html
    assert "证据。请更正。" in html
    assert "stage 25%" in html
    for word in ("<script", "http://", "https://", "src="):
        assert word not in html
    assert report.to_html() == html


def test_a_clean_history_says_so() -> None:
    clean = Report(datetime(2025, 1, 1), (), 5, {}, ())

    assert "Nothing was found against any column." in clean.lines()
    assert "<article" not in clean.to_html()
