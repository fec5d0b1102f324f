"""What did customers do afterwards: order again, or leave their contract? Beside `labels`, what looks forward.

Without a contract the event is the next purchase; returns are none. With one it is the day from which no contract runs
any more: a cancellation, or a missed renewal. A contract that begins soon after another ended goes on from it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Micros, known_before, micros
from features.history import History
from features.kernel import MISSING
from features.stream import merged
from features.stream_sql import by_customer, local_midnight
from features.streams import open_streams

RENEWAL_DAYS = 30
"""Days after its agreed end within which a next contract counts as the renewal; so late a missed renewal is known."""
NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class Events:
    """Events of customers: whose (a place among `names`), when they happened, from when on record, until when.

    Arrays [n], in microseconds UTC.
    """

    names: NDArray[np.object_]
    whose: NDArray[np.int64]
    happened: Micros
    known: Micros
    retired: Micros

    def next_after(self, ids: NDArray[np.object_], at: Micros, seen_until: int) -> tuple[Micros, Micros]:
        """For each customer and moment the first event from then on, as on record before `seen_until`.

        When it happened and from when that was known; MISSING where none is on record.
        """
        seen = np.flatnonzero((self.known < seen_until) & (self.retired >= seen_until))
        order = seen[np.lexsort((self.known[seen], self.happened[seen], self.whose[seen]))]
        whose, happened, known = self.whose[order], self.happened[order], self.known[order]
        starts = np.searchsorted(whose, np.arange(len(self.names) + 1))
        places = {name: place for place, name in enumerate(self.names.tolist())}
        codes = np.array([places.get(one, -1) for one in ids.tolist()], np.int64)
        if not len(order):
            nothing = np.full(len(ids), MISSING)
            return nothing, nothing
        first = known_before(starts, happened, codes, at)
        held = np.maximum(codes, 0)
        there = (codes >= 0) & (first < starts[held + 1])
        place = np.minimum(first, len(order) - 1)
        return np.where(there, happened[place], MISSING), np.where(there, known[place], MISSING)


def purchases(history: History, until: datetime) -> Events:
    """The purchases on record before `until` (naive UTC), the lines of one order as one."""
    streams = open_streams(history)
    if "purchases" not in streams.streams:
        return _events([])
    with history.connect() as con:
        rows = con.execute(
            f"SELECT id, happened, known, retired FROM ({streams.select('purchases', 'customer', ())}) "
            f"WHERE known < {micros(until)} ORDER BY id, happened, known"
        ).fetchnumpy()
    names, whose = np.unique(np.asarray(rows["id"], object).astype(str), return_inverse=True)
    retired = np.asarray(rows["retired"], np.int64)
    return Events(
        names.astype(object),
        whose.astype(np.int64),
        np.asarray(rows["happened"], np.int64),
        np.asarray(rows["known"], np.int64),
        np.where(retired == MISSING, NEVER, retired),
    )


@dataclass(frozen=True)
class Contract:
    """One contract as a version of its row tells of it; microseconds, NEVER where it has no end."""

    customer: str
    start: int
    agreed_end: int
    cancelled: int
    known: int
    retired: int


def contracts(history: History, until: datetime) -> list[Contract]:
    """Every version of every contract on record before `until` (naive UTC), by customer and start."""
    if "subscriptions" not in history.tables():
        return []
    given = history.columns("subscriptions")
    ends = f"{local_midnight(history, 'ends_on')} + {DAY}" if "ends_on" in given else "NULL::BIGINT"
    cancelled = local_midnight(history, "cancelled_on") if "cancelled_on" in given else "NULL::BIGINT"
    start = local_midnight(history, "started_on")
    sql = (
        f"SELECT key_customer, known, happened, retired, tie, {start} AS start_at, {ends} AS ends_at, "
        f"{cancelled} AS cancelled_at FROM ({by_customer(history, 'subscriptions')})"
    )
    with history.connect() as con:
        rows = con.execute(
            f"SELECT key_customer, start_at, coalesce(ends_at, {NEVER}), coalesce(cancelled_at, {NEVER}), known, "
            f"coalesce(retired, {NEVER}) FROM ({merged(history, sql)}) WHERE known < {micros(until)} "
            "AND start_at IS NOT NULL AND (retired IS NULL OR retired > known) "
            "ORDER BY key_customer, start_at, tie, known"
        ).fetchall()
    return [Contract(*row) for row in rows]


def leavings(told: Iterable[Contract], seen_until: int) -> Events:
    """When customers were left without any contract, as could be known before `seen_until` (microseconds)."""
    standing: dict[str, list[Contract]] = {}
    for one in told:
        if one.known < seen_until <= one.retired:
            standing.setdefault(one.customer, []).append(one)
    found = []
    for customer, some in standing.items():
        for end, known in _ends(some, seen_until):
            if known < seen_until:
                found.append((customer, end, known))
    return _events(found)


def leaving(told: list[Contract]) -> Callable[[int], Events]:
    """Leavings as they were on record at any moment."""
    return lambda seen_until: leavings(told, seen_until)


def lag_of(told: Iterable[Contract], end: int) -> float:
    """Days that pass at `end` (microseconds) before a missed renewal is known to be one; none where nothing ends."""
    return float(RENEWAL_DAYS) if any(one.agreed_end < end for one in told) else 0.0


def _ends(some: list[Contract], seen_until: int) -> list[tuple[int, int]]:
    """The ends of the stretches in which a contract ran, and when each was known to be one.

    That is after the patience with a renewal, and not before the row that tells of the end was on record.
    """
    found: list[tuple[int, int]] = []
    end, patience, told_at = -NEVER, 0, -NEVER
    for one in sorted(some, key=lambda c: c.start):
        told = one.cancelled < seen_until
        its_end = min(one.agreed_end, one.cancelled) if told else one.agreed_end
        its_patience = DAY if told and one.cancelled <= one.agreed_end else RENEWAL_DAYS * DAY
        if end != -NEVER and one.start > end + patience:
            found.append((end, max(end + (patience if patience > DAY else 0), told_at)))
            end, patience = -NEVER, 0
        if its_end >= end:
            end, patience, told_at = its_end, its_patience, one.known
    if NEVER > end > -NEVER:
        found.append((end, max(end + (patience if patience > DAY else 0), told_at)))
    return found


def _events(rows: list[tuple[str, int, int]]) -> Events:
    names, whose = np.unique(np.array([row[0] for row in rows], str), return_inverse=True)
    happened = np.array([row[1] for row in rows], np.int64)
    known = np.array([row[2] for row in rows], np.int64)
    return Events(names.astype(object), whose.astype(np.int64), happened, known, np.full(len(rows), NEVER))
