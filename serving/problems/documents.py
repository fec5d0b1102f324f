"""Where do our errors meet HTTP? One table, one handler, one shape: RFC 9457 problem documents."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from features.as_of import NotAMoment
from features.errors import ForesellError
from features.history import NoHistory
from features.ledger import HistoryDamaged, HistoryTooNew
from features.own_features import OwnFeatureTrouble
from features.suggesting import MOST_FAULTS
from serving.problems import access_errors, errors, event_errors, idempotency_errors, limit_errors
from serving.problems.list_errors import CursorNotAccepted, ListNotMade, SortNotAccepted
from training.bundle import BundleDamaged, FeaturesChanged

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5

STATUS: Mapping[type[ForesellError], int] = {
    errors.RequestRefused: 400,
    errors.BrokenJson: 400,
    errors.KeyMissing: 401,
    errors.KeyNotAccepted: 401,
    errors.ScopeMissing: 403,
    errors.NoSuchKey: 404,
    errors.UnknownScope: 422,
    errors.KeyExpiresInThePast: 422,
    errors.NoSuchPath: 404,
    errors.DealNotFound: 404,
    errors.CustomerNotFound: 404,
    errors.WrongMethod: 405,
    errors.DealNotOpen: 409,
    errors.CustomerNotActive: 409,
    errors.ModelKnowsTheFuture: 409,
    errors.BodyTooLarge: 413,
    errors.NotJson: 415,
    errors.RequestNotAccepted: 422,
    errors.RecordNotAccepted: 422,
    errors.MomentNotAccepted: 422,
    errors.DateNotAccepted: 422,
    NotAMoment: 422,
    idempotency_errors.IdempotencyKeyInUse: 409,
    idempotency_errors.IdempotencyKeyReused: 422,
    idempotency_errors.IdempotencyKeyMissing: 422,
    limit_errors.NotHttp: 400,
    limit_errors.BodyTooSlow: 408,
    limit_errors.HeadTooSlow: 408,
    limit_errors.EncodingNotAccepted: 415,
    limit_errors.HeadTooLarge: 431,
    limit_errors.TooManyHeaders: 431,
    limit_errors.Stopping: 503,
    limit_errors.TookTooLong: 503,
    limit_errors.TooBusy: 503,
    limit_errors.TooManyConnections: 503,
    limit_errors.TooMuchAtOnce: 503,
    event_errors.EventsNotAccepted: 422,
    event_errors.TooManyEventsWaiting: 503,
    errors.UnexpectedFault: 500,
    errors.NoChampion: 503,
    errors.StillLoading: 503,
    errors.NothingLoaded: 503,
    errors.EarlierVersionServes: 503,
    errors.ChampionOfOtherFeatures: 503,
    errors.StoreNotOpened: 503,
    errors.StoreAway: 503,
    BundleDamaged: 503,
    FeaturesChanged: 503,
    OwnFeatureTrouble: 503,
    NoHistory: 503,
    HistoryDamaged: 503,
    HistoryTooNew: 503,
    CursorNotAccepted: 422,
    SortNotAccepted: 422,
    ListNotMade: 503,
    access_errors.ReachNotAccepted: 422,
    access_errors.ReachTooNarrow: 403,
    access_errors.ScopeNeedsAll: 422,
    access_errors.OutsideYourReach: 403,
    access_errors.TooManyRequests: 429,
    access_errors.TooManyTries: 429,
    access_errors.TooManySignIns: 503,
    access_errors.SignInRefused: 401,
    access_errors.SignInNeedsHttps: 403,
    access_errors.SessionNotAccepted: 401,
    access_errors.SessionNeeded: 401,
    access_errors.TokenNotAccepted: 403,
    access_errors.OriginNotAccepted: 403,
    access_errors.RoleLacksScope: 403,
    access_errors.NoSuchRole: 422,
    access_errors.NoSuchUser: 404,
    access_errors.UserExists: 409,
    access_errors.UserNameNotAccepted: 422,
    access_errors.PasswordTooWeak: 422,
    access_errors.LastAdmin: 409,
    access_errors.NoSuchSecret: 404,
    access_errors.SecretNameNotAccepted: 422,
    access_errors.FormExpired: 403,
    access_errors.SignInElsewhereOff: 404,
    access_errors.PublicUrlNeeded: 503,
    access_errors.SignInElsewhereFailed: 401,
    access_errors.ProviderAway: 503,
}
"""Errors not named here become status 500."""


class FieldProblem(BaseModel):
    """One field of the request that cannot be used."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    field: str
    """Where it stands, for example `deals[3].record.amount`."""

    message: str
    """What is wrong with it, and where possible the way out."""


class Problem(BaseModel):
    """A problem document (RFC 9457): what went wrong and what to do about it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Name of the kind of problem, stable: `urn:foresell:problem:no-champion`."""

    title: str
    """The kind of problem in words."""

    status: int
    """The HTTP status, repeated."""

    detail: str
    """What happened this time."""

    fix: str
    """What to do about it."""

    instance: str | None = None
    """The request this happened in; its id stands in the service's log."""

    errors: list[FieldProblem] | None = None
    """The fields at fault, where the request itself was."""


