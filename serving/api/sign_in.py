"""The pages for signing in and out, for people with a browser: plain forms, no scripts."""

import hmac
import secrets
from typing import Annotated
from urllib.parse import parse_qs

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from features.errors import ForesellError
from serving.access.cookies import (
    cookie,
    cookie_if_any,
    give_cookie,
    must_be_from_here,
    must_be_safe_to_sign_in,
    take_cookie,
)
from serving.access.gate import Gate, address_of, gate_of
from serving.access.needs import open_to_all
from serving.access.sessions import csrf_token, is_csrf_token
from serving.access.sign_in import sign_in, sign_out
from serving.access.sign_in_page import policy, sign_in_page, signed_in_page
from serving.api.dependencies import Spoken
from serving.language import Language
from serving.problems.access_errors import (
    FormExpired,
    OriginNotAccepted,
    SessionNotAccepted,
    SignInNeedsHttps,
    SignInRefused,
    TooManySignIns,
    TooManyTries,
)
from serving.problems.documents import request_id_of, status_of
from serving.problems.errors import StoreAway

router = APIRouter(include_in_schema=False)
HERE = [open_to_all("a page for people; it shows nothing but who is signed in")]
REFUSALS = (
    SignInRefused,
    TooManySignIns,
    TooManyTries,
    StoreAway,
    FormExpired,
    OriginNotAccepted,
    SignInNeedsHttps,
)
LONGEST_FORM = 8_000
"""Bytes."""


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form, the first of each name; a longer body is none of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise FormExpired
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise FormExpired
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    except ValueError as too_many:
        raise FormExpired from too_many
    return {name: values[0] for name, values in fields.items()}


Form = Annotated[dict[str, str], Depends(_form)]


@router.get("/", dependencies=HERE)
async def landing(request: Request, language: Spoken) -> Response:
    """Who is signed in; for anyone else, the way to the form."""
    gate = gate_of(request)
    session_id = cookie_if_any(request, gate.settings)
    try:
        if session_id is None:
            return RedirectResponse("/sign-in", 303)
        caller = await to_thread.run_sync(gate.sessions.caller, session_id)
    except SessionNotAccepted:
        gone = RedirectResponse("/sign-in", 303)
        take_cookie(gone, gate.settings)
        return gone
    return _html(signed_in_page(language, caller, csrf_token(session_id)), language)


@router.get("/sign-in", dependencies=HERE)
async def form(request: Request, language: Spoken) -> Response:
    """The form."""
    return shown(request, language)


@router.post("/sign-in", dependencies=HERE)
async def send(request: Request, fields: Form, language: Spoken) -> Response:
    """Sign in; back to the form where that fails."""
    gate, name = gate_of(request), fields.get("name", "")[:200]
    try:
        must_be_from_here(request, gate.settings)
        must_be_safe_to_sign_in(request, gate.settings)
        if not _same(fields.get("token", ""), cookie(request, gate.settings, "form")):
            raise FormExpired
        password = fields.get("password", "")[:1025]
        before, address = cookie_if_any(request, gate.settings), address_of(request)
        with gate.room():
            started = await to_thread.run_sync(
                sign_in, gate, name, password, address, before, request_id_of(request), limiter=gate.signing
            )
    except REFUSALS as refusal:
        return shown(request, language, refusal, name)
    return signed_in(gate, started.session_id)


@router.post("/sign-out", dependencies=HERE)
async def leave(request: Request, fields: Form) -> Response:
    """Sign out; the form's token must be the session's."""
    gate = gate_of(request)
    must_be_from_here(request, gate.settings)
    session_id = cookie_if_any(request, gate.settings)
    if session_id is not None:
        if not is_csrf_token(fields.get("token", ""), session_id):
            raise FormExpired
        await to_thread.run_sync(sign_out, gate, session_id, request_id_of(request))
    gone = RedirectResponse("/sign-in", 303)
    take_cookie(gone, gate.settings)
    return gone


def signed_in(gate: Gate, session_id: str) -> Response:
    """Into the service with a new session's cookie; the form's is no longer needed."""
    response = RedirectResponse("/", 303)
    give_cookie(response, gate.settings, session_id)
    take_cookie(response, gate.settings, "form")
    return response


def shown(request: Request, language: Language, trouble: ForesellError | None = None, name: str = "") -> Response:
    """The form, with what went wrong above it."""
    gate = gate_of(request)
    token = secrets.token_urlsafe(32)
    elsewhere = gate.settings.oidc_issuer is not None
    page = sign_in_page(language, token, elsewhere, type(trouble).__name__ if trouble else None, name)
    response = _html(page, language, status_of(trouble) if trouble else 200)
    response.headers.update(getattr(trouble, "headers", {}))
    give_cookie(response, gate.settings, token, "form")
    return response


def _html(page: str, language: Language, status: int = 200) -> Response:
    # With the policy `no-referrer` of other answers, browsers would send the form with `Origin: null`.
    headers = {"Content-Security-Policy": policy(), "Content-Language": language, "Referrer-Policy": "same-origin"}
    return HTMLResponse(page, status, headers)


def _same(given: str, kept: str | None) -> bool:
    return bool(kept) and hmac.compare_digest(given.encode("utf-8", "replace"), str(kept).encode("utf-8", "replace"))
