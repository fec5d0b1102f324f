"""Who is at the door? From a request's header or cookie to its caller."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import cast

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from serving.access.cookies import cookie, cookie_if_any, must_be_from_here
from serving.access.key_ring import Caller, KeyRing, bearer_key, digest_of
from serving.access.limits import Buckets, neighbourhood
from serving.access.oidc import Provider
from serving.access.sessions import Sessions, is_csrf_token
from serving.problems.access_errors import SessionNeeded, TokenNotAccepted, TooManyRequests, TooManySignIns
from serving.problems.errors import KeyNotAccepted
from serving.settings import ServingSettings
from serving.store.opening import Store

TOKEN = "X-CSRF-Token"
SAFE = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing, so that they need no token."""


CHECKED_AT_ONCE, SIGNED_IN_AT_ONCE, VISITING_AT_ONCE = 8, 2, 4
"""Keys and sessions looked up, passwords checked, and people on the way to the provider or back."""

MOST_SIGNING_IN = 40
"""Who comes while so many sign in is told to come again."""


class Gate:
    """Everything that it takes to know a caller; one for each process. `tick` counts seconds."""

    def __init__(
        self,
        store: Store,
        settings: ServingSettings,
        clock: Callable[[], datetime],
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self.store, self.settings, self.clock = store, settings, clock
        self.provider: Provider | None = None
        """The OpenID Connect provider, once someone wants to sign in there."""
        # Apart from the threads that answer: however many try to get in, those who are in are served.
        self.checking, self.signing = CapacityLimiter(CHECKED_AT_ONCE), CapacityLimiter(SIGNED_IN_AT_ONCE)
        self.visiting, self._signing_in = CapacityLimiter(VISITING_AT_ONCE), 0
        self.rates, self.tries = Buckets(tick), Buckets(tick)
        self.keys = KeyRing(
            *(store, settings.key_recheck, clock, tick, self.tries, settings.wrong_tries_per_minute),
            trust_away=settings.key_trust_away,
        )
        self.sessions = Sessions(
            store, settings.session_idle, settings.session_longest, settings.key_recheck, clock, tick
        )

    def quick(self, authorization: str | None) -> Caller | None:
        """The caller of a key checked a moment ago who may ask now; None where it takes a closer look.

        For the short way to a score: never raises, never waits. It takes the key's token of this request; who then
        hands the request on puts the caller into `scope["state"]["caller"]`, so that none is taken twice.
        """
        digest = self.quick_digest(authorization)
        return None if digest is None else self.quick_by(digest)

    @staticmethod
    def quick_digest(authorization: str | None) -> bytes | None:
        """Under what the key of a header is remembered; None where it takes a closer look."""
        if authorization is None or not authorization.startswith("Bearer "):
            return None
        return digest_of(authorization[7:].strip())

    def quick_by(self, digest: bytes) -> Caller | None:
        """The same as `quick` of a key's digest."""
        try:
            caller = self.keys.remembered_by(digest)
            if caller is not None:
                self.must_be_in_time(caller)
        except (KeyNotAccepted, TooManyRequests):
            return None
        return caller

    def has_met(self, request: Request) -> bool:
        """Whether the key or session was good when this process looked last, however long ago; never waits."""
        sent = request.headers.getlist("authorization")
        if sent:
            return len(sent) == 1 and self.keys.has_met(sent[0].partition(" ")[2].strip())
        session_id = cookie_if_any(request, self.settings)
        return session_id is not None and self.sessions.remembered(session_id) is not None

    @contextmanager
    def room(self) -> Iterator[None]:
        """Around a sign-in. Raises TooManySignIns where too many are under way."""
        if self._signing_in >= MOST_SIGNING_IN:
            raise TooManySignIns
        self._signing_in += 1
        try:
            yield
        finally:
            self._signing_in -= 1

    def must_be_in_time(self, caller: Caller) -> None:
        """Raises TooManyRequests where the caller asks more often than its rate."""
        per_minute = caller.per_minute or self.settings.requests_per_minute
        if per_minute is not None:
            seconds = self.rates.take(caller.actor, per_minute)
            if seconds:
                raise TooManyRequests(caller.actor, per_minute, seconds)


def gate_of(request: Request) -> Gate:
    """The gate of the service."""
    return cast(Gate, request.app.state.gate)


async def admitted(request: Request, session_only: bool = False) -> Caller:
    """Who calls. Only a key or session not checked lately costs a trip to a thread.

    Raises KeyMissing, KeyNotAccepted, SessionNeeded, SessionNotAccepted, OriginNotAccepted, TokenNotAccepted,
    TooManyRequests, TooManyTries, StoreAway.
    """
    known = getattr(request.state, "caller", None)
    if isinstance(known, Caller) and (known.user is not None or not session_only):
        return known
    gate = gate_of(request)
    sent = request.headers.getlist("authorization")
    session_id = None if sent else cookie(request, gate.settings)
    if session_id is not None:
        caller = await _by_session(request, gate, session_id)
    elif session_only and sent:
        raise SessionNeeded
    else:
        caller = await _by_key(request, gate, sent)
    request.state.actor = caller.actor
    gate.must_be_in_time(caller)
    request.state.caller = caller
    return caller


async def _by_key(request: Request, gate: Gate, sent: list[str]) -> Caller:
    if len(sent) > 1:
        raise KeyNotAccepted
    key = bearer_key(sent[0] if sent else None)
    caller = gate.keys.remembered(key)
    if caller is None:
        caller = await to_thread.run_sync(gate.keys.caller, key, address_of(request), limiter=gate.checking)
    request.state.key_id = caller.key_id
    return caller


async def _by_session(request: Request, gate: Gate, session_id: str) -> Caller:
    if request.method not in SAFE:
        must_be_from_here(request, gate.settings)
    caller = gate.sessions.remembered(session_id)
    if caller is None:
        caller = await to_thread.run_sync(gate.sessions.caller, session_id, limiter=gate.checking)
    if request.method not in SAFE and not is_csrf_token(request.headers.get(TOKEN, ""), session_id):
        raise TokenNotAccepted
    request.state.user = caller.user
    return caller


def address_of(request: Request) -> str:
    """Where the request came from, as far as tries are counted."""
    return neighbourhood(request.client.host if request.client else None)
