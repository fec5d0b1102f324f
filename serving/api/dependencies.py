"""What may a route ask for? Each as a type, so that a signature reads as a list of nouns."""

from typing import Annotated, cast

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer

from serving.access.key_ring import Caller
from serving.access.keys import Scope
from serving.access.needs import Applies, Need
from serving.cards.lists import Lists
from serving.cards.on_record import OnRecord
from serving.language import Language, preferred
from serving.scores.scorebook import ScoreBook
from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.store.idempotency import Once, fingerprint_of
from serving.store.opening import Store

_bearer = HTTPBearer(auto_error=False, scheme_name="API key", description="`Authorization: Bearer fsl_...`")


def _shelf(request: Request) -> Shelf:
    return cast(Shelf, request.app.state.shelf)


def _book(request: Request) -> ScoreBook:
    return cast(ScoreBook, request.app.state.book)


def _lists(request: Request) -> Lists:
    return cast(Lists, request.app.state.lists)


def _recorded(request: Request) -> OnRecord:
    return cast(OnRecord, request.app.state.recorded)


def _language(
    request: Request,
    accept_language: Annotated[str | None, Header(description="Language of reasons: zh or en.")] = None,
) -> Language:
    settings = cast(ServingSettings, request.app.state.settings)
    return preferred(accept_language, settings.language)


def _store(request: Request) -> Store:
    return cast(Store, request.app.state.store)


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="New for each request; sent again with the same, it is answered as the first was.",
        ),
    ] = None,
) -> Once:
    path = f"{request.url.path}?{request.url.query}"
    fingerprint = fingerprint_of(request.method, path, await request.body())
    return Once(_store(request), idempotency_key, fingerprint, request.app.state.wall_clock)


Book = Annotated[ScoreBook, Depends(_book)]
Shelved = Annotated[Shelf, Depends(_shelf)]
Spoken = Annotated[Language, Depends(_language)]
Listed = Annotated[Lists, Depends(_lists)]
Recorded = Annotated[OnRecord, Depends(_recorded)]

Documented = Depends(_bearer)
"""Tells the API's description that a route takes a key."""

Scorer = Annotated[Caller, Depends(Need(Scope.SCORE, Applies.FILTERED))]
"""A caller who may ask for scores; `caller.reach` says of what."""

Reader = Annotated[Caller, Depends(Need(Scope.READ, Applies.FILTERED))]
"""A caller who may read records; `caller.reach` says which."""

CardReader = Annotated[Caller, Depends(Need(Scope.READ, Applies.NONE))]
"""A caller who may read what is nobody's: models, their scorecards, measurements."""

Ingester = Annotated[Caller, Depends(Need(Scope.INGEST, Applies.ALL_ONLY))]
"""A caller who may send rows of the history."""

Planner = Annotated[Caller, Depends(Need(Scope.PLAN, Applies.FILTERED))]
"""A caller who may change plans, follow-ups and overrides within reach."""

Admin = Annotated[Caller, Depends(Need(Scope.ADMIN, Applies.ALL_ONLY))]
"""A caller who runs the installation."""

Anyone = Annotated[Caller, Depends(Need(None, Applies.NONE))]
"""A caller who is known, whatever he may do."""

SignedInUser = Annotated[Caller, Depends(Need(None, Applies.NONE, session_only=True))]
"""A user with a session."""

Stored = Annotated[Store, Depends(_store)]
"""The service's database."""

OnceOnly = Annotated[Once, Depends(_once)]
"""Does a write once for its Idempotency-Key: `await once.do(caller.actor, work)` gives the response."""
