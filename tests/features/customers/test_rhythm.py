import pytest

RHYTHM = {
    # Bought 10, 30, 40 and 100 days before: gaps of 60, 10 and 20 days.
    "customer_days_since_purchase": 10,
    "customer_purchase_gap_days": 30,
    "customer_lateness": 10 / 30,
    "customer_purchase_gap_deviation": 700**0.5,
    "customer_purchase_unevenness": 700**0.5 / 30,
    "customer_latest_gap_to_usual": 20 / 30,
    "customer_purchases": 4,
    "customer_purchases_30d": 2,
    "customer_purchases_90d": 3,
    "customer_purchases_180d": 4,
    "customer_purchases_365d": 4,
    "customer_purchase_pace": 3 / 4,
    "customer_purchases_to_year_before": None,
}


@pytest.fixture
def buyer(story):
    for day in ("2024-03-23", "2024-05-22", "2024-06-01", "2024-06-21"):
        story.order("c", on=day)
    return story


def test_rhythm_of_four_purchases(buyer):
    found = buyer.values_of_customer(RHYTHM, "c", as_of="2024-07-01")

    assert found == {name: pytest.approx(value) for name, value in RHYTHM.items()}


def test_the_trend_of_gaps_rises_when_purchases_become_rare(story):
    for day in ("2024-01-01", "2024-01-03", "2024-01-08", "2024-01-18"):
        story.order("c", on=day)

    # Gaps of 2, 5 and 10 days on days 2, 7 and 17: slope (1/3) * ((-20/3)(-11/3) + (-5/3)(-2/3) + (25/3)(13/3)) / ...
    x, y = (2, 7, 17), (2, 5, 10)
    mean_x, mean_y = sum(x) / 3, sum(y) / 3
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    assert slope > 0
    assert story.value_of_customer("customer_purchase_gap_trend", "c", as_of="2024-02-01") == pytest.approx(slope)


def test_lines_of_one_order_are_one_purchase_and_returns_are_none(story):
    story.order("c", on="2024-01-01", group_id="g").order("c", on="2024-01-01", group_id="g")
    story.order("c", on="2024-01-05", amount=-50, quantity=-1)

    assert story.value_of_customer("customer_purchases", "c", as_of="2024-02-01") == 1
    assert story.value_of_customer("customer_days_since_purchase", "c", as_of="2024-02-01") == 31


def test_this_year_is_compared_with_the_one_before(story):
    for day in ("2022-08-01", "2022-09-01", "2023-08-01"):
        story.order("c", on=day)

    assert story.value_of_customer("customer_purchases_to_year_before", "c", as_of="2024-07-01") == 0.5


def test_a_purchase_at_the_moment_or_written_down_later_is_not_seen(buyer):
    buyer.order("c", on="2024-06-28", recorded="2024-07-05")

    at_the_last = buyer.values_of_customer(("customer_purchases", "customer_days_since_purchase"), "c", "2024-06-21")
    assert at_the_last == {"customer_purchases": 3, "customer_days_since_purchase": 20}
    assert buyer.value_of_customer("customer_purchases_90d", "c", as_of="2024-07-01") == 3
    assert buyer.value_of_customer("customer_purchases_90d", "c", as_of="2024-07-06") == 4


def test_nobody_has_no_rhythm_and_no_purchases(buyer):
    found = buyer.values_of_customer(RHYTHM, "nobody", as_of="2024-07-01")

    zeros = {name for name, value in found.items() if value == 0}
    assert zeros == {f"customer_purchases{window}" for window in ("", "_30d", "_90d", "_180d", "_365d")}
    assert {value for name, value in found.items() if name not in zeros} == {None}
