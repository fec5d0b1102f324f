"""Is this key good, and for what? Checked keys are remembered, so that scrypt is not paid on every request."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from serving.errors import KeyMissing, KeyNotAccepted, ScopeMissing, StoreAway
from serving.keys import SHAPE, KeyFacts, Scope, facts_of, is_secret
from serving.store.opening import Store
from serving.store.tables import ApiKey

MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Caller:
    """Who is calling. Every route that answers from records takes one."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]

    def must_have(self, scope: Scope) -> None:
        """Raises ScopeMissing; `admin` has every scope."""
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            raise ScopeMissing(self.key_id, scope.value)


@dataclass(frozen=True)
class _Checked:
    """A key whose secret was found right, against which hash, and when its row was last read."""

    facts: KeyFacts
    secret_hash: str
    read_at: float


class KeyRing:
    """Checks keys against the store.

    A key text is remembered by its SHA-256 digest once its secret was found right. Its row is read again after
    `recheck`: within that time a revoked key stops working. `tick` counts seconds.
    """

    def __init__(
        self, store: Store, recheck: timedelta, clock: Callable[[], datetime], tick: Callable[[], float] = monotonic
    ) -> None:
        self._store, self._clock, self._tick = store, clock, tick
        self._recheck = recheck.total_seconds()
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()
        self._one_at_a_time = Lock()

    def remembered(self, key: str) -> Caller | None:
        """The caller of a key checked a moment ago, without waiting for anything. Raises KeyNotAccepted."""
        found = self._checked.get(_digest(key))
        if found is None or self._tick() - found.read_at >= self._recheck:
            return None
        return self._admit(found.facts)

    def caller(self, key: str) -> Caller:
        """The caller of a key; may read the store and compute a hash. Raises KeyNotAccepted, StoreAway."""
        shape = SHAPE.fullmatch(key)
        if shape is None:
            raise KeyNotAccepted
        row = self._row(shape[1])
        if row is None:
            raise KeyNotAccepted
        facts, secret_hash = row
        self._admit(facts)
        digest = _digest(key)
        # One scrypt at a time: many wrong keys at once must not take the processor from everyone else.
        with self._one_at_a_time:
            known = self._checked.get(digest)
            if (known is None or known.secret_hash != secret_hash) and not is_secret(shape[2], secret_hash):
                raise KeyNotAccepted
            self._checked[digest] = _Checked(facts, secret_hash, self._tick())
            self._checked.move_to_end(digest)
            while len(self._checked) > MOST_REMEMBERED:
                self._checked.popitem(last=False)
        return self._admit(facts)

    def _row(self, key_id: str) -> tuple[KeyFacts, str] | None:
        try:
            with self._store.session() as session:
                row = session.get(ApiKey, key_id)
                return None if row is None else (facts_of(row), row.secret_hash)
        except SQLAlchemyError as failure:
            raise StoreAway(str(getattr(failure, "orig", failure)).splitlines()[0]) from failure

    def _admit(self, facts: KeyFacts) -> Caller:
        if not facts.valid(self._clock()):
            raise KeyNotAccepted
        return Caller(facts.key_id, facts.name, facts.scopes)


def bearer_key(authorization: str | None) -> str:
    """The key in an Authorization header. Raises KeyMissing.

    >>> bearer_key("Bearer fsl_abc")
    'fsl_abc'
    """
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyMissing
    return key.strip()


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
