"""API keys over HTTP, for administrators."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema
from sqlalchemy.orm import Session

from serving.access.audit import By
from serving.access.gate import gate_of
from serving.access.keys import KeyFacts, Scope, add_key, close_key, list_keys
from serving.access.reach import reach
from serving.api.dependencies import Admin, Documented, OnceOnly, Stored
from serving.moments import in_utc, in_utc_if_known
from serving.problems.access_errors import ReachNotAccepted, ScopeNeedsAll
from serving.problems.documents import declares, request_id_of
from serving.problems.errors import KeyExpiresInThePast, NoSuchKey, UnknownScope
from serving.questions.questions import Question

router = APIRouter(prefix="/v1/keys", tags=["people"], dependencies=[Documented])


ScopeName = Annotated[str, Field(max_length=40), WithJsonSchema({"type": "string", "enum": [*Scope]})]


class KeyAsked(Question):
    """A key to be made."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    """What it is for."""

    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=10)]
    """What it allows: score, ingest, read, plan, admin."""

    reach: Literal["own", "team", "all"] = "all"
    """Whose records it sees."""

    rep_id: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")] | None = None
    """Where reach is `own`: whose."""

    team_id: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")] | None = None
    """Where reach is `team`: which team, with the teams below it."""

    per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Requests it may make in a minute, in each worker; without it, the installation's setting counts."""

    expires_at: AwareDatetime | None = None
    """When it ends, with offset; without it, when it is revoked."""


class KeyShown(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    key_id: str
    """The eight characters after `fsl_`."""

    name: str
    """What it is for."""

    scopes: list[str]
    """What it allows."""

    reach: str
    """Whose records are seen: own, team or all."""

    rep_id: str | None
    """The rep it starts from."""

    team_id: str | None
    """The team it starts from."""

    per_minute: int | None
    """Its own rate; null where the installation's counts."""

    created_at: datetime
    """When it was made."""

    expires_at: datetime | None
    """When it ends by itself; null for never."""

    revoked_at: datetime | None
    """When it was closed."""

    valid: bool
    """Whether it opens anything now."""


class KeyMade(BaseModel):
    """A key that was just made."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    key_id: str
    """The eight characters after `fsl_`."""

    key: str | None
    """The key itself, once. Null where the request is repeated with its Idempotency-Key: make another, revoke this."""


class KeysListed(BaseModel):
    """All keys, oldest first."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    keys: list[KeyShown]
    """Each without its secret."""


@router.get("")
def read_keys(store: Stored, caller: Admin, request: Request) -> KeysListed:
    """Every key ever made, revoked ones included, without secrets."""
    now = gate_of(request).clock()
    return KeysListed(keys=[_shown(one, now) for one in list_keys(store)])


@router.post(
    "",
    status_code=201,
    response_model=KeyMade,
    responses=declares(UnknownScope, KeyExpiresInThePast, ReachNotAccepted, ScopeNeedsAll),
)
async def make_key(asked: KeyAsked, caller: Admin, once: OnceOnly, request: Request) -> Response:
    """Make a key. Its text is in this answer and nowhere else."""
    now, by = gate_of(request).clock(), By(caller.actor, request_id_of(request))
    expires_at = None if asked.expires_at is None else asked.expires_at.astimezone(UTC).replace(tzinfo=None)
    within = reach(asked.reach, asked.rep_id, asked.team_id)
    made: list[KeyMade] = []

    def work(session: Session) -> tuple[int, bytes]:
        key = add_key(
            session, asked.name, asked.scopes, expires_at, now, reach=within, per_minute=asked.per_minute, by=by
        )
        made.append(KeyMade(key_id=key.split("_")[1], key=key))
        # What is kept for repeated requests holds no secret.
        return 201, made[0].model_copy(update={"key": None}).model_dump_json().encode()

    answer = await once.do(caller.actor, work)
    return Response(made[-1].model_dump_json(), 201, media_type="application/json") if made else answer


@router.delete("/{key_id}", response_model=KeyShown, responses=declares(NoSuchKey))
async def revoke(
    key_id: Annotated[str, Path(max_length=100)], caller: Admin, once: OnceOnly, request: Request
) -> Response:
    """Close a key for good; closing it again changes nothing."""
    now, by = gate_of(request).clock(), By(caller.actor, request_id_of(request))

    def work(session: Session) -> tuple[int, bytes]:
        return 200, _shown(close_key(session, key_id, now, by), now).model_dump_json().encode()

    return await once.do(caller.actor, work)


def _shown(facts: KeyFacts, now: datetime) -> KeyShown:
    return KeyShown(
        key_id=facts.key_id,
        name=facts.name,
        scopes=[scope.value for scope in facts.scopes],
        reach=facts.reach.kind.value,
        rep_id=facts.reach.rep_id,
        team_id=facts.reach.team_id,
        per_minute=facts.per_minute,
        created_at=in_utc(facts.created_at),
        expires_at=in_utc_if_known(facts.expires_at),
        revoked_at=in_utc_if_known(facts.revoked_at),
        valid=facts.valid(now),
    )
