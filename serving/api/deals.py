"""Deals over HTTP."""

from fastapi import APIRouter

from features.history import NoHistory
from serving.answers import DealOnRecord
from serving.dependencies import Book, Documented, Reader, Spoken
from serving.errors import DealNotFound, NoChampion, StillLoading
from serving.problems import declares

router = APIRouter(prefix="/v1/deals", tags=["deals"], dependencies=[Documented])


@router.get("/{deal_id:path}", responses=declares(DealNotFound, NoChampion, NoHistory, StillLoading))
def read_deal(deal_id: str, book: Book, caller: Reader, language: Spoken) -> DealOnRecord:
    """A deal as last recorded, and its score now while it is open."""
    return book.deal(deal_id, language)
