"""What is on record of one deal or customer, what is its score now, and what was it on earlier days?"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from anyio import to_thread

from features.errors import ForesellError
from serving.access.reach import Reach, resolve
from serving.access.seen import seen_by
from serving.cards.answers import ScoreOnDay
from serving.cards.following import People
from serving.cards.listing import Entity
from serving.cards.lists import Lists
from serving.cards.refreshing import Refresher
from serving.cards.remarks import Freshness
from serving.champion import Model, Records
from serving.events.follower import Follower
from serving.language import Language
from serving.problems.documents import Problem, problem_of
from serving.problems.errors import CustomerNotFound, DealNotFound
from serving.questions.asked import AskedOfAll
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
    """Single deals and customers, and what lists need to be up to date. `clock` gives the present as naive UTC."""

    def __init__(
        self, shelf: Shelf, book: ScoreBook, lists: Lists, follower: Follower, clock: Callable[[], datetime]
    ) -> None:
        self._shelf, self._book, self._lists = shelf, book, lists
        self._follower, self._clock = follower, clock
        self._refresher = Refresher(lists, book)

    async def deal(self, deal_id: str, language: Language, asker: Asker) -> DealOnRecord:
        """Raises DealNotFound, StillLoading, NoHistory, StoreAway."""
        records = await self._records(asker.reach)
        record = records.record(deal_id) if records.has(deal_id) else None
        if not record:
            raise DealNotFound(deal_id)
        is_open = records.is_open(deal_id, self._clock())
        asked = DealsAsked(deals=[DealAsked(deal_id=deal_id)])
        score, error = await self._score("win", asked, asked.deals, language, asker, wanted=is_open)
        return DealOnRecord(
            deal_id=deal_id,
            open=is_open,
            record=record_in_json(record),
            score=None if score is None else DealScore.model_validate(score),
            error=error,
            scores=await to_thread.run_sync(self._lists.scores_of, "deal", deal_id),
        )

    async def customer(self, customer_id: str, language: Language, asker: Asker) -> CustomerOnRecord:
        """Raises CustomerNotFound, StillLoading, NoHistory, StoreAway."""
        records = await self._records(asker.reach)
        if not records.has_customer(customer_id):
            raise CustomerNotFound(customer_id)
        is_active = records.is_active(customer_id, self._clock())
        asked = CustomersAsked(customers=[CustomerAsked(customer_id=customer_id)])
        score, error = await self._score("churn", asked, asked.customers, language, asker, wanted=is_active)
        return CustomerOnRecord(
            customer_id=customer_id,
            active=is_active,
            record=record_in_json({"customer_id": customer_id, **records.customer_record(customer_id)}),
            reps=sorted(records.reps_of_customer(customer_id)),
            score=None if score is None else CustomerScore.model_validate(score),
            error=error,
            scores=await to_thread.run_sync(self._lists.scores_of, "customer", customer_id),
        )

    async def refresh(self, entity: Entity) -> Freshness:
        """Bring a list up to every event accepted before this call, and say how far that went."""
        fresh = Freshness()
        current = await self._follower.catch_up()
        # Taken in this order: the memory has at least the events up to the position.
        until = self._follower.position
        fresh.until = until if current else None
        await self._refresher.refresh(entity, cast(People | None, self._shelf.records), until, fresh)
        return fresh

    def reps_within(self, reach: Reach) -> frozenset[str] | None:
        """The sellers whose records a reach lets see now, None for all. Raises StillLoading, NoHistory."""
        if reach.everything:
            return None
        visible = resolve(reach, self._held().staff())
        return None if visible.everything else visible.reps

    async def _score(
        self,
        model: Model,
        asked: AskedOfAll,
        subjects: Sequence[Any],
        language: Language,
        asker: Asker,
        *,
        wanted: bool,
    ) -> tuple[dict[str, Any] | None, Problem | None]:
        """The score of one that is open or active, or why it has none."""
        if not wanted:
            return None, None
        try:
            answer = await self._book.answer(model, asked, subjects, language, asker)
        except ForesellError as refusal:
            return None, problem_of(refusal)
        return cast(dict[str, Any], msgspec.json.decode(answer)["scores"][0]), None

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
