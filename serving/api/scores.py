"""Scores over HTTP. The work is in `serving.scores.scorebook`."""

from fastapi import APIRouter, Request, Response

from features.as_of import NotAMoment
from features.history import NoHistory
from serving.access.key_ring import Caller
from serving.api.dependencies import Book, Documented, Scorer, Spoken
from serving.problems.access_errors import OutsideYourReach
from serving.problems.documents import declares, request_id_of
from serving.problems.errors import (
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
from serving.questions.questions import CustomersAsked, DealsAsked
from serving.scores.answers import DealScores
from serving.scores.customer_answers import CustomerScores
from serving.scores.scorebook import Asker

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
    OutsideYourReach,
    RecordNotAccepted,
    RequestNotAccepted,
    StillLoading,
)


@router.post("/deals", response_model=DealScores, responses=REFUSALS)
async def score_deals(asked: DealsAsked, book: Book, caller: Scorer, language: Spoken, request: Request) -> Response:
    """The chance that open deals are won: by id, as records, as they would be with changed fields, or by features.

    A deal that is unknown or closed has an `error` of its own and does not keep the others from being scored.
    Scoring changes nothing, so a call can be repeated safely.
    """
    request.state.deals = len(asked.deals)
    answer = await book.answer("win", asked, asked.deals, language, _asker(caller, request))
    return Response(answer, media_type="application/json", headers={"Content-Language": language})


@router.post("/customers", response_model=CustomerScores, responses=REFUSALS)
async def score_customers(
    asked: CustomersAsked, book: Book, caller: Scorer, language: Spoken, request: Request
) -> Response:
    """The chance that active customers leave their contract or stop ordering: by id, with changed fields, or by
    features.

    A customer that is unknown or gone has an `error` of its own and does not keep the others from being scored.
    Scoring changes nothing, so a call can be repeated safely.
    """
    request.state.deals = len(asked.customers)
    answer = await book.answer("churn", asked, asked.customers, language, _asker(caller, request))
    return Response(answer, media_type="application/json", headers={"Content-Language": language})


def _asker(caller: Caller, request: Request) -> Asker:
    return Asker(caller.actor, caller.reach, request_id_of(request))
