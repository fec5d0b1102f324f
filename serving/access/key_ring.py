"""Is this key good, and for what? Checked keys are remembered, so that scrypt is not paid on every request."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from time import monotonic

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from serving.access.keys import SHAPE, KeyFacts, Scope, facts_of, is_secret, may_be_secret, with_hint
from serving.access.limits import Buckets
from serving.access.reach import ALL, Reach
from serving.problems.access_errors import ReachTooNarrow, RoleLacksScope, TooManyTries
from serving.problems.errors import KeyMissing, KeyNotAccepted, ScopeMissing, StoreAway
from serving.store.opening import Store
from serving.store.pulse import within
from serving.store.tables import ApiKey
from serving.store.trouble import in_our_words

MOST_REMEMBERED = 10_000
LOOK_SECONDS = 1.0
"""How long the store is waited for: who was known before is let in without it."""


@dataclass(frozen=True)
class Caller:
    """Who is calling. Every route that answers from records takes one."""

    key_id: str
    """Empty for a user."""

    name: str
    scopes: tuple[Scope, ...]
    reach: Reach = ALL
    user: str | None = None
    """Who is signed in; None for a key."""

    role: str | None = None
    per_minute: int | None = None
    """Requests allowed in a minute, where this key has a rate of its own."""

    @cached_property
    def actor(self) -> str:
        """How logs and the audit trail name the caller: `key:abcd2345` or `user:anna`."""
        return f"key:{self.key_id}" if self.user is None else f"user:{self.user}"

    def may(self, scope: Scope) -> bool:
        """Whether the caller has the scope; `admin` has every scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def must_have(self, scope: Scope) -> None:
        """Raises ScopeMissing for a key, RoleLacksScope for a user."""
        if not self.may(scope):
            if self.user is None:
                raise ScopeMissing(self.key_id, scope.value)
            raise RoleLacksScope(self.actor, self.role, scope.value)

    def must_fit(self, scope: Scope | None, sees_all: bool) -> None:
        """Raises what `must_have` raises, and ReachTooNarrow where the call needs someone who sees everything."""
        if scope is not None:
            self.must_have(scope)
        if sees_all and not self.reach.everything:
            raise ReachTooNarrow(self.actor, self.reach.kind.value)


@dataclass(frozen=True)
class _Checked:
    """A key whose secret was found right, against which hash, and when its row was last read.

    Until `look_at` it is trusted without another look, because the store was found away.
    """

    facts: KeyFacts
    secret_hash: str
    read_at: float
    caller: Caller
    look_at: float = 0.0


