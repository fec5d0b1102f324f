"""Deals over HTTP: a list of them, and each with its score now and on earlier days."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query

from features.history import NoHistory
from serving.api.dependencies import Documented, Listed, Reader, Recorded, Spoken
from serving.cards.answers import DealsListed
from serving.cards.on_record import DealOnRecord
from serving.cards.wishes import DealsWanted
from serving.problems.documents import declares
from serving.problems.errors import DealNotFound, RequestNotAccepted, StillLoading, StoreAway
from serving.problems.list_errors import CursorNotAccepted, ListNotMade, SortNotAccepted
from serving.scores.scorebook import Asker

router = APIRouter(prefix="/v1/deals", tags=["deals"], dependencies=[Documented])


@router.get(
    "",
    responses=declares(
        CursorNotAccepted, ListNotMade, NoHistory, RequestNotAccepted, SortNotAccepted, StillLoading, StoreAway
    ),
)
async def list_deals(
    wanted: Annotated[DealsWanted, Query()], lists: Listed, recorded: Recorded, caller: Reader, language: Spoken
) -> DealsListed:
    """Deals by filter, in an order, page by page: each as last recorded, with its latest score.

    Events that were accepted are in the list. Scores of all open deals are made anew each night and when another
    model is promoted; those of deals that an event speaks of, before this answers.
    """
    fresh = await recorded.refresh("deal")
    wish = wanted.wish(recorded.reps_within(caller.reach))
    return await to_thread.run_sync(lists.deals, wish, fresh, language)


@router.get("/{deal_id:path}", responses=declares(DealNotFound, NoHistory, StillLoading, StoreAway))
async def read_deal(deal_id: str, recorded: Recorded, caller: Reader, language: Spoken) -> DealOnRecord:
    """A deal as last recorded, its score now while it is open, and its scores of earlier days."""
    return await recorded.deal(deal_id, language, Asker(caller.actor, caller.reach))
