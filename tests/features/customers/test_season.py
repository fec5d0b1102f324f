import pytest


@pytest.mark.parametrize(
    ("feature", "as_of", "value"),
    [
        ("customer_season_month", "2024-02-29T23:30", 2),
        ("customer_season_month", "2024-03-01", 3),
        ("customer_season_quarter_end", "2024-03-01", 30),
        ("customer_season_to_holiday", "2024-04-30", 1),
        ("customer_season_to_holiday", "2024-05-01", 0),
        ("customer_season_since_holiday", "2024-05-01", 0),
    ],
)
def test_season_is_that_of_the_local_day(story, feature, as_of, value):
    story.order("c", on="2024-01-01")

    assert story.value_of_customer(feature, "c", as_of=as_of) == value
