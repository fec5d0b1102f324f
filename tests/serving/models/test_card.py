from serving.models.card import card_of


def test_the_card_tells_what_the_bundle_tells(company):
    champion = company.champion(
        "7", meta={"says": "so", "says_zh": "如此", "serves": "odoo", "closed_deals": 40, "scorecard": {"auc": 0.7}}
    )

    card = card_of(champion, "en")
    assert (card.says, card.serves, card.closed_deals, card.scorecard) == ("so", "odoo", 40, {"auc": 0.7})
    assert card.until.isoformat() == "2026-11-01T00:00:00+00:00"
    assert card_of(champion, "zh").says == "如此"


def test_a_bundle_that_tells_nothing_leaves_blanks(company):
    card = card_of(company.champion("7", meta={}), "zh")

    assert (card.says, card.serves, card.closed_deals, card.scorecard) == (None, None, None, {})
