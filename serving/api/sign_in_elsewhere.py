"""Signing in with OpenID Connect: the way to the provider and back."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import delete

from serving.access.cookies import cookie, cookie_if_any, give_cookie, take_cookie
from serving.access.gate import Gate, address_of, gate_of
from serving.access.oidc import Provider, public_url
from serving.access.oidc_users import user_of
from serving.access.sign_in import TIMES_FOR_ALL, Started, start_session
from serving.access.vault import Vault
from serving.api.dependencies import Spoken
from serving.api.queries import AnyQuery
from serving.api.sign_in import HERE, shown, signed_in
from serving.problems.access_errors import (
    NoSuchSecret,
    ProviderAway,
    PublicUrlNeeded,
    SessionNotAccepted,
    SignInElsewhereFailed,
    SignInElsewhereOff,
    SignInRefused,
    TooManySignIns,
    TooManyTries,
)
from serving.problems.documents import request_id_of
from serving.problems.errors import StoreAway
from serving.store.people_tables import SignInTry

router = APIRouter(include_in_schema=False)
LASTS = timedelta(minutes=10)
"""From leaving for the provider to coming back."""

RETURN = "/sign-in/oidc/return"
REFUSALS = (
    SignInElsewhereOff,
    SignInElsewhereFailed,
    PublicUrlNeeded,
    ProviderAway,
    SignInRefused,
    TooManySignIns,
    TooManyTries,
    StoreAway,
)
SECRET = "oidc"
"""The secret that holds the client's own, where the setting does not."""

Text = Annotated[str | None, Query(max_length=4000)]


@router.get("/sign-in/oidc", dependencies=HERE)
async def leave(request: Request, language: Spoken) -> Response:
    """Send the browser to the provider."""
    gate, browser = gate_of(request), secrets.token_urlsafe(32)
    try:
        address, back = address_of(request), _back(gate)
        with gate.room():
            url = await to_thread.run_sync(_way_there, gate, address, browser, back, limiter=gate.visiting)
    except REFUSALS as refusal:
        return shown(request, language, refusal)
    response = RedirectResponse(url, 303)
    give_cookie(response, gate.settings, browser, "oidc", int(LASTS.total_seconds()))
    return response


@router.get(RETURN, dependencies=[*HERE, AnyQuery])
async def come_back(
    request: Request,
    language: Spoken,
    state: Text = None,
    code: Text = None,
    error: Text = None,
    iss: Text = None,
) -> Response:
    """Take what the provider sent along, and start a session."""
    gate = gate_of(request)
    try:
        if error is not None or code is None or state is None:
            raise SignInElsewhereFailed("the provider did not confirm the sign-in")
        if iss is not None and iss != gate.settings.oidc_issuer:
            raise SignInElsewhereFailed("the answer came from another provider (iss)")
        browser = cookie(request, gate.settings, "oidc")
        if browser is None:
            raise SignInElsewhereFailed("it began in another browser, or too long ago")
        before, back = cookie_if_any(request, gate.settings), _back(gate)
        request_id = request_id_of(request)
        with gate.room():
            started = await to_thread.run_sync(
                _come_back, gate, state, code, browser, back, before, request_id, limiter=gate.visiting
            )
    except SessionNotAccepted:
        return shown(request, language, SignInElsewhereFailed("its cookie came twice"))
    except REFUSALS as refusal:
        return shown(request, language, refusal)
    response = signed_in(gate, started.session_id)
    take_cookie(response, gate.settings, "oidc")
    return response


def provider_of(gate: Gate) -> Provider:
    """The provider of the settings; one a process, so that its keys are remembered. Raises SignInElsewhereOff."""
    settings = gate.settings
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        raise SignInElsewhereOff
    if gate.provider is None:
        if settings.oidc_client_secret is not None:
            secret: str | None = settings.oidc_client_secret.get_secret_value()
        else:
            try:
                secret = Vault(gate.store, settings).value(SECRET)
            except NoSuchSecret:
                secret = None
        gate.provider = Provider(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_scopes)
    return gate.provider


def _way_there(gate: Gate, address: str, browser: str, back: str) -> str:
    provider, now = provider_of(gate), gate.clock()
    seconds = gate.tries.take(("oidc", address), gate.settings.wrong_tries_per_minute * TIMES_FOR_ALL)
    if seconds:
        raise TooManyTries(seconds)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    url = provider.way_there(state, nonce, verifier, back)
    with gate.store.session() as session:
        session.execute(delete(SignInTry).where(SignInTry.ends_at <= now))
        session.add(
            SignInTry(
                state_hash=_hash(state),
                browser_hash=_hash(browser),
                nonce=nonce,
                verifier=verifier,
                ends_at=now + LASTS,
            )
        )
    return url


def _come_back(
    gate: Gate, state: str, code: str, browser: str, back: str, before: str | None, request_id: str
) -> Started:
    provider, now = provider_of(gate), gate.clock()
    with gate.store.session() as session:
        # Taken out at once, whatever comes of it: a state is good for one return.
        taken = session.execute(
            delete(SignInTry).where(SignInTry.state_hash == _hash(state)).returning(SignInTry)
        ).scalar_one_or_none()
        found = None if taken is None else (taken.browser_hash, taken.nonce, taken.verifier, taken.ends_at)
    if found is None or now >= found[3]:
        raise SignInElsewhereFailed("it was used before, or began too long ago")
    if not hmac.compare_digest(found[0], _hash(browser)):
        raise SignInElsewhereFailed("it began in another browser")
    claims = provider.claims(code, found[2], found[1], back, now)
    return start_session(gate, user_of(gate, claims, request_id), "oidc", before, request_id)


def _back(gate: Gate) -> str:
    """Where the provider sends the browser."""
    if gate.settings.oidc_issuer is None:
        raise SignInElsewhereOff
    return f"{public_url(gate.settings)}{RETURN}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
