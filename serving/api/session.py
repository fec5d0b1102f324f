"""Sessions over HTTP: sign in, who am I, sign out."""

from datetime import datetime
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from serving.access.cookies import cookie, give_cookie, must_be_from_here, must_be_safe_to_sign_in, take_cookie
from serving.access.gate import address_of, gate_of
from serving.access.key_ring import Caller
from serving.access.needs import open_to_all
from serving.access.sessions import csrf_token
from serving.access.sign_in import sign_in, sign_out
from serving.api.dependencies import Anyone, Documented, SignedInUser
from serving.moments import in_utc_if_known
from serving.problems.access_errors import (
    OriginNotAccepted,
    SessionNeeded,
    SessionNotAccepted,
    SignInNeedsHttps,
    SignInRefused,
    TokenNotAccepted,
    TooManySignIns,
    TooManyTries,
)
from serving.problems.documents import declares, request_id_of
from serving.questions.questions import Question

router = APIRouter(prefix="/v1/session", tags=["people"])


class Credentials(Question):
    """Who signs in."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The user's name."""

    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)]
    """The password."""


class WhoAmI(BaseModel):
    """Who calls, and what he may do."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    actor: str
    """`user:anna` or `key:abcd2345`, as the audit trail names the caller."""

    role: str | None = None
    """A user's role."""

    scopes: list[str]
    """What calls are allowed."""

    reach: Literal["own", "team", "all"]
    """Whose records are seen."""

    rep_id: str | None = None
    """The rep the reach starts from."""

    team_id: str | None = None
    """The team the reach starts from."""

    csrf_token: str | None = None
    """For a session: to be sent in the header X-CSRF-Token with everything that changes something."""

    ends_at: datetime | None = None
    """When the session ends, whatever happens in it."""


@router.post(
    "",
    status_code=201,
    dependencies=[open_to_all("it is where one signs in; name and password are in the body")],
    responses=declares(OriginNotAccepted, SignInNeedsHttps, SignInRefused, TooManySignIns, TooManyTries),
)
async def start(asked: Credentials, request: Request, response: Response) -> WhoAmI:
    """Sign in with name and password. The answer sets the session's cookie; a session of before ends."""
    gate = gate_of(request)
    must_be_from_here(request, gate.settings)
    must_be_safe_to_sign_in(request, gate.settings)
    try:
        before = cookie(request, gate.settings)
    except SessionNotAccepted:
        before = None
    address, request_id, password = address_of(request), request_id_of(request), asked.password.get_secret_value()
    with gate.room():
        started = await to_thread.run_sync(
            sign_in, gate, asked.name, password, address, before, request_id, limiter=gate.signing
        )
    give_cookie(response, gate.settings, started.session_id)
    return _shown(started.caller, started.session_id, gate.clock() + gate.settings.session_longest)


@router.get("", dependencies=[Documented], responses=declares(SessionNotAccepted))
async def read(caller: Anyone, request: Request) -> WhoAmI:
    """Who calls, by session or key; for a session, the token that its writes must carry."""
    gate = gate_of(request)
    session_id = None if caller.user is None else cookie(request, gate.settings)
    ends_at = None if session_id is None else await to_thread.run_sync(gate.sessions.ends_at, session_id)
    return _shown(caller, session_id, ends_at)


@router.delete(
    "",
    status_code=204,
    dependencies=[Documented],
    responses=declares(SessionNeeded, SessionNotAccepted, TokenNotAccepted),
)
async def end(caller: SignedInUser, request: Request, response: Response) -> None:
    """Sign out."""
    gate = gate_of(request)
    session_id = cookie(request, gate.settings)
    assert session_id is not None
    await to_thread.run_sync(sign_out, gate, session_id, request_id_of(request))
    take_cookie(response, gate.settings)


def _shown(caller: Caller, session_id: str | None, ends_at: datetime | None) -> WhoAmI:
    return WhoAmI(
        actor=caller.actor,
        role=caller.role,
        scopes=[scope.value for scope in caller.scopes],
        reach=caller.reach.kind.value,
        rep_id=caller.reach.rep_id,
        team_id=caller.reach.team_id,
        csrf_token=None if session_id is None else csrf_token(session_id),
        ends_at=in_utc_if_known(ends_at),
    )
