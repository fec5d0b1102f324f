"""Events over HTTP: rows of the history as they happen. The work is in `serving.events`."""

from typing import Annotated, cast

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from serving.api.dependencies import CardReader, Documented, Ingester, OnceOnly
from serving.events.desk import Desk
from serving.events.questions import EventsAccepted, EventsStanding, EventsTold
from serving.problems.documents import declares, request_id_of
from serving.problems.errors import BodyTooLarge, NotJson, RequestNotAccepted, StoreAway
from serving.problems.event_errors import EventsNotAccepted, TooManyEventsWaiting
from serving.problems.idempotency_errors import IdempotencyKeyInUse, IdempotencyKeyMissing, IdempotencyKeyReused

router = APIRouter(prefix="/v1/events", tags=["events"], dependencies=[Documented])

REFUSALS = declares(
    BodyTooLarge,
    EventsNotAccepted,
    IdempotencyKeyInUse,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    NotJson,
    RequestNotAccepted,
    StoreAway,
    TooManyEventsWaiting,
)


def _desk(request: Request) -> Desk:
    return cast(Desk, request.app.state.events)


EventDesk = Annotated[Desk, Depends(_desk)]


@router.post("", status_code=202, response_model=EventsAccepted, responses=REFUSALS)
async def tell_events(
    told: EventsTold, desk: EventDesk, caller: Ingester, once: OnceOnly, request: Request
) -> Response:
    """Tell rows of the history's tables as they happen, up to 1,000 in a call; the next score sees them.

    All are accepted or none. The answer comes when they are on disk. Send the header Idempotency-Key, or an `id`
    with each event; what is told twice is accepted once.
    """
    request.state.events = len(told.events)
    if any(event.id is None for event in told.events):
        once.require_key()
    work = await to_thread.run_sync(desk.read, told, caller.actor, request_id_of(request), once.key)
    async with desk.turn:
        return await once.do(caller.actor, work)


@router.get("/status", responses=declares(StoreAway))
def read_status(desk: EventDesk, caller: CardReader) -> EventsStanding:
    """How far events have got: accepted, seen by scores, written into the history."""
    return desk.standing()
