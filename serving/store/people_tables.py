"""What does the service keep of people: users, their sessions, secrets of connections, and who did what?"""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Tables


class User(Tables):
    """Someone who signs in."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email"), UniqueConstraint("issuer", "subject"))

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    """As it is typed, folded to one form: compatible characters and capitals are the same name."""

    role: Mapped[str] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(320))
    """In small letters."""

    password_hash: Mapped[str | None] = mapped_column(String(200))
    """`scrypt$n$r$p$salt$digest`; none for someone who signs in elsewhere only."""

    reach: Mapped[str] = mapped_column(String(8))
    rep_id: Mapped[str | None] = mapped_column(String(500))
    team_id: Mapped[str | None] = mapped_column(String(500))
    issuer: Mapped[str | None] = mapped_column(String(500))
    """The OpenID Connect provider that vouches for this user, and the user's name there."""

    subject: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(DateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime)


class SignedIn(Tables):
    """A session of a user. Its id, which is in the cookie alone, is kept only as a hash."""

    __tablename__ = "sessions"

    session_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime] = mapped_column(DateTime)
    seen_at: Mapped[datetime] = mapped_column(DateTime)
    """The latest request, to the minute."""

    ends_at: Mapped[datetime] = mapped_column(DateTime)
    """Whatever happens in it."""


class SignInTry(Tables):
    """Someone on the way to the OpenID Connect provider and back; used once, then removed."""

    __tablename__ = "sign_in_tries"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    """Of the cookie of the browser that left: another browser cannot come back in its place."""

    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    ends_at: Mapped[datetime] = mapped_column(DateTime)


class Secret(Tables):
    """A secret of a connection, encrypted."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """A Fernet token; its name is inside, so that one cannot be put in the place of another."""

    changed_at: Mapped[datetime] = mapped_column(DateTime)
    changed_by: Mapped[str] = mapped_column(String(120))


class AuditEntry(Tables):
    """Who did what, when. Each entry holds the hash of the one before."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime)
    actor: Mapped[str] = mapped_column(String(120), index=True)
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(600))
    detail: Mapped[str] = mapped_column(Text)
    """JSON with sorted keys, byte for byte what was hashed."""

    request_id: Mapped[str | None] = mapped_column(String(64))
    before: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Tables):
    """The latest entry: one row, which writers lock so that the chain has no forks."""

    __tablename__ = "audit_head"

    place: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Always 1."""

    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