class KeyRing:
    """Checks keys against the store.

    A key text is remembered by its SHA-256 digest once its secret was found right. Its row is read again after
    `recheck`: within that time a revoked key stops working. While the store is away, which also keeps anyone from
    revoking it there, a key is trusted for `trust_away` after its last reading. `tick` counts seconds. Wrong keys are
    counted in `tries`, those with an id nobody has by address, wrong secrets by address and id. A wrong one never keeps
    out a good one: the hint in its hash tells them apart before anything is counted or computed.
    """

    def __init__(
        self,
        store: Store,
        recheck: timedelta,
        clock: Callable[[], datetime],
        tick: Callable[[], float] = monotonic,
        tries: Buckets | None = None,
        tries_per_minute: int = 20,
        trust_away: timedelta = timedelta(0),
    ) -> None:
        self._store, self._clock, self._tick = store, clock, tick
        self._trust_away = trust_away.total_seconds()
        self._tries, self._tries_per_minute = tries or Buckets(tick), tries_per_minute
        self._recheck = recheck.total_seconds()
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()
        self._wrong: OrderedDict[bytes, str] = OrderedDict()
        self._one_at_a_time, self._keeping = Lock(), Lock()

    def remembered(self, key: str) -> Caller | None:
        """The caller of a key checked a moment ago, without waiting for anything. Raises KeyNotAccepted."""
        return self.remembered_by(digest_of(key))

    def remembered_by(self, digest: bytes) -> Caller | None:
        """The same of a key's digest."""
        found = self._checked.get(digest)
        if found is None:
            return None
        now = self._tick()
        if now - found.read_at >= self._recheck and now >= found.look_at:
            return None
        if not found.facts.valid(self._clock()):
            raise KeyNotAccepted
        return found.caller

    def has_met(self, key: str) -> bool:
        """Whether this key was found right before, however long ago."""
        return digest_of(key) in self._checked

    def caller(self, key: str, address: str = "") -> Caller:
        """The caller of a key; reads the store, may compute a hash. Raises KeyNotAccepted, TooManyTries, StoreAway."""
        shape = SHAPE.fullmatch(key)
        try:
            row = None if shape is None else self._row(shape[1])
        except StoreAway:
            trusted = self._trusted(digest_of(key))
            if trusted is None:
                raise
            return trusted
        if shape is None or row is None:
            self._count(address)
            raise KeyNotAccepted
        facts, secret_hash = row
        caller = self._admit(facts)
        digest = digest_of(key)
        if not self._is_known(digest, secret_hash):
            if not self._is_right(shape[2], digest, secret_hash, (address, facts.key_id)):
                self._count((address, facts.key_id))
                raise KeyNotAccepted
            secret_hash = self._with_hint(facts.key_id, shape[2], secret_hash)
        with self._keeping:
            self._checked[digest] = _Checked(facts, secret_hash, self._tick(), caller)
            self._checked.move_to_end(digest)
            while len(self._checked) > MOST_REMEMBERED:
                self._checked.popitem(last=False)
        return self._admit(facts)

    def _trusted(self, digest: bytes) -> Caller | None:
        """The caller of a key that was checked before the store went away, if not too long ago."""
        found = self._checked.get(digest)
        if found is None or self._tick() - found.read_at >= self._trust_away:
            return None
        with self._keeping:
            # The store need not be waited for again by each request.
            self._checked[digest] = replace(found, look_at=self._tick() + self._recheck)
        return self._admit(found.facts)

    def _is_right(self, secret: str, digest: bytes, secret_hash: str, name: Hashable) -> bool:
        """Whether a secret is right that was not found right before. Raises TooManyTries where only scrypt can tell."""
        maybe = may_be_secret(secret, secret_hash)
        if maybe is False or self._wrong.get(digest) == secret_hash:
            return False
        if maybe is None:
            self._must_not_wait(name)
        # One scrypt at a time: many wrong keys at once must not take the processor from everyone else.
        with self._one_at_a_time:
            good = self._is_known(digest, secret_hash) or is_secret(secret, secret_hash)
        if not good:
            with self._keeping:
                self._wrong[digest] = secret_hash
                while len(self._wrong) > MOST_REMEMBERED:
                    self._wrong.popitem(last=False)
        return good

    def _with_hint(self, key_id: str, secret: str, secret_hash: str) -> str:
        """The hash as it is kept: one of an older release gets its hint when its secret is first seen."""
        if may_be_secret(secret, secret_hash) is not None:
            return secret_hash
        hinted = with_hint(secret_hash, secret)
        same = (ApiKey.key_id == key_id) & (ApiKey.secret_hash == secret_hash)
        try:
            with self._store.session() as session:
                session.execute(update(ApiKey).where(same).values(secret_hash=hinted))
        except SQLAlchemyError:
            # It works without, and the next process tries again.
            return secret_hash
        return hinted

    def _is_known(self, digest: bytes, secret_hash: str) -> bool:
        """Whether this very key was found right against this hash before."""
        known = self._checked.get(digest)
        return known is not None and known.secret_hash == secret_hash

    def _must_not_wait(self, name: Hashable) -> None:
        seconds = self._tries.wait(name, self._tries_per_minute)
        if seconds:
            raise TooManyTries(seconds)

    def _count(self, name: Hashable) -> None:
        seconds = self._tries.take(name, self._tries_per_minute)
        if seconds:
            raise TooManyTries(seconds)

    def _row(self, key_id: str) -> tuple[KeyFacts, str] | None:
        try:
            with within(LOOK_SECONDS), self._store.session() as session:
                row = session.get(ApiKey, key_id)
                return None if row is None else (facts_of(row), row.secret_hash)
        except SQLAlchemyError as failure:
            raise StoreAway(in_our_words(failure)) from failure

    def _admit(self, facts: KeyFacts) -> Caller:
        if not facts.valid(self._clock()):
            raise KeyNotAccepted
        return Caller(facts.key_id, facts.name, facts.scopes, facts.reach, per_minute=facts.per_minute)


def bearer_key(authorization: str | None) -> str:
    """The key in an Authorization header. Raises KeyMissing.

    >>> bearer_key("Bearer fsl_abc")
    'fsl_abc'
    """
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyMissing
    return key.strip()


def digest_of(key: str) -> bytes:
    """Under what a key is remembered: its SHA-256, never its text."""
    return hashlib.sha256(key.encode()).digest()
