"""What happens to deals, as streams tell it: loads, stays, lives, and whose a deal is after a merge."""

import pytest

from features.definition import Feature
from features.streams import open_streams
from features.verbs import Count, DaysSince, Difference, Latest, Mean, SmoothedRate, Sum, SumBefore

OPEN_WITH_REP = Feature("load", "", "", Sum("openings", "delta", of="rep"))
WORTH_WITH_REP = Feature("worth", "", "", Sum("openings", "worth", of="rep"))
AHEAD = Feature("ahead", "", "", SumBefore("openings", "delta", "born", of="rep"))
WON_STAY = Feature("stay", "", "", Mean("stage_stays", "days", where=(("outcome", "won"),), of="stage"))
CUSTOMER = Feature("customer", "", "", Latest("deals", "customer_id"))


@pytest.fixture
def load(story):
    """What the seller of deal `me` has open at a moment."""
    story.deal("me", rep="r", amount=10)
    return lambda as_of, feature=OPEN_WITH_REP: story.value(feature, "me", as_of=as_of)


def test_a_deal_is_its_sellers_load_while_it_is_open(story, load):
    story.deal("other", created="2024-02-01", rep="r", amount=100).closes("won", on="2024-03-01")

    assert load("2024-01-01") is None or load("2024-01-01") == 0
    assert [load(day) for day in ("2024-01-15", "2024-02-15", "2024-03-01", "2024-03-02")] == [1, 2, 2, 1]
    assert [load(day, WORTH_WITH_REP) for day in ("2024-02-15", "2024-03-02")] == [110, 10]


def test_a_deal_that_goes_to_another_seller_is_their_load(story, load):
    story.deal("other", rep="q").changes("rep_id", "r", on="2024-02-10", recorded="2024-02-20")
    story.deal("other").changes("rep_id", "q", on="2024-03-10")

    assert [load(day) for day in ("2024-02-15", "2024-02-21", "2024-03-11")] == [1, 2, 1]


def test_an_amount_written_down_changes_what_the_load_is_worth(story, load):
    story.deal("other", rep="r", amount=100).changes("amount", "250.5", on="2024-02-10")

    assert [load(day, WORTH_WITH_REP) for day in ("2024-02-01", "2024-02-11")] == [110, 260.5]


def test_a_reopened_deal_is_a_load_again(story, load):
    other = story.deal("other", rep="r").changes("status", "lost", on="2024-02-01")
    other.changes("status", "open", on="2024-03-01")

    assert [load(day) for day in ("2024-01-15", "2024-02-15", "2024-03-15")] == [2, 1, 2]


def test_a_deleted_deal_is_nobodys_load_and_no_outcome(story, load):
    story.deal("other", rep="r").closes("won", on="2024-02-01")
    story.deal("gone", rep="r")
    story.import_now("2024-02-10")
    story.row("deals", deal_id="gone", deleted_at="2024-03-01")
    story.row("deals", deal_id="other", deleted_at="2024-03-01")
    story.import_now("2024-03-05")
    rate = Feature("rate", "", "", Count("outcomes", of="rep"))

    assert [load(day) for day in ("2024-02-15", "2024-03-04", "2024-03-06")] == [2, 2, 1]
    assert [load(day, rate) for day in ("2024-02-15", "2024-03-06")] == [1, 0]


def test_the_place_in_the_queue_counts_older_open_deals_of_the_seller(story):
    for number, created in enumerate(("2024-01-02", "2024-01-03", "2024-01-04")):
        story.deal(f"d{number}", created=created, rep="r")
    story.deal("d0").closes("lost", on="2024-02-01")

    assert story.value(AHEAD, "d2", as_of="2024-01-15") == 2
    assert story.value(AHEAD, "d2", as_of="2024-02-15") == 1
    assert story.value(AHEAD, "d1", as_of="2024-02-15") == 0


def test_stays_are_told_when_a_deal_closes(story):
    done = story.deal("done").changes_stage("Lead", on="2024-01-01").changes_stage("Offer", on="2024-01-11")
    done.closes("won", on="2024-01-31")
    story.deal("lost").changes_stage("Lead", on="2024-01-01").closes("lost", on="2024-03-01")
    story.deal("me").changes_stage("Lead", on="2024-01-01").changes_stage("Offer", on="2024-02-05")

    assert story.value(WON_STAY, "me", as_of="2024-01-31") is None
    assert story.value(WON_STAY, "me", as_of="2024-02-04") == 10
    assert story.value(WON_STAY, "me", as_of="2024-02-10") == 20
    lost = Feature("lost", "", "", SmoothedRate("stage_stays", "won", of="stage", strength=0))
    assert story.value(lost, "me", as_of="2024-02-04") == 1
    assert story.value(lost, "me", as_of="2024-02-10") == 1


