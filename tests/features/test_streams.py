"""When a deal was open, won or lost, and when that was known; and what keeps a stream from being offered."""

import pytest

from features.contracts import Known
from features.owners import OF_CUSTOMER
from features.stream_sql import status_events
from features.streams import STREAMS, open_streams


def told_of(story, deal_id: str) -> list[tuple[str, str, str]]:
    """A deal's status events: what, when it happened, when it was known (local dates)."""
    day = "strftime(make_timestamp({}) + INTERVAL 8 HOUR, '%Y-%m-%d')"
    history = story.history
    with history.connect() as con:
        return con.execute(
            f"SELECT status, {day.format('happened')}, {day.format('known')} FROM ({status_events(history)}) "
            "WHERE deal_id = ? ORDER BY known, happened",
            [deal_id],
        ).fetchall()


def test_an_open_deal_has_nothing_to_tell(story):
    story.deal("a")

    assert told_of(story, "a") == []


def test_a_row_tells_of_its_closing_from_then_on(story):
    story.deal("a").closes("won", on="2024-02-01")

    assert told_of(story, "a") == [("won", "2024-02-01", "2024-02-01")]


def test_a_change_tells_of_the_closing(story):
    story.deal("a").changes("status", "Lost", on="2024-02-01", recorded="2024-02-05")

    assert told_of(story, "a") == [("lost", "2024-02-01", "2024-02-05")]


def test_a_row_and_a_change_that_say_the_same_are_one_event(story):
    story.deal("a").changes("status", "won", on="2024-02-01T15:00:00").closes("won", on="2024-02-01")
    story.deal("b").changes("status", "won", on="2024-02-01").closes("won", on="2024-02-01")

    assert told_of(story, "a") == told_of(story, "b") == [("won", "2024-02-01", "2024-02-01")]


def test_a_closing_written_down_later_is_known_from_then(story):
    story.deal("a", recorded="2024-01-01").closes("won", on="2024-02-01", recorded="2024-02-20")

    assert told_of(story, "a") == [("won", "2024-02-01", "2024-02-20")]


def test_a_closing_seen_in_a_later_export_counts_from_its_day(story):
    story.deal("a")
    story.import_now("2024-01-15")
    story.deal("a").closes("won", on="2024-02-01")
    story.import_now("2024-03-01")

    assert told_of(story, "a") == [("won", "2024-02-01", "2024-02-01")]


def test_a_closing_put_right_counts_from_the_export_that_said_so(story):
    story.deal("a").closes("won", on="2024-02-01")
    story.import_now("2024-02-15")
    story.deal("a").closes("lost", on="2024-02-01")
    story.import_now("2024-03-01")

    assert told_of(story, "a") == [("won", "2024-02-01", "2024-02-01"), ("lost", "2024-02-01", "2024-03-01")]


def test_a_closing_day_put_right_counts_from_the_export_that_said_so(story):
    story.deal("a").closes("won", on="2024-02-01")
    story.import_now("2024-02-15")
    story.deal("a").closes("won", on="2024-01-20", source="web")
    story.import_now("2024-03-01")
    story.deal("a", source="fair")
    story.import_now("2024-04-01")

    assert told_of(story, "a") == [("won", "2024-02-01", "2024-02-01"), ("won", "2024-01-20", "2024-03-01")]
    story.deal("x", customer="c")
    assert story.value("deal_times_reopened", "a", as_of="2024-05-01") == 0


def test_a_deal_that_was_lost_opened_again_and_won(story):
    deal = story.deal("a").changes("status", "lost", on="2024-02-01").changes("status", "open", on="2024-02-10")
    deal.closes("won", on="2024-03-01")

    assert told_of(story, "a") == [
        ("lost", "2024-02-01", "2024-02-01"),
        ("open", "2024-02-10", "2024-02-10"),
        ("won", "2024-03-01", "2024-03-01"),
    ]


