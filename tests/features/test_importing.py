"""What an import does with good files. Bad ones: test_import_bad_input.py."""

import csv
import json
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from features.contracts import Known
from features.errors import ForesellError
from features.history import History
from features.importing import NoFolder, NoSuchFile, NoTableFiles


def counts(report, table="deals"):
    found = next(t for t in report.tables if t.table == table)
    return found.read, found.new, found.changed, found.same, found.rejected


def test_the_same_export_twice_changes_nothing(door):
    assert counts(door.deals("d1,open,2024-01-01,,10", "d2,won,2024-01-01,2024-01-02,20")) == (2, 2, 0, 0, 0)
    rows = door.rows("deals")
    assert counts(door.imports("2024-02-01")) == (2, 0, 0, 2, 0)
    assert door.rows("deals") == rows


def test_a_newer_version_replaces_the_older(door):
    door.deals("d1,open,2024-01-01,,10")
    door.file("deals.csv", "deal_id,status,created_at,closed_at,amount\nd1,won,2024-01-01,2024-02-02,12\n")
    assert counts(door.imports("2024-02-03")) == (1, 0, 1, 0, 0)
    assert door.rows("deals", "deal_id, status, amount") == [("d1", "won", Decimal("12"))]


def test_the_three_formats_give_the_same_rows(door, tmp_path):
    header, row = ["deal_id", "status", "created_at", "amount"], ["7", "open", datetime(2024, 1, 2, 3), 1.5]
    door.file("deals-1.csv", "deal_id,status,created_at,amount\n5,open,2024-01-02 03:00,1.5\n")
    book = Workbook()
    book.active.append(header)
    book.active.append([6, *row[1:]])
    book.save(door.export / "deals-2.xlsx")
    table = dict(zip(header, ([value] for value in row), strict=True))
    table["deal_id"] = [7.0]
    pq.write_table(pa.table(table), door.export / "deals-3.parquet")
    report = door.imports()
    assert report.tables[0].files == ("deals-1.csv", "deals-2.xlsx", "deals-3.parquet")
    expected = ("open", datetime(2024, 1, 2, 3), Decimal("1.5"))
    assert door.rows("deals", "deal_id, status, created_at, amount") == [(d, *expected) for d in "567"]


def test_a_mapping_names_files_columns_and_attributes(door):
    door.file("pipeline.csv", "Id,Stage,Made,Region,Phone,Extra\n1,Won,2024-01-01,North,123,x\n")
    door.mapping(
        """
        timezone: UTC
        currency: EUR
        tables:
          deals:
            file: pipe*.csv
            columns: {deal_id: ID, created_at: Made, status: Stage, closed_at: Made}
            values: {status: {Won: won}}
            attributes: {Region: at_creation, Phone: null, loud: current}
            compute: {loud: upper(Region) || '!'}
        """
    )
    report = door.imports()
    assert door.rows("deals", "deal_id, status, attr_Region, attr_Extra, attr_loud") == [
        ("1", "won", "North", "x", "NORTH!")
    ]
    history = History.open(door.home)
    assert history.attributes("deals") == ("Extra", "Region", "loud")
    assert history.known("deals", "Region") == Known.AT_CREATION
    assert history.known("deals", "Extra") == Known.CURRENT
    assert "deals: columns of pipeline.csv that no line mentions are kept as current: Extra" in report.notes
    assert (history.timezone, history.currency) == ("UTC", "EUR")


def test_one_file_may_fill_two_tables(door):
    door.file("all.csv", "id,seller,region,made\n1,Ann,North,2024-01-01\n2,Ann,North,2024-01-01\n")
    door.mapping(
        """
        tables:
          deals: {file: all.csv, columns: {deal_id: id, rep_id: seller, created_at: made}, compute: {status: "'open'"}}
          reps: {file: all.csv, columns: {rep_id: seller, region: region},
                 where: row_number() OVER (PARTITION BY seller ORDER BY _row) = 1}
        """
    )
    report = door.imports()
    assert counts(report, "reps") == (1, 1, 0, 0, 0)
    assert door.rows("reps", "rep_id, region") == [("Ann", "North")]
    assert not any("no line mentions" in note for note in report.notes)


