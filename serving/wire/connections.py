"""What may one connection take of the server's time and memory? HTTP as uvicorn speaks it, with limits around it.

Uvicorn waits for ever for the rest of a head and keeps as much of it as is sent. Here connections are looked at a few
times a second, which costs a request nothing: one whose head or body does not come is closed, one that is idle too.
"""

import asyncio
import logging
import math
import socket
from collections import Counter
from enum import IntEnum
from time import monotonic, perf_counter
from types import FrameType
from typing import cast

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from features.errors import ForesellError
from serving.access.key_ring import Caller
from serving.problems.documents import MEDIA_TYPE, RETRY_AFTER_SECONDS, problem_of
from serving.problems.limit_errors import HeadTooLarge, HeadTooSlow, NotHttp, TooManyConnections
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics, NoMetrics
from serving.telemetry.request_log import FACTS, LOGGER
from serving.wire.at_once import ASKED, NOTHING, AtOnce, Head
from serving.wire.envelope import SECURITY_HEADERS

MOST_HEAD = 65_536
"""Bytes of a request's head, its address and headers together."""

log = logging.getLogger(LOGGER)


class Phase(IntEnum):
    """Where a connection stands."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3


class Connection(HttpToolsProtocol):
    """One connection."""

    limits: ServingSettings
    metrics: Metrics
    turned_away: Counter[str]
    at_once: AtOnce | None = None
    """Who may answer a request in the moment it is read."""

    held: Head | None = None
    """The head of a request that may be answered so: nothing was made of it yet."""

    held_body = b""
    was_asked = False
    began = 0.0
    phase = Phase.IDLE
    since = 0.0
    head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it, or answer at once that there are too many."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.since = self.loop.time()
        if len(self.connections) > self.limits.connections_most:
            self.turn_away(TooManyConnections(self.limits.connections_most))

    def data_received(self, data: bytes) -> None:
        """Read on. What is not HTTP is answered with a problem document, a head without end too."""
        super().data_received(data)
        if self.held is not None:
            # The rest of the body is still to come.
            self._go_on()
        if self.phase <= Phase.HEAD:
            self.head_bytes += len(data)
            if self.head_bytes > MOST_HEAD and not self.transport.is_closing():
                self.turn_away(HeadTooLarge(MOST_HEAD))

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.phase, self.since, self.head_bytes = Phase.HEAD, self.loop.time(), 0

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        self.phase = Phase.BODY
        if self.at_once is not None and self.url == ASKED and self._may_be_held():
            self.held = self.at_once.head(self.headers)
            self.held_body = b""
            if self.held is not None:
                self.began = perf_counter()
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        if self.held is not None:
            self.held_body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Its body is complete."""
        if self.held is not None and self._answer_at_once(self.held):
            return
        self.phase = Phase.ANSWER
        super().on_message_complete()
        if self._answered():
            self._rest()

    def _may_be_held(self) -> bool:
        """Whether the connection and the server are at rest but for this request."""
        return (
            not self.pipeline
            and (self.cycle is None or self.cycle.response_complete)
            and len(self.tasks) < self.limits.requests_most
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _answer_at_once(self, head: Head) -> bool:
        """Answer the request that is held; else let it go on."""
        assert self.at_once is not None
        try:
            tried = self.at_once.answer(head, self.held_body, self.began, self.server_state.default_headers)
        except Exception:
            log.exception("fault")
            tried = NOTHING
        if tried.answer is None:
            self._go_on(tried.caller)
            return False
        self.held, self.was_asked = None, True
        self.transport.write(tried.answer)
        self.server_state.total_requests += 1
        self._rest()
        return True

    def _go_on(self, caller: Caller | None = None) -> None:
        """What was held takes its usual way; of a `caller` the gate has counted the request already."""
        self.held = None
        if caller is not None:
            cast("dict[str, object]", self.scope["state"])["caller"] = caller
        super().on_headers_complete()
        if self.held_body:
            super().on_body(self.held_body)

    def on_response_complete(self) -> None:
        """It was answered, maybe before its body was complete."""
        super().on_response_complete()
        if self.phase is Phase.ANSWER:
            self._rest()

    def _rest(self) -> None:
        self.phase, self.since, self.head_bytes = Phase.IDLE, self.loop.time(), 0

    def send_400_response(self, msg: str) -> None:
        """What the server itself would answer in plain text."""
        self.turn_away(NotHttp())

    def turn_away(self, error: ForesellError) -> None:
        """Answer with a problem document where no answer is under way, and close."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            problem = problem_of(error)
            body = problem.model_dump_json(exclude_none=True).encode()
            head = [f"HTTP/1.1 {problem.status} {problem.title}", f"Content-Type: {MEDIA_TYPE}"]
            head += [f"Content-Length: {len(body)}", "Connection: close"]
            head += [f"{name}: {value}" for name, value in SECURITY_HEADERS.items()]
            head += [f"Retry-After: {RETRY_AFTER_SECONDS}"] if problem.status == 503 else []
            self.transport.write("\r\n".join(head).encode("ascii") + b"\r\n\r\n" + body)
            self.turned_away[problem.type] += 1
            self.metrics.request("none", "other", problem.status, self.loop.time() - self.since)
        self.transport.close()

    def look(self, now: float) -> None:
        """Close it if it has waited too long for its caller."""
        if self.transport.is_closing():
            return
        waited = now - self.since
        if self.phase is Phase.HEAD:
            if waited > self.limits.head_wait.total_seconds():
                self.turn_away(HeadTooSlow(f"{self.limits.head_wait.total_seconds():g}"))
        elif waited > self._most_quiet():
            self.transport.close()

    def _most_quiet(self) -> float:
        """How long it may say nothing: at first, between requests, and while it sends what was refused already."""
        limits = self.limits
        if self.cycle is None and not self.was_asked:
            return limits.head_wait.total_seconds()
        if self.cycle is not None and not self.cycle.response_complete:
            return math.inf
        rest = limits.keep_alive if self.phase is Phase.IDLE else limits.body_wait
        return rest.total_seconds() + 1

    def _answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete


class GuardedServer(Server):
    """Uvicorn that looks after its connections, and for which being told to stop is no fault."""

    ticked = math.inf
    """When the event loop last came round, in seconds of `time.monotonic`; in the future until it first did."""

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; every third time is soon enough."""
        self.ticked = monotonic()
        if counter % 3 == 0:
            look_at_all(self.server_state, asyncio.get_running_loop().time())
        if counter % 10 == 0:
            self.say_who_was_turned_away()
        return await super().on_tick(counter)

    def say_who_was_turned_away(self) -> None:
        """One line a second, however many there were."""
        found = cast(type[Connection], self.config.http).turned_away
        if found:
            log.warning("turned away", extra={FACTS: {"connections": dict(found)}})
            found.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is under way; from now on nobody waits for the event loop to come round."""
        self.ticked = math.inf
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order, at the second interrupt at once. The signal is not raised again: the status is 0."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def look_at_all(state: ServerState, now: float) -> None:
    """Look at every connection once."""
    for connection in list(state.connections):
        if isinstance(connection, Connection):
            connection.look(now)


def protocol_of(settings: ServingSettings, metrics: Metrics, at_once: AtOnce | None = None) -> type[Connection]:
    """The protocol with these limits; uvicorn makes one for each connection."""
    own = {"limits": settings, "metrics": metrics, "turned_away": Counter(), "at_once": at_once}
    return type("LimitedConnection", (Connection,), own)


def server_of(app: ASGIApp, settings: ServingSettings, metrics: Metrics | None = None) -> GuardedServer:
    """A server for the app; `metrics` count who is turned away. Our log has a line for each request already."""
    counts, state = metrics or NoMetrics(), getattr(app, "state", None)
    at_once = None if state is None else AtOnce(state, counts)
    config = Config(
        app,
        http=protocol_of(settings, counts, at_once),
        ws="none",
        access_log=False,
        server_header=False,
        log_config=None,
        proxy_headers=bool(settings.trusted_proxies.strip()),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=max(1, round(settings.keep_alive.total_seconds())),
        timeout_graceful_shutdown=max(1, round(settings.grace.total_seconds())),
        lifespan="on",
    )
    return GuardedServer(config)
