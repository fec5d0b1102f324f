"""The whole service, assembled. Nothing happens when this file is imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI
from starlette.datastructures import State

from serving.api.routes import routes
from serving.champion import Sources
from serving.present import utc_now
from serving.running.coming_up import Running
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.wire.door import Door
from serving.wire.envelope import Envelope
from serving.wire.short_way import ShortWay


def create_app(
    settings: ServingSettings,
    clock: Callable[[], datetime] = utc_now,
    *,
    sources: Sources | None = None,
    wall_clock: Callable[[], datetime] = utc_now,
    counts: Metrics | None = None,
    jobs: bool = False,
) -> FastAPI:
    """A service with these settings.

    `clock` is the moment scores are as of and may stand still; keys expire by the `wall_clock`. What lives as long as
    the process is made when it starts: StoreNotOpened and StoreTooNew are raised then.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        running = Running(app.state, settings, clock, wall_clock, counting, sources, jobs)
        try:
            await running.first()
            await running.rest()
            yield
        finally:
            await running.close()

    counting = counts or Metrics()
    app = routes(settings, counting, State(), lifespan)
    app.add_middleware(ShortWay)
    app.add_middleware(Door)
    app.add_middleware(Envelope, settings=settings, metrics=counting)
    return app
