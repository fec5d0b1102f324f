"""Were rows written down after the deal's end and dated before it? What deliveries and times of record say.

A row that says when it was recorded counts from then, so it gives nothing away. A row without counts from its own
time: there the deliveries tell. An export taken after a row happened that had the deal and not the row
shows that the row was written later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from features.as_of import micros
from features.audit_columns import Deals
from features.audit_report import Finding, Severity
from features.audit_words import tell
from features.contracts import TABLES
from features.history import History
from features.leak_moments import DAY, HOUR
from features.leak_tests import Flags, Ints, mantel_haenszel, share_at_least
from features.quoting import name
from features.stream_sql import known_since
from features.version_sql import sql_told

ALPHA = 1e-4
"""Chance that a lower bound is wrong."""
FEWEST = 20
"""Deals seen to close, or rows, below which nothing is said."""
DATED_BACK = 0.02
"""Share of later rows worth a warning."""
AT_CLOSE, MORE_THAN_ELSEWHERE = 0.1, 2.0
"""Of the deals seen to close, how many got such a row with it at least for an error, and how many times as often
as deals that stayed open; the same measure as for values rewritten at the close."""
ODDS = 3.0
"""Odds of the won against the lost, for whatever shows more with one of them."""
LINKED = ("activities", "orders", "deal_changes")


@dataclass(frozen=True)
class Rows:
    """Rows of a table that belong to deals: whose, when they happened, in which delivery they first came.

    `kind` is the field of a change and empty elsewhere. `counted` marks rows that count from their own time.
    """

    deal: Ints
    happened: Ints
    delivery: Ints
    counted: Flags
    kind: np.ndarray[tuple[int], np.dtype[np.object_]]


def backdating_findings(history: History, deals: Deals, until: datetime) -> Iterator[Finding]:
    """Rows dated back, and rows recorded later for one outcome than for the other."""
    if not len(deals):
        return
    for table in LINKED:
        if table in history.tables() and "deal_id" in history.columns(table):
            yield from _dated_back(history, deals, table, until)
            if "recorded_at" in history.columns(table):
                yield from _lateness(history, deals, table, until)


def _taken(history: History, table: str, until: datetime) -> dict[int, int]:
    """When each delivery of a table before the moment was taken, in microseconds."""
    brought = (e for e in history.entries if table in e.tables or table in e.parts)
    taken = {entry.number: micros(datetime.fromisoformat(entry.taken_at)) for entry in brought}
    return {number: at for number, at in taken.items() if at < micros(until)}


def _dated_back(history: History, deals: Deals, table: str, until: datetime) -> Iterator[Finding]:
    taken, of_deals = _taken(history, table, until), _taken(history, "deals", until)
    if len(taken) < 2 or not of_deals:
        return
    rows, first_seen = _rows(history, deals, table, until), _first_delivery(history, deals)
    numbers = np.array(sorted(taken))
    times = np.maximum.accumulate([taken[int(n)] for n in numbers])
    seen_at = np.array([of_deals.get(int(n), np.iinfo(np.int64).max) for n in first_seen])
    place = np.minimum(np.searchsorted(numbers, rows.delivery), len(numbers) - 1)
    before = np.where(place > 0, times[place - 1], np.iinfo(np.int64).min)
    # The export before had the deal on record: what it lacked was not there yet, or was dated back.
    watched = (place > 0) & (numbers[place] == rows.delivery) & (seen_at[rows.deal] <= before)
    late = watched & rows.counted & (rows.happened + DAY <= before)
    for kind in np.unique(rows.kind[late]) if late.any() else ():
        ours = watched & (rows.kind == kind)
        yield from _judged(deals, table, str(kind), rows, ours, late & ours, times, place, seen_at)


def _judged(
    deals: Deals,
    table: str,
    kind: str,
    rows: Rows,
    watched: Flags,
    late: Flags,
    times: Ints,
    place: Ints,
    seen_at: Ints,
) -> Iterator[Finding]:
    closed_at = deals.closed_at
    seen_to_close = deals.closed & (seen_at < closed_at)
    with_close = late & (rows.happened < closed_at[rows.deal] - HOUR) & (times[place] >= closed_at[rows.deal])
    hit = np.zeros(len(deals), bool)
    hit[rows.deal[with_close & seen_to_close[rows.deal]]] = True
    closings, hits = int(seen_to_close.sum()), int(hit.sum())
    severity: Severity = "warning"
    if closings >= FEWEST and hits:
        ends = np.where(deals.closed, closed_at, np.iinfo(np.int64).max)
        looked = np.searchsorted(times, ends) - np.searchsorted(times, seen_at, side="right")
        elsewhere = int(np.maximum(looked, 0).sum())
        while_open = late & ~with_close & (times[place] < ends[rows.deal])
        others = len(np.unique(rows.deal[while_open] * len(times) + place[while_open]))
        usual = others / elsewhere if elsewhere else 0.0
        low = share_at_least(hits, closings, ALPHA)
        if (low > AT_CLOSE and low > MORE_THAN_ELSEWHERE * usual) or _tells(hit, seen_to_close, deals):
            severity = "error"
    share = late.sum() / max(int(watched.sum()), 1)
    if severity == "error" or (late.sum() >= FEWEST and share >= DATED_BACK):
        won = seen_to_close & deals.won
        facts = {"share": f"{share:.1%}", "rows": f"{int(watched.sum()):,}", "closings": f"{closings:,}"}
        facts |= {"won": _share(hit, won), "lost": _share(hit, seen_to_close & ~deals.won)}
        yield tell("dated-back", table, kind or (TABLES[table].happened or ""), severity, facts)


def _share(hit: Flags, of: Flags) -> str:
    return f"{hit[of].mean():.0%}" if of.any() else "-"


def _tells(hit: Flags, among: Flags, deals: Deals) -> bool:
    """Whether one outcome has it more, among deals that took equally long."""
    odds = mantel_haenszel(hit[among], deals.won[among], _by_length(deals, among), ALPHA)
    return odds is not None and odds.strength > ODDS


def _by_length(deals: Deals, among: Flags) -> Ints:
    length = (deals.closed_at - deals.created_at)[among]
    edges = np.quantile(length, np.linspace(0, 1, 11)[1:-1]) if len(length) else np.empty(0)
    return np.searchsorted(edges, length, side="right").astype(np.int64)


def _rows(history: History, deals: Deals, table: str, until: datetime) -> Rows:
    key = ", ".join(name(column) for column in TABLES[table].key)
    happened = TABLES[table].happened
    kind = "field" if table == "deal_changes" else "''"
    own = f"epoch_us({happened}::TIMESTAMP)"
    with history.connect() as con:
        con.register("deals", _places(deals))
        found = con.execute(
            f"SELECT d.place, {own} AS happened, f.delivery, f.counted, f.kind FROM (SELECT *, {kind} AS kind, "
            f"recorded_at IS NULL AND version_at <= {happened} AS counted FROM ({sql_told(history, table)}) "
            f"WHERE NOT gone QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY delivery, version) = 1) f "
            f"JOIN deals d ON d.deal_id = f.deal_id WHERE {own} < {micros(until)}"
        ).fetchnumpy()
    counted = np.ma.filled(found["counted"], False).astype(bool)
    place, delivery = np.asarray(found["place"], np.int64), np.asarray(found["delivery"], np.int64)
    return Rows(place, np.asarray(found["happened"], np.int64), delivery, counted, np.asarray(found["kind"], object))


def _first_delivery(history: History, deals: Deals) -> Ints:
    with history.connect() as con:
        con.register("asked", _places(deals))
        found = con.execute(
            f"SELECT a.place, coalesce(min(f.delivery), 0) AS first FROM asked a "
            f"LEFT JOIN ({sql_told(history, 'deals')}) f USING (deal_id) GROUP BY a.place ORDER BY a.place"
        ).fetchnumpy()
    return np.asarray(found["first"], np.int64)


def _places(deals: Deals) -> pa.Table:
    return pa.table({"deal_id": pa.array(deals.ids, pa.string()), "place": np.arange(len(deals))})


def _lateness(history: History, deals: Deals, table: str, until: datetime) -> Iterator[Finding]:
    """Deals with a row recorded more than a day after it happened: more of one outcome than of the other?"""
    happened = f"epoch_us({TABLES[table].happened}::TIMESTAMP)"
    kind = "field" if table == "deal_changes" else "''"
    with history.connect() as con:
        con.register("deals", _places(deals))
        found = con.execute(
            f"SELECT {kind} AS kind, d.place, bool_or(epoch_us(recorded_at) > {happened} + {DAY}) AS late "
            f"FROM ({history.sql_versions(table)}) t JOIN deals d ON d.deal_id = t.deal_id WHERE version = 0 "
            f"AND recorded_at IS NOT NULL AND {known_since(table)} < {micros(until)} GROUP BY 1, 2"
        ).fetchnumpy()
    kinds, places = np.asarray(found["kind"], object), np.asarray(found["place"], np.int64)
    for kind in np.unique(kinds) if len(kinds) else ():
        here = places[(kinds == kind)]
        late = np.zeros(len(deals), bool)
        late[here] = np.asarray(found["late"], bool)[kinds == kind]
        among = np.zeros(len(deals), bool)
        among[here] = True
        among &= deals.closed
        if late[among].sum() >= FEWEST and _tells(late, among, deals):
            facts = {"won": _share(late, among & deals.won), "lost": _share(late, among & ~deals.won)}
            yield tell("lateness-tells-outcome", table, kind or "recorded_at", "warning", facts)
