"""How does someone sign in, and out? Name and password to a new session, with its line in the audit trail."""

from dataclasses import dataclass

from serving.access.audit import By, note
from serving.access.gate import Gate
from serving.access.key_ring import Caller
from serving.access.passwords import hash_password, is_outdated, is_password
from serving.access.sessions import caller_of
from serving.access.users import fold, found_user
from serving.problems.access_errors import SignInRefused, TooManyTries
from serving.store.people_tables import User

TIMES_FOR_ALL = 6
"""How many times the tries of one name an address has for all names together."""


@dataclass(frozen=True)
class Started:
    """A session that began: its id for the cookie, and whose it is."""

    session_id: str
    caller: Caller


def sign_in(gate: Gate, name: str, password: str, address: str, before: str | None, request_id: str) -> Started:
    """Start a session for who knows the password; the session of before, if any, ends.

    Takes the time of one hash whether or not there is such a user. Refusals are counted by address and name, and by
    address: nobody can keep out someone elsewhere. Raises SignInRefused, TooManyTries, StoreAway.
    """
    folded, now = fold(name)[:100], gate.clock()
    limits = {("sign-in", address, folded): 1, ("sign-in", address): TIMES_FOR_ALL}
    _must_not_wait(gate, limits)
    with gate.store.session() as session:
        user = found_user(session, folded)
        password_hash = None if user is None or user.disabled_at is not None else user.password_hash
    if not is_password(password, password_hash) or password_hash is None:
        for limited, times in limits.items():
            gate.tries.take(limited, gate.settings.wrong_tries_per_minute * times)
        # Written down for unknown names too, without the name, which may be a password: it takes the same time.
        whose = f"user:{folded}" if user is not None else "user:unknown"
        with gate.store.session() as session:
            note(session, By("nobody", request_id), "session.refused", whose, {"address": address}, now)
        raise SignInRefused
    newer = hash_password(password, folded) if is_outdated(password_hash) else None
    return start_session(gate, folded, "password", before, request_id, password_hash, newer)


def start_session(
    gate: Gate,
    name: str,
    way: str,
    before: str | None,
    request_id: str,
    password_hash: str | None = None,
    newer_hash: str | None = None,
) -> Started:
    """Start a session for a user who has shown who he is. Raises SignInRefused where the account changed meanwhile."""
    now = gate.clock()
    with gate.store.session() as session:
        user = session.get(User, name)
        if user is None or user.disabled_at is not None or (password_hash and user.password_hash != password_hash):
            raise SignInRefused
        user.password_hash = newer_hash or user.password_hash
        if before is not None:
            gate.sessions.end(session, before)
        session_id, caller = gate.sessions.start(session, name), caller_of(user)
        note(session, By(caller.actor, request_id), "session.started", caller.actor, {"way": way}, now)
    return Started(session_id, caller)


def sign_out(gate: Gate, session_id: str, request_id: str) -> None:
    """End a session; one that is not known ends as quietly."""
    with gate.store.session() as session:
        name = gate.sessions.end(session, session_id)
        if name is not None:
            note(session, By(f"user:{name}", request_id), "session.ended", f"user:{name}", {}, gate.clock())


def _must_not_wait(gate: Gate, limits: dict[tuple[str, ...], int]) -> None:
    for limited, times in limits.items():
        seconds = gate.tries.wait(limited, gate.settings.wrong_tries_per_minute * times)
        if seconds:
            raise TooManyTries(seconds)
