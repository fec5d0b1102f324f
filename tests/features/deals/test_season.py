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
