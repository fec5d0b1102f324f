"""All routes of the service, with nothing around them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

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
from serving.api.queries import EveryParameterRead
from serving.problems.documents import handle_problems
from serving.release import release
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics

ABOUT = "Sales intelligence: win probability with reasons. Errors are problem documents (RFC 9457) that say what to do."


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
