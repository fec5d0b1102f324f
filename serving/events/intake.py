"""How is an event accepted? Read, compared with what came before, and on disk before anyone is told that it is.

All events of a call are accepted in one transaction, or none. Positions are given to one call at a time, over all
processes and instances, so that their order is that of the commits.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from features.as_of import NotAMoment, parse_moment
from features.contracts import TABLES
from features.suggesting import MOST_FAULTS
from features.told_checks import closes_unsaid
from features.told_rows import key_of, no_such_table, read_row, written
from serving.events.feed import MOST_AHEAD, new_name
from serving.events.questions import EventTold
from serving.problems.documents import FieldProblem, place
from serving.problems.event_errors import EventsNotAccepted, TooManyEventsWaiting
from serving.store.event_tables import AcceptedEvent, EventFeed

CLOCK_SLACK = timedelta(minutes=2)
"""How far the clock of a source may be ahead of ours: what it records in this time counts from now."""
STEP = JUST_BEFORE = timedelta(microseconds=1)
"""What arrives is recorded just before the moment it arrives: a score as of that moment sees it."""
AT_ONCE = 500
"""Names asked of the database in one statement."""


@dataclass(frozen=True)
class Read:
    """An event that can be accepted. Moments are naive UTC; `sent_id` is a digest of sender and id."""

    table: str
    row: str
    deleted: bool
    recorded_at: datetime | None
    """None where the sender did not say: it counts from when it is accepted."""

    row_key: str
    content: str
    sent_id: str | None
    said: str | None
    """A digest of the id and of what the event says, whoever sent it."""

    columns: frozenset[str]
    """The columns of the contract that it fills."""


@dataclass(frozen=True)
class Receipt:
    """What became of a call: how many events were new, how many known, and the latest position."""

    accepted: int
    repeated: int
    position: int


@dataclass(frozen=True)
class Sender:
    """Who sends, and in which request; `now` is when it came (naive UTC)."""

    actor: str
    request_id: str
    now: datetime


def read_events(
    told: Sequence[EventTold], zone: ZoneInfo, actor: str, now: datetime, request_key: str | None = None
) -> list[Read]:
    """Events as they can be kept. `now` (naive UTC) is the moment that scores are as of.

    Where events have no ids, the key of their request and their place in it name them. Raises EventsNotAccepted, which
    names every field at fault.
    """
    faults: list[FieldProblem] = []
    found: list[Read] = []
    closings = {str(one.row.get("deal_id")) for one in told if _is_closing(one)}
    faulty = 0
    for number, one in enumerate(told):
        read, wrong = _read(one, zone, actor, now, closings)
        faulty += bool(wrong)
        faults += [FieldProblem(field=place(["events", number, *where]), message=message) for where, message in wrong]
        if len(faults) >= MOST_FAULTS:
            break
        if read is not None:
            named = [request_key, number] if one.id is None else [one.id]
            said = None if named[0] is None else _digest(json.dumps([*named, read.row_key, read.content]))
            found.append(replace(read, said=said))
    if faults:
        raise EventsNotAccepted(faulty, tuple(faults))
    return found


def accept(
    session: Session, events: Sequence[Read], sender: Sender, most_waiting: int, now: datetime | None = None
) -> Receipt:
    """Keep events in a transaction; nobody else gives positions until it ends.

    Those that do not say when they were recorded count from just before `now` (naive UTC, default when they came), but
    never from before any that was accepted earlier, whatever the clocks of several instances say.

    Raises TooManyEventsWaiting, and EventsNotAccepted where an id was used before for another event.
    """
    last, folded, latest = _take_turn(session)
    if last - folded + len(events) > most_waiting:
        raise TooManyEventsWaiting(f"{last - folded:,}", f"{most_waiting:,}")
    moment = _moment_after(latest, (sender.now if now is None else now) - JUST_BEFORE)
    undated = any(event.recorded_at is None for event in events)
    dated = [_Dated(event, moment if event.recorded_at is None else event.recorded_at) for event in events]
    known = _Known(session, events)
    fresh: list[dict[str, object]] = []
    faults: list[FieldProblem] = []
    for number, event in enumerate(dated):
        said = known.said(event)
        if said == "other":
            message = "was used before for another event; give each event an id of its own"
            faults.append(FieldProblem(field=place(["events", number, "id"]), message=message))
        elif said == "new":
            fresh.append(_row(event, last + len(fresh) + 1, sender))
    if faults:
        raise EventsNotAccepted(len(faults), tuple(faults))
    if fresh:
        session.execute(insert(AcceptedEvent), fresh)
        values = {"last": last + len(fresh)} | ({"latest": moment} if undated else {})
        session.execute(update(EventFeed).where(EventFeed.number == 1).values(**values))
    return Receipt(len(fresh), len(events) - len(fresh), last + len(fresh))


def _read(
    told: EventTold, zone: ZoneInfo, actor: str, now: datetime, closings: set[str]
) -> tuple[Read | None, list[tuple[list[int | str], str]]]:
    if told.table not in TABLES:
        return None, [(["table"], no_such_table(told.table))]
    row = read_row(told.table, told.row, zone, deleted=told.deleted)
    wrong: list[tuple[list[int | str], str]] = [
        (["row", fault.field] if fault.field else ["row"], fault.message) for fault in row.faults
    ]
    if not wrong and told.table == "deals" and closes_unsaid(row.values) and row.values["deal_id"] not in closings:
        message = f"is missing: the deal is {row.values['status']} and nothing says since when"
        wrong.append((["row", "closed_at"], f"{message}; give it, or send its change of status along (deal_changes)"))
    recorded, late = _recorded(told, zone, now)
    if late is not None:
        wrong.append((["recorded_at"], late))
    if wrong:
        return None, wrong
    text = written(told.table, row.values)
    key = json.dumps([told.table, *(str(part) for part in key_of(told.table, row.values))], ensure_ascii=False)
    content = f"{told.table}\n{text}\n{told.deleted}"
    sent_id = None if told.id is None else _digest(json.dumps([actor, told.id]))
    filled = frozenset(name for name in TABLES[told.table].names if row.values.get(name) is not None)
    return Read(told.table, text, told.deleted, recorded, _digest(key), _digest(content), sent_id, None, filled), []


def _recorded(told: EventTold, zone: ZoneInfo, now: datetime) -> tuple[datetime | None, str | None]:
    """When an event says that it counts from, or what is wrong with what it says of that."""
    if told.recorded_at is None:
        return None, None
    try:
        at = parse_moment(told.recorded_at, str(zone))
    except (NotAMoment, OverflowError):
        return now, "is a time such as 2026-11-21T09:30:00+08:00, or a day such as 2026-11-21"
    if at >= now + CLOCK_SLACK:
        return now, f"is later than now, {now.replace(tzinfo=UTC).isoformat()}; nothing is recorded before it is known"
    if at.year < 1900:
        return now, "lies before 1900; leave it out where it is not known"
    return at if at < now else None, None


def _moment_after(latest: datetime | None, moment: datetime) -> datetime:
    """The moment from which an event counts that does not say so, after the latest given to another."""
    # Where a clock was wrong by hours and is right again, its moments are not waited for.
    if latest is None or not moment <= latest < moment + MOST_AHEAD:
        return moment
    return latest + STEP


def _is_closing(told: EventTold) -> bool:
    return told.table == "deal_changes" and not told.deleted and told.row.get("field") == "status"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Dated(NamedTuple):
    """An event and when it counts from."""

    read: Read
    at: datetime


def _row(dated: _Dated, position: int, sender: Sender) -> dict[str, object]:
    event = dated.read
    return {
        "position": position,
        "table_name": event.table,
        "row_key": event.row_key,
        "content": event.content,
        "row": event.row,
        "deleted": event.deleted,
        "recorded_at": dated.at,
        "received_at": sender.now,
        "actor": sender.actor,
        "request_id": sender.request_id,
        "sent_id": event.sent_id,
        "said": event.said,
    }


def _take_turn(session: Session) -> tuple[int, int, datetime | None]:
    """Become the one who gives positions, until the transaction ends; the last position, what is folded, and the
    latest moment given."""
    # Writing the row takes its lock, on SQLite that of the whole file; reading it would show what stood before.
    turn = update(EventFeed).where(EventFeed.number == 1).values(last=EventFeed.last)
    found = session.execute(turn.returning(EventFeed.last, EventFeed.folded, EventFeed.latest)).first()
    if found is None:
        session.add(EventFeed(number=1, name=new_name(), last=0, folded=0, refused=0))
        session.flush()
        return 0, 0, None
    return found.last, found.folded, found.latest


@dataclass
class _Row:
    """What was accepted of one row: (recorded at, position, content), in this order."""

    versions: list[tuple[datetime, int, str]] = field(default_factory=list)

    def is_known(self, event: _Dated) -> bool:
        """Whether the event says what stood at its moment, or was accepted just so."""
        if any(at == event.at and content == event.read.content for at, _, content in self.versions):
            return True
        standing = [version for version in self.versions if version[0] <= event.at]
        return bool(standing) and max(standing)[2] == event.read.content


class _Known:
    """What was accepted before of the rows that a call tells."""

    def __init__(self, session: Session, events: Sequence[Read]) -> None:
        self._rows: dict[str, _Row] = {}
        self._ids: dict[str, tuple[str, str]] = {}
        self._position = 2**62
        row = AcceptedEvent
        for some in _pieces(list(dict.fromkeys(event.row_key for event in events))):
            asked = select(row.row_key, row.recorded_at, row.position, row.content).where(row.row_key.in_(some))
            for key, at, position, content in session.execute(asked):
                self._rows.setdefault(key, _Row()).versions.append((at, position, content))
        for some in _pieces([event.sent_id for event in events if event.sent_id is not None]):
            by_id = select(row.sent_id, row.row_key, row.content).where(row.sent_id.in_(some))
            self._ids |= {str(sent): (key, content) for sent, key, content in session.execute(by_id)}
        self._said: set[str] = set()
        for some in _pieces([event.said for event in events if event.said is not None]):
            self._said |= {str(said) for said in session.scalars(select(row.said).where(row.said.in_(some)))}

    def said(self, dated: _Dated) -> str:
        """Whether an event is `new`, `known`, or bears the id of an `other`; it is known from now on."""
        event = dated.read
        if event.sent_id is not None:
            before = self._ids.get(event.sent_id)
            if before is not None:
                return "known" if before == (event.row_key, event.content) else "other"
            self._ids[event.sent_id] = (event.row_key, event.content)
        if event.said in self._said:
            return "known"  # under another key of the same sender, or by another who names it alike
        row = self._rows.setdefault(event.row_key, _Row())
        if row.is_known(dated):
            return "known"
        self._position += 1
        row.versions.append((dated.at, self._position, event.content))
        return "new"


def _pieces(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[first : first + AT_ONCE] for first in range(0, len(names), AT_ONCE))
