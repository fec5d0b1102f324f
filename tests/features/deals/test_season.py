import pytest


@pytest.mark.parametrize(
    ("as_of", "month", "weekday", "to_month_end", "to_quarter_end"),
    [
        ("2024-02-28", 2, 2, 1, 32),
        ("2024-03-31", 3, 6, 0, 0),
        ("2024-12-31T23:59:59", 12, 1, 0, 0),
        ("2024-12-31T16:00:00Z", 1, 2, 30, 89),  # New Year in Shanghai
    ],
)
def test_the_calendar_is_the_local_one(story, as_of, month, weekday, to_month_end, to_quarter_end):
    story.deal("d1")

    assert story.value("month", "d1", as_of) == month
    assert story.value("weekday", "d1", as_of) == weekday
    assert story.value("days_to_month_end", "d1", as_of) == to_month_end
    assert story.value("days_to_quarter_end", "d1", as_of) == to_quarter_end


def test_how_selling_has_gone_lately(story):
    story.deal("a", created="2023-01-01").closes("won", on="2023-02-01")
    story.deal("b", created="2024-01-01").closes("lost", on="2024-05-01")
    story.deal("c", created="2024-05-20").closes("won", on="2024-05-30")
    story.deal("d", created="2024-05-25")

    assert story.value("company_win_rate_90d", "d", as_of="2024-06-01") == 0.5
    assert story.value("company_new_deals_30d", "d", as_of="2024-06-01") == 2
    assert story.value("company_win_rate_90d", "d", as_of="2024-01-01") is None
    assert story.value("company_new_deals_30d", "d", as_of="2025-01-01") == 0


def test_where_no_deal_has_closed_there_is_no_rate(story):
    story.deal("a")

    assert story.value("company_win_rate_90d", "a", as_of="2024-06-01") is None


@pytest.mark.parametrize(
    ("as_of", "told"),
    [
        # The Spring Festival of 2024 begins on February 10th, and Sunday the 18th is worked; the Dragon Boat
        # Festival is on Monday, June 10th.
        ("2024-02-09", {"is_holiday": 0, "days_to_holiday": 1, "working_days_to_month_end": 11}),
        ("2024-02-12", {"is_holiday": 1, "days_to_holiday": 0, "days_since_holiday": 0}),
        ("2024-06-12", {"is_holiday": 0, "days_since_holiday": 2, "working_days_to_month_end": 13}),
        ("2024-06-28", {"working_days_to_quarter_end": 1, "quarter_elapsed": 88 / 91}),
        ("2024-06-30", {"working_days_to_quarter_end": 0, "quarter_elapsed": 90 / 91}),
        ("2024-06-30T16:00:00Z", {"quarter_elapsed": 0, "working_days_to_month_end": 23}),
    ],
)
def test_working_days_and_holidays_are_those_of_the_country(story, as_of, told):
    story.deal("d1")

    assert story.values(told, "d1", as_of) == told


def test_how_much_the_company_has_open(story):
    story.deal("a", created="2024-01-01").closes("won", on="2024-02-01")
    story.deal("b", created="2024-01-05").closes("lost", on="2024-02-01", recorded="2024-02-10")
    story.deal("c", created="2024-01-10", recorded="2024-03-01")

    for as_of, opened in (
        ("2024-01-06", 2),
        ("2024-02-01", 2),
        ("2024-02-02", 1),
        ("2024-02-11", 0),
        ("2024-03-02", 1),
    ):
        assert story.value("company_open_deals", "a", as_of) == opened
