import pytest

from features.catalog import offered

AS_OF = "2024-06-01"
LOAD = (
    "rep_open_deals",
    "rep_open_worth",
    "rep_deals_ahead",
    "rep_activities_30d",
    "rep_activities_per_open_deal",
    "deal_activities_to_rep",
)


@pytest.fixture
def busy(story):
    """Lin holds x, an older and a newer deal, one given away, one closed; Mo has nothing but y."""
    story.deal("old", created="2024-01-01", rep="lin", amount=100)
    story.deal("x", created="2024-02-01", rep="lin", amount=50).activity(on="2024-05-10", rep="lin")
    story.deal("new", created="2024-03-01", rep="lin", amount=250).activity(on="2024-05-20", rep="lin")
    story.deal("given", created="2024-01-05", rep="lin", amount=7).changes("rep_id", "mo", on="2024-04-01")
    story.deal("won", created="2024-01-06", rep="lin", amount=9).closes("won", on="2024-05-01")
    story.deal("late", created="2024-01-07", rep="lin", amount=11).closes(
        "lost", on="2024-05-30", recorded="2024-06-05"
    )
    story.activity(on="2024-05-15", rep="lin").activity(on="2024-05-02", rep="lin").activity(on="2024-04-30", rep="lin")
    story.activity(on="2024-05-31", rep="lin", recorded="2024-06-02")
    story.deal("nobodys", created="2024-01-01")
    return story


def test_what_else_is_on_the_table(busy):
    told = {
        "rep_open_deals": 4,
        "rep_open_worth": 411,
        "rep_deals_ahead": 2,
        "rep_activities_30d": 4,
        "rep_activities_per_open_deal": 1,
        "deal_activities_to_rep": 0.25,
    }

    assert busy.values(told, "x", as_of=AS_OF) == told


def test_a_closing_counts_from_when_it_was_on_record(busy):
    assert busy.value("rep_open_deals", "x", as_of="2024-05-01") == 5
    assert busy.value("rep_open_deals", "x", as_of="2024-05-01T00:00:01") == 4
    assert busy.value("rep_open_deals", "x", as_of="2024-06-05") == 4
    assert busy.value("rep_open_deals", "x", as_of="2024-06-06") == 3
    assert busy.value("rep_deals_ahead", "x", as_of="2024-06-06") == 1
    assert busy.value("rep_open_worth", "x", as_of="2024-06-06") == 400


def test_a_deal_given_away_is_the_others_load(busy):
    assert busy.value("rep_open_deals", "given", as_of="2024-04-01") == 6
    assert busy.value("rep_open_deals", "given", as_of="2024-04-02") == 1
    assert busy.value("rep_deals_ahead", "x", as_of="2024-04-01") == 4
    assert busy.value("rep_deals_ahead", "x", as_of="2024-04-02") == 3


def test_the_window_of_the_sellers_activities_has_an_edge(busy):
    assert busy.value("rep_activities_30d", "x", as_of="2024-06-01T00:00:01") == 3
    assert busy.value("rep_activities_30d", "x", as_of="2024-05-10") == 2
    assert busy.value("rep_activities_30d", "x", as_of="2024-06-03") == 4


def test_of_a_deal_nobody_holds_there_is_no_load(busy):
    told = dict.fromkeys(LOAD) | {
        "rep_open_deals": 0,
        "rep_open_worth": 0,
        "rep_activities_30d": 0,
        "rep_deals_ahead": 0,
    }

    assert busy.values(told, "nobodys", as_of=AS_OF) == told


def test_what_the_load_is_worth_takes_amounts_over_time(story):
    story.deal("x", rep="lin")

    left_out = offered(story.history).left_out
    assert left_out["rep_open_worth"] == "openings have no worth known at the time"
    assert "rep_open_deals" not in left_out
