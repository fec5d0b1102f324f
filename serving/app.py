"""The whole service, assembled. Nothing happens when this file is imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from anyio import to_thread
from fastapi import FastAPI

from serving.api import deals, description, health, models, scores
from serving.champion import Sources, real_sources
from serving.envelope import Envelope
from serving.problems import handle_problems
from serving.scorebook import ScoreBook
from serving.security import KeyRing
from serving.settings import ServingSettings
from serving.shelf import Shelf
from serving.store.opening import open_store

ABOUT = "Sales intelligence: win probability with reasons. Errors are problem documents (RFC 9457) that say what to do."


def utc_now() -> datetime:
    """The present as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def create_app(
    settings: ServingSettings,
    clock: Callable[[], datetime] = utc_now,
    *,
    sources: Sources | None = None,
    wall_clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """A service with these settings.

    `clock` is the moment scores are as of and may stand still; keys expire by the `wall_clock`. What lives as long as
    the process is made when it starts: StoreNotOpened and StoreTooNew are raised then.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = await to_thread.run_sync(open_store, settings.store_address)
        shelf = Shelf(
            settings.home, "win", sources or real_sources(clock), settings.look_every, settings.retry_load_after
        )
        app.state.settings = settings
        app.state.keys = KeyRing(store, settings.key_recheck, wall_clock)
        app.state.shelf = shelf
        app.state.book = ScoreBook(
            shelf, clock, settings.stale_after, settings.piece_rows, settings.large_calls_at_once
        )
        try:
            await to_thread.run_sync(shelf.start, settings.first_load_wait)
            yield
        finally:
            await to_thread.run_sync(shelf.close)
            store.close()

    app = FastAPI(
        title="Foresell", version=release(), description=ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.add_middleware(Envelope, max_body_bytes=settings.max_body_bytes)
    handle_problems(app)
    for room in (scores, deals, models, health, description):
        app.include_router(room.router)
    description.describe(app)
    return app


def release() -> str:
    """The installed release of Foresell; 0 where it runs from a folder without being installed."""
    try:
        return version("foresell")
    except PackageNotFoundError:
        return "0"
