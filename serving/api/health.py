"""Is the process alive, and can it answer? Both without a key, for load balancers."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from serving.access.needs import open_to_all
from serving.health.readiness import Parts
from serving.scores.answers import Alive, Readiness


def _parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


Standings = Annotated[Parts, Depends(_parts)]

router = APIRouter(tags=["health"], dependencies=[open_to_all("for load balancers; tells whether it works")])


@router.get("/healthz")
async def healthz() -> Alive:
    """Answers as long as the process does."""
    return Alive(status="alive")


@router.get("/readyz", responses={503: {"description": "Nothing can be scored yet.", "model": Readiness}})
async def readyz(parts: Standings, response: Response) -> Readiness:
    """Whether a model and a history are in memory and how each part stands; if not, what is missing."""
    found = await parts.readiness()
    if not found.ready:
        response.status_code = 503
    return found
