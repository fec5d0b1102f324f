from datetime import datetime

from serving.cards import reading
from serving.cards.reading import standing

NOW = datetime(2026, 11, 21, 1, 30)


def deal_cards(history, now):
    return reading.deal_cards(history, now, standing(history, now))


def customer_cards(history, now):
    return reading.customer_cards(history, now, standing(history, now))


def test_a_deal_stands_as_its_last_changes_say(company):
    cards = {card.subject_id: card for card in deal_cards(company, NOW)}

    assert set(cards) == {"D1", "D2", "D3"}
    first = cards["D1"]
    assert first.columns["stage"] == "Proposal"
    assert first.columns["amount"] == 2500.0
    assert first.columns["rep_id"] == "ann"
    assert first.columns["status"] == "open"
    assert first.record["stage"] == "Proposal"
    assert first.record["amount"] == 2500.0
    assert cards["D3"].columns["status"] == "won"


def test_cards_of_an_earlier_moment_do_not_know_what_came_later(company):
    cards = {card.subject_id: card for card in deal_cards(company, datetime(2026, 3, 15))}

    assert cards["D1"].columns["stage"] == "Proposal"
    assert cards["D1"].columns["amount"] == 1000.0


def test_a_deal_that_only_its_changes_close_is_closed(story):
    story.deal("D1", created_at="2026-01-05").changes("status", "lost", on="2026-03-01")

    (card,) = deal_cards(story.history, NOW)

    assert card.columns["status"] == "lost"


def test_customers_are_those_anything_speaks_of_and_active_by_their_orders(company):
    cards = {card.subject_id: card for card in customer_cards(company, NOW)}

    assert {name: card.columns["active"] for name, card in cards.items()} == {"C1": True, "C2": False, "C9": True}
    assert cards["C1"].record["name"] == "新润能源"
    assert cards["C9"].record == {"customer_id": "C9"}


def test_a_customer_belongs_to_sellers_of_open_deals_of_the_latest_deal_and_of_the_latest_order(company):
    owners = {card.subject_id: card.owners for card in customer_cards(company, NOW)}

    assert owners == {"C1": {"ann", "bo"}, "C2": {"bo"}, "C9": set()}


def test_a_digest_changes_with_anything_shown_and_only_then(company, another_story):
    first = {card.subject_id: card.digest for card in deal_cards(company, NOW)}
    again = {card.subject_id: card.digest for card in deal_cards(company, NOW)}
    earlier = {card.subject_id: card.digest for card in deal_cards(company, datetime(2026, 3, 15))}

    assert first == again
    assert first["D1"] != earlier["D1"]
    assert first["D3"] == earlier["D3"]
