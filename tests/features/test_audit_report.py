"""A report must read the same on a terminal, as JSON and as a page, and let nothing through unescaped."""

import json
import re
from datetime import datetime

import pytest

from features.audit_page import page
from features.audit_report import Computable, Coverage, Finding, Report, bars


@pytest.fixture
def report() -> Report:
    finding = Finding("deals", "<b>note", "free-text", "error", "1 < 2.", "证据。", "Mend it.", "请更正。")
    periods = {"2024-01": 6, "2024-02": 0, "2024-03": 4}
    table = Coverage(
        "deals", 10, datetime(2024, 1, 1), None, {"status": 1.0, "stage": 0.25}, ("amount",), "month", periods
    )
    deals = Computable("deal", ("deal_stage", "team"), {"deal_amount": "no amounts"}, {"attr_<b>note": finding.reason})
    customers = Computable("customer", ("customer_tier",), {"customer_orders": "no orders"}, {})
    return Report(datetime(2025, 1, 1), (table,), (deals, customers), (finding,))


def test_lines_name_the_place_the_evidence_and_the_way_out(report: Report) -> None:
    text = "\n".join(report.lines())

    for part in ("deals.<b>note: free-text", "1 < 2.", "Mend it.", "2 deal features", "no amounts: deal_amount", "█·▆"):
        assert part in text
    assert "2 deal features can be used; 1 are left out as suspect (below), 1 cannot be computed:" in text
    assert "left out: attr_<b>note" in text


def test_json_has_the_findings_as_objects(report: Report) -> None:
    content = json.loads(report.to_json())

    assert content["as_of"] == "2025-01-01T00:00:00Z"
    assert {"table", "column", "finding", "severity", "evidence"} <= content["findings"][0].keys()
    assert content["findings"][0]["left_out"] == ["attr_<b>note"]
    assert content["tables"][0]["given"]["stage"] == 0.25
    assert content["tables"][0]["coverage"] == {"2024-01": 6, "2024-02": 0, "2024-03": 4}
    assert [features["entity"] for features in content["features"]] == ["deal", "customer"]
    assert content["features"][1]["cannot"] == {"customer_orders": "no orders"}


def test_the_page_is_in_both_languages_escaped_and_needs_nothing_else(report: Report) -> None:
    html = page(report)

    assert "&lt;b&gt;note" in html
    assert "<b>note" not in html
    assert "证据。请更正。" in html
    assert "stage 25%" in html
    for word in ("<script", "http://", "https://", "src="):
        assert word not in html
    assert report.to_html() == html


def test_the_page_leads_from_its_contents_to_each_finding_and_back_to_what_was_left_out(report: Report) -> None:
    html = page(report)

    for target in re.findall('href="#([^"]+)"', html):
        assert f'id="{target}"' in html
    assert 'href="#error-0"' in html
    assert html.index('id="error-0"') < html.index("Left out of learning") < html.index('id="coverage"')
    assert "<title>2024-02: 0</title>" in html
    for name in ("deal_stage", "customer_tier", "no orders"):
        assert name in html


def test_bars_show_the_largest_in_full_and_the_least_of_all_as_something() -> None:
    assert bars({"a": 1000, "b": 1, "c": 0}) == "█▁·"
    assert bars({}) == ""


def test_a_clean_history_says_so() -> None:
    clean = Report(datetime(2025, 1, 1), (), (), ())

    assert "Nothing was found against any column." in clean.lines()
    assert "<article" not in clean.to_html()
