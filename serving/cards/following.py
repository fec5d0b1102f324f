"""What do events that came since change on the cards? Until the next making, which reads the history anew.

How a deal or customer stands is asked of the history in memory, which has the events already: what a list shows is then
what a single record answers, in whatever order things were told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from features.contracts import ATTRIBUTE_PREFIX, Known
from features.history import History
from serving.cards.keeping import SCORE, Kept, held_of, key_of, parted, remove_cards, write_cards
from serving.cards.reading import CHANGING, LONGEST, Card, as_typed, customer_card, deal_card
from serving.questions.records import ATTRIBUTES
from serving.store.score_tables import CustomerCard, DealCard

TOLD = (Known.AT_CREATION, Known.TRACKED)
"""Of a field that is known so, the history in memory keeps each change."""


class People(Protocol):
    """A history in memory with the events in it: `features.online.Memory`."""

    @property
    def history(self) -> History: ...
    def record(self, deal_id: str, as_of: datetime, /) -> Mapping[str, Any]: ...
    def has_customer(self, customer_id: str, /) -> bool: ...
    def customer_record(self, customer_id: str, /) -> Mapping[str, Any]: ...
    def is_active(self, customer_id: str, as_of: datetime, /) -> bool: ...
    def reps_of_customer(self, customer_id: str, /) -> frozenset[str]: ...


@dataclass(frozen=True)
class Happening:
    """A row of the history that was just told: typed by the contract, moments naive UTC."""

    table: str
    row: Mapping[str, Any]


@dataclass
class Touched:
    """The deals and customers of whom something was told: their scores are of before."""

    deals: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)


def follow(session: Session, events: Sequence[Happening], until: int, now: datetime, people: People) -> Touched:
    """Bring the cards up to these events, of which the last is at position `until`; say whom they were about.

    Deals' customers too, before and after. Whoever is open or active waits to be scored from here on.
    """
    touched = Touched()
    for event in events:
        deal, customer = event.row.get("deal_id"), event.row.get("customer_id")
        if isinstance(deal, str) and len(deal) <= LONGEST:
            touched.deals.add(deal)
        if isinstance(customer, str) and len(customer) <= LONGEST:
            touched.customers.add(customer)
    touched.customers |= _customers_of(session, touched.deals)
    new = _unheld(session, DealCard, events, sorted(touched.deals), people.history)
    deals: dict[str, Card | None] = {}
    for deal in sorted(touched.deals):
        row = people.record(deal, now)
        deals[deal] = deal_card({**row, **new.get(deal, {})}) if row else None
        named = row.get("customer_id")
        if named is not None and len(named) <= LONGEST:
            touched.customers.add(named)
    _bring(session, DealCard, deals, until)
    names = sorted(touched.customers)
    new = _unheld(session, CustomerCard, events, names, people.history)
    _bring(session, CustomerCard, {one: _customer(one, now, people, new.get(one, {})) for one in names}, until)
    return touched


def _customer(customer: str, now: datetime, people: People, new: Mapping[str, object]) -> Card | None:
    if not people.has_customer(customer):
        return None
    row = {**people.customer_record(customer), **new, "customer_id": customer}
    return customer_card(row, people.is_active(customer, now), people.reps_of_customer(customer))


def _unheld(
    session: Session, kept: Kept, events: Iterable[Happening], ids: Sequence[str], history: History
) -> dict[str, dict[str, object]]:
    """What the history in memory keeps nothing of, because it never met it; the cards do until it is loaded anew.

    That is attributes of a new name, and changes of a field that never changed before.
    """
    table, key = ("deals", "deal_id") if kept is DealCard else ("customers", "customer_id")
    columns = set(history.columns(table))
    fields = {one for one in CHANGING if kept is DealCard and history.known("deals", one) not in TOLD}
    found: dict[str, dict[str, object]] = {}
    for some in parted(ids):
        cards = select(getattr(kept, key), kept.record).where(getattr(kept, key).in_(some))
        for subject, record in session.execute(cards):
            told = {ATTRIBUTE_PREFIX + name: value for name, value in record.get(ATTRIBUTES, {}).items()}
            found[subject] = {name: value for name, value in told.items() if name not in columns}
            for one in (fields - columns) & record.keys():
                found[subject] |= as_typed(one, str(record[one]))
    for event in events:
        if event.table == table:
            new = {c: v for c, v in event.row.items() if c.startswith(ATTRIBUTE_PREFIX) and c not in columns}
            found.setdefault(event.row[key], {}).update(new)
        elif event.table == "deal_changes" and event.row["field"] in fields and "new_value" in event.row:
            new = as_typed(str(event.row["field"]), str(event.row["new_value"]))
            found.setdefault(event.row[key], {}).update(new)
    return found


def _customers_of(session: Session, deals: Iterable[str]) -> set[str]:
    """The customers of these deals by their cards."""
    found: set[str] = set()
    for some in parted(sorted(deals)):
        asked = select(DealCard.customer_id).where(DealCard.deal_id.in_(some))
        found |= {customer for customer in session.scalars(asked) if customer is not None}
    return found


def _bring(session: Session, kept: Kept, found: Mapping[str, Card | None], until: int) -> None:
    """Write the cards found, take those away that are not; none of whom a later event told."""
    held = held_of(session, kept, list(found))
    ours = [one for one in found if one not in held or held[one].position <= until]
    there = {one: card for one in ours if (card := found[one]) is not None}
    write_cards(session, kept, list(there.values()), held, until, until)
    remove_cards(session, kept, [one for one in ours if one not in there and one in held], until)
    waiting = [one for one, card in there.items() if card.is_scored]
    nothing: dict[str, Any] = dict.fromkeys(SCORE[kept])
    _tell(session, kept, waiting, position=until, unscored=until)
    _tell(session, kept, sorted(there.keys() - set(waiting)), position=until, unscored=None, **nothing)


def _tell(session: Session, kept: Kept, ids: Sequence[str], **columns: Any) -> None:
    for some in parted(ids):
        session.execute(update(kept).where(getattr(kept, key_of(kept)).in_(some)).values(columns))