def test_a_row_that_is_open_again_in_a_later_export(story):
    story.deal("a").closes("lost", on="2024-02-01")
    story.import_now("2024-02-15")
    story.deal("a", status="open", closed_at=None)
    story.import_now("2024-03-01")
    story.deal("b").closes("lost", on="2024-02-01")
    story.import_now("2024-02-15")
    story.deal("b", status="open")  # the day of the closing was left standing
    story.import_now("2024-03-01")

    assert told_of(story, "a") == [("lost", "2024-02-01", "2024-02-01"), ("open", "2024-03-01", "2024-03-01")]
    assert told_of(story, "b") == told_of(story, "a")


def test_a_closing_in_the_future_is_not_known_before_it(story):
    story.deal("a", recorded="2024-01-05").closes("won", on="2024-06-01", recorded="2024-01-06")

    assert told_of(story, "a") == [("won", "2024-06-01", "2024-06-01")]


def test_a_closing_is_never_known_before_the_deal_itself(story):
    story.deal("a", created="2024-03-01").closes("won", on="2024-02-01")
    story.deal("b", created="2024-01-01", recorded="2024-03-01").closes("won", on="2024-02-01")

    assert told_of(story, "a") == told_of(story, "b") == [("won", "2024-02-01", "2024-03-01")]


def test_a_closing_dated_back_beyond_the_last_delivery_counts_from_when_it_came(story):
    """On the 15th the record showed the deal open: nothing that comes later can change what was known then."""
    story.deal("a")
    story.deal("b")
    story.import_now("2024-01-10")
    story.deal("c")
    story.import_now("2024-01-15")
    story.deal("a").closes("won", on="2024-01-12")
    story.deal("b").closes("won", on="2024-01-20")
    story.import_now("2024-03-01")

    assert told_of(story, "a") == [("won", "2024-01-12", "2024-03-01")]
    assert told_of(story, "b") == [("won", "2024-01-20", "2024-01-20")]


def test_an_older_export_that_comes_later_lets_no_closing_be_dated_back_beyond_the_newer_one(story):
    story.deal("a")
    story.import_now("2024-02-20")
    story.deal("a", source="web")
    story.import_now("2024-02-01")
    story.deal("a").closes("won", on="2024-02-10")
    story.import_now("2024-03-01")

    assert told_of(story, "a") == [("won", "2024-02-10", "2024-03-01")]


def test_a_status_change_replaced_before_it_was_known_never_stood(story):
    story.deal("a").changes("status", "won", on="2024-06-01", recorded="2024-01-05")
    story.import_now("2024-01-06")
    story.deal("a").changes("status", "lost", on="2024-06-01", recorded="2024-01-07")
    story.import_now("2024-01-08")

    assert told_of(story, "a") == [("lost", "2024-06-01", "2024-06-01")]


def test_what_was_learned_last_of_a_status_stands(story):
    """Won on the 20th; then it turned out that it had been lost on the 10th already."""
    story.deal("a", customer="c").closes("won", on="2024-02-20")
    story.import_now("2024-02-25")
    story.deal("a").closes("lost", on="2024-02-10")
    story.import_now("2024-03-01")

    from features.as_of import Moments, micros, parse_moment
    from features.definition import Feature
    from features.table import feature_values
    from features.verbs import Latest

    at = [micros(parse_moment(day, "Asia/Shanghai")) for day in ("2024-02-15", "2024-02-26", "2024-03-02")]
    import numpy as np

    moments = Moments(np.array(["a"] * 3, object), np.array(at))
    feature = Feature("status_told", "What was told last.", "最近得知的状态。", Latest("states", "status"))
    status = feature_values((feature,), moments, story.history)["status_told"]
    assert status.texts().tolist() == [None, "won", "lost"]
    assert story.value("customer_win_rate", "a", as_of="2024-02-26") == 1
    assert story.value("customer_win_rate", "a", as_of="2024-03-02") == 0


@pytest.fixture
def everything(story):
    """A history with something in every table that streams look at."""
    deal = story.deal("a", amount=1, rep="r", customer="c", product="p", source="web")
    for field, value in (("stage", "Lead"), ("expected_close_on", "2024-05-01"), ("forecast_category", "commit")):
        deal.changes(field, value, on="2024-01-02")
    deal.activity(on="2024-01-03", contact="x", rep="r", customer="c", direction="inbound").closes(
        "won", on="2024-02-01"
    )
    story.order("c", on="2024-01-03").ticket(
        "c", on="2024-01-03", closed_at="2024-01-05", kind="complaint", satisfaction=4
    )
    story.customer("c", segment="big").contact("x", "c", is_decision_maker=True).product("p").rep("r", team_id="t")
    terms = {"ends_on": "2024-06-01", "cancelled_on": "2024-05-01", "recurring_amount": 5, "interval_months": 1}
    return story.row("subscriptions", subscription_id="s", customer="c", started_on="2024-01-01", **terms).history


