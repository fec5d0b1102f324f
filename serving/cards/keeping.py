"""How do cards get into the service's database, and stay as the history is? Only what is news is written.

Two write cards at the same time: the job that makes them from the history, and every list, which follows the events
that came since. A card says up to which event it tells, and what knows fewer events leaves it alone. So each can be
cut off anywhere, and a card never goes back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from features.fold_marks import latest_mark, mark_of
from features.history import History
from serving.cards.reading import BATCH, LONGEST, Card, customer_cards, deal_cards, standing
from serving.events.feed import reach
from serving.store.opening import Store
from serving.store.score_tables import CardGone, CardsMade, CustomerCard, CustomerOwner, DealCard

ONLY = 1
TURN = "cards"
"""Name of the turn that writers of cards take."""
AT_ONCE = 500
"""Ids in one SQL list: SQLite's older limit is 999."""
Kept = type[DealCard] | type[CustomerCard]
_BOTH = ("probability", "low", "high", "model_version", "scored_as_of")
SCORE: Mapping[Kept, tuple[str, ...]] = {
    DealCard: (*_BOTH, "close_on", "expected_amount"),
    CustomerCard: (*_BOTH, "expected_orders", "value_at_risk"),
}
"""The columns of a score."""


@dataclass(frozen=True)
class Written:
    """How many cards were added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.added + other.added, self.changed + other.changed, self.removed + other.removed)


@dataclass(frozen=True)
class Held:
    """What is there of a subject: its card's digest (None where it is gone), and up to which event that tells."""

    digest: str | None
    position: int


def make_cards(store: Store, history: History, now: datetime) -> Written:
    """Bring all cards to the history as of a moment (naive UTC).

    Each batch is a transaction of its own, so that others write meanwhile. What is told at the beginning: the import
    that is coming in, without which nobody may follow events any more, and that the events which this history lacks
    are to be followed again, by those who have the import.
    """
    with store.writing(TURN) as session:
        made, position = made_of(session), position_of(session, history)
        made.begun = max((one.number for one in history.entries if mark_of(one) is None), default=0)
        made.position = min(made.position, position)
        made.generation += 1
    found = standing(history, now)
    written = _bring(store, DealCard, deal_cards(history, now, found), position)
    written += _bring(store, CustomerCard, customer_cards(history, now, found), position)
    with store.writing(TURN) as session:
        made = made_of(session)
        made.log_number, made.made_at = history.log.number, max(made.made_at, now)
        made.position = max(made.position, position)
        made.generation += 1
        session.execute(delete(CardGone).where(CardGone.position <= position))
    return written


def position_of(session: Session, history: History) -> int:
    """The last event that a history has, by what it says itself."""
    name = reach(session).name
    found = latest_mark(history.entries, name) if name else None
    return 0 if found is None else found[0].last


def made_of(session: Session) -> CardsMade:
    """Up to where the cards tell; a row that says nothing yet where none were made."""
    found = session.get(CardsMade, ONLY)
    if found is None:
        found = CardsMade(
            number=ONLY, log_number=0, begun=0, position=0, made_at=datetime.min, versions="", generation=0
        )
        session.add(found)
    return found


def write_cards(
    session: Session, kept: Kept, cards: Sequence[Card], held: Mapping[str, Held], position: int, because: int
) -> Written:
    """Add or change these cards, which tell up to an event; `held` is what there is of them.

    Those that change wait to be scored because of an event, 0 for an import.
    """
    newer = [card for card in cards if card.subject_id not in held or held[card.subject_id].position <= position]
    there = {card.subject_id for card in newer if card.subject_id in held and held[card.subject_id].digest is not None}
    added = [card for card in newer if card.subject_id not in there]
    changed = [card for card in newer if card.subject_id in there and held[card.subject_id].digest != card.digest]
    if added:
        session.execute(insert(kept), [_row(kept, card, position, because) for card in added])
        _came_back(session, kept, [card.subject_id for card in added if card.subject_id in held])
    if changed:
        rows = [{"_id": card.subject_id, **_row(kept, card, position, because)} for card in changed]
        for row in rows:
            row.pop(key_of(kept))
        write_columns(session, kept, rows)
    if kept is CustomerCard:
        _write_owners(session, [*added, *changed])
    return Written(len(added), len(changed))


