"""What do events that came since change on the cards? Until the next making, which reads the history anew."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.contracts import ATTRIBUTE_PREFIX
from serving.cards.keeping import Kept, digests_of, remove_cards, write_cards
from serving.cards.reading import CHANGING, LONGEST, Card, customer_card, deal_card
from serving.record_json import record_in_json
from serving.records import ATTRIBUTES
from serving.store.score_tables import CustomerCard, CustomerOwner, DealCard

ACTIVE_DAYS = 365
"""A customer who ordered within so many days is active (docs/data-contract.md)."""


@dataclass(frozen=True)
class Happening:
    """A row of the history that was just told: typed by the contract, moments naive UTC."""

    table: str
    row: Mapping[str, Any]
    recorded_at: datetime
    deleted: bool = False


@dataclass
class Touched:
    """The deals and customers of whom something was told: their scores are of before."""

    deals: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)


def follow(session: Session, events: Sequence[Happening], now: datetime) -> Touched:
    """Bring the cards up to these events, in their order; say whom they were about."""
    touched = Touched()
    for event in events:
        deal, customer = event.row.get("deal_id"), event.row.get("customer_id")
        if isinstance(deal, str) and len(deal) <= LONGEST:
            touched.deals.add(deal)
        if isinstance(customer, str) and len(customer) <= LONGEST:
            touched.customers.add(customer)
    _deals(session, [event for event in events if event.table in ("deals", "deal_changes")])
    _customers(session, events, now)
    return touched


def _deals(session: Session, events: Iterable[Happening]) -> None:
    told: dict[str, list[Happening]] = {}
    for event in events:
        told.setdefault(str(event.row["deal_id"]), []).append(event)
    held = {card.deal_id: card for card in _held(session, DealCard, sorted(told))}
    cards, gone = list[Card](), list[str]()
    for deal, its in told.items():
        found = _deal_after(held.get(deal), deal, its)
        if found is None:
            gone.append(deal)
        else:
            cards.append(found)
    write_cards(session, DealCard, cards, digests_of(session, DealCard, sorted(told)))
    remove_cards(session, DealCard, gone)


def _deal_after(held: DealCard | None, deal: str, events: Sequence[Happening]) -> Card | None:
    """A deal's card after what was told of it; None where it is on record no more, or not yet."""
    row, since, known = _row_of_deal(held), dict(held.told) if held is not None else {}, held is not None
    for event in events:
        if event.table == "deals" and event.deleted:
            row, since, known = {}, {}, False
        elif event.table == "deals":
            said = {c: v for c, v in event.row.items() if c != "recorded_at"}
            at = event.recorded_at.isoformat()
            row |= {c: v for c, v in said.items() if since.get(c, "") <= at}
            since |= {c: max(since.get(c, ""), at) for c in said if c in CHANGING}
            known = True
        elif not event.deleted:
            _change(row, since, event.row)
    if not known:
        return None
    status = row.get("status") or "open"
    return deal_card({**row, "deal_id": deal}, since, {deal} if status == "open" else set(), str(status))


def _change(row: dict[str, Any], since: dict[str, str], change: Mapping[str, Any]) -> None:
    """One row of deal_changes: an older change than the one that stands says nothing of today."""
    name, at = str(change["field"]), change["changed_at"].isoformat()
    if since.get(name, "") > at:
        return
    value = change.get("new_value")
    if name == "status":
        row["status"] = value
        row["closed_at"] = None if value == "open" else row.get("closed_at") or change["changed_at"]
    elif name in CHANGING:
        row[name] = _typed(name, value)
    else:
        row[ATTRIBUTE_PREFIX + name.removeprefix(ATTRIBUTE_PREFIX)] = value
    since[name] = at


def _typed(name: str, value: Any) -> Any:
    try:
        if value is not None and name == "amount":
            return Decimal(str(value))
        if value is not None and name == "expected_close_on":
            return date.fromisoformat(str(value)[:10])
    except (InvalidOperation, ValueError):
        return None
    return value


def _row_of_deal(held: DealCard | None) -> dict[str, Any]:
    """What a card keeps, as a row of the contract."""
    if held is None:
        return {}
    row = _flat(held.record)
    for column in ("created_at", "closed_at", "expected_close_on"):
        row[column] = getattr(held, column)
    return {c: v for c, v in row.items() if v is not None}


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    own = {c: v for c, v in record.items() if c != ATTRIBUTES}
    return own | {ATTRIBUTE_PREFIX + c: v for c, v in record.get(ATTRIBUTES, {}).items()}


def _customers(session: Session, events: Sequence[Happening], now: datetime) -> None:
    told: dict[str, list[Happening]] = {}
    for event in events:
        customer = event.row.get("customer_id")
        if isinstance(customer, str) and event.table in ("customers", "orders", "subscriptions", "deals"):
            told.setdefault(customer, []).append(event)
    held = {card.customer_id: card for card in _held(session, CustomerCard, sorted(told))}
    owners = _owners(session, sorted(told))
    cards, gone = list[Card](), list[str]()
    for customer, its in told.items():
        there = held.get(customer)
        row = _flat(there.record) if there is not None else {}
        active, reps = there is not None and there.active, set(owners.get(customer, ()))
        for event in its:
            if event.table == "customers":
                row = {} if event.deleted else row | {c: v for c, v in event.row.items() if c != "recorded_at"}
            elif not event.deleted:
                active |= _shows_life(event, now)
                reps |= {str(event.row["rep_id"])} if event.row.get("rep_id") else set()
        if not row and its[-1].table == "customers":
            gone.append(customer)
        else:
            shown = {**record_in_json(row), "customer_id": customer}
            cards.append(customer_card(_flat(shown), active, {customer: frozenset(reps)}))
    write_cards(session, CustomerCard, cards, digests_of(session, CustomerCard, sorted(told)))
    remove_cards(session, CustomerCard, gone)


def _shows_life(event: Happening, now: datetime) -> bool:
    if event.table == "orders":
        amount = event.row.get("amount")
        return event.row["ordered_at"] >= now - timedelta(days=ACTIVE_DAYS) and amount is not None and amount > 0
    return event.table == "subscriptions" and not event.row.get("cancelled_on")


def _held(session: Session, kept: Kept, ids: Sequence[str]) -> Sequence[Any]:
    key = kept.deal_id if kept is DealCard else kept.customer_id
    return session.scalars(select(kept).where(key.in_(ids))).all()


def _owners(session: Session, ids: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for owner in session.scalars(select(CustomerOwner).where(CustomerOwner.customer_id.in_(ids))):
        found.setdefault(owner.customer_id, set()).add(owner.rep_id)
    return found
