"""What surrounds every request? An id, limits, security headers, a log line, and a last resort for faults."""

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import BodyTooLarge, UnexpectedFault
from serving.problems import RefusedRequest, respond
from serving.request_log import FACTS, LOGGER

REQUEST_ID = "X-Request-ID"
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer that does not set its own."""

log = logging.getLogger(LOGGER)


class Envelope:
    """ASGI middleware around the whole service.

    A caller's X-Request-ID is kept if it is plain; `max_body_bytes` counts bytes as they arrive, so a body
    without a stated length is limited too.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self.max_body_bytes)
        try:
            if exchange.announced > self.max_body_bytes:
                refusal = respond(BodyTooLarge(self.max_body_bytes), exchange.request_id)
                await refusal(scope, receive, exchange.send)
            else:
                await self.app(scope, exchange.receive, exchange.send)
        except Exception:
            log.exception("fault", extra={FACTS: exchange.facts()})
            if exchange.status:
                raise
            sorry = respond(UnexpectedFault(exchange.request_id), exchange.request_id)
            await sorry(scope, receive, exchange.send)
        finally:
            log.info("request", extra={FACTS: exchange.facts()})


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_body_bytes: int) -> None:
        headers = Headers(scope=scope)
        self.scope, self._receive, self._send = scope, receive, send
        self.request_id = _plain_id(headers.get(REQUEST_ID)) or uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.request_id
        length = headers.get("content-length", "")
        self.announced = int(length) if length.isdecimal() else 0
        self._most, self._arrived = max_body_bytes, 0
        self._began, self.status = perf_counter(), 0

    async def receive(self) -> Message:
        """The next part of the body. Raises RefusedRequest once there is too much of it."""
        message = await self._receive()
        self._arrived += len(message.get("body", b""))
        if self._arrived > self._most:
            raise RefusedRequest(BodyTooLarge(self._most))
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self.request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    def facts(self) -> dict[str, object]:
        """What the log says of it."""
        state = self.scope["state"]
        return {
            "request_id": self.request_id,
            "method": self.scope["method"],
            "path": self.scope["path"],
            "status": self.status,
            "milliseconds": round((perf_counter() - self._began) * 1000, 2),
            **({"key": state["key_id"]} if "key_id" in state else {}),
            **({"deals": state["deals"]} if "deals" in state else {}),
        }


def _plain_id(given: str | None) -> str | None:
    return given if given and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else None
