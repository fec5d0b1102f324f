"""What counts as news, and from when."""

from datetime import datetime

import pytest

from features.history import Counts


def versions(story, table: str, *columns: str) -> list[tuple]:
    """The versions of a table's rows: the columns, from when and until when each stood (local dates)."""
    history = story.history
    shown = ", ".join(columns)
    local = "strftime({}::TIMESTAMP + INTERVAL 8 HOUR, '%m-%d')"
    times = ", ".join(local.format(column) for column in ("version_at", "retired_at"))
    with history.connect() as con:
        return con.execute(f"SELECT {shown}, {times} FROM ({history.sql_versions(table)}) ORDER BY version").fetchall()


def test_a_row_first_seen_counts_from_its_own_time_and_a_newer_version_from_its_export(story):
    story.deal("a", created="2024-01-05", source="web")
    story.import_now("2024-02-01")
    story.deal("a", source="fair")
    story.import_now("2024-03-01")

    assert versions(story, "deals", "source") == [("web", "01-05", "03-01"), ("fair", "03-01", None)]


def test_a_row_that_says_when_it_was_recorded_counts_from_then(story):
    story.deal("a", created="2024-01-05", source="web", recorded="2024-01-07")
    story.import_now("2024-03-01")
    story.deal("a", source="fair", recorded="2024-02-10")
    story.import_now("2024-03-05")

    assert versions(story, "deals", "source") == [("web", "01-07", "02-10"), ("fair", "02-10", None)]


def test_a_row_without_a_time_of_its_own_counts_from_ever(story):
    story.product("p1", name="old")
    story.import_now("2024-02-01")
    story.product("p1", name="new")
    story.import_now("2024-03-01")

    assert versions(story, "products", "name") == [("old", None, "03-01"), ("new", "03-01", None)]


def test_a_day_begins_in_the_deliverys_time_zone(story):
    story.rep("r1", hired_on="2024-01-05")

    assert versions(story, "reps", "version_at") == [(datetime(2024, 1, 4, 16), "01-05", None)]


def test_several_versions_in_one_delivery_follow_their_recording(story):
    story.deal("a", source="third", recorded="2024-01-09")
    story.row("deals", deal_id="a", status="open", created_at="2024-01-01", source="first", recorded="2024-01-03")
    story.row("deals", deal_id="a", status="open", created_at="2024-01-01", source="second", recorded="2024-01-06")

    assert story.import_now() == {"deals": Counts(new=1, changed=2, same=0)}
    stood = [("first", "01-03", "01-06"), ("second", "01-06", "01-09"), ("third", "01-09", None)]
    assert versions(story, "deals", "source") == stood


def test_a_version_that_comes_later_and_tells_of_earlier_finds_its_place(story):
    story.deal("a", source="first", recorded="2024-01-03")
    story.import_now("2024-01-04")
    story.deal("a", source="third", recorded="2024-01-09")
    story.import_now("2024-01-10")
    story.deal("a", source="second", recorded="2024-01-06")
    story.import_now("2024-01-11")
    story.deal("a", source="before all", recorded="2024-01-02")
    counts = story.import_now("2024-01-12")

    assert counts == {"deals": Counts(new=0, changed=1, same=0)}
    assert [row[0] for row in versions(story, "deals", "source")] == ["before all", "first", "second", "third"]
    story.deal("a", source="second", recorded="2024-01-06")
    assert story.import_now("2024-01-13") == {"deals": Counts(new=0, changed=0, same=1)}


def test_a_value_that_comes_back_is_a_version_of_its_own(story):
    for source, taken in (("web", "2024-02-01"), ("fair", "2024-03-01"), ("web", "2024-04-01")):
        story.deal("a", source=source)
        story.import_now(taken)

    stood = [("web", "01-01", "03-01"), ("fair", "03-01", "04-01"), ("web", "04-01", None)]
    assert versions(story, "deals", "source") == stood


def test_an_old_export_imported_after_a_newer_one_changes_nothing(story):
    story.deal("a", source="web")
    story.import_now("2024-02-01")
    story.deal("a", source="fair")
    story.import_now("2024-03-01")
    story.deal("a", source="web")

    assert story.import_now("2024-02-15") == {"deals": Counts(new=0, changed=0, same=1)}


def test_columns_a_delivery_does_not_give_keep_their_values(story):
    story.deal("a", source="web", lost_reason="price", attributes={"region": "north"})
    story.import_now("2024-02-01")
    story.row("deals", deal_id="a", status="open", created_at="2024-01-01", pipeline="sales")
    story.import_now("2024-03-01")

    shown = versions(story, "deals", "source", "lost_reason", "attr_region", "pipeline")
    assert shown == [
        ("web", "price", "north", None, "01-01", "03-01"),
        ("web", "price", "north", "sales", "03-01", None),
    ]


