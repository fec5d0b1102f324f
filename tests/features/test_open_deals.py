from features.as_of import parse_moment
from features.open_deals import active_customers


def active(story, day: str) -> list[str]:
    return active_customers(story.history, parse_moment(day, "Asia/Shanghai")).ids.tolist()


def test_who_only_sends_things_back_is_not_active(story):
    story.order("buys", on="2024-01-01").order("returns", on="2022-01-01")
    story.order("returns", on="2024-01-01", amount=-50, quantity=-1)
    story.order("credited", on="2024-01-01", amount=-50)

    assert active(story, "2024-02-01") == ["buys"]


def test_a_year_after_the_last_order_nobody_is_active_but_for_a_contract(story):
    story.order("buys", on="2023-01-01").order("holds", on="2023-01-01").contract("holds", on="2023-01-01")
    story.contract("gone", on="2023-01-01", cancelled_on="2023-06-01")

    assert active(story, "2023-12-31") == ["buys", "holds"]
    assert active(story, "2024-02-01") == ["holds"]
