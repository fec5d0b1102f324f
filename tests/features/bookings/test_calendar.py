"""Weeks, months and quarters as days."""

import numpy as np
import pytest

from features.bookings.calendar import UnknownFrequency, check_frequency, date_of, edges_between, period_edges, worked
from features.calendar import FIRST_DAY


def days(text: str) -> int:
    from datetime import date

    return (date.fromisoformat(text) - FIRST_DAY).days


@pytest.mark.parametrize(
    ("frequency", "first", "last"),
    [
        ("week", "2025-12-29", "2026-01-12"),
        ("month", "2026-01-01", "2026-03-01"),
        ("quarter", "2026-01-01", "2026-07-01"),
        ("year", "2026-01-01", "2028-01-01"),
    ],
)
def test_the_first_period_holds_the_day_and_the_last_edge_ends_the_last(frequency: str, first: str, last: str) -> None:
    edges = period_edges(days("2026-01-02"), frequency, 2)

    assert [date_of(edges[0]).isoformat(), date_of(edges[-1]).isoformat()] == [first, last]


@pytest.mark.parametrize("frequency", ["week", "month", "quarter", "year"])
def test_edges_between_two_days_hold_both(frequency: str) -> None:
    first, last = days("2024-02-29"), days("2025-12-31")

    edges = edges_between(first, last, frequency)

    assert edges[0] <= first < edges[1]
    assert edges[-2] <= last < edges[-1]
    assert np.array_equal(edges, period_edges(first, frequency, len(edges) - 1))


def test_golden_week_is_not_worked_and_a_sunday_that_makes_up_for_it_is() -> None:
    golden = np.array([days("2024-10-01"), days("2024-10-04"), days("2024-09-29")])

    assert worked(golden, "CN").tolist() == [False, False, True]


def test_other_frequencies_are_a_named_error() -> None:
    with pytest.raises(UnknownFrequency, match="fortnight"):
        check_frequency("fortnight")
