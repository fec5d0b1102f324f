"""What surrounds every request? An id, limits, security headers, a log line, counts, and a last resort for faults."""

import asyncio
import logging
from collections.abc import Mapping
from itertools import count
from re import compile as pattern
from secrets import token_hex
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import ForesellError
from serving.problems.documents import RefusedRequest, respond
from serving.problems.errors import BodyTooLarge, UnexpectedFault
from serving.problems.limit_errors import (
    BodyTooSlow,
    EncodingNotAccepted,
    Stopping,
    TooBusy,
    TookTooLong,
    TooMuchAtOnce,
)
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_log import FACTS, LOGGER, REQUEST_UNDER_WAY, request_line, stream_of
from serving.telemetry.tracing import Span, tracer
from serving.wire.places import Places

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer that does not set its own."""

FIXED = frozenset({"/v1/scores/deals", "/v1/scores/customers", "/openapi.json"})
"""Paths that may be answered before a route is looked for: their own template."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
GONE = "gone"
"""Name in the state of a request by which its connection says that the caller went away before the answer's end."""

CLIENT_CLOSED = 499
"""The status under which answers are counted that nobody waited for or read, as nginx counts them."""

LOOK_EVERY = 0.5
"""Seconds between two looks for requests that take too long."""

PLAIN_ID = pattern(r"[A-Za-z0-9._-]{1,64}")
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_SECURITY_NAMES = frozenset(name for name, _ in _SECURITY)

log = logging.getLogger(LOGGER)


