"""How is each table spread over time? Rows by month, quarter or year, stretches without any, columns begun late.

Days are those of the history's time zone. Only what was on record before a moment is counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from features.audit_report import Finding
from features.audit_words import tell
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Kind, Known
from features.history import History
from features.leak_tests import Ints
from features.quoting import name, text

Unit = Literal["month", "quarter", "year"]
MOST_PERIODS = 48
"""Periods from which on a coarser unit is taken."""
MOST_WRITTEN = 400
"""Periods from which on only those with rows are written: a single date of 1900 needs no thousand zeros."""

FLOWS = ("deals", "deal_changes", "activities", "orders", "subscriptions", "tickets")
"""Tables to which rows come all the time; the others are lists, in which nothing need be new for years."""
FEWEST_ROWS, FEWEST_DAYS = 100, 20
"""Rows, and days with rows, from which on a gap can be told."""
GAP_DAYS, GAP_TIMES = 21, 3
"""A gap is longer than three weeks and than three times the usual (90 % of the steps from day to day are shorter)."""
GAP_EXPECTED, REGULAR = 15, 1.2
"""And so many days with rows were to be expected in it, unless rows come at steps as regular as that: of rows that come
at random, a gap in which 15 were expected is one in three million."""
LATE_DAYS, LATE_SHARE, STRAGGLERS = 60, 0.1, 0.005
"""A table begins late, or ends early, by at least so many days and so much of the whole history; half a percent
of its rows may lie outside."""
COLUMN_ROWS, COLUMN_SHARE, COLUMN_GIVEN, COLUMN_STRAYS = 100, 0.05, 0.2, 0.01
"""A column begins late after so many rows without it, and so large a share; then it is given on a fifth at least."""


@dataclass(frozen=True)
class Daily:
    """Rows of a table by local day (days since 1970), and how many of each day's rows give each column."""

    table: str
    days: Ints
    rows: Ints
    given: Mapping[str, Ints]
    undated: int

    @property
    def flows(self) -> bool:
        """Whether there are rows enough, of a table that rows come to all the time."""
        return self.table in FLOWS and int(self.rows.sum()) >= FEWEST_ROWS and len(self.days) >= FEWEST_DAYS


def daily(history: History, table: str, on_record: str) -> Daily:
    """The rows of `on_record` (a SELECT of the table's rows), day by day."""
    columns = history.columns(table)
    happened = TABLES[table].happened
    day = "NULL::DATE"
    if happened is not None and happened in columns:
        day = _local_day(history, table, happened)
    counts = "".join(f", count({name(column)})" for column in columns)
    with history.connect() as con:
        found = con.execute(
            f"SELECT {day} AS day, count(*){counts} FROM ({on_record}) GROUP BY 1 ORDER BY 1"
        ).fetchall()
    dated = [row for row in found if row[0] is not None]
    undated = sum(row[1] for row in found if row[0] is None)
    days = np.array([(row[0] - date(1970, 1, 1)).days for row in dated], np.int64)
    rows = np.array([row[1] for row in dated], np.int64)
    given = {c: np.array([row[2 + i] for row in dated], np.int64) for i, c in enumerate(columns)}
    return Daily(table, days, rows, given, undated)


def _local_day(history: History, table: str, column: str) -> str:
    found = TABLES[table].column(column)
    if found is not None and found.kind is Kind.DAY:
        return f"{name(column)}::DATE"
    return f"timezone({text(history.timezone or 'UTC')}, timezone('UTC', {name(column)}))::DATE"


