"""What do lists answer? Pages of cards, with what came since the last making, and how fresh all that is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
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
from serving.cards.following import Happening, People, Touched, follow
from serving.cards.keeping import ONLY, TURN, Kept, write_columns
from serving.cards.listing import Entity, Page, Wish, page_of
from serving.cards.scoring import write_some
from serving.moments import in_utc, in_utc_if_known
from serving.problems.list_errors import ListNotMade
from serving.store.event_tables import AcceptedEvent
from serving.store.opening import Store
from serving.store.score_tables import CardsMade, CustomerCard, DealCard, ScoreOfDay

MOST_EVENTS = 2_000
"""Events that one list takes up before it answers; what is left comes with the next."""
MOST_DAYS = 400
_COMMON = tuple((name, name) for name in ("probability", "low", "high", "model_version"))
DEAL_ANSWERED = (*_COMMON, ("close_on", "expected_close_on"), ("expected_amount", "expected_amount"))
CUSTOMER_ANSWERED = (*_COMMON, ("expected_orders", "expected_orders"), ("value_at_risk", "value_at_risk"))
"""Columns of a card, and under which name an answer has them."""


class Lists:
    """Lists over the cards of a store. `clock` gives the present as naive UTC."""

    def __init__(self, store: Store, clock: Callable[[], datetime], stale_after: timedelta) -> None:
        self._store, self._clock, self._stale_after = store, clock, stale_after

    def deals(self, wish: Wish) -> DealsListed:
        """A page of deals. Raises ListNotMade, CursorNotAccepted, SortNotAccepted, StoreAway."""
        page, made, stale = self._page("deal", wish)
        return DealsListed(
            deals=[_deal(card) for card in page.cards],
            next=page.following,
            total=page.total,
            data_as_of=in_utc(made.made_at),
            scored_as_of=in_utc_if_known(made.scored_as_of),
            stale=stale,
        )

    def customers(self, wish: Wish) -> CustomersListed:
        """A page of customers. Raises ListNotMade, CursorNotAccepted, SortNotAccepted, StoreAway."""
        page, made, stale = self._page("customer", wish)
        return CustomersListed(
            customers=[_customer(card) for card in page.cards],
            next=page.following,
            total=page.total,
            data_as_of=in_utc(made.made_at),
            scored_as_of=in_utc_if_known(made.scored_as_of),
            stale=stale,
        )

    def record_of(self, entity: Entity, subject_id: str) -> dict[str, object] | None:
        """All fields of a deal or customer, changes that were told apart among them; None without a card."""
        with self._store.session() as session:
            kept: Kept = DealCard if entity == "deal" else CustomerCard
            card: Any = session.get(kept, subject_id)
            return None if card is None else dict(card.record)

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

    def catch_up(self, people: People, until: int) -> Touched:
        """Bring the cards up to the event at a position; whom the events were about. Raises StoreAway.

        `people` is the history in memory, which must have the events up to there already.
        """
        with self._store.session() as session:
            made = session.get(CardsMade, ONLY)
            if made is None or made.position >= until:
                return Touched()
        with self._store.writing(TURN) as session:
            made = session.get(CardsMade, ONLY)
            return Touched() if made is None else _follow(session, made, until, self._clock(), people)

    def keep_deals(self, scores: Sequence[Mapping[str, Any]]) -> None:
        """Put scores of deals, as answered, on their cards. Raises StoreAway."""
        self._keep(DealCard, [_score_row(one, "deal_id", DEAL_ANSWERED, self._clock()) for one in scores])

    def keep_customers(self, scores: Sequence[Mapping[str, Any]]) -> None:
        """Put scores of customers, as answered, on their cards. Raises StoreAway."""
        self._keep(CustomerCard, [_score_row(one, "customer_id", CUSTOMER_ANSWERED, self._clock()) for one in scores])

    def _keep(self, kept: Kept, rows: Sequence[dict[str, Any]]) -> None:
        with self._store.writing(TURN) as session:
            write_some(session, kept, [row for row in rows if row["scored_as_of"] is not None])
            # Closed deals and customers no longer active: an old score must not stand there.
            if forgotten := [row for row in rows if row["scored_as_of"] is None]:
                write_columns(session, kept, forgotten)

    def _page(self, entity: Entity, wish: Wish) -> tuple[Page, CardsMade, bool]:
        with self._store.session() as session:
            made = session.get(CardsMade, ONLY)
            if made is None:
                raise ListNotMade(f"{entity}s")
            page = page_of(session, entity, wish)
            for card in (*page.cards, made):
                session.expunge(card)
        stale = made.scored_as_of is None or self._clock() - made.scored_as_of > self._stale_after
        return page, made, stale


def _follow(session: Session, made: CardsMade, until: int, now: datetime, people: People) -> Touched:
    asked = (
        select(AcceptedEvent)
        .where(AcceptedEvent.position > made.position, AcceptedEvent.position <= until)
        .order_by(AcceptedEvent.position)
        .limit(MOST_EVENTS)
    )
    events = session.scalars(asked).all()
    if not events:
        return Touched()
    made.position, made.made_at = events[-1].position, now
    return follow(session, [one for one in map(_happening, events) if one is not None], now, people)


def _happening(event: AcceptedEvent) -> Happening | None:
    try:
        row = read_again(event.table_name, event.row)
    except ValueError:  # of another release; set aside when it is folded
        return None
    return Happening(event.table_name, row, event.recorded_at, event.deleted)


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
