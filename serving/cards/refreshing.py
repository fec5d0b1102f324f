"""Are lists up to the events that were accepted? Cards follow them, and who they were about is scored anew.

Who is followed waits to be scored from the same transaction on, so that a second reader finds what the first has not
scored yet, and either scores it or says so. Nothing of this keeps a list from being answered.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from anyio import move_on_after, to_thread

from features.errors import ForesellError
from serving.cards.following import People
from serving.cards.listing import Entity
from serving.cards.lists import Lists
from serving.cards.remarks import Freshness
from serving.problems.errors import NoChampion, StoreAway
from serving.questions.questions import MOST_DEALS, CustomerAsked, CustomersAsked, DealAsked, DealsAsked
from serving.scores.scorebook import Asker, ScoreBook
from serving.telemetry.request_log import LOGGER

ASKER = Asker("lists")
"""Under this name the score log tells of scores that nobody asked for but a list."""
MOST_SCORED = 2_000
"""So many are scored before one list answers."""
WAIT_SECONDS = 3.0
"""So long a list waits for others who write cards; a database that hangs must not keep it longer."""

log = logging.getLogger(LOGGER)


class Refresher:
    """Brings lists up to date, for one reader of the process after the other."""

    def __init__(self, lists: Lists, book: ScoreBook) -> None:
        self._lists, self._book = lists, book
        self._turn = asyncio.Lock()

    async def refresh(self, entity: Entity, people: People | None, until: int | None, fresh: Freshness) -> None:
        """Bring the cards up to the event at a position, which `people` (the history in memory) has; score who waits.

        What could not be done is told to `fresh`. Never raises what the database or a model raises.
        """
        if people is None or until is None:
            fresh.loading = True
            return
        refused = self._lists.refused()
        if refused is not None:
            fresh.refused = refused
            return
        fresh.busy = True
        with move_on_after(WAIT_SECONDS):
            async with self._turn:
                try:
                    fresh.loading = not await to_thread.run_sync(
                        self._lists.catch_up, people, until, abandon_on_cancel=True
                    )
                    fresh.busy = False
                    await self._score(entity, until, fresh)
                except StoreAway as away:
                    fresh.busy, fresh.refused = False, str(away.args[0])

    async def _score(self, entity: Entity, until: int, fresh: Freshness) -> None:
        """Score those who wait because of an event that the history in memory has."""
        waiting = await to_thread.run_sync(self._lists.waiting, entity, until, MOST_SCORED)
        for first in range(0, len(waiting), MOST_DEALS):
            some = waiting[first : first + MOST_DEALS]
            try:
                scores = await self._scored(entity, some)
            except NoChampion:
                # Nobody waits for a model that there is not; the one that comes scores all.
                await to_thread.run_sync(self._lists.give_up, entity, waiting, until)
                return
            except ForesellError as refusal:
                fresh.failed = str(refusal).splitlines()[0]
                return
            except Exception:
                log.exception("the cards of a list could not be scored")
                fresh.failed = "an error that nobody expected; the log has it"
                return
            await to_thread.run_sync(self._lists.keep, entity, scores, until)

    async def _scored(self, entity: Entity, ids: Sequence[str]) -> list[dict[str, Any]]:
        if entity == "customer":
            people = CustomersAsked(customers=[CustomerAsked(customer_id=one) for one in ids], reasons=0)
            answer = await self._book.answer("churn", people, people.customers, "en", ASKER)
        else:
            asked = DealsAsked(deals=[DealAsked(deal_id=one) for one in ids], reasons=0)
            answer = await self._book.answer("win", asked, asked.deals, "en", ASKER)
        return cast(list[dict[str, Any]], msgspec.json.decode(answer)["scores"])
