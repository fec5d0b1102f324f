"""Users over HTTP, for administrators."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy.orm import Session

from serving.access.audit import By
from serving.access.gate import gate_of
from serving.access.users import UserFacts, Wanted, change_user, create_user, fold, list_users
from serving.api.dependencies import Admin, Documented, OnceOnly, Stored
from serving.moments import in_utc, in_utc_if_known
from serving.problems.access_errors import (
    LastAdmin,
    NoSuchUser,
    PasswordTooWeak,
    ReachNotAccepted,
    ScopeNeedsAll,
    UserExists,
    UserNameNotAccepted,
)
from serving.problems.documents import declares, request_id_of
from serving.questions.questions import Question
from serving.store.idempotency import Once, fingerprint_of

router = APIRouter(prefix="/v1/users", tags=["people"], dependencies=[Documented])

Id = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Name = Annotated[str, Path(max_length=200)]
RoleName = Literal["admin", "manager", "seller", "integration", "scientist"]


class UserChanges(Question):
    """What is to be different; what is left out stays. Afterwards the user has to sign in again."""

    role: RoleName | None = None
    """A new role without a reach brings the role's usual reach."""

    reach: Literal["own", "team", "all"] | None = None
    """Whose records the user sees."""

    rep_id: Id | None = None
    """Which rep the user is."""

    team_id: Id | None = None
    """Which team the user leads, or belongs to."""

    email: Annotated[str, Field(max_length=320, pattern=r"^[^\x00]+$")] | None = None
    """For signing in with OpenID Connect."""

    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)] | None = None
    """At least 12 characters. Without one the user signs in elsewhere, or not at all."""

    disabled: bool | None = None
    """Whether the account is closed."""

    def wanted(self) -> Wanted:
        """The same as the store's floor says it."""
        password = None if self.password is None else self.password.get_secret_value()
        return Wanted(**{**{name: getattr(self, name) for name in type(self).model_fields}, "password": password})


class UserAsked(UserChanges):
    """A user to be made."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Letters of any alphabet, digits and . _ - @ +. Capitals make no difference."""

    role: RoleName = "seller"
    """What the user may do; docs/access.md has the table."""

    def wanted(self) -> Wanted:
        """The same as the store's floor says it."""
        password = None if self.password is None else self.password.get_secret_value()
        return Wanted(self.role, self.reach, self.rep_id, self.team_id, self.email, password)


class UserShown(BaseModel):
    """A user without the password."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """In small letters."""

    role: str
    """What the user may do."""

    reach: str
    """Whose records are seen: own, team or all."""

    rep_id: str | None
    """The rep it starts from."""

    team_id: str | None
    """The team it starts from."""

    email: str | None
    """For signing in with OpenID Connect."""

    has_password: bool
    """Whether the user can sign in with a password."""

    issuer: str | None
    """The OpenID Connect provider that vouches for the user, once it did."""

    created_at: datetime
    """When the user was made."""

    disabled_at: datetime | None
    """When the account was closed; null while it is open."""


class UsersListed(BaseModel):
    """All users by name."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    users: list[UserShown]
    """Each without the password."""


REFUSALS = (UserNameNotAccepted, ReachNotAccepted, ScopeNeedsAll, PasswordTooWeak, UserExists)


@router.get("")
def read_users(store: Stored, caller: Admin) -> UsersListed:
    """Every user, closed accounts included."""
    with store.session() as session:
        return UsersListed(users=[_shown(one) for one in list_users(session)])


@router.post("", status_code=201, response_model=UserShown, responses=declares(*REFUSALS))
async def make_user(asked: UserAsked, caller: Admin, once: OnceOnly, request: Request) -> Response:
    """Make a user."""
    now, by = gate_of(request).clock(), By(caller.actor, request_id_of(request))

    def work(session: Session) -> tuple[int, bytes]:
        made = create_user(session, asked.name, asked.wanted(), by, now)
        return 201, _shown(made).model_dump_json().encode()

    return await _without_password(once, request, asked).do(caller.actor, work)


@router.patch("/{name}", response_model=UserShown, responses=declares(NoSuchUser, LastAdmin, *REFUSALS))
async def change(name: Name, asked: UserChanges, caller: Admin, once: OnceOnly, request: Request) -> Response:
    """Change a user's role, reach, e-mail or password, or close the account; the user's sessions end."""
    gate = gate_of(request)
    now, by = gate.clock(), By(caller.actor, request_id_of(request))

    def work(session: Session) -> tuple[int, bytes]:
        changed = change_user(session, name, asked.wanted(), by, now)
        return 200, _shown(changed).model_dump_json().encode()

    answer = await _without_password(once, request, asked).do(caller.actor, work)
    gate.sessions.forget(fold(name))
    return answer


def _without_password(once: Once, request: Request, asked: UserChanges) -> Once:
    """The same, but what is kept of the request holds no quick hash of a password, which could be guessed by it."""
    gate, rest = gate_of(request), asked.model_dump_json(exclude={"password"})
    return Once(gate.store, once.key, fingerprint_of(request.method, request.url.path, rest), gate.clock)


def _shown(facts: UserFacts) -> UserShown:
    return UserShown(
        name=facts.name,
        role=facts.role.value,
        reach=facts.reach.kind.value,
        rep_id=facts.reach.rep_id,
        team_id=facts.reach.team_id,
        email=facts.email,
        has_password=facts.has_password,
        issuer=facts.issuer,
        created_at=in_utc(facts.created_at),
        disabled_at=in_utc_if_known(facts.disabled_at),
    )
