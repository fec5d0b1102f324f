"""Does a row that was told contradict itself? The checks of `features.row_checks`, for one row of typed values.

An import asks DuckDB, over millions of rows; here the same is asked of one. A test asks both of the same rows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from features.contracts import STATUSES
from features.day_closings import SAME_DAY
from features.row_checks import PERIOD
from features.written_numbers import PLAIN

Values = Mapping[str, object]
MICROSECOND = timedelta(microseconds=1)


def contradictions(table: str, row: Values) -> Iterator[tuple[str, str]]:
    """The column at fault, and what is wrong and how to mend it, for each check of the table that the row fails."""
    for column, wrong, message in _CHECKS.get(table, ()):
        if wrong(row):
            yield column, message


def closes_unsaid(row: Values) -> bool:
    """Whether a row of deals says that the deal is won or lost, and not when."""
    return row.get("status") in ("won", "lost") and row.get("closed_at") is None


def end_of_its_day(table: str, row: Mapping[str, object], zone: ZoneInfo) -> dict[str, object]:
    """The row with a closing that was given as the day of its beginning moved to that day's end (`day_closings`)."""
    for whose, closing, beginning, stands in SAME_DAY:
        closed, begun = row.get(closing), row.get(beginning)
        if whose == table and isinstance(closed, datetime) and isinstance(begun, datetime):
            local = closed.replace(tzinfo=UTC).astimezone(zone)
            same = local.date() == begun.replace(tzinfo=UTC).astimezone(zone).date()
            before = closed < begun or (closed == begun and stands == "<=")
            if same and before and local.time() == time():
                following = datetime.combine(local.date() + timedelta(days=1), time(), zone)
                return {**row, closing: following.astimezone(UTC).replace(tzinfo=None) - MICROSECOND}
    return dict(row)


def _before(one: str, other: str) -> Callable[[Values], bool]:
    def check(row: Values) -> bool:
        first, second = row.get(one), row.get(other)
        return isinstance(first, date) and isinstance(second, date) and first < second

    return check


def _not_above_zero(row: Values) -> bool:
    rate = row.get("rate")
    return isinstance(rate, float) and rate <= 0


def _new(field: str, right: Callable[[str], bool]) -> Callable[[Values], bool]:
    return lambda row: (
        row.get("field") == field and row.get("new_value") is not None and not right(str(row["new_value"]))
    )


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text, re.ASCII):
        return False
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _is_plain(text: str) -> bool:
    return re.fullmatch(PLAIN, text, re.ASCII) is not None


_CHECKS: Mapping[str, tuple[tuple[str, Callable[[Values], bool], str], ...]] = {
    "deals": (
        (
            "closed_at",
            _before("closed_at", "created_at"),
            "lies before created_at: the deal would have closed before it was created; correct one of the two",
        ),
        (
            "closed_at",
            lambda row: row.get("closed_at") is not None and row.get("status") == "open",
            "is given and the deal is open; send the planned day as expected_close_on, or correct the status",
        ),
    ),
    "subscriptions": (
        ("ends_on", _before("ends_on", "started_on"), "lies before started_on; correct one of the two days"),
        ("cancelled_on", _before("cancelled_on", "started_on"), "lies before started_on; correct one of the two days"),
    ),
    "tickets": (
        ("closed_at", _before("closed_at", "opened_at"), "lies before opened_at; correct one of the two times"),
    ),
    "quotas": (
        (
            "period",
            lambda row: re.fullmatch(PERIOD, str(row.get("period")), re.ASCII) is None,
            "is no period; write it as 2026, 2026Q4, 2026-11 or 2026-W47",
        ),
    ),
    "fx_rates": (("rate", _not_above_zero, "must be above zero; correct the rate"),),
    "deal_changes": (
        ("new_value", _new("status", lambda text: text in STATUSES), f"of a status is one of {', '.join(STATUSES)}"),
        ("new_value", _new("amount", _is_plain), "of an amount is a plain number such as 1234.56"),
        ("new_value", _new("expected_close_on", _is_day), "of expected_close_on is a day such as 2026-10-20"),
    ),
}
