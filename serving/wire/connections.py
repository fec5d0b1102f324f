"""Who looks after the connections of a process? Uvicorn's server, whose protocol has our limits around it."""

import asyncio
import logging
import math
import socket
from collections import Counter
from time import monotonic
from types import FrameType
from typing import cast

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.server import ServerState

from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics, NoMetrics
from serving.telemetry.request_log import FACTS, LOGGER
from serving.wire.at_once import AtOnce
from serving.wire.protocol import Connection

log = logging.getLogger(LOGGER)


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
