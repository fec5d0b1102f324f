"""What came is told apart as at the moment asked, and as on record by a given time."""

from datetime import datetime

import numpy as np

from features.as_of import parse_moment
from features.bookings.calendar import day_of
from features.bookings.pace import sales
from features.history import History
from training.bookings.levels import labels
from training.bookings.views import Later, view


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


def came(history: History, until: str) -> dict[str, list[float]]:
    """What came by region in the two months after July began, as on record at a later time."""
    now, end = at("2024-07-01"), at(until)
    every = sales(history, "orders", end)
    known = every.as_of(now)
    later = Later.read(history, known, every.as_of(end), now, end)
    day, last = (day_of(one, history.timezone) for one in (now, end))
    laid = view(known, later, labels(history, now, known.owners), day, last, ("region",), "month", 2)
    return {key[0]: row.tolist() for key, row in zip(laid.keys, laid.actual, strict=True)}


def test_a_customer_who_moved_since_counts_where_it_was_and_a_new_one_where_it_is(story) -> None:
    story.customer("mover", region="north", created_at="2024-01-01").customer("other", region="south")
    for month in range(1, 7):
        story.order("mover", on=f"2024-{month:02d}-10", amount=10).order("other", on=f"2024-{month:02d}-11", amount=20)
    story.import_now("2024-06-30")
    story.customer("mover", region="south").customer("new", region="north", created_at="2024-07-02")
    story.order("mover", on="2024-07-10", amount=7).order("new", on="2024-07-11", amount=5)
    story.import_now("2024-09-01")

    found = came(story.history, "2024-10-01")

    assert found["north"][0] == 12
    assert found["south"][0] == 0


def test_months_that_are_not_over_are_not_known(story) -> None:
    story.customer("one", region="north").customer("two", region="south")
    for month in range(1, 9):
        story.order("one", on=f"2024-{month:02d}-10", amount=10).order("two", on=f"2024-{month:02d}-10", amount=1)

    found = came(story.history, "2024-08-20")

    assert found["north"][0] == 10
    assert np.isnan(found["north"][1])