def test_each_stream_opens_on_a_history_that_has_everything(everything):
    found = open_streams(everything)

    assert found.streams.keys() == STREAMS.keys()
    with everything.connect() as con:
        for name, stream in found.streams.items():
            given = {row[0]: row[1] for row in con.execute(f"DESCRIBE {stream.sql}").fetchall()}
            times = {"known", "happened", "retired"}
            assert {f"key_{owner}" for owner in stream.keys} | times | {"tie"} <= given.keys(), name
            assert all(given[time] == "BIGINT" for time in times), name
            texts = {c for c in stream.columns if given[c] == "VARCHAR"}
            assert texts == {c for c, kind in stream.columns.items() if kind == "category"}, name
            late = con.execute(f"SELECT known >= happened FROM ({stream.sql})").fetchall()
            assert late, name
            assert all(row == (True,) for row in late), name


def test_each_stream_is_read_by_every_key_with_every_column(everything):
    found = open_streams(everything)

    with everything.connect() as con:
        for stream, told in found.streams.items():
            keys = [k for k in (*told.keys, *OF_CUSTOMER, "team", "rep&segment") if found.has_key(stream, k)]
            assert keys
            for key in keys:
                rows = con.execute(found.select(stream, key, found.columns(stream))).fetchall()
                assert all(row[0] for row in rows), (stream, key)
    assert found.has_key("outcomes", "rep&segment")
    assert found.has_key("outcomes", "team")
    assert not found.has_key("tickets", "deal")


@pytest.mark.parametrize("known", [Known.CURRENT, Known.AT_CLOSE])
def test_what_is_only_known_today_gives_no_stream_column(story, known):
    story.declares("orders", amount=known, quantity=known, product_id=known)
    story.declares("reps", hired_on=known, team_id=known)
    story.declares("customers", tier=known, secret=known)
    story.declares("deals", source=known, customer_id=known, amount=known, rep_id=known, stage=known)
    story.declares("activities", direction=known, rep_id=known)
    story.row(
        "deals",
        deal_id="a",
        status="open",
        created_at="2024-01-01",
        source="x",
        customer="c",
        amount=1,
        rep="r",
        stage="s",
    )
    story.order("c", on="2024-01-03", quantity=1, product="p").rep("r", hired_on="2020-01-01", team_id="t")
    story.customer("c", tier="gold", attributes={"secret": "x"})
    story.activity(on="2024-01-03", direction="inbound", rep="r", type="call")

    streams = open_streams(story.history).streams

    assert streams["orders"].columns.keys() == {"order_group"}
    assert streams["reps"].columns.keys() == set()
    assert streams["customers"].columns.keys() == set()
    assert "source" not in streams["deals"].columns
    assert "customer_id" not in streams["deals"].columns
    assert streams["creations"].keys == ("deal", "everyone")
    assert streams["outcomes"].keys == ("deal", "everyone")
    assert streams["activities"].columns.keys() == {"type"}
    assert "rep" not in streams["activities"].keys
    assert not {"amount_changes", "owner_changes", "stage_changes"} & streams.keys()


def test_a_move_is_compared_with_what_was_known_before_it(story):
    """A change that is recorded later does not turn an earlier step into a step back."""
    story.stages("Lead", "Proposal", "Contract")
    deal = story.deal("a", pipeline="sales").changes_stage("Lead", on="2024-01-02")
    deal.changes_stage("Proposal", on="2024-01-10").changes_stage("Contract", on="2024-01-05", recorded="2024-01-20")

    assert story.value("deal_steps_back", "a", as_of="2024-01-15") == 0
    assert story.value("deal_steps_back", "a", as_of="2024-02-01") == 0
