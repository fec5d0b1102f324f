"""Is the process alive, and can it answer? Both without a key, for load balancers."""

from fastapi import APIRouter, Response

from serving.answers import Alive, Readiness, Trouble
from serving.dependencies import Shelved
from serving.occasion import in_utc_if_known
from serving.problems import problem_of

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Alive:
    """Answers as long as the process does."""
    return Alive(status="alive")


@router.get("/readyz", responses={503: {"description": "Nothing can be scored yet.", "model": Readiness}})
async def readyz(shelf: Shelved, response: Response) -> Readiness:
    """Whether a model and a history are in memory; if not, what is missing."""
    standing = shelf.standing
    if standing.pair is None:
        response.status_code = 503
    problems = [problem_of(trouble) for trouble in standing.troubles]
    return Readiness(
        ready=standing.pair is not None,
        model_version=standing.pair.champion.version if standing.pair else None,
        data_as_of=in_utc_if_known(standing.pair.records.data_as_of) if standing.pair else None,
        troubles=[Trouble(type=one.type, detail=one.detail, fix=one.fix) for one in problems],
    )