def test_a_row_told_to_be_older_does_not_borrow_what_was_written_later(story):
    story.deal("a", source="web", recorded="2024-03-01")
    story.import_now("2024-03-02")
    story.row("deals", deal_id="a", status="open", created_at="2024-01-01", pipeline="sales", recorded_at="2024-02-01")
    story.import_now("2024-03-03")

    shown = versions(story, "deals", "source", "pipeline")
    assert shown == [(None, "sales", "02-01", "03-01"), ("web", None, "03-01", None)]


def test_a_value_that_is_emptied_is_a_new_version(story):
    story.deal("a", source="web")
    story.import_now("2024-02-01")
    story.deal("a", source=None)
    story.import_now("2024-03-01")

    assert versions(story, "deals", "source") == [("web", "01-01", "03-01"), (None, "03-01", None)]


@pytest.mark.parametrize("value", ["north", None])
def test_an_attribute_that_appears_later(story, value):
    story.deal("a", source="web")
    story.import_now("2024-02-01")
    story.deal("a", attributes={"region": value})
    counts = story.import_now("2024-03-01")

    assert counts == {"deals": Counts(new=0, changed=int(value is not None), same=int(value is None))}
    assert story.history.attributes("deals") == (("region",) if value else ())


def test_a_key_of_several_columns_is_one_key(story):
    deal = story.deal("a").changes_stage("Lead", on="2024-01-02").changes_stage("Proposal", on="2024-01-03")
    deal.changes("amount", "5", on="2024-01-02")
    assert story.import_now("2024-02-01")["deal_changes"] == Counts(new=3, changed=0, same=0)
    deal.changes_stage("Lead", on="2024-01-02").changes_stage("Contract", on="2024-01-03")
    deal.changes_stage("Contract", on="2024-01-04")

    assert story.import_now("2024-03-01")["deal_changes"] == Counts(new=1, changed=1, same=1)


def test_what_was_recorded_does_not_pass_on_to_a_version_that_says_nothing_of_it(story):
    story.deal("a", source="web", recorded="2024-01-03")
    story.import_now("2024-02-01")
    story.row("deals", deal_id="a", status="open", created_at="2024-01-01", source="fair")
    story.import_now("2024-03-01")

    shown = versions(story, "deals", "source", "recorded_at IS NULL")
    assert shown == [("web", False, "01-03", "03-01"), ("fair", True, "03-01", None)]


def test_an_undated_row_behind_a_dated_one_of_its_key_never_rewrites_what_was_on_record(story):
    story.deal("d", source="web", recorded="2024-01-10")
    story.import_now("2024-01-15")
    story.row("deals", deal_id="d", status="open", created="2024-01-01", source="fair")
    story.row("deals", deal_id="d", status="open", created="2024-01-01", source="expo", recorded="2024-03-01")
    story.row("deals", deal_id="d", status="open", created="2024-01-01", source="expo", recorded="2024-03-01")
    story.import_now("2024-03-02")

    seen = [story.value("deal_source", "d", as_of=day) for day in ("2024-01-05", "2024-02-01", "2024-03-02")]
    assert seen == [None, "web", "expo"]


def test_undated_rows_of_one_key_on_record_count_from_their_delivery(story):
    def told() -> None:
        for source in ("fair", "expo"):
            story.row("deals", deal_id="d", status="open", created="2024-01-01", source=source)

    story.deal("d", source="web")
    story.import_now("2024-01-15")
    told()
    story.import_now("2024-03-02")
    told()

    assert story.import_now("2024-03-05")["deals"].changed == 0
    assert [story.value("deal_source", "d", as_of=day) for day in ("2024-02-01", "2024-03-03")] == ["web", "expo"]


def test_a_row_that_goes_to_and_fro_within_one_delivery_ends_as_the_last_says(story):
    def told() -> None:
        for source, recorded in (("web", "2024-01-20"), ("fair", "2024-02-01"), ("web", "2024-02-10")):
            story.row("deals", deal_id="d", status="open", created="2024-01-01", source=source, recorded=recorded)

    story.deal("d", source="web", recorded="2024-01-02")
    story.import_now("2024-01-15")
    told()
    assert story.import_now("2024-03-02")["deals"].changed == 2
    told()

    assert story.import_now("2024-03-05")["deals"].changed == 0
    seen = [story.value("deal_source", "d", as_of=day) for day in ("2024-01-25", "2024-02-05", "2024-02-15")]
    assert seen == ["web", "fair", "web"]
