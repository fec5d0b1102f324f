from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select as select_rows

from features.catalog import select
from features.online import Memory
from serving.cards.following import Happening, follow
from serving.cards.keeping import make_cards
from serving.store.score_tables import CustomerCard, CustomerOwner, DealCard

NOW = datetime(2026, 11, 21, 1, 30)


@pytest.fixture
def told(company, store):
    """Tells events to the cards, and first to the history in memory, as the service does."""
    memory = Memory(company, select("deal_amount"), NOW)
    make_cards(store, company, NOW, 0)

    def tell(*events: Happening):
        for one in events:
            gone = {"deleted_at": one.recorded_at} if one.deleted else {}
            memory.absorb(one.table, {**one.row, **gone}, one.recorded_at)
        with store.session() as session:
            return follow(session, events, NOW, memory)

    return tell


def deal(store, deal_id: str) -> DealCard | None:
    with store.session() as session:
        found = session.get(DealCard, deal_id)
        if found is not None:
            session.expunge(found)
        return found


def change(deal_id: str, field: str, value: str | None, at: datetime) -> Happening:
    row = {"deal_id": deal_id, "field": field, "new_value": value, "changed_at": at}
    return Happening("deal_changes", row, NOW)


def test_a_new_deal_has_a_card_at_once(told, store):
    row = {"deal_id": "D7", "status": "open", "created_at": NOW, "amount": Decimal("12.5"), "attr_region": "north"}

    touched = told(Happening("deals", row, NOW))

    card = deal(store, "D7")
    assert (card.status, card.amount, card.created_at) == ("open", 12.5, NOW)
    assert card.record["attributes"] == {"region": "north"}
    assert touched.deals == {"D7"}


def test_changes_stand_and_older_ones_that_come_late_do_not(told, store):

    told(change("D1", "stage", "Contract", datetime(2026, 11, 1)))
    told(change("D1", "stage", "Lead", datetime(2026, 10, 1)), change("D1", "amount", "90", datetime(2020, 1, 1)))

    card = deal(store, "D1")
    assert card.stage == card.record["stage"] == "Contract"
    assert card.amount == 2500.0


def test_a_change_of_status_closes_a_deal_and_reopens_it(told, store):
    at = datetime(2026, 11, 2)

    told(change("D1", "status", "won", at))
    closed = deal(store, "D1")
    told(change("D1", "status", "open", at + timedelta(days=1)))

    assert (closed.status, closed.closed_at) == ("won", at)
    assert (deal(store, "D1").status, deal(store, "D1").closed_at) == ("open", None)


def test_a_deleted_deal_has_no_card(told, store):

    told(Happening("deals", {"deal_id": "D1"}, NOW, deleted=True))

    assert deal(store, "D1") is None


def test_a_change_of_a_deal_that_nobody_knows_makes_no_card(told, store):

    told(change("D99", "stage", "Lead", NOW))

    assert deal(store, "D99") is None


def test_an_order_makes_a_customer_active_and_its_seller_an_owner(told, store):
    row = {
        "order_id": "n1",
        "customer_id": "C2",
        "ordered_at": NOW - timedelta(hours=1),
        "amount": Decimal(5),
        "rep_id": "ann",
    }

    touched = told(Happening("orders", row, NOW - timedelta(minutes=1)))

    with store.session() as session:
        assert session.get(CustomerCard, "C2").active
    assert owners(store, "C2") == {"ann", "bo"}
    assert touched.customers == {"C2"}


def test_a_deal_that_changes_hands_takes_its_customer_along(told, store):
    touched = told(change("D1", "rep_id", "cy", datetime(2026, 11, 20)))

    assert touched.customers == {"C1"}
    assert deal(store, "D1").rep_id == deal(store, "D1").record["rep_id"] == "cy"
    assert owners(store, "C1") == {"ann", "bo", "cy"}  # the latest order is still ann's

    order = {"order_id": "n2", "customer_id": "C1", "ordered_at": datetime(2026, 11, 20), "rep_id": "bo"}
    told(Happening("orders", {**order, "amount": Decimal(5)}, datetime(2026, 11, 20)))

    assert owners(store, "C1") == {"bo", "cy"}


def test_a_deal_that_changes_its_customer_touches_both(told, store):
    row = {"deal_id": "D1", "status": "open", "created_at": datetime(2026, 1, 4, 16), "customer_id": "C2"}

    touched = told(Happening("deals", row, datetime(2026, 11, 20)))

    assert touched.customers == {"C1", "C2"}
    assert "ann" in owners(store, "C2")


def test_a_contract_that_ended_makes_nobody_active(told, store):
    row = {"subscription_id": "S1", "customer_id": "C2", "started_on": date(2024, 1, 1), "ends_on": date(2025, 1, 1)}

    told(Happening("subscriptions", row, datetime(2026, 11, 20)))

    with store.session() as session:
        assert not session.get(CustomerCard, "C2").active


def owners(store, customer: str) -> set[str]:
    with store.session() as session:
        asked = select_rows(CustomerOwner.rep_id).where(CustomerOwner.customer_id == customer)
        return set(session.scalars(asked))


def test_what_was_followed_is_what_is_read_from_a_history_that_has_it(told, story, store):
    at = datetime(2026, 11, 3)
    new = {"deal_id": "D8", "customer_id": "C1", "status": "open", "created_at": at, "source": "fair"}
    told(
        Happening("deals", new, at),
        change("D1", "stage", "Contract", at),
        change("D1", "expected_close_on", "2026-12-24", at),
        Happening("customers", {"customer_id": "C1", "segment": "large"}, at),
    )
    followed = _all(store)

    story.row("deals", deal_id="D8", customer_id="C1", status="open", created_at="2026-11-03T08:00", source="fair")
    story.deal("D1").changes("stage", "Contract", on=at.isoformat() + "+00:00")
    story.deal("D1").changes("expected_close_on", "2026-12-24", on=at.isoformat() + "+00:00")
    story.customer("C1", segment="large", recorded=at.isoformat() + "+00:00")
    make_cards(store, story.history, NOW, 0)

    assert _all(store) == followed


def _all(store) -> list[tuple[object, ...]]:
    with store.session() as session:
        deals = session.scalars(select_rows(DealCard).order_by(DealCard.deal_id)).all()
        customers = session.scalars(select_rows(CustomerCard).order_by(CustomerCard.customer_id)).all()
        shown: list[tuple[object, ...]] = [
            (one.deal_id, one.status, one.stage, one.amount, one.rep_id, one.expected_close_on, one.record)
            for one in deals
        ]
        return shown + [(one.customer_id, one.segment, one.active, one.record) for one in customers]