class RefusedRequest(HTTPException):
    """Carries an error of ours through code that lets only HTTP exceptions pass."""

    def __init__(self, error: ForesellError) -> None:
        super().__init__(status_of(error))
        self.error = error


class _Name(NamedTuple):
    kebab: str
    words: str


def status_of(error: ForesellError) -> int:
    """The HTTP status of an error of ours, found by its class or the nearest class it comes from."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem_of(error: ForesellError, instance: str | None = None) -> Problem:
    """The problem document of an error."""
    name = _name_of(type(error))
    return Problem(
        type=f"urn:foresell:problem:{name.kebab}",
        title=name.words,
        status=status_of(error),
        detail=error.problem.format(*error.args),
        fix=error.fix.format(*error.args),
        instance=instance,
        errors=_first(getattr(error, "faults", None)),
    )


def _first(faults: Sequence[FieldProblem] | None) -> list[FieldProblem] | None:
    """The faults, or the first of very many and how many more there are."""
    if faults is None or len(faults) <= MOST_FAULTS:
        return None if faults is None else list(faults)
    more = FieldProblem(field="", message=f"and {len(faults) - MOST_FAULTS} more; mend these first")
    return [*faults[:MOST_FAULTS], more]


def respond(error: ForesellError, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as an HTTP response."""
    problem = problem_of(error, f"urn:foresell:request:{request_id}")
    extra = {**dict(headers or {}), **getattr(error, "headers", {})}
    if problem.status == 401:
        extra["WWW-Authenticate"] = 'Bearer realm="foresell"'
    if problem.status == 503 or isinstance(error, idempotency_errors.IdempotencyKeyInUse):
        extra.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return JSONResponse(problem.model_dump(exclude_none=True), problem.status, extra, MEDIA_TYPE)


def declares(*kinds: type[ForesellError]) -> dict[int | str, dict[str, object]]:
    """The `responses=` of a route that may raise these errors."""
    by_status: dict[int | str, list[str]] = {}
    for kind in kinds:
        status = next((STATUS[one] for one in kind.__mro__ if one in STATUS), 500)
        by_status.setdefault(status, []).append(f"`{_name_of(kind).kebab}`: {_blanks_out(kind.problem)}")
    return {status: {"description": "\n\n".join(said), "model": Problem} for status, said in by_status.items()}


def handle_problems(app: "FastAPI") -> None:
    """Answer every error of ours, of validation and of routing with a problem document."""
    from fastapi.exceptions import RequestValidationError

    @app.exception_handler(ForesellError)
    async def ours(request: Request, error: ForesellError) -> Response:
        return respond(error, request_id_of(request))

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        return respond(_validation_error(request, error), request_id_of(request))

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> Response:
        return respond(_routing_error(request, error), request_id_of(request), error.headers)


def request_id_of(request: Request) -> str:
    """The id under which this request is logged."""
    return str(getattr(request.state, "request_id", "unknown"))


def place(parts: Sequence[int | str]) -> str:
    """Where a field stands in the body.

    >>> place(["deals", 3, "record", "amount"])
    'deals[3].record.amount'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _validation_error(request: Request, error: "RequestValidationError") -> ForesellError:
    found = error.errors()
    in_body = all(one["loc"][:1] == ("body",) for one in found)
    if in_body and any(one["type"] == "json_invalid" for one in found):
        at = found[0]["loc"][1:]
        return errors.BrokenJson(f" (at character {at[0]})" if at else "")
    sent_as = request.headers.get("content-type", "")
    if in_body and isinstance(error.body, bytes) and "json" not in sent_as:
        return errors.NotJson(sent_as or "nothing in particular")
    return errors.RequestNotAccepted(tuple(_field_problems(found)))


def _field_problems(found: Iterable[Mapping[str, object]]) -> Iterable[FieldProblem]:
    for one in found:
        parts = one["loc"]
        assert isinstance(parts, tuple)
        where = place(parts[1:] if parts[:1] == ("body",) else parts) or "body"
        yield FieldProblem(field=where, message=str(one["msg"]))


def _routing_error(request: Request, error: HTTPException) -> ForesellError:
    # FastAPI lets only its own exceptions pass while it reads a body; of others it makes one that names its cause.
    for one in (error, error.__cause__):
        if isinstance(one, RefusedRequest):
            return one.error
    if error.status_code == 404:
        return errors.NoSuchPath(request.url.path)
    if error.status_code == 405:
        return errors.WrongMethod(request.url.path, request.method, (error.headers or {}).get("Allow", "another"))
    if error.status_code == 400:
        return errors.BrokenJson("")
    return errors.RequestRefused(error.detail)


def _name_of(kind: type[ForesellError]) -> _Name:
    words = [word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", kind.__name__)]
    return _Name("-".join(words), " ".join(words).capitalize())


def _blanks_out(sentence: str) -> str:
    return re.sub(r"\{\d+\}", "…", sentence)