def write_columns(session: Session, kept: Kept, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of cards that are there: each row has `_id` and the same columns."""
    if not rows:
        return
    values: dict[str, Any] = {column: bindparam(column) for column in rows[0] if column != "_id"}
    changing = update(kept).where(getattr(kept, key_of(kept)) == bindparam("_id")).values(values)
    session.connection().execute(changing, [dict(row) for row in rows])


def held_of(session: Session, kept: Kept, ids: Sequence[str]) -> dict[str, Held]:
    """What there is of these subjects: cards, and what events took away."""
    key = getattr(kept, key_of(kept))
    found: dict[str, Held] = {}
    for some in parted(ids):
        gone = select(CardGone.subject_id, CardGone.position).where(
            CardGone.entity == entity_of(kept), CardGone.subject_id.in_(some)
        )
        found |= {subject: Held(None, position) for subject, position in session.execute(gone)}
        cards = select(key, kept.digest, kept.position).where(key.in_(some))
        found |= {subject: Held(digest, position) for subject, digest, position in session.execute(cards)}
    return found


def remove_cards(session: Session, kept: Kept, ids: Sequence[str], position: int | None = None) -> int:
    """Take cards away whose deal or customer is no longer on record; by an event, a making may not bring them back."""
    entity, key = entity_of(kept), getattr(kept, key_of(kept))
    for some in parted(ids):
        session.execute(delete(kept).where(key.in_(some)))
        if kept is CustomerCard:
            session.execute(delete(CustomerOwner).where(CustomerOwner.customer_id.in_(some)))
        if position is not None:
            session.execute(delete(CardGone).where(CardGone.entity == entity, CardGone.subject_id.in_(some)))
            rows = [{"entity": entity, "subject_id": one, "position": position} for one in some]
            session.execute(insert(CardGone), rows)
    return len(ids)


def parted(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in lists that a database takes."""
    for first in range(0, len(ids), AT_ONCE):
        yield ids[first : first + AT_ONCE]


def key_of(kept: Kept) -> str:
    """The column that names a subject."""
    return "deal_id" if kept is DealCard else "customer_id"


def entity_of(kept: Kept) -> str:
    """deal or customer."""
    return "deal" if kept is DealCard else "customer"


def _bring(store: Store, kept: Kept, cards: Iterable[Card], position: int) -> Written:
    written, seen = Written(), set[str]()
    for some in _batches(cards):
        ids = [card.subject_id for card in some]
        seen.update(ids)
        with store.writing(TURN) as session:
            one = write_cards(session, kept, some, held_of(session, kept, ids), position, 0)
            made_of(session).generation += bool(one.added or one.changed)
        written += one
    with store.writing(TURN) as session:
        asked = select(getattr(kept, key_of(kept))).where(kept.position <= position)
        gone = [subject for subject in session.scalars(asked) if subject not in seen]
        made_of(session).generation += bool(gone)
        return written + Written(removed=remove_cards(session, kept, gone))


def _batches(cards: Iterable[Card]) -> Iterator[list[Card]]:
    some: list[Card] = []
    for card in cards:
        if len(card.subject_id) <= LONGEST:  # nobody could ask for a longer one
            some.append(card)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def _row(kept: Kept, card: Card, position: int, because: int) -> dict[str, Any]:
    found = {key_of(kept): card.subject_id, **card.columns, "record": dict(card.record), "digest": card.digest}
    return found | {"position": position, "unscored": because if card.is_scored else None}


def _came_back(session: Session, kept: Kept, ids: Sequence[str]) -> None:
    for some in parted(ids):
        gone = CardGone.entity == entity_of(kept), CardGone.subject_id.in_(some)
        session.execute(delete(CardGone).where(*gone))


def _write_owners(session: Session, cards: Sequence[Card]) -> None:
    for some in parted([card.subject_id for card in cards]):
        session.execute(delete(CustomerOwner).where(CustomerOwner.customer_id.in_(some)))
    rows = [{"customer_id": card.subject_id, "rep_id": rep[:LONGEST]} for card in cards for rep in sorted(card.owners)]
    if rows:
        session.execute(insert(CustomerOwner), rows)