def test_rows_left_out_by_where_are_counted_and_not_rejected(door):
    door.mapping("tables: {deals: {where: status <> 'open'}}")
    report = door.deals("d1,open,2024-01-01,,1", "d2,won,2024-01-01,2024-01-02,2")
    assert (report.tables[0].left_out, counts(report)) == (1, (1, 1, 0, 0, 0))
    assert "1 rows left out by where" in "\n".join(report.lines())


def test_compute_knows_the_row_and_the_file(door):
    door.mapping("tables: {deals: {compute: {deal_id: _file || ':' || _row}}}")
    door.deals("x,open,2024-01-01,,1", "y,open,2024-01-01,,1")
    assert door.rows("deals", "deal_id") == [("deals.csv:1",), ("deals.csv:2",)]


def test_an_expression_cannot_reach_the_machine(door, tmp_path):
    from features.expressions import BadExpression

    (tmp_path / "secret.txt").write_text("secret")
    for sql in (f"(SELECT content FROM read_text('{tmp_path}/secret.txt'))", "no_such_function(status)"):
        door.mapping(f'tables: {{deals: {{compute: {{source: "{sql}"}}}}}}')
        with pytest.raises(BadExpression):
            door.deals("d1,open,2024-01-01,,1")
    assert door.state() == {}


def test_versions_of_a_row_in_one_delivery(door):
    header = "deal_id,status,created_at,amount,recorded_at"
    report = door.deals("d1,open,2024-01-01,1,2024-01-01", "d1,open,2024-01-01,2,2024-01-05", header=header)
    assert report.tables[0].rejected == 0
    assert door.rows("deals", "deal_id, amount") == [("d1", Decimal("2"))]


def test_day_and_month_follow_the_evidence_of_the_column_or_of_the_file(door):
    report = door.deals("d1,won,1/2/2024,1/20/2024,1", "d2,won,2/1/2024,2/3/2024,1")
    assert [row[1] for row in door.rows("deals", "deal_id, created_at")] == [
        datetime(2024, 1, 2),
        datetime(2024, 2, 1),
    ]
    assert any("'created_at' was read month first" in note for note in report.notes)


def test_references_that_find_no_row_are_named_with_the_nearest(door):
    door.file("products.csv", "product_id\nGTX Pro\nMG Special\n")
    report = door.deals(
        "d1,open,2024-01-01,GTXPro",
        "d2,open,2024-01-01,GTXPro",
        header="deal_id,status,created_at,product_id",
    )
    assert any(
        note == "deals.product_id: 2 rows name what is not among products: 'GTXPro' x2 (nearest 'GTX Pro')"
        for note in report.notes
    )


def test_a_reference_may_be_on_record(door):
    door.file("products.csv", "product_id\np1\n")
    door.imports()
    (door.export / "products.csv").unlink()
    report = door.deals("d1,open,2024-01-01,p1", header="deal_id,status,created_at,product_id")
    assert not any("product_id" in note for note in report.notes)


def test_the_rejects_file_has_a_line_for_every_fault(door):
    report = door.deals("d1,open,soon,,$5", "d2,open,2024-01-01,,7")
    assert counts(report) == (2, 1, 0, 0, 1)
    with report.rejects_file.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [(x["file"], x["row"], x["column"], x["value"], x["table"]) for x in lines] == [
        ("deals.csv", "1", "amount", "$5", "deals"),
        ("deals.csv", "1", "created_at", "soon", "deals"),
    ]
    assert report.rejects_file.parent == door.home / "rejects"
    assert all(line["reason"] and line["fix"] for line in lines)


def test_without_rejects_there_is_no_file(door):
    assert door.deals("d1,open,2024-01-01,,5").rejects_file is None
    assert not (door.home / "rejects").exists()


def test_the_report_reads_well_and_is_json(door):
    report = door.deals("d1,open,soon,,5", "d2,open,2024-01-01,,7")
    shown = "\n".join(report.lines())
    assert "deals" in shown
    assert "1 x deals.created_at: not a date or time that can be read (row 1 'soon')" in shown
    assert json.loads(report.to_json())["tables"][0]["rejected"] == 1


def test_nothing_is_left_in_the_staging_folder(door):
    door.deals("d1,open,2024-01-01,,5")
    assert door.leftovers() == []


