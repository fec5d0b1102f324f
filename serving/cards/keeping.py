"""How do cards get into the service's database, and stay as the history is? Only what differs is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from features.history import History
from serving.cards.reading import BATCH, LONGEST, Card, customer_cards, deal_cards
from serving.store.opening import Store
from serving.store.score_tables import CardsMade, CustomerCard, CustomerOwner, DealCard

ONLY = 1
TURN = "cards"
"""Name of the turn that writers of cards take."""
Kept = type[DealCard] | type[CustomerCard]


@dataclass(frozen=True)
class Written:
    """How many cards were added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.added + other.added, self.changed + other.changed, self.removed + other.removed)


def make_cards(store: Store, history: History, now: datetime, position: int) -> Written:
    """Bring all cards to the history as of a moment (naive UTC), which has the events up to a position.

    Each batch is a transaction of its own, so that others write meanwhile. Later events are followed again
    afterwards: a batch may have put an older state in the place of what they said.
    """
    written = _bring(store, DealCard, deal_cards(history, now)) + _bring(
        store, CustomerCard, customer_cards(history, now)
    )
    with store.writing(TURN) as session:
        made = made_of(session)
        made.log_number, made.made_at, made.position = history.log.number, now, position
    return written


def made_of(session: Session) -> CardsMade:
    """Up to where the cards tell; a row that says nothing yet where none were made."""
    found = session.get(CardsMade, ONLY)
    if found is None:
        found = CardsMade(number=ONLY, log_number=0, position=0, made_at=datetime.min, versions="")
        session.add(found)
    return found


def write_cards(session: Session, kept: Kept, cards: Sequence[Card], digests: Mapping[str, str]) -> Written:
    """Add or change these cards; `digests` are of the cards there are."""
    changed = [card for card in cards if digests.get(card.subject_id) not in (None, card.digest)]
    added = [card for card in cards if card.subject_id not in digests]
    if added:
        session.execute(insert(kept), [_row(kept, card) for card in added])
    if changed:
        rows = [{"_id": card.subject_id, **_row(kept, card)} for card in changed]
        for row in rows:
            row.pop(_key(kept))
        write_columns(session, kept, rows)
    if kept is CustomerCard:
        _write_owners(session, [*added, *changed])
    return Written(len(added), len(changed))


def write_columns(session: Session, kept: Kept, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of cards that are there: each row has `_id` and the same columns."""
    values: dict[str, Any] = {column: bindparam(column) for column in rows[0] if column != "_id"}
    changing = update(kept).where(getattr(kept, _key(kept)) == bindparam("_id")).values(values)
    session.connection().execute(changing, [dict(row) for row in rows])


def digests_of(session: Session, kept: Kept, ids: Sequence[str] | None = None) -> dict[str, str]:
    """The digest of each card, of these ids alone where they are given."""
    key = getattr(kept, _key(kept))
    asked = select(key, kept.digest)
    rows = session.execute(asked if ids is None else asked.where(key.in_(ids)))
    return {str(subject): str(digest) for subject, digest in rows}


def remove_cards(session: Session, kept: Kept, ids: Iterable[str]) -> int:
    """Take cards away whose deal or customer is no longer on record."""
    key, gone = getattr(kept, _key(kept)), list(ids)
    for first in range(0, len(gone), BATCH // 10):
        some = gone[first : first + BATCH // 10]
        session.execute(delete(kept).where(key.in_(some)))
        if kept is CustomerCard:
            session.execute(delete(CustomerOwner).where(CustomerOwner.customer_id.in_(some)))
    return len(gone)


def _bring(store: Store, kept: Kept, cards: Iterable[Card]) -> Written:
    with store.session() as session:
        digests = digests_of(session, kept)
    written, seen = Written(), set[str]()
    for some in _batches(cards):
        seen.update(card.subject_id for card in some)
        with store.writing(TURN) as session:
            written += write_cards(session, kept, some, digests)
    with store.writing(TURN) as session:
        return written + Written(removed=remove_cards(session, kept, digests.keys() - seen))


def _batches(cards: Iterable[Card]) -> Iterable[list[Card]]:
    some: list[Card] = []
    for card in cards:
        if len(card.subject_id) <= LONGEST:  # nobody could ask for a longer one
            some.append(card)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def _row(kept: Kept, card: Card) -> dict[str, Any]:
    found = {_key(kept): card.subject_id, **card.columns, "record": dict(card.record), "digest": card.digest}
    return found | ({"told": dict(card.told)} if kept is DealCard else {})


def _write_owners(session: Session, cards: Sequence[Card]) -> None:
    ids = [card.subject_id for card in cards]
    for first in range(0, len(ids), BATCH // 10):
        some = ids[first : first + BATCH // 10]
        session.execute(delete(CustomerOwner).where(CustomerOwner.customer_id.in_(some)))
    rows = [{"customer_id": card.subject_id, "rep_id": rep[:LONGEST]} for card in cards for rep in sorted(card.owners)]
    if rows:
        session.execute(insert(CustomerOwner), rows)


def _key(kept: Kept) -> str:
    return "deal_id" if kept is DealCard else "customer_id"