class Envelope:
    """ASGI middleware around the whole service.

    A caller's X-Request-ID is kept if it is plain. Bytes of a body are counted as they arrive, so that one without a
    stated length is limited too. HEAD is answered wherever GET is. `under_way` are the requests being answered.
    """

    def __init__(self, app: ASGIApp, settings: ServingSettings, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self.max_body_bytes = settings.max_body_bytes
        self.places = Places(settings)
        self.body_wait = settings.body_wait.total_seconds()
        self.request_most = settings.request_most.total_seconds()
        self.most_held, self.held = settings.bodies_most, 0
        self.under_way: set[_Exchange] = set()
        self._ids, self._first_half = count(1), token_hex(8)
        self._looking = False
        metrics.when_asked(lambda: metrics.under_way(len(self.under_way)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(self, scope, receive, send)
        REQUEST_UNDER_WAY.set(exchange.request_id)
        self.under_way.add(exchange)
        if not self._looking:
            self._look_again()
        try:
            refusal = exchange.refusal
            if refusal is None and len(self.under_way) > self.places.quiet:
                refusal = await self.places.refusal(scope, [one.scope for one in self.under_way])
            if refusal is not None:
                await exchange.refuse(refusal)
            else:
                await self.app(exchange.inner, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            await self._cancelled(exchange)
        except RefusedRequest as refused:
            if not exchange.status:
                await exchange.refuse(refused.error)
        except ClientDisconnect:
            exchange.status = exchange.status or CLIENT_CLOSED
        except Exception:
            log.exception("fault", extra={FACTS: exchange.facts()})
            if exchange.status:
                raise
            await exchange.refuse(UnexpectedFault(exchange.request_id))
        finally:
            self.under_way.discard(exchange)
            exchange.end()

    def new_id(self) -> str:
        """An id no other request has: eight random bytes of this process, and a number."""
        return f"{self._first_half}{next(self._ids):016x}"

    async def _cancelled(self, exchange: "_Exchange") -> None:
        """Either it took too long, or the server stops and waits no longer."""
        if exchange.status:
            if exchange.given_up:
                return
            raise asyncio.CancelledError
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        await exchange.refuse(exchange.given_up or Stopping())

    def _look_again(self) -> None:
        self._looking = True
        asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        """Give up what takes too long: a body that does not come, an answer that does not come."""
        now = perf_counter()
        for exchange in list(self.under_way):
            exchange.judge(now - exchange.began)
        if self.under_way:
            self._look_again()
        else:
            self._looking = False


class _Exchange:
    """One request and its answer."""

    __slots__ = (
        "_arrived",
        "_house",
        "_receive",
        "_send",
        "_span",
        "_task",
        "began",
        "complete",
        "given_up",
        "inner",
        "method",
        "refusal",
        "request_id",
        "scope",
        "status",
    )

    def __init__(self, house: Envelope, scope: Scope, receive: Receive, send: Send) -> None:
        self._house, self.scope, self._receive, self._send = house, scope, receive, send
        self.began, self.status, self._arrived = perf_counter(), 0, 0
        self.complete = False
        self.given_up: ForesellError | None = None
        self.refusal: ForesellError | None = None
        self._task = asyncio.current_task()
        given = None
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value.decode("latin-1")
            elif name == b"content-length":
                if value.isdigit() and int(value[:20]) > house.max_body_bytes:
                    self.refusal = BodyTooLarge(house.max_body_bytes)
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                self.refusal = EncodingNotAccepted(value.decode("latin-1")[:50])
        self.request_id = given if given is not None and PLAIN_ID.fullmatch(given) else house.new_id()
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.method = scope["method"]
        # The server looks into its own scope for HEAD and leaves the body out; the service answers as for GET.
        self.inner: Scope = {**scope, "method": "GET"} if self.method == "HEAD" else scope
        started = tracer()
        self._span: Span | None = started.request(self.method, scope["headers"]) if started else None

    async def receive(self) -> Message:
        """The next part of the body. Raises RefusedRequest once there is too much of it."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._arrived += len(message.get("body", b""))
            house = self._house
            house.held += len(message.get("body", b""))
            if self._arrived > house.max_body_bytes:
                raise RefusedRequest(BodyTooLarge(house.max_body_bytes))
            if house.held > house.most_held:
                raise RefusedRequest(TooMuchAtOnce(house.most_held))
            if not message.get("more_body", False):
                self.complete = True
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on, with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            own = {name for name, _ in headers} & _SECURITY_NAMES
            headers += [pair for pair in _SECURITY if pair[0] not in own] if own else _SECURITY
            headers.append((b"x-request-id", self.request_id.encode()))
            if self.given_up is not None:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(self, error: ForesellError) -> None:
        """Answer with a problem document."""
        headers = {"Retry-After": "1"} if isinstance(error, TooBusy) else None
        await respond(error, self.request_id, headers)(self.scope, self._receive, self.send)

    def judge(self, seconds: float) -> None:
        """Give the request up if it has taken too long. Of an answer under way, ten times as much is allowed."""
        house = self._house
        most = house.request_most * (10 if self.status else 1)
        if self.given_up is not None or self._task is None:
            return
        if not self.complete and not self.status and 0 < house.body_wait < seconds and self._waits_for_a_body():
            self.given_up = BodyTooSlow(f"{house.body_wait:g}")
        elif seconds > most:
            self.given_up = TookTooLong(f"{most:g}")
        else:
            return
        self._task.cancel()

    def end(self) -> None:
        """Count the request and write its line."""
        seconds = perf_counter() - self.began
        self._house.held -= self._arrived
        if self.scope["state"].get(GONE):
            self.status = CLIENT_CLOSED
        route = self.template()
        self._house.metrics.request(route, self.method if self.method in METHODS else "other", self.status, seconds)
        if self._span is not None:
            self._span.end(route, self.status)
        stream = stream_of(log)
        if stream is not None:
            stream.write(
                request_line(
                    self.request_id, self.method, self.scope["path"], self.status, seconds * 1000, self._noted()
                )
            )
        else:
            log.info("request", extra={FACTS: self.facts(seconds)})

    def template(self) -> str:
        """The route's path with its blanks; all that leads nowhere is one."""
        path = getattr(self.inner.get("route"), "path", None)
        if path is not None:
            return str(path).replace(":path}", "}")
        return self.scope["path"] if self.scope["path"] in FIXED else "none"

    def facts(self, seconds: float | None = None) -> dict[str, object]:
        """What the log says of it."""
        taken = perf_counter() - self.began if seconds is None else seconds
        return {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.scope["path"],
            "status": self.status,
            "milliseconds": round(taken * 1000, 2),
            **self._noted(),
        }

    def _noted(self) -> Mapping[str, object]:
        state, noted = self.scope["state"], {}
        if "key_id" in state:
            noted["key"] = state["key_id"]
        for what in ("user", "deals", "events"):
            if what in state:
                noted[what] = state[what]
        return noted

    def _waits_for_a_body(self) -> bool:
        return any(
            (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
            for name, value in self.scope["headers"]
        )