def test_papers_of_a_killed_import_are_cleared_away(door):
    left = door.home / "staging" / "deadbeef"
    left.mkdir(parents=True)
    (left / "file_0.parquet").write_bytes(b"half")
    door.deals("d1,open,2024-01-01,,5")
    assert door.leftovers() == []


@pytest.mark.parametrize(
    ("given", "codes", "expected"), [("", "EUR", "EUR"), ("", "EUR,USD", "XXX"), ("GBP", "EUR", "GBP")]
)
def test_the_base_currency(door, given, codes, expected):
    if given:
        door.mapping(f"currency: {given}\ntables: {{deals: }}")
    rows = [f"d{n},open,2024-01-01,{code}" for n, code in enumerate(codes.split(","))]
    assert door.deals(*rows, header="deal_id,status,created_at,currency").currency == expected


def test_a_file_named_after_a_table_needs_no_line_in_the_mapping(door):
    door.file("products.csv", "product_id\np1\n")
    door.mapping("tables: {deals: }")
    report = door.deals("d1,open,2024-01-01,,5")
    assert {table.table: table.new for table in report.tables} == {"deals": 1, "products": 1}


def test_a_file_that_serves_another_table_is_not_read_twice(door):
    door.file("products.csv", "deal_id,status,created_at\nd1,open,2024-01-01\n")
    door.mapping("tables: {deals: {file: products.csv}}")
    assert [table.table for table in door.imports().tables] == ["deals"]


def test_a_folder_that_is_not_there_or_has_no_tables(door):
    door.file("readme.txt", "hello")
    with pytest.raises(NoTableFiles, match=r"Looked for deals\.csv.*found readme\.txt"):
        door.imports()
    door.export = door.export / "nowhere"
    with pytest.raises(NoFolder):
        door.imports()
    assert not door.home.exists()


def test_a_file_that_the_mapping_names_and_is_not_there(door):
    door.file("sales_pipeline.csv", "a\n")
    door.mapping("tables: {deals: {file: sales_pipline.csv}}")
    with pytest.raises(NoSuchFile, match=r"Did you mean 'sales_pipeline\.csv'"):
        door.imports()


@pytest.mark.parametrize("name", ["a**b.csv", "**/*.csv", "/no/such/*.csv", ".", "x" * 5000, "[", '"\\0"', '"\\ud800"'])
def test_what_no_file_can_be_called(door, name):
    door.file("sales_pipeline.txt", "a\n")
    door.mapping("tables: {deals: {file: %s}}" % (name if name[0] == '"' else repr(name)))
    with pytest.raises(ForesellError, match=r"no file|not valid YAML"):
        door.imports()


def test_the_same_files_again_change_nothing_where_a_key_has_an_undated_and_a_dated_row(door):
    header = "deal_id,status,created_at,lost_reason,amount,recorded_at"
    rows = ("d1,open,2026-01-01,,5,", "d1,open,2026-01-01,,6,2026-01-10")
    first = door.deals(*rows, header=header)
    again = door.deals(*rows, header=header)

    assert [(t.new, t.changed) for t in first.tables] == [(1, 1)]
    assert [(t.new, t.changed, t.same) for t in again.tables] == [(0, 0, 2)]


def test_a_history_without_a_currency_takes_the_first_one_named(door):
    assert door.deals("d1,open,2026-01-01,,5").currency == "XXX"
    door.mapping("currency: CNY\ntables: {deals: }")
    assert door.deals("d1,open,2026-01-01,,5").currency == "CNY"
    assert door.deals("d2,open,2026-01-01,,5").currency == "CNY"


def test_a_column_that_only_an_empty_file_had_does_not_make_a_table_unreadable(door):
    door.deals(header="deal_id,status,created_at,recorded_at")
    door.deals("d1,open,2024-01-01", header="deal_id,status,created_at")

    assert door.rows("deals", "deal_id, recorded_at") == [("d1", None)]


def test_a_delivery_of_nothing_leaves_no_file_behind(door):
    door.deals("d1,open,2024-01-01,,10")
    before = door.state()
    door.file("orders.csv", "order_id,customer_id,ordered_at,amount\n")
    door.imports()

    assert door.state() == before
