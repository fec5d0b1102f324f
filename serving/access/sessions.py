"""Who is signed in? Sessions: the id is in the browser's cookie alone, the store has its hash."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import delete
from sqlalchemy.orm import Session

from serving.access.key_ring import Caller
from serving.access.reach import Kind, Reach
from serving.access.roles import GRANTS, Role
from serving.problems.access_errors import SessionNotAccepted
from serving.store.opening import Store
from serving.store.people_tables import SignedIn, User

MOST_REMEMBERED = 10_000
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the latest request is written down."""


@dataclass(frozen=True)
class _Read:
    """A session as it was read from the store, and when by the tick."""

    caller: Caller
    seen_at: datetime
    ends_at: datetime
    read_at: float


class Sessions:
    """Starts, checks and ends sessions.

    One ends when nothing was asked for `idle`, and in any case after `longest`. A checked one is trusted for
    `recheck`, within which an ended session still counts in other processes. `tick` counts seconds.
    """

    def __init__(
        self,
        store: Store,
        idle: timedelta,
        longest: timedelta,
        recheck: timedelta,
        clock: Callable[[], datetime],
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self._store, self._idle, self._longest, self._clock, self._tick = store, idle, longest, clock, tick
        self._recheck = min(recheck, SEEN_EVERY).total_seconds()
        self._checked: OrderedDict[str, _Read] = OrderedDict()

    def start(self, session: Session, user_name: str) -> str:
        """Start one in a transaction: a new id, which the browser keeps in its cookie. Ended ones are cleared away."""
        now = self._clock()
        session.execute(delete(SignedIn).where((SignedIn.ends_at <= now) | (SignedIn.seen_at <= now - self._idle)))
        session_id = secrets.token_urlsafe(32)
        session.add(
            SignedIn(
                session_hash=_hash(session_id),
                user_name=user_name,
                started_at=now,
                seen_at=now,
                ends_at=now + self._longest,
            )
        )
        return session_id

    def remembered(self, session_id: str) -> Caller | None:
        """The caller of a session that was checked a moment ago, without waiting for anything."""
        found = self._checked.get(_hash(session_id))
        if found is None or self._tick() - found.read_at >= self._recheck or self._over(found.seen_at, found.ends_at):
            return None
        return found.caller

    def caller(self, session_id: str) -> Caller:
        """Who is signed in with this id; reads the store. Raises SessionNotAccepted, StoreAway."""
        now, session_hash = self._clock(), _hash(session_id)
        with self._store.session() as session:
            row = session.get(SignedIn, session_hash)
            user = None if row is None else session.get(User, row.user_name)
            if row is None or user is None or user.disabled_at is not None or self._over(row.seen_at, row.ends_at):
                self._checked.pop(session_hash, None)
                raise SessionNotAccepted
            if now - row.seen_at >= SEEN_EVERY:
                row.seen_at = now
            caller, seen_at, ends_at = caller_of(user), row.seen_at, row.ends_at
        self._checked[session_hash] = _Read(caller, seen_at, ends_at, self._tick())
        while len(self._checked) > MOST_REMEMBERED:
            self._checked.popitem(last=False)
        return caller

    def ends_at(self, session_id: str) -> datetime | None:
        """When the session ends whatever happens; None for one that is not known."""
        with self._store.session() as session:
            row = session.get(SignedIn, _hash(session_id))
            return None if row is None else row.ends_at

    def end(self, session: Session, session_id: str) -> str | None:
        """End one in a transaction; the name of who was signed in, None where there was no such session."""
        session_hash = _hash(session_id)
        self._checked.pop(session_hash, None)
        row = session.get(SignedIn, session_hash)
        if row is None:
            return None
        session.delete(row)
        return row.user_name

    def forget(self, user_name: str) -> None:
        """Read a user's sessions again at the next request: something about the user changed."""
        for session_hash in [one for one, read in self._checked.items() if read.caller.user == user_name]:
            self._checked.pop(session_hash, None)

    def _over(self, seen_at: datetime, ends_at: datetime) -> bool:
        now = self._clock()
        return now >= ends_at or now >= seen_at + self._idle


def end_all(session: Session, user_name: str) -> None:
    """End every session of a user."""
    session.execute(delete(SignedIn).where(SignedIn.user_name == user_name))


def caller_of(user: User) -> Caller:
    """A user as the caller of routes."""
    role = Role(user.role)
    reach = Reach(Kind(user.reach), user.rep_id, user.team_id)
    return Caller("", user.name, GRANTS[role].scopes, reach, user.name, role.value)


def csrf_token(session_id: str) -> str:
    """What a page of ours knows and a page of another site does not: made from the session's id, so never stored."""
    return urlsafe_b64encode(hmac.digest(session_id.encode(), b"csrf", "sha256")).decode().rstrip("=")


def is_csrf_token(given: str, session_id: str) -> bool:
    """Whether a request carries the session's token, compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), csrf_token(session_id).encode())


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()
