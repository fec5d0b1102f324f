"""The whole service, assembled. Nothing happens when this file is imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime

from anyio import to_thread
from fastapi import FastAPI

from serving.access.gate import Gate
from serving.api import (
    audit,
    customers,
    deals,
    description,
    events,
    health,
    keys,
    metrics,
    models,
    scores,
    session,
    sign_in,
    sign_in_elsewhere,
    users,
)
from serving.cards.lists import Lists
from serving.champion import Sources, real_sources
from serving.envelope import Envelope
from serving.events.desk import Desk
from serving.events.follower import Follower
from serving.jobs.runner import at_work
from serving.metrics import Metrics
from serving.on_record import OnRecord
from serving.problems import handle_problems
from serving.queries import EveryParameterRead
from serving.readiness import Parts, StoreLook
from serving.release import release
from serving.score_log.queue import ScoreLog
from serving.scorebook import ScoreBook
from serving.settings import ServingSettings
from serving.shelf import Shelf
from serving.short_way import ShortWay
from serving.store.opening import open_store
from serving.watching import watched

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
    counts: Metrics | None = None,
    jobs: bool = False,
) -> FastAPI:
    """A service with these settings.

    `clock` is the moment scores are as of and may stand still; keys expire by the `wall_clock`. What lives as long as
    the process is made when it starts: StoreNotOpened and StoreTooNew are raised then.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = await to_thread.run_sync(open_store, settings.store_address)
        follower = Follower(store)
        shelf = Shelf(
            settings.home,
            sources or real_sources(clock),
            settings.look_every,
            settings.retry_load_after,
            follower=follower,
        )
        desk = Desk(store, settings.home, follower, settings.events_waiting_most, clock, wall_clock)
        score_log = ScoreLog(settings.home, settings.score_log_most, settings.score_log_every, counting)
        app.state.settings = settings
        app.state.store = store
        app.state.wall_clock = wall_clock
        app.state.gate = Gate(store, settings, wall_clock)
        app.state.shelf = shelf
        app.state.follower = follower
        app.state.events = desk
        app.state.parts = Parts(settings, shelf, follower, score_log, StoreLook(store), clock)
        app.state.book = ScoreBook(
            shelf,
            clock,
            settings.stale_after,
            settings.piece_rows,
            settings.large_calls_at_once,
            follower=follower,
            log=score_log,
            metrics=counting,
            first_load_wait=settings.first_load_wait,
        )
        app.state.lists = Lists(store, clock, settings.stale_after)
        app.state.recorded = OnRecord(shelf, app.state.book, app.state.lists, follower, clock)
        try:
            with watched(settings, counting, store, shelf, clock, release()):
                score_log.start()
                await to_thread.run_sync(desk.open)
                counting.when_asked(lambda: desk.count(counting))
                follower.start(settings.follow_every)
                await to_thread.run_sync(shelf.start, settings.first_load_wait)
                with at_work(settings, store, clock, wall_clock, counting) if jobs else nullcontext():
                    yield
        finally:
            await to_thread.run_sync(shelf.close)
            await to_thread.run_sync(score_log.close)
            follower.close()
            store.close()

    counting = counts or Metrics()
    app = FastAPI(
        title="Foresell",
        version=release(),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[EveryParameterRead],
    )
    app.state.settings = settings
    app.state.metrics = counting
    app.add_middleware(ShortWay)
    app.add_middleware(Envelope, settings=settings, metrics=counting)
    handle_problems(app)
    for room in (scores, deals, customers, models, health, metrics, description):
        app.include_router(room.router)
    for room in (events, keys, users, session, audit, sign_in, sign_in_elsewhere):
        app.include_router(room.router)
    description.describe(app)
    return app
