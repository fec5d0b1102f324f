"""How far do the events reach, and which came after a position? Reading what was accepted."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.store.event_tables import AcceptedEvent, EventFeed
from serving.store.opening import Store

TURN = "events"
"""Name of the turn that writers take to give positions."""
PAGE = 1_000
"""Events read at once."""
MOST_AHEAD = timedelta(hours=1)
"""How far the clock of one instance may be ahead of another's for their moments to be kept in one order."""


@dataclass(frozen=True)
class Reach:
    """How far the events reach: those up to `last` were accepted, those up to `folded` are in the history.

    `name` tells this sequence of positions from others, `entry` is the history's entry with the latest of them.
    """

    name: str = ""
    last: int = 0
    folded: int = 0
    entry: int | None = None
    folded_at: datetime | None = None
    refused: int = 0
    latest: datetime | None = None
    """The latest moment from which an event counts that did not say when it was recorded."""

    @property
    def waiting(self) -> int:
        """How many events the history has not yet."""
        return self.last - self.folded


@dataclass(frozen=True)
class Accepted:
    """An event as accepted: `row` is the text that `features.told_rows.written` made."""

    position: int
    table: str
    row: str
    deleted: bool
    recorded_at: datetime
    received_at: datetime
    content: str


def open_feed(store: Store) -> Reach:
    """The reach of the events; the sequence begins where there is none yet."""
    found = reach_of(store)
    if found.name:
        return found
    with store.writing(TURN) as session:
        if session.get(EventFeed, 1) is None:
            session.add(EventFeed(number=1, name=new_name(), last=0, folded=0, refused=0))
    return reach_of(store)


def new_name() -> str:
    """A name for a sequence of positions that no other has."""
    return secrets.token_hex(8)


def reach_of(store: Store) -> Reach:
    """How far the events reach now; nothing where none was ever accepted."""
    with store.session() as session:
        return reach(session)


def reach(session: Session) -> Reach:
    """The same within a transaction."""
    row = session.get(EventFeed, 1)
    if row is None:
        return Reach()
    return Reach(row.name, row.last, row.folded, row.folded_in, row.folded_at, row.refused, row.latest)


def events_after(store: Store, position: int, until: int, page: int = PAGE) -> Iterator[Sequence[Accepted]]:
    """The events after a position and up to another, in their order, some at a time."""
    while position < until:
        with store.session() as session:
            found = _events(session, position, until, page)
        if not found:
            return
        yield found
        position = found[-1].position


def oldest_waiting(session: Session, folded: int) -> datetime | None:
    """When the oldest event came that the history has not yet; None where it has all."""
    found = select(AcceptedEvent.received_at).where(AcceptedEvent.position > folded)
    return session.scalars(found.order_by(AcceptedEvent.position).limit(1)).first()


def stamp_of(event: Accepted) -> str:
    """What tells an event from another that bears its position since a database was put back to an older state."""
    said = f"{event.position} {event.received_at.isoformat()} {event.recorded_at.isoformat()} {event.content}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def event_at(session: Session, position: int) -> Accepted | None:
    """The event at a position; None where it was forgotten or never was."""
    return next(iter(_events(session, position - 1, position, 1)), None)


def _events(session: Session, position: int, until: int, most: int) -> list[Accepted]:
    event = AcceptedEvent
    columns = (event.position, event.table_name, event.row, event.deleted, event.recorded_at, event.received_at)
    chosen = select(*columns, event.content).where(event.position > position, event.position <= until)
    return [Accepted(*row) for row in session.execute(chosen.order_by(event.position).limit(most))]
