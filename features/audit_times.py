"""Do the times of a history agree with each other, and are its deals told apart?"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from features.as_of import micros
from features.audit_columns import Deals, Tested, told
from features.audit_report import Finding
from features.audit_words import tell
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Kind
from features.history import History
from features.quoting import name
from features.stream_sql import known_since

MINUTE, DAY = 60_000_000, 86_400_000_000
FEWEST_DEALS = 50
BULK, BULK_WARN = 0.5, 0.1
AT_ONCE, BEFORE, BEFORE_WARN, ORDERED, ORDERED_WARN = 0.05, 0.005, 0.1, 0.2, 0.02
MOVING = ("stage", "expected_close_on", "forecast_category")
"""Fields that move while a deal lives: two that agree in them are not copies for that."""
AFTER, EARLY, LATE, LATE_WARN, COPIES = 0.05, 0.01, 0.01, 0.5, 0.01


def time_findings(history: History, deals: Deals, columns: Sequence[Tested], until: datetime) -> Iterator[Finding]:
    """Dates of imports, times before their cause, late records, near-duplicates."""
    yield from _creation(deals)
    yield from _at_once(deals)
    yield from _order_of_events(history, deals, until)
    for table in history.tables():
        if "recorded_at" in history.columns(table) and _moment(table) is not None:
            yield from _recording(history, table, until)
    yield from _copies(history, deals, columns, until)


def _creation(deals: Deals) -> Iterator[Finding]:
    if len(deals) < FEWEST_DEALS:
        return
    at = np.sort(deals.created_at)
    within = np.searchsorted(at, at + MINUTE, side="left") - np.arange(len(at))
    most = int(np.argmax(within))
    share = within[most] / len(at)
    if share >= BULK_WARN:
        moment = datetime.fromtimestamp(int(at[most]) // 1_000_000, UTC)
        facts = {"share": f"{share:.0%}", "deals": f"{len(at):,}", "at": f"{moment:%Y-%m-%d %H:%M}"}
        yield tell("created-in-bulk", "deals", "created_at", "error" if share >= BULK else "warning", facts)


def _at_once(deals: Deals) -> Iterator[Finding]:
    if not deals.closed.any():
        return
    days, won = deals.days_to_close, deals.won[deals.closed]
    if (backward := int((days < 0).sum())) > 0:
        yield tell("closed-before-created", "deals", "closed_at", "warning", {"deals": f"{backward:,}"})
    at_once = (days >= 0) & (days * DAY < MINUTE)
    if at_once.mean() >= AT_ONCE and not at_once.all():
        facts = {"share": f"{at_once.mean():.0%}"}
        facts |= {"won": f"{won[at_once].mean():.0%}", "rest": f"{won[~at_once].mean():.0%}"}
        yield tell("closed-at-once", "deals", "closed_at", "info", facts)


def _order_of_events(history: History, deals: Deals, until: datetime) -> Iterator[Finding]:
    """Activities before their deal, orders before its close, changes after it."""
    share, rows = _share(history, deals, until, "activities", "happened_at", f"happened < created - {MINUTE}")
    if share >= BEFORE:
        facts = {"share": f"{share:.1%}", "rows": f"{rows:,}"}
        yield tell(
            "before-creation",
            "activities",
            "happened_at",
            "warning" if share >= BEFORE_WARN else "info",
            facts,
        )
    early = f"min(happened) < any_value(closed) - {DAY}"
    share, rows = _share(history, deals, until, "orders", "ordered_at", early, "won", "GROUP BY t.deal_id")
    if share >= ORDERED_WARN and rows * share >= 5:
        facts = {"share": f"{share:.0%}", "deals": f"{rows:,}"}
        yield tell("order-before-close", "orders", "ordered_at", "error" if share >= ORDERED else "warning", facts)
    late = f"happened > closed + {DAY}"
    only = f"closed > 0 AND field <> 'status' AND {told('origin')}"
    share, rows = _share(history, deals, until, "deal_changes", "changed_at", late, only)
    if share >= AFTER:
        facts = {"share": f"{share:.1%}", "rows": f"{rows:,}"}
        yield tell("changes-after-close", "deal_changes", "changed_at", "info", facts)


def _share(
    history: History,
    deals: Deals,
    until: datetime,
    table: str,
    column: str,
    test: str,
    only: str = "true",
    group: str = "",
) -> tuple[float, int]:
    """The share of a table's rows (or groups) that pass, and how many there are.

    `test` speaks of when the row `happened`, and of its deal: `created`, `closed`, `won`.
    """
    import pyarrow as pa

    if table not in history.tables() or "deal_id" not in history.columns(table):
        return 0.0, 0
    times = {"deal_id": deals.ids, "created": deals.created_at, "closed": deals.closed_at, "won": deals.won}
    with history.connect() as con:
        con.register("deals", pa.table(times))
        rows, hits = con.execute(
            f"SELECT count(*), count(*) FILTER (passes) FROM (SELECT {test} AS passes FROM "
            f"(SELECT *, epoch_us({column}) AS happened FROM ({history.sql_versions(table)}) "
            f"WHERE version = 0 AND {known_since(table)} < {micros(until)}) t "
            f"JOIN deals d ON d.deal_id = t.deal_id WHERE {only} {group})"
        ).fetchall()[0]
    return (hits / rows if rows else 0.0), rows


def _moment(table: str) -> str | None:
    """The column with a row's own time, if it is a moment and not a day."""
    happened = TABLES[table].happened
    column = TABLES[table].column(happened) if happened else None
    return happened if column is not None and column.kind is Kind.MOMENT else None


