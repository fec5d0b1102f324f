"""What do lists answer? Pages of cards, with what came since the last making, and how fresh all that is."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.told_rows import read_again
from serving.cards.answers import (
    ChurnKept,
    CustomerListed,
    CustomersListed,
    DealListed,
    DealsListed,
    ScoreKept,
    ScoreOnDay,
)
from serving.cards.following import Happening, People, follow
from serving.cards.keeping import ONLY, TURN, Kept, key_of, made_of, write_columns
from serving.cards.listing import Entity, Page, Wish, page_of, total_of, waiting_of
from serving.cards.remarks import Freshness
from serving.cards.scoring import wait_no_more, write_some
from serving.events.feed import reach
from serving.language import Language
from serving.moments import in_utc, in_utc_if_known
from serving.problems.list_errors import ListNotMade
from serving.store.event_tables import AcceptedEvent
from serving.store.opening import Store
from serving.store.score_tables import CardsMade, CustomerCard, DealCard, ScoreOfDay

MOST_EVENTS, MOST_ROUNDS = 500, 4
"""Events that are taken up in one transaction, and how often one list does so before it answers."""
MOST_TOTALS = 512
REFUSED_SECONDS = 5.0
"""So long after the database refused a call a list does not try to write."""
MOST_DAYS = 400
_COMMON = tuple((name, name) for name in ("probability", "low", "high", "model_version"))
DEAL_ANSWERED = (*_COMMON, ("close_on", "expected_close_on"), ("expected_amount", "expected_amount"))
CUSTOMER_ANSWERED = (*_COMMON, ("expected_orders", "expected_orders"), ("value_at_risk", "value_at_risk"))
"""Columns of a card, and under which name an answer has them."""


class Lists:
    """Lists over the cards of a store. `clock` gives the present as naive UTC."""

    def __init__(self, store: Store, clock: Callable[[], datetime], stale_after: timedelta) -> None:
        self._store, self._clock, self._stale_after = store, clock, stale_after
        self._totals: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self._counting = Lock()

    def deals(self, wish: Wish, fresh: Freshness, language: Language = "en") -> DealsListed:
        """A page of deals. Raises ListNotMade, CursorNotAccepted, SortNotAccepted, StoreAway."""
        page, freshness = self._page("deal", wish, fresh, language)
        return DealsListed(deals=[_deal(card) for card in page.cards], next=page.following, **freshness)

    def customers(self, wish: Wish, fresh: Freshness, language: Language = "en") -> CustomersListed:
        """A page of customers. Raises ListNotMade, CursorNotAccepted, SortNotAccepted, StoreAway."""
        page, freshness = self._page("customer", wish, fresh, language)
        return CustomersListed(customers=[_customer(card) for card in page.cards], next=page.following, **freshness)

    def scores_of(self, entity: Entity, subject_id: str) -> list[ScoreOnDay]:
        """What a deal or customer was scored on earlier days, newest first. Raises StoreAway."""
        asked = (
            select(ScoreOfDay)
            .where(ScoreOfDay.entity == entity, ScoreOfDay.subject_id == subject_id)
            .order_by(ScoreOfDay.as_of.desc())
            .limit(MOST_DAYS)
        )
        with self._store.session() as session:
            return [_on_day(one) for one in session.scalars(asked)]

    def catch_up(self, people: People, until: int) -> bool:
        """Bring the cards up to the event at a position; False where the history in memory lacks an import they have.

        `people` is that history, which must have the events up to there already. Many events are left to the next
        list, or to the job. Raises StoreAway.
        """
        for _ in range(MOST_ROUNDS):
            with self._store.session() as session:
                made = session.get(CardsMade, ONLY)
                if made is None or made.position >= until:
                    return True
            with self._store.writing(TURN) as session:
                made = session.get(CardsMade, ONLY)
                if made is not None and made.begun > people.history.log.number:
                    return False
                if made is not None:
                    _follow(session, made, until, self._clock(), people)
        return True

    def refused(self) -> str | None:
        """Why the database refused a call of this process a moment ago; None where it did not."""
        return self._store.refused_within(REFUSED_SECONDS)

    def waiting(self, entity: Entity, until: int, most: int) -> list[str]:
        """Who waits to be scored because of an event up to a position, the longest waiting first. Raises StoreAway."""
        kept: Kept = DealCard if entity == "deal" else CustomerCard
        asked = select(getattr(kept, key_of(kept))).where(kept.unscored > 0, kept.unscored <= until)
        with self._store.session() as session:
            return list(session.scalars(asked.order_by(kept.unscored).limit(most)))

    def keep(self, entity: Entity, scores: Sequence[Mapping[str, Any]], until: int) -> None:
        """Put scores, as answered with the events up to a position in mind, on their cards. Raises StoreAway."""
        kept: Kept = DealCard if entity == "deal" else CustomerCard
        columns = DEAL_ANSWERED if entity == "deal" else CUSTOMER_ANSWERED
        rows = [_score_row(one, key_of(kept), columns, self._clock()) for one in scores]
        with self._store.writing(TURN) as session:
            write_some(session, kept, [row for row in rows if row["scored_as_of"] is not None], until)
            # Closed deals and customers no longer active: an old score must not stand there.
            forgotten = [row for row in rows if row["scored_as_of"] is None]
            write_columns(session, kept, forgotten)
            wait_no_more(session, kept, [row["_id"] for row in forgotten], until)
            made_of(session).generation += 1

    def give_up(self, entity: Entity, ids: Sequence[str], until: int) -> None:
        """These wait for no score: there is no model. Raises StoreAway."""
        with self._store.writing(TURN) as session:
            wait_no_more(session, DealCard if entity == "deal" else CustomerCard, ids, until)
            made_of(session).generation += 1

    def _page(self, entity: Entity, wish: Wish, fresh: Freshness, language: Language) -> tuple[Page, dict[str, Any]]:
        """A page and how fresh it is, all as of one moment of the database."""
        with self._store.reading(patient=False) as connection, Session(connection) as session:
            made = session.get(CardsMade, ONLY)
            if made is None:
                raise ListNotMade(f"{entity}s")
            total = self._counted(("total", entity, made.generation, wish.chosen()), total_of, session, entity, wish)
            unscored = self._counted(
                ("wait", entity, made.generation, wish.chosen()), waiting_of, session, entity, wish
            )
            last = reach(session).last if fresh.until is None else fresh.until
            lacking = max(last - made.position, 0)
            page = page_of(session, entity, wish, total)
            for card in (*page.cards, made):
                session.expunge(card)
        old = made.scored_as_of is None or self._clock() - made.scored_as_of > self._stale_after
        return page, {
            "total": total,
            "data_as_of": in_utc(made.made_at),
            "scored_as_of": in_utc_if_known(made.scored_as_of),
            "unscored": unscored,
            "stale": bool(old or lacking or unscored or fresh.refused is not None),
            "remark": fresh.remark(lacking, unscored, language, old=old),
        }

    def _counted(
        self,
        name: tuple[object, ...],
        count: Callable[[Session, Entity, Wish], int],
        session: Session,
        entity: Entity,
        wish: Wish,
    ) -> int:
        """A count, kept until the cards change: each page of a list asks for it."""
        with self._counting:
            found = self._totals.get(name)
            if found is not None:
                self._totals.move_to_end(name)
                return found
        found = count(session, entity, wish)
        with self._counting:
            self._totals[name] = found
            while len(self._totals) > MOST_TOTALS:
                self._totals.popitem(last=False)
        return found


def _follow(session: Session, made: CardsMade, until: int, now: datetime, people: People) -> None:
    asked = (
        select(AcceptedEvent)
        .where(AcceptedEvent.position > made.position, AcceptedEvent.position <= until)
        .order_by(AcceptedEvent.position)
        .limit(MOST_EVENTS)
    )
    events = session.scalars(asked).all()
    # Events that were kept long enough are gone from there, and in the history.
    made.position = events[-1].position if len(events) == MOST_EVENTS else until
    made.made_at, made.generation = max(made.made_at, now), made.generation + 1
    told = [one for one in map(_happening, events) if one is not None]
    follow(session, told, made.position, now, people)


def _happening(event: AcceptedEvent) -> Happening | None:
    try:
        row = read_again(event.table_name, event.row)
    except ValueError:  # of another release; set aside when it is folded
        return None
    return Happening(event.table_name, row)


def _score_row(score: Mapping[str, Any], key: str, columns: Sequence[tuple[str, str]], now: datetime) -> dict[str, Any]:
    """A score that was just answered, as a card keeps it; nothing where it has none."""
    found = {card: score.get(answered) for card, answered in columns}
    if score.get("error") is not None:
        found = dict.fromkeys(found)
    close = found.get("close_on")
    if close is not None:
        found["close_on"] = date.fromisoformat(close)
    return {"_id": score[key], "scored_as_of": None if score.get("error") is not None else now, **found}


def _deal(card: DealCard) -> DealListed:
    score = None
    if card.scored_as_of is not None and card.status == "open":
        score = ScoreKept(
            probability=card.probability,
            low=card.low,
            high=card.high,
            expected_close_on=card.close_on,
            expected_amount=card.expected_amount,
            model_version=card.model_version,
            as_of=in_utc(card.scored_as_of),
            outdated=card.unscored is not None,
        )
    return DealListed(deal_id=card.deal_id, status=card.status, record=card.record, score=score)


def _customer(card: CustomerCard) -> CustomerListed:
    score = None
    if card.scored_as_of is not None:
        score = ChurnKept(
            probability=card.probability,
            low=card.low,
            high=card.high,
            expected_orders=card.expected_orders,
            value_at_risk=card.value_at_risk,
            model_version=card.model_version,
            as_of=in_utc(card.scored_as_of),
            outdated=card.unscored is not None,
        )
    return CustomerListed(customer_id=card.customer_id, active=card.active, record=card.record, score=score)


def _on_day(one: ScoreOfDay) -> ScoreOnDay:
    return ScoreOnDay(
        as_of=in_utc(one.as_of),
        probability=one.probability,
        low=one.low,
        high=one.high,
        worth=one.worth,
        model_version=one.model_version,
    )
