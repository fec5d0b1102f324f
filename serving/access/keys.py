"""Who may call? Making, listing and revoking API keys.

A key is `fsl_<id>_<secret>`. The text is shown once; the store keeps the scrypt hash of the secret
(RFC 7914). The secret holds 256 random bits, so a modest cost is enough: no dictionary helps to guess it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.access.audit import BY_COMMAND, By, note
from serving.access.reach import ALL, Kind, Reach
from serving.problems.access_errors import ScopeNeedsAll
from serving.problems.errors import KeyExpiresInThePast, NoSuchKey, UnknownScope
from serving.store.opening import Store
from serving.store.tables import ApiKey

SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 1
SHAPE = re.compile(r"fsl_([a-z2-7]{8})_([A-Za-z0-9_-]{32,200})")
KEY_ID = re.compile(r"[a-z2-7]{8}")
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class Scope(StrEnum):
    """What a key allows."""

    SCORE = "score"
    """Ask for scores."""
    INGEST = "ingest"
    """Send rows of the history."""
    READ = "read"
    """Read records, models, forecasts."""
    PLAN = "plan"
    """Change plans, follow-ups, overrides."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True)
class KeyFacts:
    """A key without its secret. Times are naive UTC."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    reach: Reach = ALL
    per_minute: int | None = None

    def valid(self, now: datetime) -> bool:
        """Whether the key opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_key(
    store: Store,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    now: datetime,
    *,
    reach: Reach = ALL,
    per_minute: int | None = None,
    by: By = BY_COMMAND,
) -> str:
    """Make a key and return its text, which cannot be shown again. Raises what `add_key` raises."""
    with store.session() as session:
        return add_key(session, name, scopes, expires_at, now, reach=reach, per_minute=per_minute, by=by)


def add_key(
    session: Session,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    now: datetime,
    *,
    reach: Reach,
    per_minute: int | None,
    by: By,
) -> str:
    """Make a key within a transaction, with its line in the audit trail; its text cannot be shown again.

    Raises UnknownScope, KeyExpiresInThePast, ScopeNeedsAll (who sends rows or administers sees everything).
    """
    granted = [_scope(word) for word in scopes]
    for scope in (Scope.INGEST, Scope.ADMIN):
        if scope in granted and not reach.everything:
            raise ScopeNeedsAll(scope.value)
    if expires_at is not None and expires_at <= now:
        raise KeyExpiresInThePast(expires_at)
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(8))
    secret = secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            key_id=key_id,
            name=name,
            scopes=" ".join(dict.fromkeys(granted)),
            secret_hash=with_hint(hash_secret(secret), secret),
            created_at=now,
            expires_at=expires_at,
            revoked_at=None,
            reach=reach.kind.value,
            rep_id=reach.rep_id,
            team_id=reach.team_id,
            per_minute=per_minute,
        )
    )
    detail = {"name": name, "scopes": [str(scope) for scope in granted], "reach": reach.kind.value}
    note(session, by, "key.created", f"key:{key_id}", detail, now)
    return f"fsl_{key_id}_{secret}"


def list_keys(store: Store) -> list[KeyFacts]:
    """Every key ever made, oldest first, revoked ones included."""
    with store.session() as session:
        return [facts_of(row) for row in session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.key_id))]


def revoke_key(store: Store, key_id: str, now: datetime, by: By = BY_COMMAND) -> KeyFacts:
    """Close a key for good; closing it again changes nothing. Raises NoSuchKey."""
    with store.session() as session:
        return close_key(session, key_id, now, by)


def close_key(session: Session, key_id: str, now: datetime, by: By) -> KeyFacts:
    """The same within a transaction. Raises NoSuchKey."""
    row = session.get(ApiKey, key_id) if KEY_ID.fullmatch(key_id) else None
    if row is None:
        raise NoSuchKey(key_id[:100])
    row.revoked_at = row.revoked_at or now
    note(session, by, "key.revoked", f"key:{key_id}", {"name": row.name}, now)
    return facts_of(row)


def facts_of(row: ApiKey) -> KeyFacts:
    """A row of the store as facts."""
    scopes = tuple(Scope(word) for word in row.scopes.split())
    reach = Reach(Kind(row.reach), row.rep_id, row.team_id)
    return KeyFacts(row.key_id, row.name, scopes, row.created_at, row.expires_at, row.revoked_at, reach, row.per_minute)


def hash_secret(secret: str, n: int | None = None, r: int = SCRYPT_R, p: int = SCRYPT_P) -> str:
    """The secret's scrypt hash with a fresh salt and the cost beside it; the cost of keys unless told otherwise."""
    n = n or SCRYPT_N
    salt = secrets.token_bytes(16)
    digest = _scrypt(secret, salt, n, r, p)
    return f"scrypt${n}${r}${p}${salt.hex()}${digest.hex()}"


def is_secret(secret: str, secret_hash: str) -> bool:
    """Whether this is the secret that was hashed, compared in constant time."""
    _, n, r, p, salt, digest = secret_hash.split("$")[:6]
    found = _scrypt(secret, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def with_hint(secret_hash: str, secret: str) -> str:
    """The hash of a key's secret with two bytes of a quick hash behind it.

    They tell nearly every wrong secret from the right one without the cost of scrypt, so that wrong ones, however many
    come, neither use up the processor nor keep the right one waiting. A secret of 256 random bits can spare sixteen; a
    password could not.
    """
    return f"{secret_hash}${_hint(secret, secret_hash)}"


def may_be_secret(secret: str, secret_hash: str) -> bool | None:
    """Whether this can be the secret that was hashed, at no cost; None where the hash has no hint (older releases)."""
    parts = secret_hash.split("$")
    return None if len(parts) < 7 else hmac.compare_digest(_hint(secret, secret_hash), parts[6])


def _hint(secret: str, secret_hash: str) -> str:
    return hmac.digest(bytes.fromhex(secret_hash.split("$")[4]), secret.encode(), "sha256")[:2].hex()


def _scrypt(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)


def _scope(word: str) -> Scope:
    try:
        return Scope(word)
    except ValueError as wrong:
        raise UnknownScope(word, ", ".join(Scope)) from wrong
