from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import NamedTuple

import pytest
from sqlalchemy import select as select_rows
from sqlalchemy import update

from features.catalog import select
from features.online import Memory
from serving.cards.following import Happening, follow
from serving.cards.keeping import make_cards
from serving.cards.reading import customer_cards, deal_cards, standing
from serving.store.score_tables import CustomerCard, CustomerOwner, DealCard

NOW = datetime(2026, 11, 21, 1, 30)
JUST_AFTER = NOW + timedelta(seconds=1)


class Row(NamedTuple):
    """A row as it is told."""

    table: str
    row: dict[str, object]
    recorded_at: datetime
    deleted: bool = False

    @property
    def happening(self) -> Happening:
        return Happening(self.table, self.row)


@pytest.fixture
def told(company, store):
    """Tells events to the cards, and first to the history in memory, as the service does."""
    memory, positions = Memory(company, select("deal_amount"), NOW), count(1)
    make_cards(store, company, NOW)

    def tell(*events: Row):
        for one in events:
            gone = {"deleted_at": one.recorded_at} if one.deleted else {}
            memory.absorb(one.table, {**one.row, **gone}, one.recorded_at)
        with store.session() as session:
            return follow(session, [one.happening for one in events], next(positions), JUST_AFTER, memory)

    return tell


def deal(store, deal_id: str) -> DealCard | None:
    with store.session() as session:
        found = session.get(DealCard, deal_id)
        if found is not None:
            session.expunge(found)
        return found


def change(deal_id: str, field: str, value: str | None, at: datetime) -> Row:
    row = {"deal_id": deal_id, "field": field, "new_value": value, "changed_at": at}
    return Row("deal_changes", row, NOW)


def test_a_new_deal_has_a_card_at_once(told, store):
    row = {"deal_id": "D7", "status": "open", "created_at": NOW, "amount": Decimal("12.5"), "attr_region": "north"}

    touched = told(Row("deals", row, NOW))

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

    assert (closed.status, closed.closed_at) == ("won", NOW)  # since then it is on record
    assert (deal(store, "D1").status, deal(store, "D1").closed_at) == ("open", None)


def test_a_deleted_deal_has_no_card(told, store):

    told(Row("deals", {"deal_id": "D1"}, NOW, deleted=True))

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

    touched = told(Row("orders", row, NOW - timedelta(minutes=1)))

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
    told(Row("orders", {**order, "amount": Decimal(5)}, datetime(2026, 11, 20)))

    assert owners(store, "C1") == {"bo", "cy"}


def test_a_deal_that_changes_its_customer_touches_both(told, store):
    row = {"deal_id": "D1", "status": "open", "created_at": datetime(2026, 1, 4, 16), "customer_id": "C2"}

    touched = told(Row("deals", row, datetime(2026, 11, 20)))

    assert touched.customers == {"C1", "C2"}
    assert "ann" in owners(store, "C2")


def test_a_contract_that_ended_makes_nobody_active(told, store):
    row = {"subscription_id": "S1", "customer_id": "C2", "started_on": date(2024, 1, 1), "ends_on": date(2025, 1, 1)}

    told(Row("subscriptions", row, datetime(2026, 11, 20)))

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
        Row("deals", new, at),
        change("D1", "stage", "Contract", at),
        change("D1", "expected_close_on", "2026-12-24", at),
        Row("customers", {"customer_id": "C1", "segment": "large"}, at),
    )

    story.row("deals", deal_id="D8", customer_id="C1", status="open", created_at="2026-11-03T08:00", source="fair")
    story.deal("D1").changes("stage", "Contract", on=at.isoformat() + "+00:00")
    story.deal("D1").changes("expected_close_on", "2026-12-24", on=at.isoformat() + "+00:00")
    story.customer("C1", segment="large", recorded=at.isoformat() + "+00:00")

    assert shown(store) == read(story.history)