def _recording(history: History, table: str, until: datetime) -> Iterator[Finding]:
    happened = f"epoch_us({_moment(table)})"
    with history.connect() as con:
        rows, early, late = con.execute(
            f"SELECT count(*), count(*) FILTER (epoch_us(recorded_at) < {happened} - {MINUTE}), "
            f"count(*) FILTER (epoch_us(recorded_at) > {happened} + {30 * DAY}) FROM ({history.sql_versions(table)}) "
            f"WHERE version = 0 AND recorded_at IS NOT NULL AND {known_since(table)} < {micros(until)}"
        ).fetchall()[0]
    if rows and early / rows >= EARLY:
        facts = {"share": f"{early / rows:.1%}", "rows": f"{rows:,}"}
        yield tell("recorded-before-it-happened", table, "recorded_at", "warning", facts)
    if rows and late / rows >= LATE:
        facts = {"share": f"{late / rows:.1%}", "rows": f"{rows:,}"}
        yield tell("recorded-late", table, "recorded_at", "warning" if late / rows >= LATE_WARN else "info", facts)


def _copies(history: History, deals: Deals, columns: Sequence[Tested], until: datetime) -> Iterator[Finding]:
    """Closed deals that repeat another's customer or amount, and everything else known of it, within a week."""
    import pyarrow as pa

    of_deals = [column for column in columns if column.table == "deals" and column.column not in MOVING]
    said = {column.column for column in of_deals if column.usable or column.column == "amount"}
    given = [c for c in history.columns("deals") if c.removeprefix(ATTRIBUTE_PREFIX) in said]
    keys = [key for key in ("customer_id", "amount") if key in given]
    if not keys or len(given) < 3 or not deals.closed.any():
        return
    same = ", ".join(name(c) for c in given)
    outcome = {"deal_id": deals.ids[deals.closed], "won": deals.won[deals.closed]}
    latest = history.sql_latest("deals", until)
    there = " AND ".join(f"{name(key)} IS NOT NULL" for key in keys)
    with history.connect() as con:
        con.register("closed_deals", pa.table(outcome))
        copies = con.execute(
            f"SELECT count(*) FROM (SELECT created_at, lag(created_at) OVER w AS before FROM "
            f"({latest}) d JOIN closed_deals o USING (deal_id) "
            f"WHERE {there} WINDOW w AS (PARTITION BY won, {same} ORDER BY created_at, deal_id)) "
            f"WHERE epoch_us(created_at) - epoch_us(before) <= {7 * DAY}"
        ).fetchall()[0][0]
    share = copies / int(deals.closed.sum())
    if share >= COPIES:
        facts = {
            "share": f"{share:.1%}",
            "columns": ", ".join(c.removeprefix(ATTRIBUTE_PREFIX) for c in given),
        }
        yield tell("near-duplicates", "deals", "", "info", facts)
