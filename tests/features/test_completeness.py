"""When is an export believed to hold every row?"""

import pytest

from features.mapping import WrongShape

MAPPING = "timezone: UTC\ncurrency: CNY\ntables:\n  customers: {file: customers.csv, complete: true}\n"
HEADER = "customer_id,name,annual_revenue\n"


@pytest.fixture
def full(door):
    """A door behind which a complete export of three customers is on record."""
    door.mapping(MAPPING)
    door.file("customers.csv", HEADER + "a,A,1\nb,B,2\nc,C,3\n")
    door.imports("2024-01-01")
    return door


def left(door) -> list[str]:
    return [row[0] for row in door.rows("customers", "customer_id")]


def test_a_row_that_is_missing_was_deleted_and_the_report_counts_it(full):
    full.file("customers.csv", HEADER + "a,A,1\nc,C,30\n")
    report = full.imports("2024-02-01")

    (table,) = report.tables
    assert (table.new, table.changed, table.same, table.deleted) == (0, 1, 1, 1)
    assert "deleted" in report.lines()[0]
    assert left(full) == ["a", "c"]


def test_a_rejected_row_is_not_missing(full):
    full.file("customers.csv", HEADER + "a,A,1\nb,B,much\nc,C,3\n")
    report = full.imports("2024-02-01")

    assert (report.tables[0].rejected, report.tables[0].deleted) == (1, 0)
    assert left(full) == ["a", "b", "c"]


@pytest.mark.parametrize("rows", ["", "a,A,1\n,B,2\n", 'a,A,1\nb,"B,2\n'], ids=["no rows", "no key", "a broken line"])
def test_an_export_in_which_a_row_may_hide_deletes_nothing_and_says_so(full, rows):
    full.file("customers.csv", HEADER + rows)
    report = full.imports("2024-02-01")

    assert left(full) == ["a", "b", "c"]
    assert any("nothing was taken to be deleted" in note for note in report.notes)


def test_rows_left_out_by_where_are_no_rows_of_the_table(full):
    full.mapping(MAPPING.replace("true}", "true, where: \"name <> 'B'\"}"))
    assert full.imports("2024-02-01").tables[0].deleted == 1
    assert left(full) == ["a", "c"]


def test_all_files_of_a_table_together_are_complete_and_only_if_all_are_said_to_be(full):
    full.file("more.csv", HEADER + "b,B,2\n")
    full.file("customers.csv", HEADER + "a,A,1\n")
    two = MAPPING.replace("file: customers.csv", "file: [customers.csv, more.csv]")
    full.mapping(two)
    assert full.imports("2024-02-01").tables[0].deleted == 1
    assert left(full) == ["a", "b"]
    full.mapping(
        "timezone: UTC\ntables:\n  customers:\n    - {file: customers.csv, complete: true}\n    - {file: more.csv}\n"
    )
    full.file("more.csv", HEADER + "d,D,2\n")
    assert full.imports("2024-03-01").tables[0].deleted == 0


def test_complete_is_true_or_false(full):
    full.mapping(MAPPING.replace("true", "mostly"))

    with pytest.raises(WrongShape, match=r"tables.customers.complete is 'mostly'; it should be true or false"):
        full.imports()


def test_a_file_of_deletions_needs_keys_alone(door):
    door.deals("d1,open,2024-01-01,,10", "d2,open,2024-01-02,,10")
    door.file("deals.csv", "deal_id,deleted_at\nd1,2024-01-10\nd9,2024-01-10\n,2024-01-10\nd2,\n")
    report = door.imports("2024-02-01")

    (table,) = report.tables
    assert (table.read, table.deleted, table.same, table.rejected) == (4, 1, 1, 2)
    assert {(group.column, group.count) for group in report.rejects} >= {("deal_id", 1), ("status", 1)}
    assert [row[0] for row in door.rows("deals", "deal_id")] == ["d2"]


def test_whatever_else_stands_in_a_deleted_row_is_not_looked_at(door):
    door.deals("d1,open,2024-01-01,,10")
    door.file("deals.csv", "deal_id,status,created_at,amount,deleted_at\nd1,gone,never,x,2024-01-10\n")
    report = door.imports("2024-02-01")

    assert (report.tables[0].deleted, report.tables[0].rejected) == (1, 0)


def test_a_deletion_without_a_readable_time_is_rejected(door):
    door.deals("d1,open,2024-01-01,,10")
    door.file("deals.csv", "deal_id,status,created_at,deleted_at\nd1,open,2024-01-01,yesterday\n")
    report = door.imports("2024-02-01")

    assert (report.tables[0].deleted, report.tables[0].rejected) == (0, 1)
