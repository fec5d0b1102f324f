"""Changes that nobody wrote down are noticed, from when we came to know, and no earlier."""

from datetime import datetime

import pytest

import features.snapshots
from features.catalog import offered
from features.contracts import Known
from features.history import Counts


def captured(story) -> list[tuple]:
    """The changes the imports wrote: deal, field, day (UTC), old and new value."""
    history = story.history
    with history.connect() as con:
        return con.execute(
            "SELECT deal_id, field, strftime(changed_at, '%m-%d'), old_value, new_value "
            f"FROM ({history.sql_latest('deal_changes')}) WHERE origin = 'snapshot' ORDER BY ALL"
        ).fetchall()


@pytest.fixture
def utc(another_story):
    return another_story("UTC")


def tell(story, deal="a", taken="2024-02-01", **columns):
    story._deals.pop(deal, None)
    row = {"deal_id": deal, "status": "open", "created_at": "2024-01-01", **columns}
    return story.row("deals", **row).import_now(taken)


def test_an_open_deal_is_noted_at_first_sight_and_at_each_change(utc):
    assert tell(utc, stage="Lead", amount=10) == {"deals": Counts(1, 0, 0)}
    tell(utc, taken="2024-03-01", stage="Offer", amount=10)
    tell(utc, taken="2024-04-01", stage="Lead", amount=12.5)

    assert captured(utc) == [
        ("a", "amount", "02-01", None, "10.0000"),
        ("a", "amount", "04-01", "10.0000", "12.5000"),
        ("a", "stage", "02-01", None, "Lead"),
        ("a", "stage", "03-01", "Lead", "Offer"),
        ("a", "stage", "04-01", "Offer", "Lead"),
    ]
    assert [dict(entry.captured) for entry in utc.history.entries] == [
        {"amount": 1, "stage": 1}, {"stage": 1}, {"amount": 1, "stage": 1},
    ]  # fmt: skip


def test_the_same_export_again_notes_nothing(utc):
    tell(utc, stage="Lead", rep_id="r1", expected_close_on="2024-05-01", forecast_category="commit")
    before = captured(utc)
    tell(utc, stage="Lead", rep_id="r1", expected_close_on="2024-05-01", forecast_category="commit")
    tell(utc, "a", "2024-06-01", stage="Lead", rep_id="r1", expected_close_on="2024-05-01", forecast_category="commit")

    assert captured(utc) == before
    assert {row[1] for row in before} == {"stage", "rep_id", "expected_close_on", "forecast_category"}
    assert len(utc.history.entries) == 1


def test_a_deal_first_seen_closed_tells_nothing_of_its_life(utc):
    tell(utc, status="won", closed_at="2024-01-20", stage="Won", amount=10)

    assert captured(utc) == []
    assert utc.history.known("deals", "stage") is Known.CURRENT


def test_a_change_that_comes_with_the_closing_is_noted_when_we_came_to_know(utc):
    tell(utc, stage="Lead", amount=None)
    tell(utc, taken="2024-03-01", status="won", closed_at="2024-02-20", stage="Won", amount=10)

    assert captured(utc)[0] == ("a", "amount", "03-01", None, "10.0000")
    assert captured(utc)[-1] == ("a", "stage", "03-01", "Lead", "Won")


def test_a_dated_change_counts_from_its_recording_and_a_first_sight_from_the_export(utc):
    tell(utc, stage="Lead", recorded="2024-01-01")
    tell(utc, taken="2024-04-01", stage="Offer", recorded="2024-03-05")

    assert captured(utc) == [("a", "stage", "02-01", None, "Lead"), ("a", "stage", "03-05", "Lead", "Offer")]


def test_a_recording_that_never_moves_is_that_of_the_deal_and_dates_no_change(utc):
    tell(utc, stage="Lead", recorded="2024-01-01")
    tell(utc, taken="2024-04-01", stage="Offer", recorded="2024-01-01")

    assert captured(utc) == [("a", "stage", "02-01", None, "Lead"), ("a", "stage", "04-01", "Lead", "Offer")]


def test_a_late_row_of_an_earlier_time_is_no_change_today(utc):
    tell(utc, stage="Offer", recorded="2024-01-20")
    tell(utc, taken="2024-03-01", stage="Lead", recorded="2024-01-10")

    assert captured(utc) == [("a", "stage", "02-01", None, "Offer")]