@pytest.mark.parametrize("late", [timedelta(hours=-5), timedelta(hours=5)])
def test_a_row_that_comes_late_wins_where_it_is_the_newer_and_only_there(told, story, store, late):
    """Told in another order than recorded: the cards are those of a history that was told in order."""
    at, other = datetime(2026, 11, 10), datetime(2026, 11, 10) + late
    row = {"deal_id": "D2", "status": "open", "created_at": datetime(2026, 1, 31, 16)}
    rows = [
        ("deals", {**row, "customer_id": "C1", "rep_id": "ann", "source": "fair"}, at),
        ("customers", {"customer_id": "C1", "segment": "large", "tier": "A"}, at),
        ("deals", {**row, "customer_id": "C2", "rep_id": "cy", "source": "web", "status": "lost"}, other),
        ("customers", {"customer_id": "C1", "segment": "tiny", "tier": "B"}, other),
    ]
    rows[2][1]["closed_at"] = other

    for one in rows:
        told(Row(*one))

    for table, values, recorded in sorted(rows, key=lambda one: one[2]):
        said = {c: v.isoformat() + "+00:00" if isinstance(v, datetime) else v for c, v in values.items()}
        story.row(table, **said, recorded=recorded.isoformat() + "+00:00")
    expected = read(story.history)
    assert shown(store) == expected
    assert expected["D2"][0]["source"] == ("web" if late > timedelta(0) else "fair")
    assert deal(store, "D2").status == ("lost" if late > timedelta(0) else "open")


def test_a_change_recorded_late_that_happened_last_stands(told, store):
    told(Row("deals", {"deal_id": "D1", "status": "open", "created_at": datetime(2026, 1, 4, 16)}, NOW))
    told(change("D1", "stage", "Contract", datetime(2026, 11, 2)))
    row = {"deal_id": "D1", "field": "stage", "new_value": "Signed", "changed_at": datetime(2026, 11, 3)}

    told(Row("deal_changes", row, datetime(2026, 11, 4)))

    assert deal(store, "D1").stage == "Signed"


def test_what_knows_fewer_events_leaves_a_card_alone(told, company, store):
    told(change("D1", "stage", "Contract", datetime(2026, 11, 1)), Row("deals", {"deal_id": "D2"}, NOW, deleted=True))

    make_cards(store, company, NOW)  # of a history that has neither

    assert deal(store, "D1").stage == "Contract"
    assert deal(store, "D2") is None


def test_those_whom_events_are_about_wait_to_be_scored_and_the_closed_have_no_score(told, store):
    with store.session() as session:
        session.execute(update(DealCard).values(probability=0.5, scored_as_of=NOW, unscored=None))

    told(change("D1", "stage", "Contract", datetime(2026, 11, 1)), change("D2", "status", "won", NOW))

    assert (deal(store, "D1").probability, deal(store, "D1").unscored) == (0.5, 1)
    assert (deal(store, "D2").probability, deal(store, "D2").scored_as_of, deal(store, "D2").unscored) == (None,) * 3


def shown(store) -> dict[str, tuple[object, ...]]:
    """Every card: its record, what lists filter and sort by, whose it is."""
    with store.session() as session:
        found = {one.deal_id: (one.record, *(getattr(one, c) for c in DEAL)) for one in session.scalars(deals())}
        for one in session.scalars(select_rows(CustomerCard)).all():
            whose = select_rows(CustomerOwner.rep_id).where(CustomerOwner.customer_id == one.customer_id)
            found[one.customer_id] = (one.record, one.segment, one.active, set(session.scalars(whose)))
    return found


def deals():
    return select_rows(DealCard)


DEAL = (
    "status",
    "pipeline",
    "stage",
    "rep_id",
    "customer_id",
    "created_at",
    "closed_at",
    "expected_close_on",
    "amount",
)


def read(history) -> dict[str, tuple[object, ...]]:
    """The same by the history."""
    found = standing(history, JUST_AFTER)
    cards = {
        card.subject_id: (dict(card.record), *(card.columns[c] for c in DEAL))
        for card in deal_cards(history, JUST_AFTER, found)
    }
    for card in customer_cards(history, JUST_AFTER, found):
        cards[card.subject_id] = (card.record, card.columns["segment"], card.columns["active"], set(card.owners))
    return cards
