import json

import pytest

from features.as_of import parse_moment
from features.catalog import select
from training.amounts import STRENGTH, Amounts, fit_amounts
from training.dataset import build_dataset

FEATURES = select("deal_amount", "deal_age_days", "product")
UNTIL = "2024-06-01"


def learn(story, features=FEATURES) -> Amounts:
    end = parse_moment(UNTIL, story.timezone)
    return fit_amounts(story.history, build_dataset(story.history, features, end, (0, 7)), end)


def won(story, deal_id: str, amount: float, final: float, **columns: object) -> None:
    """A deal first put at `amount` and closed at `final`."""
    deal = story.deal(deal_id, amount=amount, **columns)
    story.row(
        "deals",
        **{
            **story._deals[deal_id],
            "status": "won",
            "closed_at": "2024-03-01",
            "amount": final,
            "recorded_at": "2024-03-01",
        },
    )
    deal.changes("amount", str(final), on="2024-03-01")


def test_amounts_shrink_as_they_did_in_the_past(story):
    won(story, "d1", 100, 80, product="P1")
    won(story, "d2", 300, 240, product="P1")
    story.deal("lost", amount=1000, product="P1").closes("lost", on="2024-03-01")
    amounts = learn(story)

    assert amounts.kept == pytest.approx(0.8)
    assert amounts.expected(1000, "P1") == pytest.approx(800)
    assert amounts.expected(1000, "P1", "Talks", 12.0) == pytest.approx(800)
    assert amounts.mean == pytest.approx(160)


def test_the_large_lose_more_and_the_far_along_less(story):
    """Small deals keep all; large ones are halved, but only before the second look."""
    for number in range(40):
        won(story, f"s{number:02d}", 10, 10, product="P1")
        won(story, f"l{number:02d}", 1000, 500, product="P1")
    amounts = learn(story)

    small, large = amounts.expected(10, None), amounts.expected(1000, None)
    assert large / 1000 == pytest.approx(0.5, abs=0.03)
    assert large / 1000 < amounts.kept < small / 10 < 1
    assert set(amounts.factors) == {"stage", "age", "size"}
    assert amounts.factors["stage"] == pytest.approx({"": 1.0}, abs=0.05)


def test_one_odd_deal_moves_its_group_little(story):
    for number in range(30):
        won(story, f"d{number:02d}", 100 + number, 100 + number, product="P1")
    won(story, "odd", 5000, 500, product="P1")
    amounts = learn(story)

    assert amounts.expected(101, None) > 0.75 * 101 * amounts.kept


def test_a_deal_without_an_amount_is_expected_to_close_at_its_products_mean(story):
    won(story, "d1", 100, 100, product="P1")
    won(story, "d2", 300, 300, product="P2")
    amounts = learn(story)

    assert amounts.mean == 200
    assert amounts.expected(None, "P1") == pytest.approx((100 + STRENGTH * 200) / (1 + STRENGTH))
    assert amounts.expected(None, "P2") == pytest.approx((300 + STRENGTH * 200) / (1 + STRENGTH))
    assert amounts.expected(None, "P3") == amounts.expected(None, None) == 200
    assert amounts.expected(float("nan"), None) == 200


def test_amounts_are_in_the_base_currency(story):
    story.rate("USD", on="2024-01-01", rate=7)
    won(story, "d1", 100, 100, product="P1", currency="USD")

    assert learn(story).mean == 700


def test_what_closed_later_is_not_learned_from(story):
    won(story, "d1", 100, 80, product="P1")
    story.deal("later", amount=1e6, product="P1").closes("won", on="2024-07-01", amount=1e6)

    assert learn(story).mean == 80


def test_where_nothing_was_won_nothing_is_expected(story):
    story.deal("d1", amount=10, product="P1").closes("lost", on="2024-03-01")
    amounts = learn(story)

    assert amounts == Amounts(None, None, {})
    assert amounts.expected(10, "P1") is None


def test_without_any_amounts_nothing_is_expected(story):
    story.deal("d1", product="P1").closes("won", on="2024-03-01")

    assert learn(story, select("deal_age_days")).expected(None, "P1") is None


def test_they_come_back_from_json_as_they_were():
    amounts = Amounts(0.9, 100.0, {"P1": 120.0}, {"stage": {"Talks": 1.1}}, (50.0, 90.0))

    assert Amounts.from_json(json.loads(json.dumps(amounts.to_json()))) == amounts
