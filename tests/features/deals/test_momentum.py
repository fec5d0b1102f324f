import pytest


def test_days_in_stage_counts_from_the_latest_change(story):
    story.deal("d1").changes_stage("Lead", on="2024-03-01").changes_stage("Proposal", on="2024-03-10")

    assert story.value("deal_days_in_stage", "d1", as_of="2024-03-20") == 10
    assert story.value("deal_days_in_stage", "d1", as_of="2024-03-10") == 9


def test_a_change_written_down_later_is_not_seen(story):
    story.deal("d1").changes_stage("Lead", on="2024-03-01")
    story.deal("d1").changes_stage("Proposal", on="2024-03-10", recorded="2024-03-25")

    assert story.value("deal_stage", "d1", as_of="2024-03-20") == "Lead"
    assert story.value("deal_days_in_stage", "d1", as_of="2024-03-20") == 19
    assert story.value("deal_stage", "d1", as_of="2024-03-26") == "Proposal"
    assert story.value("deal_days_in_stage", "d1", as_of="2024-03-26") == 16


def test_a_change_of_earlier_that_comes_late_does_not_undo_a_later_one(story):
    deal = story.deal("d1").changes_stage("Lead", on="2024-03-01")
    deal.changes_stage("Contract", on="2024-03-15").changes_stage("Proposal", on="2024-03-10", recorded="2024-03-18")

    assert story.value("deal_stage", "d1", as_of="2024-03-20") == "Contract"
    assert story.value("deal_stage_changes", "d1", as_of="2024-03-20") == 3


def test_age_counts_from_creation_and_is_missing_before_it(story):
    story.deal("d1", created="2024-02-01")

    assert story.value("deal_age_days", "d1", as_of="2024-02-11") == 10
    assert story.value("deal_age_days", "d1", as_of="2024-02-01") is None
    assert story.value("deal_age_days", "nobody", as_of="2024-02-11") is None


def test_stages_have_places_and_a_deal_can_step_back(story):
    story.stages("Lead", "Proposal", "Contract")
    deal = story.deal("d1", pipeline="sales").changes_stage("Lead", on="2024-03-01")
    deal.changes_stage("Contract", on="2024-03-05").changes_stage("Proposal", on="2024-03-08")
    deal.changes_stage("Contract", on="2024-03-09")

    assert story.value("deal_stage_position", "d1", as_of="2024-03-06") == 3
    assert story.value("deal_stage_position", "d1", as_of="2024-03-09") == 2
    assert story.value("deal_steps_back", "d1", as_of="2024-03-08") == 0
    assert story.value("deal_steps_back", "d1", as_of="2024-03-20") == 1
    assert story.value("deal_stage_changes", "d1", as_of="2024-03-20") == 4
    assert story.value("deal_stage_changes_14d", "d1", as_of="2024-03-20") == 2


def test_a_stage_has_its_place_in_the_deals_own_pipeline(story):
    story.stages("Lead", "Proposal").stages("Proposal", "Signed", pipeline="renewals")
    story.deal("d1", pipeline="sales").changes_stage("Proposal", on="2024-03-01")
    story.deal("d2", pipeline="renewals").changes_stage("Proposal", on="2024-03-01")

    assert story.value("deal_stage_position", "d1", as_of="2024-03-20") == 2
    assert story.value("deal_stage_position", "d2", as_of="2024-03-20") == 1


def test_a_stage_of_an_unknown_pipeline_has_its_first_place_anywhere(story):
    story.stages("Lead", "Proposal").stages("Proposal", "Signed", pipeline="renewals")
    story.deal("d1").changes_stage("Proposal", on="2024-03-01")
    story.deal("d2").changes_stage("Elsewhere", on="2024-03-01")

    assert story.value("deal_stage_position", "d1", as_of="2024-03-20") == 1
    assert story.value("deal_stage_position", "d2", as_of="2024-03-20") is None


def test_the_expected_close_date_approaches_slips_and_passes(story):
    deal = story.deal("d1").changes("expected_close_on", "2024-03-31", on="2024-01-01")
    deal.changes("expected_close_on", "2024-04-30", on="2024-03-05")
    deal.changes("expected_close_on", "2024-04-20", on="2024-03-10")

    assert story.value("deal_days_to_expected_close", "d1", as_of="2024-03-01") == 30
    assert story.value("deal_days_to_expected_close", "d1", as_of="2024-03-20") == 31
    assert story.value("deal_days_to_expected_close", "d1", as_of="2024-04-22") == -2
    assert story.value("deal_close_date_slips", "d1", as_of="2024-03-20") == 1
    assert story.value("deal_slip_days", "d1", as_of="2024-03-08") == 30
    assert story.value("deal_slip_days", "d1", as_of="2024-03-20") == 20


