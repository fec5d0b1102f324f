"""What is on record of one deal or customer, what is its score now, and what was it on earlier days?"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import msgspec
from anyio import to_thread

from features.errors import ForesellError
from serving.access.reach import Reach, Visible, resolve
from serving.access.seen import seen_by
from serving.cards.answers import ScoreOnDay
from serving.cards.listing import Entity
from serving.cards.lists import Lists
from serving.cards.refreshing import refresh
from serving.champion import Records
from serving.events.follower import Follower
from serving.language import Language
from serving.problems.documents import Problem, problem_of
from serving.problems.errors import CustomerNotFound, DealNotFound
from serving.questions.questions import CustomerAsked, CustomersAsked, DealAsked, DealsAsked
from serving.questions.record_json import record_in_json
from serving.scores.answers import Answer, DealScore
from serving.scores.customer_answers import CustomerScore
from serving.scores.scorebook import Asker, ScoreBook
from serving.shelf.shelf import Shelf


class DealOnRecord(Answer):
    """A deal as the history last described it."""

    deal_id: str
    """The deal."""

    open: bool
    """Whether it is undecided now."""

    record: dict[str, object]
    """Its latest fields by the contract's names; times are UTC."""

    score: DealScore | None = None
    """Its score now; null for a deal that is not open."""

    error: Problem | None = None
    """Why an open deal has no score."""

    scores: list[ScoreOnDay]
    """What it was scored on earlier days, newest first; days on which it hardly moved are left out."""


class CustomerOnRecord(Answer):
    """A customer as the history last described it."""

    customer_id: str
    """The customer."""

    active: bool
    """Whether it ordered in the last 365 days or has a running subscription."""

    record: dict[str, object]
    """Its latest fields by the contract's names; times are UTC."""

    reps: list[str]
    """The sellers to whom it belongs: of its open deals, of its latest deal and of its latest order."""

    score: CustomerScore | None = None
    """Its churn score now; null for a customer that is not active."""

    error: Problem | None = None
    """Why an active customer has no score."""

    scores: list[ScoreOnDay]
    """What it was scored on earlier days, newest first; days on which it hardly moved are left out."""


class OnRecord:
    """Single deals and customers. `clock` gives the present as naive UTC."""

    def __init__(
        self, shelf: Shelf, book: ScoreBook, lists: Lists, follower: Follower, clock: Callable[[], datetime]
    ) -> None:
        self._shelf, self._book, self._lists = shelf, book, lists
        self._follower, self._clock = follower, clock

    async def deal(self, deal_id: str, language: Language, asker: Asker) -> DealOnRecord:
        """Raises DealNotFound, StillLoading, NoHistory, StoreAway."""
        records = await self._records(asker.reach)
        if not records.has(deal_id):
            raise DealNotFound(deal_id)
        found = DealOnRecord(
            deal_id=deal_id,
            open=records.is_open(deal_id, self._clock()),
            record=record_in_json(records.record(deal_id)),
            scores=[],
        )
        if found.open:
            asked = DealsAsked(deals=[DealAsked(deal_id=deal_id)])
            try:
                answer = await self._book.answer("win", asked, asked.deals, language, asker)
                found.score = DealScore.model_validate(_first(answer))
            except ForesellError as refusal:
                found.error = problem_of(refusal)
        await self._tell("deal", deal_id, found)
        return found

    async def customer(self, customer_id: str, language: Language, asker: Asker) -> CustomerOnRecord:
        """Raises CustomerNotFound, StillLoading, NoHistory, StoreAway."""
        records = await self._records(asker.reach)
        if not records.has_customer(customer_id):
            raise CustomerNotFound(customer_id)
        found = CustomerOnRecord(
            customer_id=customer_id,
            active=records.is_active(customer_id, self._clock()),
            record=record_in_json({"customer_id": customer_id, **records.customer_record(customer_id)}),
            reps=sorted(records.reps_of_customer(customer_id)),
            scores=[],
        )
        if found.active:
            asked = CustomersAsked(customers=[CustomerAsked(customer_id=customer_id)])
            try:
                answer = await self._book.answer("churn", asked, asked.customers, language, asker)
                found.score = CustomerScore.model_validate(_first(answer))
            except ForesellError as refusal:
                found.error = problem_of(refusal)
        await self._tell("customer", customer_id, found)
        return found

    async def _tell(self, entity: Entity, subject_id: str, found: DealOnRecord | CustomerOnRecord) -> None:
        """What the cards know beside the history in memory: changes told apart from the row, and earlier scores."""
        await self._bring_lists_up()
        record = await to_thread.run_sync(self._lists.record_of, entity, subject_id)
        found.record = found.record if record is None else record
        found.scores = await to_thread.run_sync(self._lists.scores_of, entity, subject_id)

    async def refresh(self) -> None:
        """Bring the lists up to every event accepted before this call. Raises StoreAway."""
        await self._follower.catch_up()
        await self._bring_lists_up()

    async def _bring_lists_up(self) -> None:
        """Bring the lists up to every event that the history in memory has."""
        # Taken in this order: the memory has at least the events up to the position.
        until = self._follower.position
        await refresh(self._lists, self._book, self._shelf.records, until)

    def visible(self, reach: Reach) -> Visible:
        """Whose records a reach lets see now. Raises StillLoading, NoHistory where that cannot be told yet."""
        if reach.everything:
            return Visible(True)
        return resolve(reach, self._held().staff())

    async def _records(self, reach: Reach) -> Records:
        """The history as a caller may see it, with every accepted event in it."""
        self._held()
        await self._follower.catch_up()
        return seen_by(self._held(), reach)

    def _held(self) -> Records:
        records = self._shelf.records
        if records is None:
            raise self._shelf.without_records()
        return records


def _first(answer: bytes) -> dict[str, Any]:
    return cast(dict[str, Any], msgspec.json.decode(answer)["scores"][0])
