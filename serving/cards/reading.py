"""How does every deal and customer stand by the history? One row each, as the cards keep them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from features.history import History
from features.open_deals import active_customers, customers_known, open_deals
from features.quoting import name
from features.sellers import sellers_of_customers, sellers_of_deals
from features.stream_sql import change_events
from serving.questions.record_json import record_in_json

BATCH = 5_000
LONGEST = 500
"""Letters of an identifier or a text by which lists filter; records keep all of it."""
CHANGING = ("stage", "amount", "expected_close_on", "rep_id", "forecast_category")
"""Fields of a deal whose past values may stand in `deal_changes`."""
_AS_WRITTEN = {"amount": "DECIMAL(18,4)", "expected_close_on": "DATE"}


@dataclass(frozen=True)
class Card:
    """A deal or customer as it stands: its id, what lists filter and sort by, all its fields."""

    subject_id: str
    columns: Mapping[str, object]
    record: Mapping[str, object]
    told: Mapping[str, str] = field(default_factory=dict)
    owners: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """Changes when anything of it does."""
        held = [dict(self.columns), dict(self.record), dict(self.told), sorted(self.owners)]
        return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()[:32]


def deal_cards(history: History, now: datetime) -> Iterator[Card]:
    """Every deal on record at a moment (naive UTC)."""
    if "deals" not in history.tables():
        return
    still_open, sellers = set(open_deals(history, now).ids.tolist()), sellers_of_deals(history)
    columns = [c for c in history.columns("deals") if c != "recorded_at"]
    joins, chosen, told = _with_changes(history, now, columns)
    sql = f"SELECT {', '.join(chosen)} FROM ({history.sql_latest('deals', now)}) d {joins}"
    with history.connect() as con:
        for row in _rows(con.execute(sql)):
            since = {c: _text(row.pop(f"{c} told")) for c in told}
            closing = row.pop("status told", None)
            row.pop("rep_id", None)
            if seller := sellers.get(str(row["deal_id"])):
                row["rep_id"] = seller
            yield deal_card(row, {c: at for c, at in since.items() if at}, still_open, closing)


def deal_card(row: Mapping[str, Any], told: Mapping[str, str], still_open: set[str], closing: str | None) -> Card:
    """A deal's card by its fields; `closing` is the status that its changes told last."""
    deal = str(row["deal_id"])
    status = "open" if deal in still_open else _closed(row.get("status"), closing)
    record = {**row, "status": status}
    columns = {
        "status": status,
        **{c: _short(row.get(c)) for c in ("pipeline", "stage", "rep_id", "customer_id")},
        "created_at": row.get("created_at"),
        "closed_at": None if status == "open" else row.get("closed_at"),
        "expected_close_on": row.get("expected_close_on"),
        "amount": None if row.get("amount") is None else float(row["amount"]),
    }
    return Card(deal, columns, record_in_json(record), told)


def customer_cards(history: History, now: datetime) -> Iterator[Card]:
    """Every customer of whom anything is on record at a moment (naive UTC), and whose it is."""
    active = set(active_customers(history, now).ids.tolist())
    owners = sellers_of_customers(history, set(open_deals(history, now).ids.tolist()))
    seen: set[str] = set()
    if "customers" in history.tables():
        columns = [name(c) for c in history.columns("customers") if c != "recorded_at"]
        with history.connect() as con:
            sql = f"SELECT {', '.join(columns)} FROM ({history.sql_latest('customers', now)})"
            for row in _rows(con.execute(sql)):
                seen.add(str(row["customer_id"]))
                yield customer_card(row, str(row["customer_id"]) in active, owners)
    for customer in customers_known(history, now)[0].tolist():
        if customer not in seen:
            yield customer_card({"customer_id": customer}, customer in active, owners)


def customer_card(row: Mapping[str, Any], active: bool, owners: Mapping[str, frozenset[str]]) -> Card:
    """A customer's card by its fields."""
    customer = str(row["customer_id"])
    short = {c: _short(row.get(c)) for c in ("name", "industry", "segment", "region", "country", "tier")}
    return Card(customer, {**short, "active": active}, record_in_json(row), owners=owners.get(customer, frozenset()))


def _with_changes(history: History, now: datetime, columns: list[str]) -> tuple[str, list[str], list[str]]:
    """Joins, SELECT list and names of the fields whose last change stands over the row's own value."""
    joins, chosen, told = "", [f"d.{name(c)}" for c in columns], []
    at = f"TIMESTAMP '{now.isoformat(sep=' ')}'"
    for place, column in enumerate(CHANGING):
        events = change_events(history, column)
        if events is None:
            continue
        joins += (
            f" LEFT JOIN (SELECT deal_id, arg_max(new_value, (happened, known)) AS said, max(happened) AS since "
            f"FROM ({events}) WHERE known < epoch_us({at}) GROUP BY 1) c{place} USING (deal_id)"
        )
        as_kept = f"try_cast(c{place}.said AS {_AS_WRITTEN.get(column, 'VARCHAR')})"
        if column in columns:
            chosen[columns.index(column)] = f"coalesce({as_kept}, d.{name(column)}) AS {name(column)}"
        else:
            chosen.append(f"{as_kept} AS {name(column)}")
        chosen.append(f"c{place}.since AS {name(f'{column} told')}")
        told.append(column)
    if "deal_changes" in history.tables():
        joins += (
            " LEFT JOIN (SELECT deal_id, arg_max(new_value, changed_at) AS said "
            f"FROM ({history.sql_latest('deal_changes', now)}) WHERE field = 'status' GROUP BY 1) s USING (deal_id)"
        )
        chosen.append('s.said AS "status told"')
    return joins, chosen, told


def _rows(found: Any) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in found.description]
    while rows := found.fetchmany(BATCH):
        for row in rows:
            yield {c: v for c, v in zip(names, row, strict=True) if v is not None or c.endswith(" told")}


def _closed(status: object, closing: str | None) -> str:
    if status in ("won", "lost"):
        return str(status)
    return closing if closing in ("won", "lost") else "lost"


def _short(value: object) -> str | None:
    return None if value is None else str(value)[:LONGEST]


def _text(since: object) -> str | None:
    """Microseconds since 1970 as a moment in UTC."""
    if since is None:
        return None
    return datetime.fromtimestamp(int(str(since)) / 1e6, UTC).replace(tzinfo=None).isoformat()
