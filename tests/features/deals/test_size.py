import pytest

from features.catalog import offered
from features.contracts import Known


def test_the_amount_is_the_latest_on_record(story):
    story.deal("d1", created="2024-01-01", amount=1000).changes("amount", "800", on="2024-02-01", recorded="2024-02-10")

    assert story.value("deal_amount", "d1", as_of="2024-02-05") == 1000
    assert story.value("deal_amount", "d1", as_of="2024-02-11") == 800
    assert story.value("deal_amount_drift", "d1", as_of="2024-02-11") == 0.8
    assert story.value("deal_amount_edits", "d1", as_of="2024-02-11") == 2


def test_an_amount_known_at_creation_is_written_down_once_however_often_the_row_changes(story):
    story.declares("deals", amount=Known.AT_CREATION)
    story.row("deals", deal_id="d1", status="open", created_at="2024-01-01", amount=500, source="web")
    story.import_now("2024-01-02")
    story.row("deals", deal_id="d1", status="open", created_at="2024-01-01", amount=500, source="fair")
    story.import_now("2024-02-01")
    story.row("deals", deal_id="d1", status="open", created_at="2024-01-01", amount=450, source="fair")
    story.import_now("2024-03-01")

    assert story.value("deal_amount_edits", "d1", as_of="2024-02-15") == 1
    assert story.value("deal_amount", "d1", as_of="2024-02-15") == 500
    assert story.value("deal_amount_edits", "d1", as_of="2024-03-15") == 2
    assert story.value("deal_amount", "d1", as_of="2024-03-15") == 450


def test_an_amount_that_nobody_dated_counts_from_the_export_that_showed_it(story):
    story.row("deals", deal_id="d1", status="open", created_at="2024-01-01", amount=500)
    story.import_now("2024-03-01")

    assert story.value("deal_amount", "d1", as_of="2024-03-01") is None
    assert story.value("deal_amount", "d1", as_of="2024-03-02") == 500


def test_an_amount_of_which_only_todays_value_is_known_is_no_feature(story):
    story.declares("deals", amount=Known.CURRENT)
    story.row("deals", deal_id="d1", status="open", created_at="2024-01-01", amount=500)

    assert offered(story.history).left_out["deal_amount"] == "the history has nothing that gives amount_changes"


def test_the_amount_beside_the_list_price(story):
    story.product("p1", list_price=400)
    story.deal("d1", product="p1", amount=300)
    story.deal("d2", product="p9", amount=300)

    assert story.value("deal_amount_to_list", "d1", as_of="2024-02-01") == 0.75
    assert story.value("deal_amount_to_list", "d2", as_of="2024-02-01") is None


def test_amounts_of_other_currencies_count_at_the_rate_on_record(story):
    story.rate("USD", "2024-01-01", 7).rate("USD", "2024-02-01", 7.5, recorded="2024-02-03")
    story.deal("d1", currency="USD", created="2024-01-10", amount=100).changes("amount", "200", on="2024-02-02")
    story.deal("d2", currency="EUR", amount=100)
    story.deal("d3", currency="USD", created="2024-02-03", amount=100)
    story.deal("d4", currency="USD", created="2024-02-04", amount=100)

    assert story.value("deal_amount", "d1", as_of="2024-01-20") == 700
    assert story.value("deal_amount", "d1", as_of="2024-02-20") == 1400  # the rate of 1 February came on the 3rd
    assert story.value("deal_amount", "d2", as_of="2024-02-20") is None
    assert story.value("deal_amount", "d3", as_of="2024-02-20") == 750
    assert story.value("deal_amount", "d4", as_of="2024-02-20") == 750


def test_of_rates_recorded_together_the_one_of_the_latest_day_counts(story):
    for day, rate in (("2024-01-01", 7), ("2024-01-02", 7.25), ("2024-01-03", 7.5)):
        story.rate("USD", day, rate, recorded="2024-01-10")
    story.rate("USD", "2023-12-01", 6, recorded="2024-01-20")
    story.deal("d1", currency="USD", created="2024-01-15", amount=100)
    story.deal("d2", currency="USD", created="2024-01-25", amount=100)

    assert story.value("deal_amount", "d1", as_of="2024-02-01") == 750
    assert story.value("deal_amount", "d2", as_of="2024-02-01") == 750


