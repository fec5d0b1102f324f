"""Which deals were open at a moment, for how much, with whom, and when were deals created before it?"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros, micros
from features.bookings.pace import OWNERS, Texts
from features.calendar import Days, local_days
from features.contracts import Known
from features.history import History
from features.kernel import MISSING
from features.open_deals import deals_created, open_deals
from features.stream_sql import change_events, in_base_currency, known_since

Floats = NDArray[np.float64]
NO_DAY = int(np.iinfo(np.int64).min)
"""Where no expected close is on record."""


@dataclass(frozen=True)
class Pipeline:
    """The deals open at a moment, by their id, as they stood on record just before it.

    `amount` is in the base currency, NaN where none is on record; `expected` is the local day on which the close is
    expected, or NO_DAY; `stage` and `category` (the sellers' own call: commit, best case) are empty where unknown.
    """

    deal_id: Texts
    created: Days
    amount: Floats
    stage: Texts
    category: Texts
    expected: Days
    owners: dict[str, Texts]

    def __len__(self) -> int:
        return len(self.deal_id)


def pipeline(history: History, as_of: datetime) -> Pipeline:
    """The open deals at a moment (naive UTC)."""
    ids = open_deals(history, as_of).ids
    at = micros(as_of)
    row = (
        f"SELECT deal_id, {', '.join(f'{owner}_id' for owner in OWNERS)}, stage, forecast_category, expected_close_on, "
        f"amount::VARCHAR AS amount, currency, {known_since('deals')} AS since, "
        f"min({known_since('deals')}) OVER (PARTITION BY deal_id) AS born FROM ({history.sql_versions('deals')}) "
        f"WHERE {known_since('deals')} < {at} "
        "QUALIFY row_number() OVER (PARTITION BY deal_id ORDER BY version DESC) = 1"
    )
    sql = f"SELECT r.*, {at - 1} AS known FROM ({row}) r SEMI JOIN asked a ON a.deal_id = r.deal_id"
    shown = {}
    for column in ("stage", "forecast_category", "expected_close_on", "amount", "rep_id"):
        sql, shown[column] = _as_it_stood(history, sql, column, at)
    value = f"try_cast({shown['amount']} AS DOUBLE)"
    owners = {"customer_id": _own(history, "customer_id"), "product_id": _own(history, "product_id")}
    chosen = (
        f"deal_id, greatest(born, 0) AS born, CASE WHEN {value} > 0 THEN base END AS base, "
        f"coalesce({shown['stage']}, '') AS stage, coalesce({shown['forecast_category']}, '') AS category, "
        f"date_diff('day', DATE '1970-01-01', try_cast(left({shown['expected_close_on']}::VARCHAR, 10) AS DATE)) "
        "AS due, "
        f"coalesce({owners['customer_id']}, '') AS customer, coalesce({shown['rep_id']}, '') AS rep, "
        f"coalesce({owners['product_id']}, '') AS product"
    )
    with history.connect() as con:
        import pyarrow as pa

        con.register("asked", pa.table({"deal_id": pa.array(ids, pa.string())}))
        found = con.execute(f"SELECT {chosen} FROM ({in_base_currency(history, sql, value)}) ORDER BY deal_id")
        columns = found.fetchnumpy()
    zone = ZoneInfo(history.timezone or "UTC")
    return Pipeline(
        np.asarray(columns["deal_id"], object),
        local_days(np.asarray(columns["born"], np.int64), zone),
        np.asarray(np.ma.filled(np.ma.asarray(columns["base"]).astype(np.float64), np.nan), np.float64),
        np.asarray(columns["stage"], object),
        np.asarray(columns["category"], object),
        np.asarray(np.ma.filled(np.ma.asarray(columns["due"]), NO_DAY), np.int64),
        {owner: np.asarray(columns[owner], object) for owner in OWNERS},
    )


def created_days(history: History, before: datetime) -> Days:
    """The local day on which each deal on record before a moment (naive UTC) came to be on record, ascending."""
    _, known = deals_created(history, before)
    return np.sort(local_days(known, ZoneInfo(history.timezone or "UTC")))


def closes_after(history: History, before: datetime) -> tuple[Days, Days, NDArray[np.bool_], Micros]:
    """Of each deal on record before a moment, by its id: the days it was created and closed, and whether it was won.

    NO_DAY where the close was not on record by then. The last part is when the deal came to be on record.
    """
    from features.stream_sql import status_events

    ids, known = deals_created(history, before)
    zone = ZoneInfo(history.timezone or "UTC")
    last = (
        f"SELECT deal_id, status, happened FROM ({status_events(history)}) WHERE known < {micros(before)} "
        "QUALIFY row_number() OVER (PARTITION BY deal_id ORDER BY known DESC, happened DESC, status DESC) = 1"
    )
    with history.connect() as con:
        rows = con.execute(f"SELECT deal_id, status, happened FROM ({last}) ORDER BY deal_id").fetchall()
    ends = {deal: (status, happened) for deal, status, happened in rows if status != "open"}
    happened = np.array([ends.get(deal, ("", MISSING))[1] for deal in ids], np.int64)
    won = np.array([ends.get(deal, ("", 0))[0] == "won" for deal in ids], bool)
    created = local_days(known, zone)
    closed = np.full(len(ids), NO_DAY, np.int64)
    there = happened != MISSING
    closed[there] = np.maximum(local_days(happened[there], zone), created[there])
    return created, closed, won, known


def _own(history: History, column: str) -> str:
    """The column of the row, nothing where only today's value is known: it may tell the outcome."""
    return "NULL::VARCHAR" if history.known("deals", column) in (Known.CURRENT, Known.AT_CLOSE) else column


def _as_it_stood(history: History, sql: str, column: str, at: int) -> tuple[str, str]:
    """The rows with the latest value of a field on record before `at`, and the SQL that names it."""
    known = history.known("deals", column)
    changes = change_events(history, column)
    if changes is None:
        return sql, _own(history, column)
    latest = (
        f"SELECT deal_id, arg_max(new_value, (happened, known)) AS told FROM ({changes}) WHERE known < {at} "
        "GROUP BY deal_id"
    )
    joined = f"SELECT s.*, c.told AS stood_{column} FROM ({sql}) s LEFT JOIN ({latest}) c ON c.deal_id = s.deal_id"
    if known is Known.AT_CREATION:
        return joined, f"coalesce(stood_{column}::VARCHAR, {column}::VARCHAR)"
    return joined, f"stood_{column}::VARCHAR"
