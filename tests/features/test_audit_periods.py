"""Rows over time must be counted by local days, gaps named, and what is merely seldom left in peace."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from features.audit_coverage import by_day, coverage
from features.audit_periods import Daily, by_period, period_findings
from features.audit_report import Finding

if TYPE_CHECKING:
    from tests.conftest import Story

FIRST = (date(2024, 1, 1) - date(1970, 1, 1)).days


def rows_on(days: object, table: str = "activities", each: int = 10) -> Daily:
    """So many rows on each of these days after 2024-01-01."""
    at = np.asarray(days, np.int64) + FIRST
    return Daily(table, at, np.full(len(at), each), {}, 0)


def found(story: "Story", *tables: Daily) -> list[Finding]:
    return list(period_findings(story.history, tables))


@pytest.mark.parametrize(
    ("days", "unit", "periods"),
    [
        ([0, 59, 60], "month", {"2024-01": 1, "2024-02": 1, "2024-03": 1}),
        ([0, 5 * 365], "quarter", None),
        ([0, 40 * 365], "year", None),
        ([], "month", {}),
    ],
)
def test_periods_are_as_fine_as_the_history_allows(days: list[int], unit: str, periods: dict[str, int] | None) -> None:
    chosen, counted = by_period(np.array(days, np.int64) + FIRST, [1] * len(days))

    assert chosen == unit
    assert sum(counted.values()) == len(days)
    assert periods is None or counted == periods


def test_periods_between_are_written_with_no_rows_and_a_wild_date_does_not_make_thousands() -> None:
    assert by_period([0, 70], [2, 3])[1] == {"1970-01": 2, "1970-02": 0, "1970-03": 3}
    assert len(by_period([-700_000, 20_000], [1, 1])[1]) == 2


def test_rows_count_on_the_day_of_the_history_and_only_once_on_record(story: "Story") -> None:
    story.deal("d1", created="2024-01-31T17:00:00Z").activity("2024-03-01", recorded="2024-05-01")
    story.customer("c1")
    (deals, customers) = coverage(story.history, by_day(story.history, datetime(2024, 4, 1)), datetime(2024, 4, 1))

    assert (deals.table, deals.coverage, deals.period) == ("deals", {"2024-02": 1}, "month")
    assert (customers.table, customers.rows, customers.coverage) == ("customers", 1, {})


def test_a_stretch_without_rows_is_named_with_its_days(story: "Story") -> None:
    story.deal("d1")
    weekdays = [day for day in range(700) if day % 7 < 5 and not 300 <= day < 340]

    (gap,) = found(story, rows_on(weekdays))

    assert (gap.place, gap.finding, gap.severity) == ("activities.happened_at", "gap-in-time", "warning")
    assert "from 2024-10-26 to 2024-12-05" in gap.evidence
    assert "for 41 days" in gap.evidence


@pytest.mark.parametrize(
    "days",
    [
        [day for day in range(700) if day % 7 < 5 and not 300 <= day < 316],  # a long holiday
        np.cumsum(np.random.default_rng(3).exponential(9, 120)).astype(int),  # few rows, at random
        range(0, 1500, 30),  # booked once a month
    ],
)
def test_holidays_and_rare_rows_are_no_gaps(story: "Story", days: object) -> None:
    story.deal("d1")

    assert not found(story, rows_on(sorted(set(days))))  # type: ignore[call-overload]


def test_a_month_left_out_of_monthly_rows_is_a_gap(story: "Story") -> None:
    story.deal("d1")
    (gap,) = found(story, rows_on([day for day in range(0, 1500, 30) if not 500 < day < 600]))

    assert gap.finding == "gap-in-time"


def test_lists_have_no_gaps(story: "Story") -> None:
    story.deal("d1")

    assert not found(story, rows_on([*range(100), *range(300, 400)], "products"))


def test_tables_that_cover_less_than_the_deals_are_told(story: "Story") -> None:
    story.deal("d1")
    tables = rows_on(range(700), "deals"), rows_on(range(200, 550)), rows_on(range(-400, 700), "subscriptions")

    told = {(f.table, f.finding): f.evidence for f in found(story, *tables)}

    assert told.keys() == {("activities", "table-begins-late"), ("activities", "table-ends-early")}
    assert "begin on 2024-07-" in told["activities", "table-begins-late"]
    assert "deals on 2024-01-" in told["activities", "table-begins-late"]


def _with_source(story: "Story", given: np.ndarray[tuple[int], np.dtype[np.int64]], column: str) -> list[Finding]:
    story.deal("d1", source="web", amount=5)
    days = np.arange(len(given)) + FIRST
    return found(story, Daily("deals", days, np.full(len(given), 10), {column: given}, 0))


def test_a_column_filled_only_lately_is_told_from_which_day(story: "Story") -> None:
    (late,) = _with_source(story, np.where(np.arange(400) < 250, 0, 6), "source")

    assert (late.place, late.finding, late.severity) == ("deals.source", "column-begins-late", "warning")
    assert "from 2024-09-0" in late.evidence
    assert "60%" in late.evidence


def test_a_column_that_nobody_fills_any_more_is_told(story: "Story") -> None:
    (stops,) = _with_source(story, np.where(np.arange(400) < 250, 6, 0), "source")

    assert stops.finding == "column-stops"
    assert "2024-09-" in stops.evidence


@pytest.mark.parametrize("column", ["lost_reason", "closed_at", "amount"])
def test_what_is_known_later_than_its_row_is_not_said_to_stop(story: "Story", column: str) -> None:
    assert not _with_source(story, np.where(np.arange(400) < 250, 6, 0), column)


def test_a_column_that_is_seldom_given_does_not_begin_late(story: "Story") -> None:
    assert not _with_source(story, (np.arange(400) % 40 == 39).astype(np.int64), "source")
