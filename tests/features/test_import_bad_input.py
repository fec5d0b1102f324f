"""Each kind of bad input gets a named error or a reject with its fix, and leaves the history as it was."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import ForesellError
from features.mapping import UnknownWord
from features.parts import ClashingNames, MissingColumn, NestedColumn, UnknownHeader
from features.sources import EmptyFile
from features.sources.columnar import BrokenParquet
from features.sources.delimited import NotDelimited, UnclosedQuote
from features.written_dates import AmbiguousDates

CHANGE = "deal_id,field,changed_at,new_value"
SUBSCRIPTION = "subscription_id,customer_id,started_on,"
GOOD = "deal_id,status,created_at,closed_at,amount\nd1,open,2024-01-01,,1\n"


def assert_refused(door, error, match):
    """The import raises this error with a fix; nothing of the history changes and no papers are left."""
    before, rows = door.state(), door.rows("deals")
    with pytest.raises(error, match=match) as raised:
        door.imports("2024-03-01")
    assert isinstance(raised.value, ForesellError)
    assert "To fix: " in str(raised.value)
    assert not re.search(r"\{\d\}", str(raised.value))
    assert door.state() == before
    assert door.rows("deals") == rows
    assert door.leftovers() == []


def assert_rejected(door, report, reason, fix):
    """Every row is rejected for this reason; the rows on record are as they were."""
    assert [(group.reason, fix in group.fix) for group in report.rejects] == [(reason, True)]
    assert door.rows("deals", "deal_id, amount::INTEGER") == [("d0", 10)]


def test_a_missing_column(settled):
    settled.file("deals.csv", "deal_id,state,created_at\nd1,open,2024-01-01\n")
    assert_refused(settled, MissingColumn, "deals.status(.|\n)*Did you mean 'state'")


def test_a_column_that_the_file_does_not_have(settled):
    settled.file("deals.csv", GOOD)
    settled.mapping("tables: {deals: {columns: {amount: close_valeu}}}")
    assert_refused(settled, UnknownHeader, "tables.deals.columns.amount names the column 'close_valeu'")
    settled.mapping("tables: {deals: {where: amuont > 1}}")
    assert_refused(settled, UnknownHeader, "Did you mean 'amount'")
    settled.mapping("tables: {deals: {attributes: {x: {column: statos, known: current}}}}")
    assert_refused(settled, UnknownHeader, "Did you mean 'status'")


def test_an_attribute_that_takes_the_name_of_another_column(settled):
    settled.file("deals.csv", "deal_id,status,created_at,Region,Area\nd1,open,2024-01-01,a,b\n")
    settled.mapping("tables: {deals: {attributes: {region: {column: Area, known: current}}}}")
    assert_refused(settled, ClashingNames, "Region")


def test_a_wrong_type(settled):
    report = settled.deals("d1,open,2024-01-01,,lots")
    assert_rejected(settled, report, "not a number", "1234.56")


def test_an_unknown_stage(settled):
    settled.file("stages.csv", "pipeline,stage,position,status\nmain,Qualified,1,open\nother,Demo,1,open\n")
    report = settled.deals(
        "d1,open,2024-01-01,main,Qualifed",
        "d2,open,2024-01-01,main,Demo",
        header="deal_id,status,created_at,pipeline,stage",
    )
    groups = {group.examples[0][2]: group for group in report.rejects}
    assert groups["Qualifed"].fix.endswith('values: {stage: {"Qualifed": "Qualified"}}')
    assert groups["Demo"].reason == "the stage is not among the stages of its pipeline"
    assert settled.rows("deals", "deal_id") == [("d0",)]


def test_an_unknown_stage_where_the_stages_are_on_record(settled):
    settled.file("stages.csv", "pipeline,stage,position,status\nmain,Qualified,1,open\n")
    settled.imports()
    (settled.export / "stages.csv").unlink()
    report = settled.deals("d1,open,2024-01-01,x", header="deal_id,status,created_at,stage")
    assert report.tables[0].rejected == 1


def test_a_duplicate_key(settled):
    report = settled.deals("d1,open,2024-01-01,,1", "d1,open,2024-01-01,,2", "d1,open,2024-01-01,,1")
    assert (report.tables[0].new, report.tables[0].same, report.tables[0].rejected) == (1, 1, 1)
    assert report.rejects[0].examples == (("deals.csv", 2, "d1"),)
    assert settled.rows("deals", "deal_id, amount::INTEGER") == [("d0", 10), ("d1", 1)]


def test_closed_before_created(settled):
    report = settled.deals("d1,won,2024-01-02,2024-01-01,1")
    assert_rejected(settled, report, "closed before it was created", "correct one of the two dates")


def test_an_open_deal_with_a_closing_date(settled):
    report = settled.deals("d1,open,2024-01-02,2024-02-01,1")
    assert_rejected(settled, report, "the deal is open and has a closing date", "expected_close_on")


def test_a_closed_deal_of_which_nothing_says_when(settled):
    report = settled.deals("d1,won,2024-01-02,,1")
    assert_rejected(settled, report, "the deal is closed and nothing says when", "deal_changes")


@pytest.mark.parametrize("earlier", [False, True], ids=["in this import", "on record"])
def test_a_closed_deal_whose_change_says_when(settled, earlier):
    settled.file("deal_changes.csv", "deal_id,field,changed_at,new_value\nd1,status,2024-01-05,won\n")
    if earlier:
        settled.imports()
        (settled.export / "deal_changes.csv").unlink()
    assert settled.deals("d1,won,2024-01-02,,1").rejects == ()


def test_an_amount_with_a_currency_sign(settled):
    report = settled.deals('d1,open,2024-01-01,,"$1,234.56"')
    assert_rejected(settled, report, "carries a currency sign", 'numbers: {amount: "$1,234.56"}')


def test_mixed_date_formats(settled):
    report = settled.deals(
        "d1,open,13/02/2024,,1", "d2,open,02/14/2024,,1", "d3,open,03/04/2024,,1", "d4,open,2024-03-04,,1"
    )
    assert [(g.reason, g.examples[0][2]) for g in report.rejects] == [
        ("day and month cannot be told apart: the column mixes both orders", "03/04/2024")
    ]
    assert settled.rows("deals", "deal_id, created_at::DATE::VARCHAR") == [
        ("d0", "2024-01-01"), ("d1", "2024-02-13"), ("d2", "2024-02-14"), ("d4", "2024-03-04"),
    ]  # fmt: skip


def test_dates_without_any_evidence(settled):
    settled.file("deals.csv", "deal_id,status,created_at\nd1,open,3/4/2024\n")
    assert_refused(settled, AmbiguousDates, r'dates: {created_at: "%d/%m/%Y"}')


def test_an_empty_file(settled):
    settled.file("deals.csv", "")
    assert_refused(settled, EmptyFile, r"deals\.csv is empty")


def test_a_file_with_a_header_only(settled):
    report = settled.deals()
    assert (report.tables[0].read, report.tables[0].new) == (0, 0)
    assert settled.rows("deals", "deal_id") == [("d0",)]


def test_a_csv_that_is_an_excel_file(settled):
    settled.file("deals.csv", b"PK\x03\x04\x14\x00")
    assert_refused(settled, NotDelimited, r"rename it to end in \.xlsx")


def test_a_truncated_parquet(settled):
    pq.write_table(pa.table({"deal_id": [str(n) for n in range(5000)]}), settled.export / "deals.parquet")
    whole = (settled.export / "deals.parquet").read_bytes()
    settled.file("deals.parquet", whole[: len(whole) // 2])
    assert_refused(settled, BrokenParquet, r"deals\.parquet")


def test_a_parquet_with_lists(settled):
    table = pa.table({"deal_id": ["d1"], "status": ["open"], "created_at": ["2024-01-01"], "tags": [["a"]]})
    pq.write_table(table, settled.export / "deals.parquet")
    settled.mapping("tables: {deals: {file: deals.parquet, attributes: {tags: current}}}")
    assert_refused(settled, NestedColumn, "tags")


def test_a_mapping_with_a_typo(settled):
    settled.file("deals.csv", GOOD)
    settled.mapping("tables: {deals: {colunms: {amount: x}}}")
    assert_refused(settled, UnknownWord, "Did you mean 'columns'")


def test_a_line_of_the_wrong_width(settled):
    report = settled.deals("d1,open,2024-01-01,,1,extra,more")
    assert_rejected(settled, report, "the line has 7 fields, the header has 5", "quote texts that hold ','")
    assert report.rejects[0].examples == (("deals.csv", 1, "d1,open,2024-01-01,,1,extra,more"),)


def test_many_lines_of_the_wrong_width(settled):
    report = settled.deals(*(f"d{n},open\x00'" for n in range(2500)))
    assert (report.tables[0].read, report.tables[0].rejected) == (2500, 2500)
    assert report.rejects[0].count == 2500


def test_a_quote_that_never_closes(settled):
    settled.file("deals.csv", GOOD + 'd2,open,2024-01-01,,"1\nd3,open,2024-01-01,,1\n')
    assert_refused(settled, UnclosedQuote, "row 2")


@pytest.mark.parametrize(
    ("table", "header", "row", "reason"),
    [
        ("deal_changes", CHANGE, "d0,status,2024-01-05,Done", "the new status is not one of"),
        ("deal_changes", CHANGE, "d0,amount,2024-01-05,$5", "the new amount is not"),
        ("deal_changes", CHANGE, "d0,expected_close_on,2024-01-05,5/1/24", "the new expected"),
        ("subscriptions", SUBSCRIPTION + "ends_on", "s,c,2024-02-01,2024-01-01", "ends before"),
        ("subscriptions", SUBSCRIPTION + "cancelled_on", "s,c,2024-02-01,2024-01-01", "cancelled"),
        ("tickets", "ticket_id,customer_id,opened_at,closed_at", "t,c,2024-02-01,2024-01-01", "closed before"),
        ("quotas", "owner_type,owner_id,period,amount", "rep,r1,Q4 2026,5", "not a period"),
        ("fx_rates", "currency,valid_on,rate", "EUR,2024-01-01,0", "a rate must be above zero"),
        ("orders", "order_id,customer_id,ordered_at,amount", "o1,,2024-01-01,5", "customer_id is empty"),
    ],
)  # fmt: skip
def test_rows_that_contradict_themselves(settled, table, header, row, reason):
    settled.file(f"{table}.csv", f"{header}\n{row}\n")
    report = settled.imports()
    assert report.tables[0].rejected == 1
    assert report.rejects[0].reason.startswith(reason)
    assert [found for found in settled.rows(table) if "snapshot" not in found] == []
