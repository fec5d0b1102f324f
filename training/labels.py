"""What happened afterwards: the only file that looks forward."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros, micros
from features.history import History
from features.kernel import MISSING
from features.stream_sql import status_events


@dataclass(frozen=True)
class Outcomes:
    """How each deal stood at the end of what may be seen; one row per deal that had closed by then.

    `happened` is when it closed, `known` when that was on record (microseconds UTC).
    """

    deal_id: NDArray[np.object_]
    won: NDArray[np.bool_]
    happened: Micros
    known: Micros


def outcomes(history: History, seen_until: datetime) -> Outcomes:
    """The outcomes on record before `seen_until` (naive UTC). A deal reopened by then has none."""
    events = (
        "SELECT *, CASE WHEN lag(status) OVER w IS DISTINCT FROM status THEN 1 ELSE 0 END AS turn "
        f"FROM ({status_events(history)}) WHERE known < {micros(seen_until)} "
        "WINDOW w AS (PARTITION BY deal_id ORDER BY known, happened, status)"
    )
    # A correction of the day or the amount leaves the outcome known since it was first recorded.
    runs = (
        "SELECT *, sum(turn) OVER w AS run, row_number() OVER w AS place "
        f"FROM ({events}) WINDOW w AS (PARTITION BY deal_id ORDER BY known, happened, status)"
    )
    last = (
        "SELECT deal_id, status, arg_max(happened, place) AS happened, min(known) AS known "
        f"FROM ({runs}) GROUP BY deal_id, status, run "
        "QUALIFY row_number() OVER (PARTITION BY deal_id ORDER BY run DESC) = 1"
    )
    with history.connect() as con:
        found = con.execute(
            "SELECT deal_id, status = 'won' AS won, happened, known "
            f"FROM ({last}) WHERE status <> 'open' ORDER BY deal_id"
        ).fetchnumpy()
    return Outcomes(
        np.asarray(found["deal_id"], object),
        np.asarray(found["won"], bool),
        np.asarray(found["happened"], np.int64),
        np.asarray(found["known"], np.int64),
    )


def match(deal_ids: NDArray[np.object_], known: Outcomes) -> tuple[NDArray[np.float64], Micros, Micros]:
    """For each deal: 1 won, 0 lost, NaN undecided; when it closed and when that was known, else MISSING."""
    rows = {deal: row for row, deal in enumerate(known.deal_id)}
    found = np.array([rows.get(deal, -1) for deal in deal_ids], np.int64)
    if not len(known.deal_id):
        nothing = np.full(len(deal_ids), MISSING)
        return np.full(len(deal_ids), np.nan), nothing, nothing
    there = found >= 0
    return (
        np.where(there, known.won[found].astype(float), np.nan),
        np.where(there, known.happened[found], MISSING),
        np.where(there, known.known[found], MISSING),
    )