def test_what_the_mapping_declares_is_not_noted(utc):
    utc.declares("deals", stage=Known.AT_CREATION)
    tell(utc, stage="Lead", amount=10)
    utc.known = {}
    tell(utc, taken="2024-03-01", stage="Offer", amount=10)

    assert {row[1] for row in captured(utc)} == {"amount"}


def test_a_field_whose_changes_the_source_tells_is_not_noted_and_noting_stops_when_it_begins(utc):
    utc.deal("b", created="2024-01-01").changes("amount", "5", on="2024-01-03")
    tell(utc, stage="Lead", amount=10)
    assert {row[1] for row in captured(utc)} == {"stage"}
    utc.deal("a").changes_stage("Offer", on="2024-02-20")
    tell(utc, taken="2024-03-01", stage="Offer", amount=10)
    tell(utc, taken="2024-04-01", stage="Contract", amount=10)

    assert captured(utc) == [("a", "stage", "02-01", None, "Lead")]
    assert utc.history.known("deals", "stage") is Known.TRACKED


def test_a_deal_on_record_before_noting_began_is_noted_at_the_next_export(utc, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(features.snapshots, "TRACKABLE", ())
        tell(utc, stage="Lead")
        tell(utc, "b", stage="Lead")
    assert captured(utc) == []
    utc.row("deals", deal_id="b", status="open", created_at="2024-01-01", stage="Offer")
    tell(utc, taken="2024-03-01", stage="Lead")

    assert captured(utc) == [("a", "stage", "03-01", None, "Lead"), ("b", "stage", "03-01", "Lead", "Offer")]


def test_an_emptied_value_is_no_change(utc):
    tell(utc, stage="Lead")
    tell(utc, taken="2024-03-01", stage=None)
    tell(utc, taken="2024-04-01", stage="Lead")

    assert captured(utc) == [("a", "stage", "02-01", None, "Lead")]


def test_a_deleted_deal_that_comes_again_is_noted_where_it_changed(utc):
    tell(utc, stage="Lead")
    utc.row("deals", deal_id="a", deleted_at="2024-02-10").import_now("2024-03-01")
    tell(utc, taken="2024-04-01", stage="Lead")
    tell(utc, taken="2024-05-01", stage="Offer")

    assert [row[2:] for row in captured(utc)] == [("02-01", None, "Lead"), ("05-01", "Lead", "Offer")]


def test_no_moment_before_the_noting_learns_of_it(utc):
    tell(utc, stage="Lead")
    tell(utc, "a", "2024-03-01", stage="Offer")
    utc.stages("Lead", "Offer")

    def stage(moment: str) -> object:
        history = utc.history
        latest = history.sql_latest("deal_changes", datetime.fromisoformat(moment))
        with history.connect() as con:
            found = con.execute(f"SELECT arg_max(new_value, changed_at) FROM ({latest})").fetchall()
        return found[0][0]

    assert [stage(day) for day in ("2024-01-15", "2024-02-01", "2024-02-02", "2024-03-01", "2024-03-02")] == [
        None, None, "Lead", "Lead", "Offer",
    ]  # fmt: skip


def test_the_door_says_what_it_noted(door):
    door.file("deals.csv", "deal_id,status,created_at,stage\na,open,2024-01-01,Lead\nb,open,2024-01-01,Lead\n")

    assert any("2 of stage" in note for note in door.imports("2024-02-01").notes)
    assert not any("of stage" in note for note in door.imports("2024-03-01").notes)


def test_what_features_said_of_a_past_moment_stays_when_noting_begins(utc, monkeypatch):
    utc.stages("Lead", "Offer", pipeline="sales")
    with monkeypatch.context() as earlier:
        earlier.setattr(features.snapshots, "TRACKABLE", ())
        utc.activity(on="2024-01-05", deal_id="a")
        tell(utc, pipeline="sales", stage="Lead", amount=10, rep_id="r1")
    offer = {feature.name for feature in offered(utc.history).features}
    before = utc.values(sorted(offer), "a", as_of="2024-02-15")
    tell(utc, taken="2024-03-01", pipeline="sales", stage="Offer", amount=20, rep_id="r1")
    more = {feature.name for feature in offered(utc.history).features} - offer

    assert utc.values(sorted(offer), "a", as_of="2024-02-15") == before
    assert {"deal_amount", "deal_stage"} & more
    assert utc.value("deal_amount", "a", as_of="2024-02-15") is None
    assert utc.value("deal_amount", "a", as_of="2024-03-01") is None
    assert utc.value("deal_amount", "a", as_of="2024-03-02") == 20