def by_period(days: Sequence[int] | Ints, rows: Sequence[int] | Ints) -> tuple[Unit, dict[str, int]]:
    """Rows by period, those without rows included; the finest unit that needs no more than 48 periods.

    >>> by_period([0, 40], [3, 1])
    ('month', {'1970-01': 3, '1970-02': 1})
    >>> by_period([0, 3650], [1, 1])[0]
    'quarter'
    """
    if not len(days):
        return "month", {}
    months = np.asarray(days, np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    span = int(months.max() - months.min())
    unit: Unit = "month" if span < MOST_PERIODS else "quarter" if span < 3 * MOST_PERIODS else "year"
    step = {"month": 1, "quarter": 3, "year": 12}[unit]
    periods = months // step
    first = int(periods.min())
    counts = np.bincount(periods - first, weights=np.asarray(rows, float)).astype(np.int64)
    wanted = range(len(counts)) if len(counts) <= MOST_WRITTEN else np.flatnonzero(counts)
    return unit, {_label(int(first + i), unit): int(counts[i]) for i in wanted}


def _label(period: int, unit: Unit) -> str:
    if unit == "year":
        return f"{1970 + period}"
    if unit == "quarter":
        return f"{1970 + period // 4}Q{period % 4 + 1}"
    return f"{1970 + period // 12}-{period % 12 + 1:02d}"


def period_findings(history: History, tables: Sequence[Daily]) -> Iterator[Finding]:
    """Gaps, tables that begin late or end early, and columns that begin or stop to be given."""
    flows = [table for table in tables if table.flows]
    for table in flows:
        yield from _gaps(table)
    yield from _edges(flows)
    for table in tables:
        yield from _columns(history, table)


def _gaps(table: Daily) -> Iterator[Finding]:
    steps = np.diff(table.days)
    usual = float(np.quantile(steps, 0.9))
    least = max(GAP_DAYS, GAP_TIMES * usual)
    if usual > REGULAR * float(np.median(steps)):
        least = max(least, GAP_EXPECTED * float(steps.mean()))
    for at in np.flatnonzero(steps > least):
        inside = table.rows.cumsum()[at] / table.rows.sum()
        if STRAGGLERS < inside < 1 - STRAGGLERS:
            last, following = _day(table.days[at]), _day(table.days[at + 1])
            facts = {"days": f"{steps[at] - 1:,}", "first": f"{last + timedelta(1)}"}
            facts |= {"last": f"{following - timedelta(1)}", "usual": f"{usual:.0f}"}
            yield tell("gap-in-time", table.table, TABLES[table.table].happened or "", "warning", facts)


def _edges(flows: Sequence[Daily]) -> Iterator[Finding]:
    """Tables that begin after the deals do, or end before the others. Contracts may be older: they run for years."""
    spans = {table.table: _span(table) for table in flows if table.table != "subscriptions"}
    if len(spans) < 2:
        return
    longest = "deals" if "deals" in spans else min(spans, key=lambda table: spans[table][0])
    latest = max(spans, key=lambda table: spans[table][1])
    first, last = spans[longest][0], spans[latest][1]
    allowed = max(LATE_DAYS, LATE_SHARE * (last - first))
    for table in flows:
        if table.table not in spans:
            continue
        begins, ends = spans[table.table]
        column = TABLES[table.table].happened or ""
        least = max(allowed, GAP_TIMES * float(np.quantile(np.diff(table.days), 0.9)))
        if begins - first > least:
            facts = {"first": f"{_day(begins)}", "other": longest, "since": f"{_day(first)}"}
            yield tell("table-begins-late", table.table, column, "warning", facts)
        if last - ends > least:
            facts = {"last": f"{_day(ends)}", "other": latest, "until": f"{_day(last)}"}
            yield tell("table-ends-early", table.table, column, "warning", facts)


def _span(table: Daily) -> tuple[int, int]:
    """The first and last day of all rows but half a percent at each end."""
    share = table.rows.cumsum() / table.rows.sum()
    low, high = int(np.searchsorted(share, STRAGGLERS)), int(np.searchsorted(share, 1 - STRAGGLERS))
    return int(table.days[low]), int(table.days[min(high, len(table.days) - 1)])


def _columns(history: History, table: Daily) -> Iterator[Finding]:
    """Columns known at the row's creation that are never given in the older, or the newer, part of the rows."""
    total = int(table.rows.sum())
    for column, given in table.given.items():
        shown = column.removeprefix(ATTRIBUTE_PREFIX)
        found = TABLES[table.table].column(column)
        dated = found is not None and found.kind in (Kind.DAY, Kind.MOMENT)
        if dated or not given.any() or history.known(table.table, shown) is not Known.AT_CREATION:
            continue
        so_far = given.cumsum() / given.sum()
        begins = int(np.searchsorted(so_far, COLUMN_STRAYS, side="right"))
        ends = min(int(np.searchsorted(so_far, 1 - COLUMN_STRAYS)), len(given) - 1)
        inside = slice(begins, ends + 1)
        share = given[inside].sum() / table.rows[inside].sum()
        for code, without, day in (
            ("column-begins-late", table.rows[:begins], table.days[begins]),
            ("column-stops", table.rows[ends + 1 :], table.days[ends]),
        ):
            rows = int(without.sum())
            if share >= COLUMN_GIVEN and rows >= COLUMN_ROWS and rows >= COLUMN_SHARE * total:
                facts = {"rows": f"{rows:,}", "day": f"{_day(day)}", "share": f"{share:.0%}"}
                yield tell(code, table.table, shown, "warning", facts)


def _day(number: int | np.int64) -> date:
    return date(1970, 1, 1) + timedelta(int(number))
