"""What happens when the same request comes twice? It is done once, and answered twice with the same answer.

A caller names its request by the header `Idempotency-Key`. The answer is kept in the transaction in which the work is
done: either both stand or neither. A request that failed left nothing, so the same key may try again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session
from starlette.responses import Response

from serving.problems.idempotency_errors import IdempotencyKeyInUse, IdempotencyKeyMissing, IdempotencyKeyReused
from serving.store.job_tables import KeptAnswer
from serving.store.opening import Store

Work = Callable[[Session], tuple[int, bytes]]
"""Does what was asked in the transaction given; returns the HTTP status and the JSON of the answer."""
REPEATED = "Idempotency-Replayed"
"""Header of an answer that was given before."""


@dataclass(frozen=True)
class Answer:
    """What a caller gets: HTTP status, JSON, and whether it was given before."""

    status: int
    body: bytes
    repeated: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Headers beside the body."""
        return {REPEATED: "true"} if self.repeated else {}


def once(store: Store, actor: str, key: str | None, fingerprint: str, work: Work, now: datetime) -> Answer:
    """Do the work in a transaction and keep its answer under the caller's key; without a key, do it each time.

    Whoever asks again with the same key and fingerprint gets the same answer; two at once wait for each other.
    `now` is naive UTC. Raises IdempotencyKeyReused where the fingerprint differs, IdempotencyKeyInUse where the other
    takes too long, StoreAway, and what the work raises: nothing is kept then.
    """
    if key is None:
        with store.session() as session:
            return Answer(*work(session))
    if found := _kept(store, actor, key, fingerprint):
        return found
    try:
        with store.session() as session:
            row = KeptAnswer(actor=actor, key=key, fingerprint=fingerprint, status=0, body=b"", at=now)
            session.add(row)
            _claim(session, key)
            row.status, row.body = work(session)
            return Answer(row.status, row.body)
    except _Taken:
        found = _kept(store, actor, key, fingerprint)
        if found is None:
            raise IdempotencyKeyInUse(key) from None
        return found


class Once:
    """One request that writes: with the key it named, if any, and what it asks for."""

    def __init__(self, store: Store, key: str | None, fingerprint: str, clock: Callable[[], datetime]) -> None:
        self._store, self._fingerprint, self._clock = store, fingerprint, clock
        self.key = key

    def require_key(self) -> None:
        """Raises IdempotencyKeyMissing where the request named none."""
        if self.key is None:
            raise IdempotencyKeyMissing

    async def do(self, actor: str, work: Work) -> Response:
        """Do the work in a thread, once; its answer as a response. Raises as `once` does."""
        answer = await to_thread.run_sync(once, self._store, actor, self.key, self._fingerprint, work, self._clock())
        return Response(answer.body, answer.status, answer.headers, "application/json")


def fingerprint_of(*parts: str | bytes) -> str:
    """SHA-256 of what was asked: method, path, body.

    >>> fingerprint_of("POST", "/v1/events", b"{}")[:8]
    '5fe68786'
    """
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8) + content)
    return digest.hexdigest()


class _Taken(Exception):
    """Another transaction has the key."""


def _claim(session: Session, key: str) -> None:
    """Write the key first of all: a second transaction with the same waits here until the first has ended."""
    try:
        session.flush()
    except IntegrityError as taken:
        raise _Taken from taken
    except OperationalError as waited:
        if getattr(waited.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise IdempotencyKeyInUse(key) from waited
        raise


LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's code for a lock that was waited for too long."""


def _kept(store: Store, actor: str, key: str, fingerprint: str) -> Answer | None:
    with store.session() as session:
        row = session.get(KeptAnswer, (actor, key))
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise IdempotencyKeyReused(key)
        return Answer(row.status, row.body, repeated=True)
