"""What does a serving process talk to first? The short way to scores; all other routes stand behind it and come later.

FastAPI, the models of every question and answer, and the routes made of them take longer to load than a bundle does.
Here the short way answers as soon as a bundle serves; the routes are made behind it right after, sooner where someone
asks for one. Answers are those of `serving.app.create_app`, which has everything at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.datastructures import State
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from features.errors import ForesellError
from serving.access.gate import Gate
from serving.access.key_ring import bearer_key
from serving.access.limits import neighbourhood
from serving.champion import MODELS, Sources
from serving.problems.documents import respond
from serving.running.coming_up import Clock, Running
from serving.running.thrift import give_back
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_log import FACTS, LOGGER
from serving.wire.door import Door
from serving.wire.envelope import Envelope
from serving.wire.short_way import WAYS, ShortWay

if TYPE_CHECKING:
    from fastapi import FastAPI

LOOK_EVERY = 0.02
MOST_WAIT = 2.0
"""Seconds that the routes wait for the bundles, which are wanted sooner."""
TRY_AGAIN = 1.0

log = logging.getLogger(LOGGER)


class Front:
    """An ASGI app. `sources` are those of `create_app`, and so is all else."""

    def __init__(
        self,
        settings: ServingSettings,
        clock: Clock,
        wall_clock: Clock,
        metrics: Metrics,
        *,
        sources: Sources | None = None,
        jobs: bool = False,
    ) -> None:
        self.state = State()
        self._settings, self._metrics = settings, metrics
        self._running = Running(self.state, settings, clock, wall_clock, metrics, sources, jobs)
        self._routes: FastAPI | None = None
        self._making: asyncio.Task[None] | None = None
        self._around = Envelope(Door(_KnowingKeys(ShortWay(self._long_way), self._is_complete)), settings, metrics)
        self._lifespan = Router(lifespan=self._live).lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live from start to end."""
        scope["app"] = self
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await self._around(scope, receive, send)

    async def complete(self) -> None:
        """Return when everything is there. Raises StoreAway."""
        if self._making is None or (self._making.done() and self._routes is None):
            self._making = asyncio.create_task(self._make())
        await asyncio.shield(self._making)

    def _is_complete(self) -> bool:
        return self._routes is not None

    async def _make(self) -> None:
        await self._running.rest()
        self._routes = await to_thread.run_sync(self._make_routes)

    def _make_routes(self) -> "FastAPI":
        from serving.api.routes import routes

        made = routes(self._settings, self._metrics, self.state)
        made.add_middleware(_Surfacing)
        return made

    @asynccontextmanager
    async def _live(self, _: "Front") -> AsyncIterator[None]:
        later = None
        try:
            await self._running.first()
            later = asyncio.create_task(self._complete_later())
            yield
        finally:
            for task in (later, self._making):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task
            await self._running.close()

    async def _complete_later(self) -> None:
        """When the bundles are loaded; again and again while the database is away. Gives back what loading held."""
        until, shelf = monotonic() + MOST_WAIT, self.state.shelf
        while monotonic() < until and shelf.loading and len(shelf.standing.pairs) < len(MODELS):
            await asyncio.sleep(LOOK_EVERY)
        while self._routes is None:
            try:
                await self.complete()
            except ForesellError as failure:
                log.warning("the service is not complete yet", extra={FACTS: {"problem": str(failure)}})
                await asyncio.sleep(TRY_AGAIN)
        await to_thread.run_sync(give_back)
        while shelf.loading:
            await asyncio.sleep(1)
        await to_thread.run_sync(give_back)

    async def _long_way(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._routes is None:
            try:
                await self.complete()
            except ForesellError as failure:
                await respond(failure, scope["state"]["request_id"])(scope, receive, send)
                return
        assert self._routes is not None
        await self._routes(scope, receive, send)
        fault = scope.pop(_FAULT, None)
        if fault is not None:
            raise fault


_FAULT = "foresell.fault"


class _Surfacing:
    """Lets a fault pass by the framework's own last resort, so that ours answers it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and keep its fault."""
        try:
            await self.app(scope, receive, send)
        except Exception as fault:
            scope[_FAULT] = fault


class _KnowingKeys:
    """While the routes are not there: looks a key up that is not remembered yet, so that the short way knows it."""

    def __init__(self, app: ASGIApp, complete: Callable[[], bool]) -> None:
        self.app, self._complete = app, complete

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._complete() and scope["type"] == "http" and scope["path"] in WAYS:
            sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
            if len(sent) == 1:
                # What is wrong with a key is for the routes to say.
                with suppress(ForesellError):
                    await self._look_up(scope, bearer_key(sent[0]))
        await self.app(scope, receive, send)

    async def _look_up(self, scope: Scope, key: str) -> None:
        gate: Gate = scope["app"].state.gate
        if gate.keys.remembered(key) is None:
            client = scope.get("client")
            address = neighbourhood(client[0] if client else None)
            await to_thread.run_sync(gate.keys.caller, key, address, limiter=gate.checking)
