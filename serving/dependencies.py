"""What may a route ask for? Each as a type, so that a signature reads as a list of nouns."""

from typing import Annotated, cast

from anyio import to_thread
from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPBearer, SecurityScopes

from serving.keys import Scope
from serving.language import Language, preferred
from serving.scorebook import ScoreBook
from serving.security import Caller, KeyRing, bearer_key
from serving.settings import ServingSettings
from serving.shelf import Shelf

_bearer = HTTPBearer(auto_error=False, scheme_name="API key", description="`Authorization: Bearer fsl_...`")


def _shelf(request: Request) -> Shelf:
    return cast(Shelf, request.app.state.shelf)


def _book(request: Request) -> ScoreBook:
    return cast(ScoreBook, request.app.state.book)


async def _caller(request: Request, needed: SecurityScopes) -> Caller:
    """Who calls, with all the scopes a route needs. Only a key not checked lately costs a trip to a thread."""
    key = bearer_key(request.headers.get("authorization"))
    keys = cast(KeyRing, request.app.state.keys)
    caller = keys.remembered(key)
    if caller is None:
        caller = await to_thread.run_sync(keys.caller, key)
    request.state.key_id = caller.key_id
    for scope in needed.scopes:
        caller.must_have(Scope(scope))
    return caller


def _language(
    request: Request,
    accept_language: Annotated[str | None, Header(description="Language of reasons: zh or en.")] = None,
) -> Language:
    settings = cast(ServingSettings, request.app.state.settings)
    return preferred(accept_language, settings.language)


Book = Annotated[ScoreBook, Depends(_book)]
Shelved = Annotated[Shelf, Depends(_shelf)]
Spoken = Annotated[Language, Depends(_language)]

Documented = Depends(_bearer)
"""Tells the API's description that a route takes a key."""

Scorer = Annotated[Caller, Security(_caller, scopes=[Scope.SCORE.value])]
"""A caller who may ask for scores."""

Reader = Annotated[Caller, Security(_caller, scopes=[Scope.READ.value])]
"""A caller who may read records."""
