"""Who may sign in? Making, changing, closing users; each change leaves its line in the audit trail."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serving.access.audit import By, note
from serving.access.passwords import hash_password
from serving.access.reach import Kind, Reach
from serving.access.roles import Role, reach_of, role
from serving.access.sessions import end_all
from serving.problems.access_errors import LastAdmin, NoSuchUser, UserExists, UserNameNotAccepted
from serving.store.people_tables import User

NAME = re.compile(r"[^\W_][\w.@+-]{0,99}")
EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,255}")


@dataclass(frozen=True)
class UserFacts:
    """A user without the password. Times are naive UTC."""

    name: str
    role: Role
    reach: Reach
    email: str | None
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    issuer: str | None


@dataclass(frozen=True)
class Wanted:
    """What a user is to be. A change leaves what is None as it is."""

    role: str | None = None
    reach: str | None = None
    rep_id: str | None = None
    team_id: str | None = None
    email: str | None = None
    password: str | None = None
    disabled: bool | None = None

    def told(self) -> dict[str, object]:
        """What the audit trail keeps of it."""
        kept = {name: value for name, value in vars(self).items() if value is not None and name != "password"}
        return kept | ({"password": "set"} if self.password is not None else {})


def create_user(session: Session, name: str, wanted: Wanted, by: By, now: datetime) -> UserFacts:
    """Make a user.

    Raises UserNameNotAccepted, UserExists, NoSuchRole, ReachNotAccepted, ScopeNeedsAll, PasswordTooWeak.
    """
    folded = folded_name(name)
    if session.get(User, folded) is not None:
        raise UserExists("name", folded)
    given = role(wanted.role or Role.SELLER)
    reach = reach_of(given, wanted.reach, wanted.rep_id, wanted.team_id)
    user = User(
        name=folded,
        role=given.value,
        email=_free_email(session, wanted.email, folded),
        password_hash=None if wanted.password is None else hash_password(wanted.password, folded),
        reach=reach.kind.value,
        rep_id=reach.rep_id,
        team_id=reach.team_id,
        created_at=now,
    )
    session.add(user)
    note(session, by, "user.created", f"user:{folded}", {**wanted.told(), "role": given.value}, now)
    return facts_of(user)


def change_user(session: Session, name: str, wanted: Wanted, by: By, now: datetime) -> UserFacts:
    """Change a user; a new role without a reach brings the role's usual one. Who loses or changes rights is signed out.

    Raises NoSuchUser, LastAdmin and what `create_user` raises.
    """
    user = user_named(session, name)
    was_admin = _is_admin(user)
    if wanted.role is not None or wanted.reach is not None or wanted.rep_id is not None or wanted.team_id is not None:
        _change_rights(user, wanted)
    if wanted.email is not None:
        user.email = _free_email(session, wanted.email, user.name)
    if wanted.password is not None:
        user.password_hash = hash_password(wanted.password, user.name)
    if wanted.disabled is not None:
        user.disabled_at = (user.disabled_at or now) if wanted.disabled else None
    end_all(session, user.name)
    note(session, by, "user.changed", f"user:{user.name}", wanted.told(), now)
    # After the note, which lets one writer through at a time: two admins cannot close each other's accounts at once.
    if was_admin and not _is_admin(user) and not _admins(session):
        raise LastAdmin(user.name)
    return facts_of(user)


def list_users(session: Session) -> list[UserFacts]:
    """Every user, closed ones included, by name."""
    return [facts_of(user) for user in session.scalars(select(User).order_by(User.name))]


def user_named(session: Session, name: str) -> User:
    """The row of a user. Raises NoSuchUser."""
    user = found_user(session, name)
    if user is None:
        raise NoSuchUser(name[:100])
    return user


def found_user(session: Session, name: str) -> User | None:
    """The row of a user; None also for a text that no database could hold as a name."""
    folded = fold(name)
    return session.get(User, folded) if NAME.fullmatch(folded) else None


def facts_of(user: User) -> UserFacts:
    """A row of the store as facts."""
    reach = Reach(Kind(user.reach), user.rep_id, user.team_id)
    has_password = user.password_hash is not None
    return UserFacts(
        user.name, Role(user.role), reach, user.email, user.created_at, user.disabled_at, has_password, user.issuer
    )


def fold(name: str) -> str:
    """One form for names that are typed differently.

    >>> fold(" Anna "), fold("ＡＮＮＡ")
    ('anna', 'anna')
    """
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def folded_name(name: str) -> str:
    """The folded form of a new name. Raises UserNameNotAccepted."""
    folded = fold(name)
    if not NAME.fullmatch(folded):
        raise UserNameNotAccepted(f"{name[:100]!r} holds other characters, or none or too many")
    return folded


def _change_rights(user: User, wanted: Wanted) -> None:
    given = role(wanted.role or user.role)
    kind = wanted.reach or (user.reach if wanted.role is None else None)
    reach = reach_of(given, kind, wanted.rep_id or user.rep_id, wanted.team_id or user.team_id)
    user.role = given.value
    user.reach, user.rep_id, user.team_id = reach.kind.value, reach.rep_id, reach.team_id


def _is_admin(user: User) -> bool:
    return user.role == Role.ADMIN.value and user.disabled_at is None


def _admins(session: Session) -> int:
    session.flush()
    wanted = select(func.count()).select_from(User).where(User.role == Role.ADMIN.value, User.disabled_at.is_(None))
    return session.scalar(wanted) or 0


def _free_email(session: Session, email: str | None, name: str) -> str | None:
    if email is None:
        return None
    folded = email.strip().lower()
    if not EMAIL.fullmatch(folded):
        raise UserNameNotAccepted(f"{email[:100]!r} is no e-mail address")
    other = session.scalar(select(User.name).where(User.email == folded, User.name != name))
    if other is not None:
        raise UserExists("e-mail address", folded)
    return folded
