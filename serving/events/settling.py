"""Do the database of events and the history agree on what is folded? The history's log has the last word.

A fold that was cut off between the two is found and noted. Where the history was put back to an older state, what it
lost is folded again; where the database was, its positions begin to mean other events, and its sequence gets a new
name, under which all that it still has is folded once more: what the history has already is no news to it.
"""

import logging
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from features.contracts import DELETED
from features.fold_marks import Mark, latest_mark
from features.folding import Told, refusals
from features.history import History
from features.told_rows import read_again
from serving.events.feed import TURN, Accepted, Reach, event_at, events_after, new_name, reach, stamp_of
from serving.store.event_tables import AcceptedEvent, EventFeed
from serving.store.opening import Store
from serving.telemetry.request_log import FACTS, LOGGER

log = logging.getLogger(LOGGER)


def settle(store: Store, history: History) -> Reach:
    """How far the events reach once both agree. Raises StoreAway."""
    with store.writing(TURN) as session:
        feed = session.get(EventFeed, 1)
        if feed is None:
            return Reach()
        found = latest_mark(history.entries, feed.name)
        if found is not None:
            _compare(store, session, feed, *found)
        elif _has(session, 0, feed.folded):
            _again(feed, 0, None)
        session.flush()
        return reach(session)


def _compare(store: Store, session: Session, feed: EventFeed, mark: Mark, entry: int) -> None:
    if mark.last == feed.folded:
        if feed.stamp is not None and feed.stamp != mark.stamp:
            _rename(session, feed)
    elif mark.last < feed.folded:
        if _has(session, mark.last, feed.folded):
            _again(feed, mark.last, mark.stamp)
    else:
        event = event_at(session, mark.last)
        if event is None or stamp_of(event) != mark.stamp:
            _rename(session, feed)
            return
        events = [one for page in events_after(store, feed.folded, mark.last) for one in page]
        _, refused = as_told(events)
        keep_folded(session, feed, mark, entry, refused, event.received_at)


def as_told(events: list[Accepted]) -> tuple[list[Told], dict[int, str]]:
    """Events as rows for the history, and by position why some cannot be."""
    told: list[Told] = []
    refused: dict[int, str] = {}
    places: list[int] = []
    for event in events:
        try:
            row = read_again(event.table, event.row)
        except (ValueError, TypeError, ArithmeticError) as wrong:
            refused[event.position] = f"{type(wrong).__name__}: {wrong}".splitlines()[0]
            continue
        if event.deleted:
            row[DELETED.name] = event.recorded_at
        told.append(Told(event.table, row, event.recorded_at))
        places.append(event.position)
    unfit = refusals(told)
    refused |= {places[number]: why for number, why in unfit.items()}
    return [one for number, one in enumerate(told) if number not in unfit], refused


def keep_folded(
    session: Session, feed: EventFeed, mark: Mark, entry: int | None, refused: dict[int, str], at: datetime
) -> None:
    """Note in a transaction that the history has the events up to a mark, and which rows it did not take."""
    feed.folded, feed.stamp, feed.folded_at = mark.last, mark.stamp, at
    if entry is not None:
        feed.folded_in = entry
    feed.refused += len(refused)
    for position, why in refused.items():
        session.execute(update(AcceptedEvent).where(AcceptedEvent.position == position).values(refused=why))
        log.warning("the history did not take an event", extra={FACTS: {"event": position, "problem": why}})


def _again(feed: EventFeed, position: int, stamp: str | None) -> None:
    facts = {"folded": feed.folded, "in_history": position}
    log.warning("the history is older than the events folded into it; they are folded again", extra={FACTS: facts})
    feed.folded, feed.stamp = position, stamp


def _rename(session: Session, feed: EventFeed) -> None:
    log.warning("the database of events is older than the history; its events are told to it again")
    first = session.scalars(select(func.min(AcceptedEvent.position))).first()
    feed.name, feed.folded = new_name(), feed.last if first is None else first - 1
    feed.folded_in, feed.stamp = None, None


def _has(session: Session, after: int, until: int) -> bool:
    """Whether any event of these positions is kept still."""
    position = AcceptedEvent.position
    found = select(position).where(position > after, position <= until).limit(1)
    return session.scalars(found).first() is not None
