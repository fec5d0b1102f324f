"""What had been sold by a moment, line by line, as was on record then?

Two measures. `bookings`: deals won, with the amount at the close, on the day of the close. `orders`: order lines on the
day they were ordered, returns taken off. Amounts are in the base currency at the rate on record when the line was.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.as_of import Micros, micros
from features.calendar import Days, local_days
from features.contracts import Known
from features.history import History
from features.kernel import MISSING
from features.stream_sql import change_events, in_base_currency, known_since, lives, status_events

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
MEASURES = ("bookings", "orders")
OWNERS = ("customer", "rep", "product")
"""Whose a line is. What is not on record is an empty text."""


@dataclass(frozen=True)
class Sales:
    """Lines sold: local day, amount, owners; when each was on record, and when no more (MISSING: still is).

    `line` names the deal of a booking, and is empty for orders. `unpriced` counts lines left out because they have no
    amount, or no exchange rate was on record.
    """

    line: Texts
    day: Days
    amount: Floats
    owners: dict[str, Texts]
    known: Micros
    retired: Micros
    unpriced: int = 0

    def __len__(self) -> int:
        return len(self.day)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Sales":
        """The chosen lines."""
        return replace(
            self,
            line=self.line[chosen],
            day=self.day[chosen],
            amount=self.amount[chosen],
            owners={owner: texts[chosen] for owner, texts in self.owners.items()},
            known=self.known[chosen],
            retired=self.retired[chosen],
        )

    def as_of(self, moment: datetime) -> "Sales":
        """The lines that were on record before a moment (naive UTC) no later than that of reading."""
        at = micros(moment)
        return self.rows((self.known < at) & ((self.retired == MISSING) | (self.retired >= at)))


def measures_of(history: History) -> tuple[str, ...]:
    """The measures whose tables and amounts are on record, the default first."""
    found = []
    if ("deals" in history.tables() and "amount" in history.columns("deals")) or (
        "deals" in history.tables() and history.known("deals", "amount") is Known.TRACKED
    ):
        found.append("bookings")
    if "orders" in history.tables() and "amount" in history.columns("orders"):
        found.append("orders")
    return tuple(found)


def sales(history: History, measure: str, until: datetime) -> Sales:
    """Every line of a measure that was ever on record before `until` (naive UTC), in the order of its day."""
    told = _won_deals(history, until) if measure == "bookings" else _order_lines(history, until)
    priced = in_base_currency(history, told, "try_cast(amount AS DOUBLE)")
    chosen = ", ".join(f"coalesce({owner}_id, '') AS {owner}" for owner in OWNERS)
    line = "tie" if measure == "bookings" else "''"
    with history.connect() as con:
        found = con.execute(
            f"SELECT {line} AS line, happened, known, coalesce(retired, {MISSING}) AS retired, base, {chosen} "
            f"FROM ({priced}) ORDER BY happened, tie, known"
        ).fetchnumpy()
    amount = np.asarray(np.ma.filled(np.ma.asarray(found["base"]).astype(np.float64), np.nan), np.float64)
    there = np.isfinite(amount)
    zone = ZoneInfo(history.timezone or "UTC")
    return Sales(
        np.asarray(found["line"], object)[there],
        local_days(np.asarray(found["happened"], np.int64)[there], zone),
        amount[there],
        {owner: np.asarray(found[owner], object)[there] for owner in OWNERS},
        np.asarray(found["known"], np.int64)[there],
        np.asarray(found["retired"], np.int64)[there],
        int((~there).sum()),
    )


def _order_lines(history: History, until: datetime) -> str:
    return (
        f"SELECT order_id AS tie, customer_id, rep_id, product_id, amount, currency, {known_since('orders')} AS known, "
        "epoch_us(ordered_at) AS happened, epoch_us(retired_at) AS retired "
        f"FROM ({history.sql_versions('orders')}) WHERE ordered_at IS NOT NULL AND {known_since('orders')} < "
        f"{micros(until)} AND (retired_at IS NULL OR epoch_us(retired_at) > {known_since('orders')})"
    )


def _won_deals(history: History, until: datetime) -> str:
    """SELECT of the closings of won deals, with the amount and the owners as known at the close."""
    known = history.known("deals", "amount")
    turns = (
        "SELECT deal_id, known, happened, status, amount AS at_close, currency AS closing_currency, "
        "lead(known) OVER (PARTITION BY deal_id ORDER BY known, happened, status, amount) AS next_known "
        f"FROM ({status_events(history)}) WHERE known < {micros(until)}"
    )
    won = f"SELECT * FROM ({turns}) WHERE status = 'won' AND (next_known IS NULL OR next_known > known)"
    told = (
        f"SELECT deal_id, {known_since('deals')} AS since, amount::VARCHAR AS amount, currency, customer_id, rep_id, "
        f"product_id FROM ({history.sql_versions('deals')}) "
        "QUALIFY row_number() OVER (PARTITION BY deal_id, since ORDER BY version DESC) = 1"
    )
    sql = (
        "SELECT w.*, r.amount AS of_row, r.currency, r.customer_id, r.rep_id AS own_rep, r.product_id "
        f"FROM ({won}) w ASOF JOIN ({told}) r ON w.deal_id = r.deal_id AND r.since <= w.known"
    )
    amount, rep = "of_row", "own_rep"
    if known is Known.AT_CLOSE:
        amount = "coalesce(at_close, of_row)"
    elif (changes := change_events(history, "amount")) is not None:
        sql, amount = _with_latest(sql, changes, "changed_amount"), "coalesce(changed_amount, of_row)"
    if (changes := change_events(history, "rep_id")) is not None:
        sql, rep = _with_latest(sql, changes, "changed_rep"), "coalesce(changed_rep, own_rep)"
    ends = f"SELECT deal_id, min(ends) AS ends, count(*) AS lived FROM ({lives(history)}) GROUP BY deal_id"
    return (
        f"SELECT s.deal_id AS tie, customer_id, {rep} AS rep_id, product_id, {amount} AS amount, "
        "coalesce(closing_currency, currency) AS currency, known, happened, "
        f"least(next_known, CASE WHEN lived = 1 AND ends > known AND ends < {micros(until)} THEN ends END) AS retired "
        f"FROM ({sql}) s LEFT JOIN ({ends}) e ON e.deal_id = s.deal_id"
    )


def _with_latest(sql: str, changes: str, column: str) -> str:
    """The rows with the value that a field had when the row was known, as far as was on record then."""
    latest = (
        f"SELECT deal_id, known, arg_max(new_value, (happened, known)) OVER (PARTITION BY deal_id ORDER BY known) "
        f"AS new_value FROM ({changes}) QUALIFY row_number() OVER (PARTITION BY deal_id, known ORDER BY happened) = 1"
    )
    return (
        f"SELECT s.*, c.new_value AS {column} FROM ({sql}) s "
        f"ASOF LEFT JOIN ({latest}) c ON c.deal_id = s.deal_id AND c.known <= s.known"
    )