def test_the_amount_above_what_the_customer_usually_buys(story):
    story.rate("USD", "2023-01-01", 7)
    story.deal("old", customer="c1", created="2023-01-01", amount=150).closes("won", on="2023-02-01")
    story.deal("old").changes("amount", "100", on="2023-01-15").changes("amount", "9000", on="2023-06-01")
    story.deal("older", customer="c1", currency="USD", created="2023-01-01", amount=100)
    story.deal("older").changes("status", "lost", on="2023-03-01")
    story.deal("empty", customer="c1", created="2023-01-01").closes("won", on="2023-02-01")
    story.deal("d1", customer="c1", amount=500)
    story.deal("d2", customer="c2", amount=500)

    assert story.value("deal_amount_above_usual", "d1", as_of="2024-02-01") == 100  # 500 - (100 + 700) / 2
    assert story.value("deal_amount_above_usual", "d2", as_of="2024-02-01") is None


def test_amounts_known_only_at_the_close_make_no_feature_of_an_open_deal(story):
    story.declares("deals", amount=Known.AT_CLOSE)
    story.row("deals", deal_id="old", status="won", created_at="2023-01-01", closed_at="2023-02-01", amount=100)

    assert "deal_amount_above_usual" in offered(story.history).left_out
    assert "deal_amount" in offered(story.history).left_out


@pytest.mark.parametrize("text", ["", "a lot", "NaN", "1e999"])
def test_an_amount_that_is_no_number_is_missing(story, text):
    story.deal("d1", amount=text)

    assert story.value("deal_amount", "d1", as_of="2024-02-01") is None
    assert story.value("deal_amount_edits", "d1", as_of="2024-02-01") == 1


def test_the_amount_beside_its_own_past(story):
    deal = story.deal("d1", created="2024-01-01", amount=1000).changes("amount", "500", on="2024-01-11")
    deal.changes("amount", "900", on="2024-01-31", recorded="2024-02-20")
    story.deal("d2", created="2024-01-01", amount=70)
    story.deal("d3")
    told = {
        "deal_amount_to_its_mean": 500 / ((1000 * 10 + 500 * 30) / 40),
        "deal_amount_trend": -50 / 750,
        "deal_days_since_amount": 30,
    }

    assert story.values(told, "d1", as_of="2024-02-10") == pytest.approx(told)
    assert story.value("deal_days_since_amount", "d1", as_of="2024-01-11") == 10
    assert story.value("deal_amount_trend", "d1", as_of="2024-01-11") is None
    assert story.value("deal_days_since_amount", "d1", as_of="2024-02-20") == 40
    assert story.value("deal_days_since_amount", "d1", as_of="2024-02-21") == 21
    once = {"deal_amount_to_its_mean": 1, "deal_amount_trend": None, "deal_days_since_amount": 40}
    assert story.values(once, "d2", as_of="2024-02-10") == once
    never = dict.fromkeys(told)
    assert story.values(never, "d3", as_of="2024-02-10") == never


def test_the_amount_beside_what_such_deals_were_won_at(story):
    story.customer("acme", segment="A", created="2020-01-01").customer("beta", segment="A", created="2020-01-01")
    story.deal("a", customer="acme", product="p", amount=100).closes("won", on="2024-02-01")
    story.deal("b", customer="beta", product="q", amount=300).closes("won", on="2024-02-01")
    story.deal("c", customer="acme", product="p", amount=9000).closes("lost", on="2024-02-01")
    story.deal("d", customer="acme", product="p", amount=500).closes("won", on="2024-03-01", recorded="2024-06-01")
    story.deal("x", customer="acme", product="p", amount=200)
    story.deal("y", amount=200)
    told = {"deal_amount_to_product_wins": 2, "deal_amount_to_segment_wins": 1}
    later = {"deal_amount_to_product_wins": 200 / 300, "deal_amount_to_segment_wins": 200 / 300}
    nothing = dict.fromkeys(told)

    assert story.values(told, "x", as_of="2024-06-01") == told
    assert story.values(later, "x", as_of="2024-06-02") == pytest.approx(later)
    assert story.values(nothing, "x", as_of="2024-02-01") == nothing
    assert story.values(nothing, "y", as_of="2024-06-02") == nothing
