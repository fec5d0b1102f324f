"""How long is a connection waited for, and how does it end? Limits around uvicorn's own protocol.

Uvicorn waits for ever for the rest of a head and for a caller who does not read, and keeps all that is sent of a head.
Here connections are looked at a few times a second, which costs a request nothing: one whose head or body does not come
is closed, one that is idle or does not read its answer too. Where all connections are taken, one that rests and never
showed a key makes way.
"""

import asyncio
import math
from collections import Counter
from enum import IntEnum
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from features.errors import ForesellError
from serving.problems.documents import MEDIA_TYPE, RETRY_AFTER_SECONDS, problem_of
from serving.problems.limit_errors import HeadTooSlow, TooManyConnections
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.wire.at_once import Head
from serving.wire.envelope import CLIENT_CLOSED, GONE, SECURITY_HEADERS

LEAST_READ = 50_000
"""Bytes a second that a caller must read of a long answer."""

GRACE = 1.0
"""Seconds that a new connection has to bring its first request, however many there are."""


class Phase(IntEnum):
    """Where a connection stands."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3


class Guarded(HttpToolsProtocol):
    """One connection, and what it may take of the server's time and memory."""

    limits: ServingSettings
    metrics: Metrics
    turned_away: Counter[str]
    held: Head | None = None
    """The head of a request of which nothing was made yet: it may be answered in the moment it is read."""

    running: RequestResponseCycle | None = None
    """The request whose turn it is, or was last; others wait behind it."""

    was_asked = False
    proven = False
    """Whether someone with a key or a session was answered on it."""

    ends = False
    """Whether nothing more is read: the answer under way is the last."""

    phase = Phase.IDLE
    since = 0.0
    patience = math.inf
    """Until when the caller must have read what was sent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it, or answer at once that there are too many."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.since = self.loop.time()
        if len(self.connections) > self.limits.connections_most:
            most, waiting = TooManyConnections(self.limits.connections_most), self._waits_longest()
            (waiting or self).turn_away(most)

    def _waits_longest(self) -> "Guarded | None":
        """The connection that makes way for this one: nothing is answered on it, and never was to someone known."""
        latest = self.since - GRACE
        idle = [
            one
            for one in cast("set[Guarded]", self.connections)
            if not one.proven and one.since < latest and one.phase <= Phase.HEAD and not one.transport.is_closing()
        ]
        at_rest = [one for one in idle if one.running is None or one.running.response_complete]
        return min(at_rest, key=lambda one: one.since, default=None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request under way that its caller is gone."""
        running = self.running
        if running is not None and not running.response_complete:
            cast("dict[str, object]", running.scope["state"])[GONE] = True
            running.disconnected = True
            running.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More was sent than the caller reads at once."""
        super().pause_writing()
        most = self.limits.body_wait.total_seconds() + self.transport.get_write_buffer_size() / LEAST_READ
        self.patience = self.loop.time() + most

    def resume_writing(self) -> None:
        """He reads on."""
        super().resume_writing()
        self.patience = math.inf

    def turn_away(self, error: ForesellError) -> None:
        """Answer with a problem document where nothing else is answered or has to be, and close."""
        running = self.running
        if self.phase is Phase.BODY and self.held is None:
            if running is None or running is not self.cycle:
                self._end_after(running)
                return
            if running.response_started:
                # This very request has its answer already.
                self.transport.close()
                return
            # Its handler still waits for the body, and must not answer behind us.
            running.disconnected = True
            running.message_event.set()
        elif running is not None and not running.response_complete:
            self._end_after(running)
            return
        self.held = None
        problem = problem_of(error)
        body = problem.model_dump_json(exclude_none=True).encode()
        head = [f"HTTP/1.1 {problem.status} {problem.title}", f"Content-Type: {MEDIA_TYPE}"]
        head += [f"Content-Length: {len(body)}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in SECURITY_HEADERS.items()]
        head += [f"Retry-After: {RETRY_AFTER_SECONDS}"] if problem.status == 503 else []
        self.transport.write("\r\n".join(head).encode("ascii") + b"\r\n\r\n" + body)
        self._count(problem.type, problem.status)
        self.transport.close()

    def _end_after(self, running: RequestResponseCycle | None) -> None:
        """Read no more, and close when the request is answered whose turn it is: another answer were taken for its."""
        self.ends = True
        self.pipeline.clear()
        self.flow.pause_reading()
        if running is None or running.response_complete:
            self.transport.close()
        else:
            running.keep_alive = False

    def _count(self, why: str, status: int) -> None:
        self.turned_away[why] += 1
        self.metrics.request("none", "other", status, self.loop.time() - self.since)

    def look(self, now: float) -> None:
        """Close it if it has waited too long for its caller."""
        if now > self.patience:
            self._give_up()
            return
        if self.transport.is_closing():
            if self.patience == math.inf:
                # What was sent last must be read too before it is gone.
                self.patience = now + self.limits.body_wait.total_seconds()
            return
        waited = now - self.since
        if self.phase is Phase.HEAD:
            if waited > self.limits.head_wait.total_seconds():
                self.turn_away(HeadTooSlow(f"{self.limits.head_wait.total_seconds():g}"))
        elif waited > self._most_quiet():
            self.transport.close()

    def _give_up(self) -> None:
        """Let go of a caller who does not read what is sent; a request under way counts itself."""
        if self.running is None or self.running.response_complete:
            self._count("answer-not-read", CLIENT_CLOSED)
        else:
            self.turned_away["answer-not-read"] += 1
        self.transport.abort()

    def _most_quiet(self) -> float:
        """How long it may say nothing: at first, between requests, and while it sends what was refused already."""
        limits = self.limits
        if self.cycle is None and not self.was_asked:
            return limits.head_wait.total_seconds()
        if self.cycle is not None and not self.cycle.response_complete:
            return math.inf
        rest = limits.keep_alive if self.phase is Phase.IDLE else limits.body_wait
        return rest.total_seconds() + 1