def test_a_deal_of_a_merged_customer_belongs_to_the_one_that_remains_once_that_is_known(story):
    story.customer("old").customer("new").deal("a", customer="old")
    story.order("old", on="2024-01-10").order("new", on="2024-01-11")
    story.import_now("2024-02-01")
    story.customer("old", merged_into="new")
    story.import_now("2024-03-01")
    orders = Feature("orders", "", "", Count("orders", of="customer"))

    assert [story.value(CUSTOMER, "a", as_of=day) for day in ("2024-02-15", "2024-03-02")] == ["old", "new"]
    assert [story.value(orders, "a", as_of=day) for day in ("2024-02-15", "2024-03-02")] == [1, 2]


def test_merges_are_followed_to_the_last_and_may_be_taken_back(story):
    for customer in ("a", "b", "c"):
        story.customer(customer).order(customer, on="2024-01-10")
        story.deal(f"of-{customer}", customer=customer)
    story.import_now("2024-02-01")
    for taken_at, merged in (("2024-03-01", "b"), ("2024-05-01", None)):
        story.customer("a", merged_into=merged).import_now(taken_at)
        if merged:
            story.customer("b", merged_into="c").import_now("2024-04-01")
    orders = Feature("orders", "", "", Count("orders", of="customer"))

    def seen(deal: str) -> list[object]:
        days = ("2024-02-15", "2024-03-15", "2024-04-15", "2024-05-15")
        return [story.value(orders, deal, as_of=day) for day in days]

    assert seen("of-c") == [1, 1, 3, 2]
    assert seen("of-b") == [1, 2, 3, 2]
    assert seen("of-a")[:3] == [1, 2, 3]


def test_a_circle_of_merges_ends(story):
    story.customer("a", merged_into="b").customer("b", merged_into="a").deal("d", customer="a")

    assert story.value(CUSTOMER, "d", as_of="2024-02-01") in ("a", "b")


def test_counts_since_a_change_of_stage(story):
    deal = story.deal("a").changes_stage("Lead", on="2024-01-05").changes_stage("Offer", on="2024-01-10")
    deal.activity(on="2024-01-06").activity(on="2024-01-12").activity(on="2024-01-13", recorded="2024-01-20")
    since = Feature("since", "", "", Count("activities", since=DaysSince("stage_changes")))
    before = Feature("before", "", "", Difference(Count("activities"), since.verb))

    assert [story.value(since, "a", as_of=day) for day in ("2024-01-07", "2024-01-15", "2024-01-21")] == [1, 1, 2]
    assert story.value(before, "a", as_of="2024-01-21") == 1


def test_a_merge_into_one_whose_own_merge_was_taken_back_counts_for_that_one(story):
    for customer in ("a", "b", "c"):
        story.customer(customer).order(customer, on="2024-01-10").deal(f"of-{customer}", customer=customer)
    story.customer("b", merged_into="c", recorded="2024-02-01").customer("b", merged_into=None, recorded="2024-03-01")
    story.customer("a", merged_into="b", recorded="2024-04-01")
    orders = Feature("orders", "", "", Count("orders", of="customer"))

    assert [story.value(orders, f"of-{c}", as_of="2024-02-15") for c in "abc"] == [1, 2, 2]
    assert [story.value(orders, f"of-{c}", as_of="2024-04-15") for c in "abc"] == [2, 2, 1]
    assert story.value(CUSTOMER, "of-b", as_of="2024-04-15") == "b"


def test_a_merge_taken_back_gives_the_one_between_back_what_it_had(story):
    for customer in ("a", "b", "c"):
        story.customer(customer).order(customer, on="2024-01-10").deal(f"of-{customer}", customer=customer)
    story.customer("a", merged_into="b", recorded="2024-02-01")
    story.customer("b", merged_into="c", recorded="2024-03-01").customer("b", merged_into=None, recorded="2024-04-01")
    orders = Feature("orders", "", "", Count("orders", of="customer"))

    assert [story.value(orders, f"of-{c}", as_of="2024-03-15") for c in "abc"] == [3, 3, 3]
    assert [story.value(orders, f"of-{c}", as_of="2024-04-15") for c in "abc"] == [2, 2, 1]


def test_who_was_merged_and_then_deleted_still_counts_for_the_one_that_remains(story):
    story.customer("old").customer("new").deal("a", customer="new")
    story.order("old", on="2024-01-10").order("new", on="2024-01-11")
    story.customer("old", merged_into="new", recorded="2024-02-01")
    story.customer("old", deleted_at="2024-03-01", recorded="2024-03-01")
    orders = Feature("orders", "", "", Count("orders", of="customer"))

    assert [story.value(orders, "a", as_of=day) for day in ("2024-02-15", "2024-03-15")] == [2, 2]


