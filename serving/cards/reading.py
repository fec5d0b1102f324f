"""How does every deal and customer stand by the history? One row each, as the cards keep them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from features.as_of import micros
from features.history import History
from features.kernel import EVER, MISSING
from features.open_deals import active_customers, customers_known, open_deals
from features.plain_rows import MIDNIGHT
from features.quoting import name
from features.sellers import sellers_of_customers, sellers_of_deals
from features.stream_sql import change_events
from features.streams import open_streams
from serving.questions.record_json import record_in_json

BATCH = 5_000
LONGEST = 500
"""Letters of an identifier or a text by which lists filter; records keep all of it."""
CHANGING = ("stage", "amount", "expected_close_on", "forecast_category")
"""Fields of a deal whose past values may stand in `deal_changes`, beside its seller."""
SAID, SINCE = "status told", "told since"
"""Columns beside the row: what was told last of its status, and when that happened."""
_AS_WRITTEN = {"amount": "DECIMAL(18,4)", "expected_close_on": "DATE"}


@dataclass(frozen=True)
class Card:
    """A deal or customer as it stands: its id, what lists filter and sort by, all its fields."""

    subject_id: str
    columns: Mapping[str, object]
    record: Mapping[str, object]
    owners: frozenset[str] = frozenset()

    @property
    def is_scored(self) -> bool:
        """Whether there is anything to foretell: of an open deal, of an active customer."""
        return self.columns["status"] == "open" if "status" in self.columns else bool(self.columns["active"])

    @property
    def digest(self) -> str:
        """Changes when anything of it does."""
        held = [dict(self.columns), dict(self.record), sorted(self.owners)]
        return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Standing:
    """What deals and customers are both read with: the open deals, and the seller of each deal."""

    still_open: frozenset[str]
    sellers: Mapping[str, str | None]


def standing(history: History, now: datetime) -> Standing:
    """Which deals are open at a moment (naive UTC), and whose they are."""
    return Standing(frozenset(open_deals(history, now).ids.tolist()), sellers_of_deals(history))


def deal_cards(history: History, now: datetime, found: Standing) -> Iterator[Card]:
    """Every deal on record at a moment (naive UTC)."""
    if "deals" not in history.tables():
        return
    columns = [c for c in history.columns("deals") if c != "recorded_at"]
    joins, chosen = _with_changes(history, now, columns)
    sql = (
        f"SELECT {', '.join(chosen)} FROM ({history.sql_latest('deals', now)}) d {joins} "
        f"WHERE d.created_at < TIMESTAMP '{now.isoformat(sep=' ')}'"
    )
    with history.connect() as con:
        for row in _rows(con.execute(sql)):
            deal = str(row["deal_id"])
            row |= _state(row, is_open=deal in found.still_open)
            seller = found.sellers.get(deal)
            yield deal_card({**row, "rep_id": seller})


def deal_card(row: Mapping[str, Any]) -> Card:
    """A deal's card by its fields, as `features.online.Memory.record` gives them."""
    record = {column: value for column, value in row.items() if value is not None}
    columns = {
        "status": record["status"],
        **{c: _short(record.get(c)) for c in ("pipeline", "stage", "rep_id", "customer_id")},
        **{c: record.get(c) for c in ("created_at", "closed_at", "expected_close_on")},
        "amount": None if record.get("amount") is None else float(record["amount"]),
    }
    return Card(str(record["deal_id"]), columns, record_in_json(record))


def customer_cards(history: History, now: datetime, found: Standing) -> Iterator[Card]:
    """Every customer of whom anything is on record at a moment (naive UTC), and whose it is."""
    active = set(active_customers(history, now).ids.tolist())
    owners = sellers_of_customers(history, found.still_open, found.sellers)
    nobody = frozenset[str]()
    seen: set[str] = set()
    if "customers" in history.tables():
        columns = [name(c) for c in history.columns("customers") if c != "recorded_at"]
        with history.connect() as con:
            sql = f"SELECT {', '.join(columns)} FROM ({history.sql_latest('customers', now)})"
            for row in _rows(con.execute(sql)):
                customer = str(row["customer_id"])
                seen.add(customer)
                yield customer_card(row, customer in active, owners.get(customer, nobody))
    for customer in customers_known(history, now)[0].tolist():
        if customer not in seen:
            yield customer_card({"customer_id": customer}, customer in active, owners.get(customer, nobody))


def customer_card(row: Mapping[str, Any], active: bool, owners: frozenset[str]) -> Card:
    """A customer's card by its fields."""
    short = {c: _short(row.get(c)) for c in ("name", "industry", "segment", "region", "country", "tier")}
    return Card(str(row["customer_id"]), {**short, "active": active}, record_in_json(row), owners)


def _with_changes(history: History, now: datetime, columns: list[str]) -> tuple[str, list[str]]:
    """Joins and SELECT list: the row, with the last change of a field over its own value, and how it was decided."""
    joins, chosen = "", [f"d.{name(c)}" for c in columns]
    for place, column in enumerate(CHANGING):
        events = change_events(history, column)
        if events is None:
            continue
        joins += (
            f" LEFT JOIN (SELECT deal_id, arg_max(new_value, (happened, known)) AS said FROM ({events}) "
            f"WHERE known < {micros(now)} GROUP BY 1) c{place} USING (deal_id)"
        )
        as_kept = f"try_cast(c{place}.said AS {_AS_WRITTEN.get(column, 'VARCHAR')})"
        if column in columns:
            chosen[columns.index(column)] = f"coalesce({as_kept}, d.{name(column)}) AS {name(column)}"
        else:
            chosen.append(f"{as_kept} AS {name(column)}")
    states = open_streams(history).select("states", "deal", ("status",))
    joins += (
        " LEFT JOIN (SELECT id AS deal_id, arg_max(status, (happened, known)) AS said, max(happened) AS since "
        f"FROM ({states}) WHERE known < {micros(now)} AND (retired = {MISSING} OR retired >= {micros(now)}) "
        "GROUP BY 1) s USING (deal_id)"
    )
    return joins, [*chosen, f"s.said AS {name(SAID)}", f"s.since AS {name(SINCE)}"]


def as_typed(field: str, value: str) -> dict[str, object]:
    """A field that a change tells as text, in the contract's type; nothing where it is none of it."""
    try:
        if field == "amount":
            return {field: Decimal(value)}
        return {field: date.fromisoformat(value[:10]) if field == "expected_close_on" else value}
    except (InvalidOperation, ValueError):
        return {}


def _state(row: dict[str, Any], *, is_open: bool) -> dict[str, object]:
    """Whether a deal is open, won or lost, and since when it is decided; takes from the row what tells that."""
    said, since = row.pop(SAID, None), row.pop(SINCE, None)
    if is_open or said is None:
        return {"status": "open", "closed_at": None}
    decided = None if since is None or since <= EVER else MIDNIGHT + timedelta(microseconds=since)
    return {"status": said, "closed_at": row.get("closed_at") or decided}


def _rows(found: Any) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in found.description]
    while rows := found.fetchmany(BATCH):
        for row in rows:
            yield {c: v for c, v in zip(names, row, strict=True) if v is not None}


def _short(value: object) -> str | None:
    return None if value is None else str(value)[:LONGEST]
