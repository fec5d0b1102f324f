"""Which events is one version of a row? As the SELECTs of `features.customer_streams`, for a row that just came."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.contracts import ATTRIBUTE_PREFIX
from features.kernel import EVER, SCALE
from features.live_events import Event, Value
from features.lookups import Rates
from features.plain_rows import Plain, Row, fixed, is_attribute, midnight, real


@dataclass
class Beside:
    """What a row is read with: the rates, the zone of days."""

    rates: Rates
    zone: ZoneInfo


def events_of(table: str, row: Row, at: int, beside: Beside) -> list[Event]:
    """The events of a version of a row that is on record since a moment."""
    return _TABLES[table](row, at, beside)


def described(table: str) -> bool:
    """Whether a later version of a row stands beside the earlier one, instead of replacing it."""
    return table in ("customers", "products", "reps")


def _since(row: Row, at: int, column: str | None) -> tuple[int, int]:
    """When a version became known and when it happened."""
    own = row.get(column) if column is not None else None
    return (at, EVER) if own is None else (max(at, int(own)), int(own))


def _text(row: Row, column: str) -> str | None:
    value = row.get(column)
    return None if value is None else str(value)


def values_of(table: str, row: Row, texts: tuple[str, ...], numbers: tuple[str, ...]) -> dict[str, Value]:
    """The values of a row as its stream has them, attributes as texts and as numbers."""
    found: dict[str, Value] = {column: _text(row, column) for column in texts}
    for column in numbers:
        found[column] = fixed(real(table, column, row.get(column)))
    for column, value in row.items():
        if column.startswith(ATTRIBUTE_PREFIX):
            found[column] = None if value is None else str(value)
            found[f"{column}:number"] = fixed(real(table, column, value))
    return found


def _activities(row: Row, at: int, beside: Beside) -> list[Event]:
    known, happened = _since(row, at, "happened_at")
    keys = {
        "deal": _text(row, "deal_id"),
        "customer": _text(row, "customer_id"),
        "rep": _text(row, "rep_id"),
        "contact": _text(row, "contact_id"),
    }
    texts = ("type", "direction", "outcome", "contact_id", "rep_id")
    values = values_of("activities", row, texts, ("duration_minutes",))
    return [Event("activities", keys, known, happened, row["activity_id"], values)]


def gives_back(row: Row) -> bool:
    """Whether an order line returns something."""
    quantity, amount = row.get("quantity"), row.get("amount")
    return (quantity is not None and float(quantity) < 0) or (amount is not None and float(amount) < 0)


def _orders(row: Row, at: int, beside: Beside) -> list[Event]:
    known, happened = _since(row, at, "ordered_at")
    base = in_base("orders", "amount", row, known, beside)
    quantity = real("orders", "quantity", row.get("quantity"))
    values: dict[str, Value] = {
        "order_group": _text(row, "group_id") or _text(row, "order_id"),
        "amount": fixed(base),
        "kind": "return" if gives_back(row) else "sale",
        "quantity": fixed(quantity),
        "unit_price": None if base is None or not quantity else fixed(base / quantity),
        "product_id": _text(row, "product_id"),
        "rep_id": _text(row, "rep_id"),
    }
    if row.get("group_id") == "":
        values["order_group"] = ""
    keys = {"customer": _text(row, "customer_id"), "product": values["product_id"], "rep": values["rep_id"]}
    return [Event("orders", keys, known, happened, row["order_id"], values)]  # type: ignore[arg-type]


def in_base(table: str, column: str, row: Row, known: int, beside: Beside) -> float | None:
    """An amount of a row in the base currency, by the rate known when the row was."""
    value, rate = real(table, column, row.get(column)), beside.rates.rate(_text(row, "currency"), known)
    return None if value is None or rate is None else value * rate


def _tickets(row: Row, at: int, beside: Beside) -> list[Event]:
    known, happened = _since(row, at, "opened_at")
    keys = {"customer": _text(row, "customer_id")}
    values = values_of("tickets", row, ("kind", "severity"), ())
    found = [Event("tickets", keys, known, happened, row["ticket_id"], values)]
    closed, opened = row.get("closed_at"), row.get("opened_at")
    if closed is not None and opened is not None:
        days = fixed(max(int(closed) - int(opened), 0) / 86400e6)
        told: dict[str, Value] = {"days": days, "kind": _text(row, "kind")}
        found.append(Event("resolutions", keys, max(known, int(closed)), int(closed), row["ticket_id"], told))
    rated = values_of("tickets", row, ("kind",), ("satisfaction",))
    if rated["satisfaction"] is not None:
        at_end = happened if closed is None else int(closed)
        found.append(Event("ratings", keys, max(known, at_end), at_end, row["ticket_id"], rated))
    return found


def _subscriptions(row: Row, at: int, beside: Beside) -> list[Event]:
    keys = {"customer": _text(row, "customer_id")}
    months: Plain = row.get("interval_months")
    contract: dict[str, Value] = {
        "recurring_amount": fixed(in_base("subscriptions", "recurring_amount", row, at, beside)),
        "interval_months": None if months is None else int(months) * SCALE,
        "product_id": _text(row, "product_id"),
    }
    tie = row["subscription_id"]
    ends = _day(row, "ends_on", beside)
    found = [Event("subscriptions", keys, at, at, tie, {**contract, "ends_on": ends})]
    cancelled = _day(row, "cancelled_on", beside)
    over = [day for day in (cancelled, ends) if day is not None]
    for stream, happened in (("cancellations", cancelled), ("endings", min(over, default=None))):
        if happened is not None:
            found.append(Event(stream, keys, max(at, happened), happened, tie, contract))
    return found


def _day(row: Row, column: str, beside: Beside) -> int | None:
    day = row.get(column)
    return None if day is None else midnight(int(day), beside.zone)


def _customers(row: Row, at: int, beside: Beside) -> list[Event]:
    known, _ = _since(row, at, "created_at")
    texts = ("industry", "segment", "size", "region", "country", "tier", "source")
    values = values_of("customers", row, texts, ("annual_revenue",))
    return [Event("customers", {"customer": _text(row, "customer_id")}, known, known, row["customer_id"], values)]


def _contacts(row: Row, at: int, beside: Beside) -> list[Event]:
    known, happened = _since(row, at, "created_at")
    keys = {"customer": _text(row, "customer_id"), "contact": _text(row, "contact_id")}
    values = values_of("contacts", row, ("contact_id", "role"), ("is_decision_maker",))
    return [Event("contacts", keys, known, happened, row["contact_id"], values)]


def _products(row: Row, at: int, beside: Beside) -> list[Event]:
    values = values_of("products", row, ("family", "currency"), ())
    values["list_price"] = fixed(in_base("products", "list_price", row, at, beside))
    return [Event("products", {"product": _text(row, "product_id")}, at, at, row["product_id"], values)]


def _reps(row: Row, at: int, beside: Beside) -> list[Event]:
    values = values_of("reps", row, ("team_id", "region"), ("weekly_hours",))
    values["hired_on"] = _day(row, "hired_on", beside)
    return [Event("reps", {"rep": _text(row, "rep_id")}, at, at, row["rep_id"], values)]


TOLD: Mapping[str, frozenset[str]] = {
    "activities": frozenset({"type", "direction", "outcome", "contact_id", "rep_id", "duration_minutes"}),
    "orders": frozenset({"order_group", "amount", "kind", "quantity", "unit_price", "product_id", "rep_id"}),
    "purchases": frozenset(),
    "tickets": frozenset({"kind", "severity"}),
    "ratings": frozenset({"satisfaction", "kind"}),
    "resolutions": frozenset({"days", "kind"}),
    "subscriptions": frozenset({"recurring_amount", "interval_months", "product_id", "ends_on"}),
    "cancellations": frozenset({"recurring_amount", "interval_months", "product_id"}),
    "endings": frozenset({"recurring_amount", "interval_months", "product_id"}),
    "customers": frozenset({"industry", "segment", "size", "region", "country", "tier", "source", "annual_revenue"}),
    "contacts": frozenset({"contact_id", "role", "is_decision_maker"}),
    "products": frozenset({"family", "currency", "list_price"}),
    "reps": frozenset({"team_id", "region", "weekly_hours", "hired_on"}),
    "deals": frozenset({"customer_id", "product_id", "pipeline", "source", "type", "currency", "crm_probability"}),
    "creations": frozenset(),
    "states": frozenset({"status"}),
    "outcomes": frozenset({"won", "outcome", "cycle_days", "amount"}),
    "openings": frozenset({"delta", "worth", "born"}),
    "stage_changes": frozenset({"stage", "position"}),
    "stage_stays": frozenset({"outcome", "won", "days"}),
    "amount_changes": frozenset({"amount"}),
    "close_date_changes": frozenset({"expected_close_on"}),
    "owner_changes": frozenset({"rep_id"}),
    "category_changes": frozenset({"forecast_category"}),
}
"""The columns of each stream that are told here and in `features.deal_life`, attributes and joined ones aside.

An event with further columns can only be read from the history.
"""


def tellable(stream: str, columns: Iterable[str]) -> bool:
    """Whether the events of a stream with these columns can be told from a row alone."""
    return stream in TOLD and all(column in TOLD[stream] or is_attribute(column) for column in columns)


_TABLES: Mapping[str, Callable[[Row, int, Beside], list[Event]]] = {
    "activities": _activities,
    "orders": _orders,
    "tickets": _tickets,
    "subscriptions": _subscriptions,
    "customers": _customers,
    "contacts": _contacts,
    "products": _products,
    "reps": _reps,
}
