import pytest

from features.catalog import RATE
from features.contracts import Known
from features.deals.rates import FEATURES

AS_OF = "2024-06-01"


@pytest.fixture
def closed(story):
    """Of five closed deals a and b share everything with x; c the product and the seller, d the segment, e nothing."""
    story.rep("lin", team_id="north").rep("mo", team_id="south")
    story.customer("acme", segment="A", industry="steel", created="2020-01-01")
    story.customer("beta", segment="A", industry="paper", created="2020-01-01")
    story.customer("cora", segment="C", industry="paper", created="2020-01-01")
    same = {"customer": "acme", "product": "p", "source": "web", "type": "new", "pipeline": "sales", "rep": "lin"}
    other = {"product": "q", "source": "fair", "type": "upsell", "pipeline": "renewals", "rep": "mo"}
    story.deal("a", **same).changes_stage("Offer", on="2024-01-02").closes("won", on="2024-02-01")
    story.deal("b", **same).changes_stage("Offer", on="2024-01-02").closes("won", on="2024-03-01")
    story.deal("c", **other | {"product": "p", "rep": "lin"}, customer="cora").closes("lost", on="2024-03-01")
    story.deal("d", **other, customer="beta").changes_stage("Lead", on="2024-01-02").closes("lost", on="2024-03-01")
    story.deal("e", **other, customer="cora").closes("lost", on="2024-03-01")
    story.deal("late", **same).closes("lost", on="2024-05-01", recorded="2024-06-10")
    story.deal("x", **same).changes_stage("Lead", on="2024-01-03").changes_stage("Offer", on="2024-01-09")
    story.deal("bare")
    return story


def above(won: int, closed: int, all_won: int, all_closed: int) -> object:
    """The share of a few, drawn toward that of all as by 20 deals, less that of all."""
    everyone = all_won / all_closed
    return pytest.approx((won + 20 * everyone) / (closed + 20) - everyone)


def test_how_deals_like_this_one_have_gone(closed):
    told = {
        "stage_win_rate_above": above(2, 2, 2, 3),
        "source_win_rate_above": above(2, 2, 2, 5),
        "type_win_rate_above": above(2, 2, 2, 5),
        "pipeline_win_rate_above": above(2, 2, 2, 5),
        "segment_win_rate_above": above(2, 3, 2, 5),
        "industry_win_rate_above": above(2, 2, 2, 5),
        "team_win_rate_above": above(2, 3, 2, 5),
        "product_segment_win_rate_above": above(2, 2, 2, 5),
        "rep_segment_win_rate_above": above(2, 2, 2, 5),
        "rep_product_win_rate_above": above(2, 3, 2, 5),
    }

    assert told.keys() == {feature.name for feature in FEATURES}
    assert closed.values(told, "x", as_of=AS_OF) == told


def test_a_deals_own_end_and_those_not_on_record_are_not_looked_at(closed):
    assert closed.value("source_win_rate_above", "a", as_of="2024-02-01") is None
    assert closed.value("source_win_rate_above", "a", as_of="2024-02-01T00:00:01") == 0
    assert closed.value("source_win_rate_above", "x", as_of="2024-06-10") == above(2, 2, 2, 5)
    assert closed.value("source_win_rate_above", "x", as_of="2024-06-11") == above(2, 3, 2, 6)
    assert closed.value("stage_win_rate_above", "x", as_of="2024-02-01") is None
    assert closed.value("stage_win_rate_above", "x", as_of="2024-02-02") == 0
    assert closed.value("rep_product_win_rate_above", "x", as_of="2024-03-01") == 0
    assert closed.value("rep_product_win_rate_above", "x", as_of="2024-03-02") == above(2, 3, 2, 5)


def test_the_rate_is_that_of_the_stage_the_deal_is_in_now(closed):
    closed.deal("x").changes_stage("Lead", on="2024-04-01")

    assert closed.value("stage_win_rate_above", "x", as_of="2024-04-01") == above(2, 2, 2, 3)
    assert closed.value("stage_win_rate_above", "x", as_of="2024-04-02") == above(0, 1, 2, 3)


@pytest.mark.parametrize("feature", [feature.name for feature in FEATURES])
def test_a_deal_of_which_nothing_is_known_is_taken_for_an_average_one(closed, feature):
    assert closed.value(feature, "bare", as_of=AS_OF) == 0
    assert closed.value(feature, "bare", as_of="2024-01-20") is None


def test_a_deal_opened_again_takes_its_end_back(closed):
    closed.deal("b").changes("status", "open", on="2024-04-01")

    assert closed.value("source_win_rate_above", "x", as_of="2024-04-01") == above(2, 2, 2, 5)
    assert closed.value("source_win_rate_above", "x", as_of="2024-04-02") == above(1, 1, 1, 4)
    assert closed.value("stage_win_rate_above", "x", as_of="2024-04-02") == above(1, 1, 1, 2)


def test_where_all_deals_are_alike_the_distance_is_nothing_whatever_the_times_bring(story):
    for number in range(7):
        story.deal(f"d{number}", pipeline="sales").closes("won" if number % 3 else "lost", on=f"2024-02-0{number + 1}")
    story.deal("x", pipeline="sales")

    assert {story.value("pipeline_win_rate_above", "x", as_of=f"2024-02-0{day}") for day in range(2, 9)} == {0}


def test_an_attribute_is_told_by_the_win_rate_of_those_who_share_it(story):
    story.declares("deals", colour=Known.AT_CREATION)
    story.deal("a", attributes={"colour": "red"}).closes("won", on="2024-02-01")
    story.deal("b", attributes={"colour": "blue"}).closes("lost", on="2024-02-01")
    story.deal("c", attributes={"colour": "red"}).closes("lost", on="2024-03-01", recorded="2024-07-01")
    story.deal("x", attributes={"colour": "red"})
    story.deal("y", attributes={"colour": "green"})
    story.deal("z")
    feature = f"{RATE}colour"

    assert story.value(feature, "x", as_of=AS_OF) == above(1, 1, 1, 2)
    assert story.value(feature, "x", as_of="2024-07-02") == above(1, 2, 1, 3)
    assert story.value(feature, "y", as_of=AS_OF) == 0
    assert story.value(feature, "z", as_of=AS_OF) == 0
