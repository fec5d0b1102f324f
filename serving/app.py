"""The whole service, assembled. Nothing happens when this file is imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from fastapi import FastAPI
from starlette.datastructures import State

from serving.api import (
    audit,
    customers,
    deals,
    description,
    events,
    health,
    keys,
    models,
    scores,
    session,
    sign_in,
    sign_in_elsewhere,
    users,
)
from serving.api import metrics as metrics_room
from serving.champion import Sources
from serving.envelope import Envelope
from serving.metrics import Metrics
from serving.present import utc_now
from serving.problems import handle_problems
from serving.queries import EveryParameterRead
from serving.release import release
from serving.running import Running
from serving.settings import ServingSettings
from serving.short_way import ShortWay

ABOUT = "Sales intelligence: win probability with reasons. Errors are problem documents (RFC 9457) that say what to do."


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
    app.add_middleware(Envelope, settings=settings, metrics=counting)
    return app


def routes(
    settings: ServingSettings,
    metrics: Metrics,
    state: State,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """All routes, with nothing around them; they find what lives as long as the process in the `state`."""
    app = FastAPI(
        title="Foresell",
        version=release(),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[EveryParameterRead],
    )
    app.state = state
    app.state.settings, app.state.metrics = settings, metrics
    handle_problems(app)
    for room in (scores, deals, customers, models, health, metrics_room, description):
        app.include_router(room.router)
    for room in (events, keys, users, session, audit, sign_in, sign_in_elsewhere):
        app.include_router(room.router)
    description.describe(app)
    return app
