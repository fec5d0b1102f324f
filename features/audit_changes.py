"""Was a column's value replaced when the deal closed? What changes and later versions of rows say."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from features.as_of import micros
from features.audit_columns import NUMBERS, UNTESTED, Deals, noticed_fields, tracked_fields
from features.audit_report import Finding, Severity
from features.audit_words import tell
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Known
from features.history import History
from features.leak_tests import share_at_least
from features.quoting import name
from features.stream_sql import change_events, known_since

ALPHA = 1e-4
"""Chance that a lower bound is wrong."""
FEWEST = 20
"""Deals, or changes, below which nothing is said."""
REPLACED = 0.1
"""Share of closings at which a value known at creation is not replaced."""
AT_CLOSE_SHARE = 0.3
"""Share of a field's changes that is worth telling."""
HOUR = 3_600_000_000


def change_findings(history: History, deals: Deals, until: datetime) -> Iterator[Finding]:
    """Rows that hold the last value, rows rewritten at the close, changes made with the close."""
    fields, noticed = tracked_fields(history, until), noticed_fields(history, until)
    for field in fields:
        if history.known("deals", field) is Known.AT_CREATION:
            yield from _row_has_last(history, field, until)
        elif field != "stage" and field not in noticed:
            yield from _with_close(history, field, deals, until)
    yield from _rewritten(history, until)


def _row_has_last(history: History, field: str, until: datetime) -> Iterator[Finding]:
    column = field if TABLES["deals"].column(field) else ATTRIBUTE_PREFIX + field
    if column not in history.columns("deals"):
        return
    found = TABLES["deals"].column(field)
    cast = "DOUBLE" if found and found.kind in NUMBERS else "VARCHAR"
    first, last = f"try_cast(first_value AS {cast})", f"try_cast(last_value AS {cast})"
    with history.connect() as con:
        row = con.execute(
            "WITH changes AS (SELECT deal_id, arg_min(coalesce(old_value, new_value), changed_at) AS first_value, "
            f"arg_max(new_value, changed_at) AS last_value FROM ({history.sql_versions('deal_changes')}) "
            f"WHERE field = ? AND {known_since('deal_changes')} < {micros(until)} GROUP BY deal_id) "
            f"SELECT count(*), count(*) FILTER (try_cast(d.{name(column)} AS {cast}) = {last}) FROM changes c "
            f"JOIN ({history.sql_versions('deals')}) d ON d.deal_id = c.deal_id AND d.version = 0 "
            f"WHERE {first} <> {last}",
            [field],
        ).fetchall()[0]
    if row[0] >= FEWEST and share_at_least(row[1], row[0], ALPHA) > 0.5:
        yield tell("row-has-last-value", "deals", field, "error", {"deals": f"{row[0]:,}", "hits": f"{row[1]:,}"})


def _with_close(history: History, field: str, deals: Deals, until: datetime) -> Iterator[Finding]:
    events = change_events(history, field)
    if events is None:
        return
    with history.connect() as con:
        rows = con.execute(
            f"SELECT deal_id, happened FROM ({events}) WHERE known < {micros(until)} "
            "QUALIFY row_number() OVER (PARTITION BY deal_id ORDER BY known, happened) > 1"
        ).fetchnumpy()
    if not len(deals):
        return
    ids = np.asarray(rows["deal_id"], object)
    place = np.minimum(np.searchsorted(deals.ids, ids), len(deals) - 1)
    ours = (deals.ids[place] == ids) & deals.closed[place]
    late = ours & (rows["happened"] >= deals.closed_at[place] - HOUR)
    if ours.sum() >= FEWEST and (share := late.sum() / ours.sum()) > AT_CLOSE_SHARE:
        facts = {"share": f"{share:.0%}", "changes": f"{ours.sum():,}"}
        yield tell("changes-with-close", "deals", field, "info", facts)


def _rewritten(history: History, until: datetime) -> Iterator[Finding]:
    """Columns said to be known at creation that a later version of the row replaced as the deal closed."""
    columns = [
        column
        for column in history.columns("deals")
        if column not in UNTESTED and history.known("deals", column.removeprefix(ATTRIBUTE_PREFIX)) is Known.AT_CREATION
    ]
    if not columns:
        return
    closing = "version > 0 AND before = 'open' AND status <> 'open'"
    changed = ", ".join(f"lag({name(c)}) OVER w IS DISTINCT FROM {name(c)} AS c{i}" for i, c in enumerate(columns))
    counts = ", ".join(
        f"count(*) FILTER (c{i} AND {closing}), count(*) FILTER (c{i} AND version > 0 AND NOT ({closing}))"
        for i in range(len(columns))
    )
    with history.connect() as con:
        row = con.execute(
            f"SELECT count(*) FILTER ({closing}), count(*) FILTER (version > 0 AND NOT ({closing})), "
            f"count(*) FILTER (version = 0 AND status <> 'open'), {counts} FROM (SELECT version, status, "
            f"lag(status) OVER w AS before, {changed} FROM ({history.sql_versions('deals')}) "
            f"WHERE {known_since('deals')} < {micros(until)} WINDOW w AS (PARTITION BY deal_id ORDER BY version))"
        ).fetchall()[0]
    closings, others, tainted = row[:3]
    for i, column in enumerate(columns):
        at_close, elsewhere = row[3 + 2 * i], row[4 + 2 * i]
        low = share_at_least(at_close, closings, ALPHA) if closings >= FEWEST else 0.0
        if low > REPLACED and (not others or low > 2 * elsewhere / others):
            facts = {
                "changed": f"{at_close / closings:.0%}",
                "closings": f"{closings:,}",
                "tainted": f"{tainted:,}",
            }
            facts["others"] = f"{elsewhere / others:.0%}" if others else "-"
            severity: Severity = "error" if tainted >= FEWEST else "warning"
            yield tell("rewritten-at-close", "deals", column.removeprefix(ATTRIBUTE_PREFIX), severity, facts)
