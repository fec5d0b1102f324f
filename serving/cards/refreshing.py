"""Are lists up to the events that were accepted? Cards follow them, and who they were about is scored anew."""

from collections.abc import Iterable
from typing import Any, cast

import msgspec
from anyio import to_thread

from features.errors import ForesellError
from serving.cards.following import People
from serving.cards.lists import Lists
from serving.cards.reading import BATCH
from serving.questions.questions import MOST_DEALS, CustomerAsked, CustomersAsked, DealAsked, DealsAsked
from serving.scores.scorebook import Asker, ScoreBook

ASKER = Asker("lists")
"""Under this name the score log tells of scores that nobody asked for but a list."""


async def refresh(lists: Lists, book: ScoreBook, people: People | None, until: int | None) -> None:
    """Bring the cards up to the event at a position, which `people` (the history in memory) has. Raises StoreAway.

    Without a history in memory the cards stay as they were: `data_as_of` of a list says of when. Where no model
    answers, scores do: `scored_as_of` says of when.
    """
    if people is None or until is None:
        return
    touched = await to_thread.run_sync(lists.catch_up, people, until)
    deals, customers = sorted(touched.deals)[:BATCH], sorted(touched.customers)[:BATCH]
    for some in _parts(deals):
        await _score(lists, book, some, customers=False)
    for some in _parts(customers):
        await _score(lists, book, some, customers=True)


async def _score(lists: Lists, book: ScoreBook, ids: list[str], *, customers: bool) -> None:
    try:
        if customers:
            people = CustomersAsked(customers=[CustomerAsked(customer_id=one) for one in ids], reasons=0)
            answer = await book.answer("churn", people, people.customers, "en", ASKER)
        else:
            asked = DealsAsked(deals=[DealAsked(deal_id=one) for one in ids], reasons=0)
            answer = await book.answer("win", asked, asked.deals, "en", ASKER)
    except ForesellError:
        return
    scores = cast(list[dict[str, Any]], msgspec.json.decode(answer)["scores"])
    await to_thread.run_sync(lists.keep_customers if customers else lists.keep_deals, scores)


def _parts(ids: list[str]) -> Iterable[list[str]]:
    for first in range(0, len(ids), MOST_DEALS):
        yield ids[first : first + MOST_DEALS]
