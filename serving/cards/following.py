"""What do events that came since change on the cards? Until the next making, which reads the history anew.

Whose a customer is, and whether it is active, is asked of the history in memory, which has the events already: what a
list shows is then what a single record answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.contracts import ATTRIBUTE_PREFIX
from serving.cards.keeping import Kept, digests_of, remove_cards, write_cards
from serving.cards.reading import CHANGING, LONGEST, Card, customer_card, deal_card
from serving.questions.record_json import record_in_json
from serving.questions.records import ATTRIBUTES
from serving.store.score_tables import CustomerCard, DealCard


class People(Protocol):
    """A history in memory with the events in it: `features.online.Memory`."""

    def has_customer(self, customer_id: str, /) -> bool: ...
    def is_active(self, customer_id: str, as_of: datetime, /) -> bool: ...
    def reps_of_customer(self, customer_id: str, /) -> frozenset[str]: ...
    def rep_of(self, deal_id: str, /) -> str | None: ...


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


def follow(session: Session, events: Sequence[Happening], now: datetime, people: People) -> Touched:
    """Bring the cards up to these events, in their order; say whom they were about, deals' customers too."""
    touched = Touched()
    for event in events:
        deal, customer = event.row.get("deal_id"), event.row.get("customer_id")
        if isinstance(deal, str) and len(deal) <= LONGEST:
            touched.deals.add(deal)
        if isinstance(customer, str) and len(customer) <= LONGEST:
            touched.customers.add(customer)
    before = _customers_of(session, touched.deals)
    _deals(session, [event for event in events if event.table in ("deals", "deal_changes")], people)
    touched.customers |= before | _customers_of(session, touched.deals)
    _customers(session, events, sorted(touched.customers), now, people)
    return touched


def _customers_of(session: Session, deals: Iterable[str]) -> set[str]:
    """The customers of these deals by their cards."""
    asked = select(DealCard.customer_id).where(DealCard.deal_id.in_(sorted(deals)))
    return {customer for customer in session.scalars(asked) if customer is not None}


def _deals(session: Session, events: Iterable[Happening], people: People) -> None:
    told: dict[str, list[Happening]] = {}
    for event in events:
        told.setdefault(str(event.row["deal_id"]), []).append(event)
    held = {card.deal_id: card for card in _held(session, DealCard, sorted(told))}
    cards, gone = list[Card](), list[str]()
    for deal, its in told.items():
        found = _deal_after(held.get(deal), deal, its, people.rep_of(deal))
        if found is None:
            gone.append(deal)
        else:
            cards.append(found)
    write_cards(session, DealCard, cards, digests_of(session, DealCard, sorted(told)))
    remove_cards(session, DealCard, gone)


def _deal_after(held: DealCard | None, deal: str, events: Sequence[Happening], seller: str | None) -> Card | None:
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
    row.pop("rep_id", None)
    row |= {} if seller is None else {"rep_id": seller}
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


def _customers(
    session: Session, events: Sequence[Happening], touched: Sequence[str], now: datetime, people: People
) -> None:
    told: dict[str, list[Happening]] = {customer: [] for customer in touched}
    for event in events:
        if event.table == "customers" and event.row.get("customer_id") in told:
            told[str(event.row["customer_id"])].append(event)
    held = {card.customer_id: card for card in _held(session, CustomerCard, touched)}
    cards, gone = list[Card](), list[str]()
    for customer, its in told.items():
        there = held.get(customer)
        row = _flat(there.record) if there is not None else {}
        for event in its:
            row = {} if event.deleted else row | {c: v for c, v in event.row.items() if c != "recorded_at"}
        if not people.has_customer(customer):
            gone.append(customer)
            continue
        shown = {**record_in_json(row), "customer_id": customer}
        owners = {customer: people.reps_of_customer(customer)}
        cards.append(customer_card(_flat(shown), people.is_active(customer, now), owners))
    write_cards(session, CustomerCard, cards, digests_of(session, CustomerCard, touched))
    remove_cards(session, CustomerCard, gone)


def _held(session: Session, kept: Kept, ids: Sequence[str]) -> Sequence[Any]:
    key = kept.deal_id if kept is DealCard else kept.customer_id
    return session.scalars(select(kept).where(key.in_(ids))).all()
