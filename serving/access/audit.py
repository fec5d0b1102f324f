"""Who did what, and can a line have vanished? Every write and every export leaves an entry in one chain of hashes."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from serving.problems.access_errors import AuditBroken
from serving.store.people_tables import AuditEntry, AuditHead

START = "0" * 64
"""Stands before the first entry."""

BEGINNING = 0
"""Place of the row that says where the trail begins since older entries were forgotten; the latest entry's is 1."""

FORGOTTEN = "audit.forgotten"
"""The action of an entry that tells of older ones removed on purpose."""

AT_ONCE = 1000


@dataclass(frozen=True)
class By:
    """Who does something, and in which request."""

    actor: str
    """`key:abcd2345`, `user:anna`, or `command:anna` for who ran a command on the machine."""

    request_id: str | None = None


BY_COMMAND = By("command")
"""Whoever may run commands on the machine, where nobody asks for more."""


def by_command() -> By:
    """The user of the operating system under whom this process runs, by name or, where it has none, by number."""
    try:
        from pwd import getpwuid

        return By(f"{BY_COMMAND.actor}:{getpwuid(os.getuid()).pw_name}")
    except ImportError:
        from getpass import getuser

        return By(f"{BY_COMMAND.actor}:{getuser()}")
    except KeyError:
        return By(f"{BY_COMMAND.actor}:{os.getuid()}")


@dataclass(frozen=True)
class Entry:
    """One line of the trail. The time is naive UTC."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]
    request_id: str | None
    hash: str


def note(session: Session, by: By, action: str, subject: str, detail: Mapping[str, object], at: datetime) -> None:
    """Add an entry in the transaction of what it tells of: both stay or neither.

    The latest entry is locked until the commit, so call this last. `detail` is plain JSON without secrets.
    """
    session.flush()
    session.execute(update(AuditHead).where(AuditHead.place == 1).values(number=AuditHead.number + 1))
    number, before = session.execute(select(AuditHead.number, AuditHead.hash).where(AuditHead.place == 1)).one()
    text = json.dumps(detail, sort_keys=True, ensure_ascii=False, default=str)
    at = at.replace(tzinfo=None)
    entry = AuditEntry(
        number=number,
        at=at,
        actor=by.actor[:120],
        action=action,
        subject=subject[:600],
        detail=text,
        request_id=by.request_id,
        before=before,
    )
    entry.hash = _hash(entry)
    session.add(entry)
    session.execute(update(AuditHead).where(AuditHead.place == 1).values(hash=entry.hash))


def entries(
    session: Session, after: int = 0, most: int = AT_ONCE, actor: str | None = None, action: str | None = None
) -> list[Entry]:
    """Entries in their order, those after a number, of one actor or action where asked."""
    wanted = select(AuditEntry).where(AuditEntry.number > after).order_by(AuditEntry.number).limit(most)
    if actor is not None:
        wanted = wanted.where(AuditEntry.actor == actor)
    if action is not None:
        wanted = wanted.where(AuditEntry.action == action)
    return [_shown(row) for row in session.scalars(wanted)]


def latest(session: Session, most: int) -> list[Entry]:
    """The latest entries, oldest first."""
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(most)).all()
    return [_shown(row) for row in reversed(rows)]


def every(session: Session) -> Iterator[Entry]:
    """All entries in their order, a thousand at a time."""
    after = 0
    while found := entries(session, after):
        yield from found
        after = found[-1].number


def verify(session: Session, expected: Sequence[tuple[int, str]] = ()) -> tuple[int, str]:
    """The number and hash of the latest entry, once every entry was found whole and in its place.

    `expected` are numbers and hashes written down before, elsewhere: whoever rewrites the whole chain cannot meet them.
    Raises AuditBroken.
    """
    awaited, (number, before) = dict(expected), _begins_after(session)
    begins, told_begin = (number, before), (0, START)
    while rows := session.scalars(
        select(AuditEntry).where(AuditEntry.number > number).order_by(AuditEntry.number).limit(AT_ONCE)
    ).all():
        for row in rows:
            number += 1
            if row.number != number:
                raise AuditBroken(number, "it is missing")
            if row.before != before:
                raise AuditBroken(number, "it does not follow the entry before")
            if _hash(row) != row.hash:
                raise AuditBroken(number, "its text does not match its hash")
            if awaited.pop(number, row.hash) != row.hash:
                raise AuditBroken(number, "its hash is not the one that was written down")
            if row.action == FORGOTTEN:
                told = json.loads(row.detail)
                told_begin = (told["number"], told["hash"])
            before = row.hash
        session.expunge_all()
    if begins != told_begin:
        raise AuditBroken(begins[0] + 1, "entries before it are missing, and no entry says that they were forgotten")
    head = session.execute(select(AuditHead.number, AuditHead.hash).where(AuditHead.place == 1)).one_or_none()
    if head is None or tuple(head) != (number, before):
        raise AuditBroken(number + 1, "entries at the end are missing")
    if awaited:
        raise AuditBroken(min(awaited), "it was written down and is missing")
    return number, before


def forget(session: Session, until: datetime, by: By, now: datetime) -> int:
    """Remove the entries from before a moment (naive UTC), and keep where the trail begins since; how many went.

    Whoever wrote down a hash from before finds it missing: that is what was asked for.
    """
    kept = session.scalars(
        select(AuditEntry.number).where(AuditEntry.at >= until).order_by(AuditEntry.number).limit(1)
    ).first()
    end = session.scalar(select(func.max(AuditEntry.number))) if kept is None else kept - 1
    last = session.get(AuditEntry, end) if end else None
    if last is None:
        return 0
    session.merge(AuditHead(place=BEGINNING, number=last.number, hash=last.hash))
    note(session, by, FORGOTTEN, f"audit:{last.number}", {"number": last.number, "hash": last.hash}, now)
    return int(session.connection().execute(delete(AuditEntry).where(AuditEntry.number <= last.number)).rowcount)


def _begins_after(session: Session) -> tuple[int, str]:
    """The number and hash of the entry before the first: of the latest one forgotten, where any was."""
    found = session.get(AuditHead, BEGINNING)
    return (0, START) if found is None else (found.number, found.hash)


def _hash(row: AuditEntry) -> str:
    told = [row.number, row.at.isoformat(), row.actor, row.action, row.subject, row.detail, row.request_id, row.before]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()


def _shown(row: AuditEntry) -> Entry:
    detail = json.loads(row.detail)
    return Entry(row.number, row.at, row.actor, row.action, row.subject, detail, row.request_id, row.hash)
