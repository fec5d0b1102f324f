"""Scores over HTTP. The work is in `serving.scorebook`."""

from fastapi import APIRouter, Request, Response

from features.as_of import NotAMoment
from features.history import NoHistory
from serving.answers import DealScores
from serving.dependencies import Book, Documented, Scorer, Spoken
from serving.errors import (
    BodyTooLarge,
    DateNotAccepted,
    ModelKnowsTheFuture,
    MomentNotAccepted,
    NoChampion,
    NotJson,
    RecordNotAccepted,
    RequestNotAccepted,
    StillLoading,
)
from serving.problems import declares
from serving.questions import DealsAsked

router = APIRouter(prefix="/v1/scores", tags=["scores"], dependencies=[Documented])

REFUSALS = declares(
    BodyTooLarge,
    DateNotAccepted,
    ModelKnowsTheFuture,
    MomentNotAccepted,
    NoChampion,
    NoHistory,
    NotAMoment,
    NotJson,
    RecordNotAccepted,
    RequestNotAccepted,
    StillLoading,
)


@router.post("/deals", response_model=DealScores, responses=REFUSALS)
async def score_deals(asked: DealsAsked, book: Book, caller: Scorer, language: Spoken, request: Request) -> Response:
    """The chance that open deals are won: by id, as whole records, or as they would be with changed fields.

    A deal that is unknown or closed has an `error` of its own and does not keep the others from being scored.
    Scoring changes nothing, so a call can be repeated safely.
    """
    request.state.deals = len(asked.deals)
    answer = await book.answer(asked, language)
    return Response(answer, media_type="application/json", headers={"Content-Language": language})
