"""How does a session travel? One cookie, and the checks that a request with it came from a page of ours."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from serving.problems.access_errors import OriginNotAccepted, SessionNotAccepted, SignInNeedsHttps
from serving.settings import ServingSettings

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
LONGEST = 200
"""Characters of a cookie that can be an id of ours."""


def cookie_name(settings: ServingSettings, of: str = "session") -> str:
    """The name of a cookie; `__Host-` keeps other hosts of the domain, and plain http, from setting it."""
    return f"__Host-foresell-{of}" if settings.sign_in_over == "https" else f"foresell-{of}"


def cookie(connection: HTTPConnection, settings: ServingSettings, of: str = "session") -> str | None:
    """The value of a cookie of ours; None where there is none. Raises SessionNotAccepted for one that comes twice."""
    name = cookie_name(settings, of)
    found = [
        value.strip()
        for header in connection.headers.getlist("cookie")
        for part in header.split(";")
        for key, _, value in [part.partition("=")]
        if key.strip() == name
    ]
    if len(found) > 1 or any(len(value) > LONGEST for value in found):
        raise SessionNotAccepted
    return found[0] if found and found[0] else None


def cookie_if_any(connection: HTTPConnection, settings: ServingSettings) -> str | None:
    """The id of a session that the browser has; None also where it cannot be told."""
    try:
        return cookie(connection, settings)
    except SessionNotAccepted:
        return None


def give_cookie(
    response: Response, settings: ServingSettings, value: str, of: str = "session", seconds: int | None = None
) -> None:
    """Put a cookie into the browser: unreadable for scripts, not sent along by other sites' forms."""
    response.set_cookie(
        cookie_name(settings, of),
        value,
        max_age=seconds,
        path="/",
        secure=settings.sign_in_over == "https",
        httponly=True,
        samesite="lax",
    )


def take_cookie(response: Response, settings: ServingSettings, of: str = "session") -> None:
    """Remove it."""
    response.delete_cookie(
        cookie_name(settings, of), path="/", secure=settings.sign_in_over == "https", httponly=True, samesite="lax"
    )


def must_be_from_here(connection: HTTPConnection, settings: ServingSettings) -> None:
    """Raises OriginNotAccepted where the browser says that a page of another site sent the request."""
    if connection.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise OriginNotAccepted
    for origin in connection.headers.getlist("origin"):
        if not _is_here(origin, connection, settings):
            raise OriginNotAccepted


def must_be_safe_to_sign_in(connection: HTTPConnection, settings: ServingSettings) -> None:
    """Raises SignInNeedsHttps where the cookie would travel over a network in plain text."""
    if settings.sign_in_over == "loopback" and connection.url.hostname not in LOOPBACK:
        raise SignInNeedsHttps(str(connection.url.hostname)[:100])


def _is_here(origin: str, connection: HTTPConnection, settings: ServingSettings) -> bool:
    if settings.public_url is not None:
        return origin == settings.public_url.rstrip("/")
    return origin != "null" and urlsplit(origin).netloc == connection.headers.get("host", "")
