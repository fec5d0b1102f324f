"""Which rows contradict themselves? Checks that need one row and nothing else."""

from typing import NamedTuple

from features.contracts import STATUSES
from features.quoting import texts
from features.written_numbers import PLAIN


class RowCheck(NamedTuple):
    """SQL over a row's typed columns that holds when the row is wrong, the column to blame, and the way out.

    With `choices`, `{nearest}` in the fix is the choice most like the value.
    """

    table: str
    columns: tuple[str, ...]
    when: str
    reason: str
    fix: str
    choices: tuple[str, ...] = ()

    @property
    def blamed(self) -> str:
        return self.columns[0]


PERIOD = r"\d{4}(Q[1-4]|-(0[1-9]|1[0-2])|-W(0[1-9]|[1-4]\d|5[0-3]))?"

ROW_CHECKS = (
    RowCheck(
        "deals",
        ("closed_at", "created_at"),
        "closed_at < created_at",
        "closed before it was created",
        "correct one of the two dates; a closing given as a day alone counts at the end of the day of creation",
    ),
    RowCheck(
        "deals",
        ("closed_at", "status"),
        "closed_at IS NOT NULL AND status = 'open'",
        "the deal is open and has a closing date",
        "if this is the planned date, map the column to it: columns: {expected_close_on: HEADER}; "
        "else correct the status",
    ),
    RowCheck(
        "subscriptions",
        ("ends_on", "started_on"),
        "ends_on < started_on",
        "ends before it starts",
        "correct one of the two dates",
    ),
    RowCheck(
        "subscriptions",
        ("cancelled_on", "started_on"),
        "cancelled_on < started_on",
        "cancelled before it starts",
        "correct one of the two dates",
    ),
    RowCheck(
        "tickets",
        ("closed_at", "opened_at"),
        "closed_at < opened_at",
        "closed before it was opened",
        "correct one of the two times",
    ),
    RowCheck(
        "quotas",
        ("period",),
        f"NOT regexp_full_match(period, '{PERIOD}')",
        "not a period",
        "write it as 2026, 2026Q4, 2026-11 or 2026-W47",
    ),
    RowCheck("fx_rates", ("rate",), "rate <= 0", "a rate must be above zero", "correct the rate"),
    RowCheck(
        "deal_changes",
        ("new_value", "field"),
        f"field = 'status' AND NOT list_contains({texts(STATUSES)}, new_value)",
        f"the new status is not one of {', '.join(STATUSES)}",
        'map it in the mapping: values: {new_value: {"{value}": {nearest}}}',
        STATUSES,
    ),
    RowCheck(
        "deal_changes",
        ("new_value", "field"),
        f"field = 'amount' AND NOT regexp_full_match(new_value, '{PLAIN}')",
        "the new amount is not a plain number",
        "write amounts as 1234.56 in this column, or build it with compute: {new_value: ...}",
    ),
    RowCheck(
        "deal_changes",
        ("new_value", "field"),
        "field = 'expected_close_on' AND (NOT regexp_full_match(new_value, '\\d{4}-\\d{2}-\\d{2}([T ].*)?') "
        "OR TRY_CAST(left(new_value, 10) AS DATE) IS NULL)",
        "the new expected close is not a day",
        "write days as 2016-10-20 in this column, or build it with compute: {new_value: ...}",
    ),
)