def test_the_forecast_category_is_the_sellers_latest(story):
    story.deal("d1").changes("forecast_category", "pipeline", on="2024-02-01").changes(
        "forecast_category", "commit", on="2024-03-01"
    )

    assert story.value("deal_forecast_category", "d1", as_of="2024-02-15") == "pipeline"
    assert story.value("deal_forecast_category", "d1", as_of="2024-03-15") == "commit"


def test_a_deal_that_was_opened_again_says_how_often(story):
    deal = story.deal("d1").changes("status", "lost", on="2024-02-01").changes("status", "open", on="2024-02-10")
    deal.changes("status", "won", on="2024-03-01")

    assert story.value("deal_times_reopened", "d1", as_of="2024-02-05") == 0
    assert story.value("deal_times_reopened", "d1", as_of="2024-03-05") == 1


@pytest.fixture
def moving(story):
    """One deal won after 10 days in Lead and 30 in all, one lost after 50 there; x has been there since May 2nd."""
    won = story.deal("won", created="2024-01-01").changes_stage("Lead", on="2024-01-01")
    won.changes_stage("Offer", on="2024-01-11").closes("won", on="2024-01-31")
    story.deal("lost", created="2024-01-01").changes_stage("Lead", on="2024-01-01").closes("lost", on="2024-02-20")
    story.deal("x", created="2024-05-02").changes_stage("Lead", on="2024-05-02")
    story.deal("bare", created="2024-05-02")
    return story


def test_the_age_beside_that_of_deals_won_and_lost(moving):
    told = {
        "deal_age_to_won_cycle": 1,
        "deal_stage_age_to_won": 3,
        "deal_stage_age_to_lost": 30 / 50,
        "deal_days_per_stage": 30,
    }
    in_offer = {
        "deal_stage_age_to_won": 10 / 20,
        "deal_stage_age_to_lost": None,
        "deal_days_per_stage": 20,
    }

    assert moving.values(told, "x", as_of="2024-06-01") == told
    moving.deal("x").changes_stage("Offer", on="2024-06-01")
    assert moving.value("deal_stage_age_to_won", "x", as_of="2024-06-01") == 3
    assert moving.values(in_offer, "x", as_of="2024-06-11") == in_offer


def test_ends_written_down_later_teach_nothing_before(moving):
    late = moving.deal("late", created="2024-02-01").changes_stage("Lead", on="2024-02-01")
    late.closes("won", on="2024-03-22", recorded="2024-06-01")

    assert moving.value("deal_stage_age_to_won", "x", as_of="2024-06-01") == 3
    assert moving.value("deal_stage_age_to_won", "x", as_of="2024-06-02") == 31 / 30
    assert moving.value("deal_age_to_won_cycle", "x", as_of="2024-06-02") == 31 / 40


def test_before_anything_closed_there_is_nothing_to_compare_with(moving):
    moving.deal("early", created="2024-01-01").changes_stage("Lead", on="2024-01-02")
    told = {"deal_age_to_won_cycle": None, "deal_stage_age_to_won": None, "deal_stage_age_to_lost": None}

    assert moving.values(told, "early", as_of="2024-01-31") == told
    assert moving.value("deal_stage_age_to_won", "early", as_of="2024-02-01") == 3
    of_the_bare = {"deal_stage_age_to_won": None, "deal_stage_age_to_lost": None, "deal_days_per_stage": None}
    assert moving.values(of_the_bare, "bare", as_of="2024-06-01") == of_the_bare


def test_the_plan_beside_the_time_spent_and_the_quarter(story):
    deal = story.deal("d1", created="2024-01-01").changes("expected_close_on", "2024-03-31", on="2024-01-01")
    deal.changes("expected_close_on", "2024-04-10", on="2024-02-20").changes(
        "expected_close_on", "2024-04-05", on="2024-03-01"
    )
    deal.changes("expected_close_on", "2024-06-30", on="2024-03-02", recorded="2024-03-20")
    story.deal("d2")
    told = {"deal_time_left_to_age": 25 / 70, "deal_close_beyond_quarter": 5, "deal_close_date_slips_30d": 1}
    later = {"deal_time_left_to_age": 101 / 80, "deal_close_beyond_quarter": 91, "deal_close_date_slips_30d": 2}
    nothing = {"deal_time_left_to_age": None, "deal_close_beyond_quarter": None, "deal_close_date_slips_30d": 0}

    assert story.values(told, "d1", as_of="2024-03-11") == told
    assert story.value("deal_close_beyond_quarter", "d1", as_of="2024-02-20") == 0
    assert story.value("deal_close_date_slips_30d", "d1", as_of="2024-02-20") == 0
    assert story.value("deal_close_date_slips_30d", "d1", as_of="2024-03-20") == 1
    assert story.values(later, "d1", as_of="2024-03-21") == later
    assert story.value("deal_close_date_slips_30d", "d1", as_of="2024-03-21T00:00:01") == 1
    assert story.values(nothing, "d2", as_of="2024-03-11") == nothing