def test_the_first_merge_ever_changes_nothing_of_the_time_before_it(another_story):
    orders = Feature("orders", "", "", Count("orders", of="customer"))
    seen = []
    for later in (False, True):
        told = another_story()
        told.deal("a", customer="x")
        told.customer("x").customer("y").order("x", on="2024-01-10").customer(
            "x", deleted_at="2024-01-20", recorded="2024-01-20"
        )
        told.import_now("2024-02-01")
        if later:
            told.customer("y", merged_into="z", recorded="2024-03-01").import_now("2024-03-01")
        seen.append(told.value(orders, "a", as_of="2024-02-01"))
    assert seen == [1, 1]


def test_a_deal_whose_row_comes_after_its_changes_counts_for_nobody_before_it(story):
    story.deal("me", customer="c", created="2024-01-02")
    story.deal("late", customer="c", created="2024-01-02", recorded="2024-03-01")
    story.deal("late").changes("amount", "5", on="2024-01-05").changes("status", "won", on="2024-02-01")
    won = Feature("won", "", "", Count("outcomes", of="customer"))
    worth = Feature("worth", "", "", Sum("outcomes", "amount", of="customer"))
    open_now = Feature("open", "", "", Sum("openings", "delta", of="customer"))

    days = ("2024-02-15", "2024-03-01", "2024-03-02")
    assert [story.value(won, "me", as_of=day) for day in days] == [0, 0, 1]
    assert [story.value(worth, "me", as_of=day) for day in days] == [0, 0, 5]
    assert [story.value(open_now, "me", as_of=day) for day in days] == [1, 1, 1]


def test_the_currency_and_the_pipeline_of_a_row_to_come_are_not_read_before_it(another_story):
    amount = Feature("amount", "", "", Latest("amount_changes", "amount"))
    place = Feature("place", "", "", Latest("stage_changes", "position"))
    seen = []
    for later in (False, True):
        told = another_story()
        told.deal("other", amount=1)
        told.rate("USD", on="2024-01-01", rate=7)
        told.stages("Lead", "Offer", pipeline="long").stages("Offer", pipeline="short")
        told.row("deal_changes", deal_id="d", field="amount", changed_at="2024-01-05", new_value="10")
        told.row("deal_changes", deal_id="d", field="stage", changed_at="2024-01-05", new_value="Offer")
        told.import_now("2024-02-01")
        if later:
            told.deal("d", currency="USD", pipeline="long", recorded="2024-03-01")
            told.import_now("2024-03-01")
            assert told.value(amount, "d", as_of="2024-03-02") == 70
        seen.append([told.value(feature, "d", as_of="2024-02-01") for feature in (amount, place)])
    assert seen[0] == seen[1]


def test_a_closed_deal_that_was_deleted_and_came_again_is_an_outcome_and_no_load(story):
    story.deal("me", rep="r", customer="c")
    closed = {"rep": "r", "customer": "c", "status": "won", "closed_at": "2024-01-20"}
    story.deal("other", **closed)
    story.import_now("2024-02-01")
    story.row("deals", deal_id="other", deleted_at="2024-02-10").import_now("2024-02-10")
    story.deal("other", **closed, source="web")
    story.import_now("2024-03-01")
    won = Feature("won", "", "", Count("outcomes", of="customer"))

    days = ("2024-02-05", "2024-02-20", "2024-03-05")
    assert [story.value(won, "me", as_of=day) for day in days] == [1, 0, 1]
    assert [story.value(OPEN_WITH_REP, "me", as_of=day) for day in days] == [1, 1, 1]


def test_a_seller_and_an_amount_that_change_at_the_same_moment_are_both_seen(story):
    for number in range(40):
        deal = story.deal(f"d{number:02}", rep="q", amount=1)
        deal.changes("rep_id", "r", on="2024-02-01").changes("amount", "10", on="2024-02-01")
    deals = [(f"d{number:02}", "2024-02-02") for number in range(40)]

    found = story.table([OPEN_WITH_REP, WORTH_WITH_REP], deals)

    assert set(found["load"].to_pylist()) == {40}
    assert set(found["worth"].to_pylist()) == {400}


def test_events_of_one_deal_at_one_moment_have_an_order(story):
    for number in range(40):
        story.deal(f"d{number:02}", amount=1).changes("amount", "10", on="2024-02-01")
    found = open_streams(story.history)

    with story.history.connect() as con:
        sql = found.select("openings", "everyone", ("delta", "worth"))
        told = con.execute(f"SELECT delta FROM ({sql})").fetchall()

    assert [delta > 0 for (delta,) in told] == [True] * 40 + [False, True] * 40
