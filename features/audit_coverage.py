"""What is there to learn from? Rows, times and gaps of each table, and breaches between tables."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from features.as_of import micros
from features.audit_columns import Deals, told
from features.audit_periods import Daily, by_period, daily
from features.audit_report import Coverage, Finding
from features.audit_words import tell
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Known
from features.cross_checks import REFERENCES
from features.history import History
from features.leak_rules import FEWEST_OF_AN_OUTCOME
from features.quoting import name
from features.stream_sql import known_since, status_events

FEWEST_CLOSED = 30
"""Closed deals from which on more than a pooled rate is served."""
NAMED = 5
OF_RECORD = ("recorded_at", "deleted_at", "merged_into", "origin")
"""Columns that say something of the record, not of what was sold: none is missed."""


def by_day(history: History, until: datetime) -> tuple[Daily, ...]:
    """Each table that has rows on record before `until` (naive UTC), day by day."""
    found = (daily(history, table, on_record(history, table, until)) for table in history.tables())
    return tuple(table for table in found if table.rows.any() or table.undated)


def coverage(history: History, tables: Sequence[Daily], until: datetime) -> tuple[Coverage, ...]:
    """What each table holds: columns, times and rows by period."""
    return tuple(_cover(history, table, until) for table in tables)


def on_record(history: History, table: str, until: datetime) -> str:
    """SELECT of the rows known before a moment, each in its latest version by then."""
    return (
        f"SELECT * FROM ({history.sql_versions(table)}) WHERE {known_since(table)} < {micros(until)} "
        f"AND (retired_at IS NULL OR epoch_us(retired_at) >= {micros(until)})"
    )


def _cover(history: History, found: Daily, until: datetime) -> Coverage:
    table, columns = found.table, history.columns(found.table)
    happened = TABLES[table].happened
    own = name(happened) if happened in columns else "NULL"
    counts = "".join(f", count({name(column)})" for column in columns)
    with history.connect() as con:
        rows, first, last, *given = con.execute(
            f"SELECT count(*), min({own})::TIMESTAMP, max({own})::TIMESTAMP{counts} "
            f"FROM ({on_record(history, table, until)})"
        ).fetchall()[0]
    shares = {
        column.removeprefix(ATTRIBUTE_PREFIX): count / rows
        for column, count in zip(columns, given, strict=True)
        if count and rows
    }
    absent = (c for c in TABLES[table].names if c not in shares and c not in OF_RECORD)
    unit, periods = by_period(found.days, found.rows)
    return Coverage(table, rows, first, last, shares, tuple(absent), unit, periods)


def coverage_findings(history: History, deals: Deals, until: datetime) -> Iterator[Finding]:
    """What is too little, or does not fit together."""
    yield from _outcomes(deals)
    yield from _undated(history, until)
    yield from _currencies(history, until)
    yield from _references(history, until)
    yield from _stages(history, until)


def _outcomes(deals: Deals) -> Iterator[Finding]:
    closed = int(deals.closed.sum())
    won = int(deals.won.sum())
    facts = {
        "deals": f"{closed:,}",
        "won": f"{won:,}",
        "lost": f"{closed - won:,}",
        "least": str(FEWEST_OF_AN_OUTCOME),
    }
    if not len(deals):
        yield tell("no-deals", "deals", "", "info", facts)
        return
    if not closed:
        yield tell("nothing-closed", "deals", "status", "warning", facts)
        return
    if not won or won == closed:
        yield tell("nothing-lost" if won else "nothing-won", "deals", "status", "warning", facts)
    if closed < FEWEST_CLOSED:
        yield tell("few-closed", "deals", "status", "warning", facts)
    if min(won, closed - won) < FEWEST_OF_AN_OUTCOME:
        yield tell("too-few-to-test", "deals", "status", "info", facts)


def _undated(history: History, until: datetime) -> Iterator[Finding]:
    if "deals" not in history.tables():
        return
    with history.connect() as con:
        undated = con.execute(
            f"SELECT count(*) FROM ({on_record(history, 'deals', until)}) d "
            "WHERE status <> 'open' AND closed_at IS NULL AND NOT EXISTS "
            f"(FROM ({status_events(history)}) e WHERE e.deal_id = d.deal_id AND e.status <> 'open' "
            f"AND e.known < {micros(until)})"
        ).fetchall()[0][0]
    if undated:
        yield tell("closed-without-date", "deals", "closed_at", "warning", {"deals": f"{undated:,}"})


def _currencies(history: History, until: datetime) -> Iterator[Finding]:
    rates = "SELECT NULL AS currency WHERE false"
    if "fx_rates" in history.tables():
        rates = f"SELECT DISTINCT currency FROM ({on_record(history, 'fx_rates', until)})"
    for table in history.tables():
        if table == "fx_rates" or "currency" not in history.columns(table):
            continue
        with history.connect() as con:
            rows, codes = con.execute(
                f"SELECT count(*), string_agg(DISTINCT currency, ', ' ORDER BY currency) FROM "
                f"({on_record(history, table, until)}) WHERE currency <> ? AND currency NOT IN ({rates})",
                [history.currency],
            ).fetchall()[0]
        if rows:
            facts = {"rows": f"{rows:,}", "currencies": codes}
            yield tell("currency-without-rate", table, "currency", "warning", facts)


def _references(history: History, until: datetime) -> Iterator[Finding]:
    present = history.tables()
    for table, column, target in REFERENCES:
        if table == target or not {table, target} <= set(present) or column not in history.columns(table):
            continue
        if history.known(table, column) is not Known.AT_CREATION:
            continue  # today's value may name who came later
        key = TABLES[target].key[0]
        there = f"SELECT {key} FROM ({history.sql_versions(target)}) WHERE {known_since(target)} < {micros(until)}"
        with history.connect() as con:
            if con.execute(f"SELECT count(*) FROM ({there})").fetchall()[0][0] == 0:
                continue
            rows, values, example = con.execute(
                f"SELECT count(*), count(DISTINCT {column}), min({column}) FROM ({on_record(history, table, until)}) t "
                f"ANTI JOIN ({there}) r ON r.{key} = t.{column} WHERE t.{column} IS NOT NULL"
            ).fetchall()[0]
        if rows:
            facts = {"rows": f"{rows:,}", "values": f"{values:,}", "target": target, "example": repr(example)}
            yield tell("loose-reference", table, column, "warning", facts)


def _stages(history: History, until: datetime) -> Iterator[Finding]:
    present = history.tables()
    if "stages" not in present:
        return
    sources = []
    if "deals" in present and "stage" in history.columns("deals"):
        sources.append(("deals", "stage", "true"))
    if "deal_changes" in present:
        sources.append(("deal_changes", "new_value", f"field = 'stage' AND {told('origin')}"))
    for table, column, only in sources:
        with history.connect() as con:
            rows, names = con.execute(
                f"SELECT count(*), list(DISTINCT {column} ORDER BY {column}) "
                f"FROM ({on_record(history, table, until)}) t "
                f"ANTI JOIN ({history.sql_versions('stages')}) s ON s.stage = t.{column} "
                f"WHERE {only} AND {column} IS NOT NULL"
            ).fetchall()[0]
        if rows:
            shown = ", ".join(names[:NAMED]) + (" ..." if len(names) > NAMED else "")
            yield tell("unknown-stage", table, column, "warning", {"rows": f"{rows:,}", "names": shown})
