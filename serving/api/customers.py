"""Customers over HTTP: a list of them, and each with its churn score now and on earlier days."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query

from features.history import NoHistory
from serving.api.dependencies import Documented, Listed, Reader, Recorded, Spoken
from serving.cards.answers import CustomersListed
from serving.cards.on_record import CustomerOnRecord
from serving.cards.wishes import CustomersWanted
from serving.problems.documents import declares
from serving.problems.errors import CustomerNotFound, RequestNotAccepted, StillLoading, StoreAway
from serving.problems.list_errors import CursorNotAccepted, ListNotMade, SortNotAccepted
from serving.scores.scorebook import Asker

router = APIRouter(prefix="/v1/customers", tags=["customers"], dependencies=[Documented])


@router.get(
    "",
    responses=declares(
        CursorNotAccepted, ListNotMade, NoHistory, RequestNotAccepted, SortNotAccepted, StillLoading, StoreAway
    ),
)
async def list_customers(
    wanted: Annotated[CustomersWanted, Query()], lists: Listed, recorded: Recorded, caller: Reader, language: Spoken
) -> CustomersListed:
    """Customers by filter, in an order, page by page: each as last recorded, with its latest churn score."""
    fresh = await recorded.refresh("customer")
    wish = wanted.wish(recorded.reps_within(caller.reach))
    return await to_thread.run_sync(lists.customers, wish, fresh, language)


@router.get("/{customer_id:path}", responses=declares(CustomerNotFound, NoHistory, StillLoading, StoreAway))
async def read_customer(customer_id: str, recorded: Recorded, caller: Reader, language: Spoken) -> CustomerOnRecord:
    """A customer as last recorded, its churn score now while it is active, and its scores of earlier days."""
    return await recorded.customer(customer_id, language, Asker(caller.actor, caller.reach))
