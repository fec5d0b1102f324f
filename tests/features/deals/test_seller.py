import pytest

AS_OF = "2024-06-01"


@pytest.fixture
def two_sellers(story):
    """Lin won one of three, Mo one of one; the deal in question is Lin's."""
    story.rep("lin", hired_on="2022-06-02", team_id="north", region="Beijing")
    story.rep("mo", hired_on="2024-01-01", team_id="south")
    story.deal("a", created="2023-01-01", rep="lin").closes("won", on="2023-01-31")
    story.deal("b", created="2024-03-01", rep="lin").closes("lost", on="2024-04-30")
    story.deal("c", created="2024-04-01", rep="mo").changes("rep_id", "lin", on="2024-04-10")
    story.deal("c").closes("lost", on="2024-05-01")
    story.deal("d", created="2024-04-01", rep="mo").closes("won", on="2024-05-01")
    story.deal("e", created="2024-04-01", rep="lin").closes("won", on="2024-05-20", recorded="2024-06-05")
    story.deal("x", created="2024-05-01", rep="lin").activity(on="2024-05-10", rep="lin")
    story.deal("y", created="2024-05-01", rep="mo").activity(on="2024-05-20", rep="lin")
    story.activity(on="2024-04-20", rep="lin")
    story.deal("z", created="2024-05-01")
    return story


def test_how_the_sellers_deals_have_gone(two_sellers):
    told = {
        "rep_win_rate": (1 + 20 * 2 / 4) / (3 + 20),
        "rep_closed_deals_180d": 2,
        "rep_win_rate_90d": 0,
        "rep_cycle_days": (30 + 60 + 30) / 3,
        "rep_deals_closed": 3,
        "rep_form": 0 - 1 / 3,
        "deal_days_with_owner": 31,
        "rep_days_to_hire": -730,
        "team": "north",
        "rep_region": "Beijing",
        "deal_owners": 1,
    }

    assert two_sellers.values(told, "x", as_of=AS_OF) == told


def test_a_deal_closed_by_the_one_who_held_it_then(two_sellers):
    two_sellers.deal("c").changes("rep_id", "mo", on="2024-05-10")

    assert two_sellers.value("rep_closed_deals_180d", "y", as_of=AS_OF) == 1
    assert two_sellers.value("rep_closed_deals_180d", "x", as_of=AS_OF) == 2


def test_a_closing_recorded_late_counts_from_then(two_sellers):
    assert two_sellers.value("rep_closed_deals_180d", "x", as_of="2024-06-05") == 2
    assert two_sellers.value("rep_closed_deals_180d", "x", as_of="2024-06-06") == 3
    assert two_sellers.value("rep_win_rate_90d", "x", as_of="2024-06-06") == 1 / 3


def test_a_deal_given_to_another_seller_is_theirs_from_then_on(two_sellers):
    assert two_sellers.value("team", "c", as_of="2024-04-10") == "south"
    assert two_sellers.value("team", "c", as_of="2024-04-11") == "north"
    assert two_sellers.value("deal_owners", "c", as_of="2024-04-11") == 2


@pytest.mark.parametrize(
    "feature", ["rep_win_rate_90d", "rep_cycle_days", "rep_form", "team", "rep_days_to_hire", "deal_days_with_owner"]
)
def test_of_a_deal_without_a_seller_nothing_is_known(two_sellers, feature):
    assert two_sellers.value(feature, "z", as_of=AS_OF) is None


def test_an_unknown_seller_is_taken_for_an_average_one(two_sellers):
    assert two_sellers.value("rep_win_rate", "z", as_of=AS_OF) == 0.5


def test_of_owner_changes_recorded_together_the_one_that_happened_last_counts(story):
    for rep, day in (("a", "2024-01-02"), ("b", "2024-01-03"), ("c", "2024-01-04")):
        story.rep(rep, team_id=f"team {rep}")
        story.deal("d1").changes("rep_id", rep, on=day, recorded="2024-02-01")
    story.deal("d1").closes("won", on="2024-03-01")
    story.deal("d2", rep="c")

    assert story.value("team", "d1", as_of="2024-02-02") == "team c"
    assert story.value("rep_closed_deals_180d", "d2", as_of="2024-03-02") == 1


@pytest.fixture
def specialists(story):
    """Lin sells p to segment A: two won; Lin lost one of q to B; Mo lost two."""
    story.customer("acme", segment="A", created="2020-01-01").customer("beta", segment="B", created="2020-01-01")
    for name, rep, customer, product, status in (
        ("a", "lin", "acme", "p", "won"),
        ("b", "lin", "acme", "p", "won"),
        ("c", "lin", "beta", "q", "lost"),
        ("d", "mo", "acme", "p", "lost"),
        ("e", "mo", "beta", "p", "lost"),
    ):
        story.deal(name, rep=rep, customer=customer, product=product).closes(status, on="2024-03-01")
    story.deal("f", rep="lin", customer="acme", product="p").closes("lost", on="2024-03-01", recorded="2024-06-10")
    story.deal("x", rep="lin", customer="acme", product="p")
    story.deal("y", rep="lin", customer="beta", product="p")
    story.deal("z", customer="acme", product="p")
    story.activity(on="2023-06-02", rep="lin", customer="acme").activity(on="2024-05-02", rep="mo", customer="acme")
    story.activity(on="2024-05-31", rep="lin", customer="acme").activity(on="2024-05-31", rep="lin", customer="beta")
    return story


def test_what_the_seller_is_good_at(specialists):
    told = {
        "rep_segment_share": 2 / 3,
        "rep_customer_activities_365d": 2,
    }
    elsewhere = {
        "rep_segment_share": 1 / 3,
        "rep_customer_activities_365d": 1,
    }
    nobodys = {
        "rep_segment_share": None,
        "rep_customer_activities_365d": 0,
    }

    assert specialists.values(told, "x", as_of=AS_OF) == told
    assert specialists.values(elsewhere, "y", as_of=AS_OF) == elsewhere
    assert specialists.values(nobodys, "z", as_of=AS_OF) == nobodys


def test_what_was_on_record_by_then_makes_the_specialist(specialists):
    assert specialists.value("rep_segment_share", "x", as_of="2024-03-01") is None
    assert specialists.value("rep_segment_share", "x", as_of="2024-06-10") == 2 / 3
    assert specialists.value("rep_segment_share", "x", as_of="2024-06-11") == 3 / 4
    assert specialists.value("rep_customer_activities_365d", "x", as_of="2024-06-01T00:00:01") == 1


def test_a_seller_on_a_run(two_sellers):
    assert two_sellers.value("rep_form", "x", as_of="2024-06-06") == 1 / 3 - 2 / 4
    assert two_sellers.value("rep_form", "x", as_of="2024-01-01") is None
    assert two_sellers.value("rep_deals_closed", "x", as_of="2024-06-05") == 3
    assert two_sellers.value("rep_deals_closed", "x", as_of="2024-06-06") == 4
    assert two_sellers.value("deal_days_with_owner", "c", as_of="2024-04-10") == 9
    assert two_sellers.value("deal_days_with_owner", "c", as_of="2024-04-12") == 2
