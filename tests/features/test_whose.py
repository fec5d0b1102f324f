"""Whose a deal or customer is follows the rows that are told, and is what a history with them says."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from features.catalog import select
from features.online import Memory
from features.open_deals import active_customers, customers_known

NOW = datetime(2024, 6, 1)


@pytest.fixture
def told(story):
    """Deals and orders of three customers and three sellers, in memory."""
    story.rep("r1", team_id="north").rep("r2", team_id="oslo").row("teams", team_id="oslo", parent_team_id="north")
    for customer in ("c1", "c2", "c3"):
        story.customer(customer, created="2024-01-01", segment="small")
    story.deal("open", customer="c1", rep="r1", created="2024-01-01").changes("rep_id", "r2", on="2024-02-01")
    story.deal("shut", customer="c1", rep="r3", created="2024-01-02").closes("won", on="2024-03-01")
    story.deal("last", customer="c1", rep="r1", created="2024-02-01").closes("lost", on="2024-03-01")
    story.deal("nobodys", customer="c2")
    story.order("c2", on="2024-01-01", rep="r1").order("c2", on="2024-02-01", rep="r2")
    story.import_now("2024-05-01")
    return Memory(story.history, select("deal_age_days"))


def tell(memory: Memory, table: str, at: datetime = NOW, **row: object) -> None:
    memory.absorb(table, row, at)


def test_the_seller_of_a_deal_is_who_was_named_last(told):
    assert [told.rep_of(deal) for deal in ("open", "shut", "nobodys", "unheard")] == ["r2", "r3", None, None]


def test_a_change_of_seller_is_followed(told):
    tell(told, "deal_changes", deal_id="open", field="rep_id", changed_at=NOW, new_value="r9")
    assert told.rep_of("open") == "r9"
    assert told.reps_of_customer("c1") == {"r9", "r1"}


def test_a_change_told_late_does_not_undo_a_later_one(told):
    early = datetime(2024, 1, 15)
    tell(told, "deal_changes", deal_id="open", field="rep_id", changed_at=early, new_value="r9")
    assert told.rep_of("open") == "r2"


def test_a_change_that_is_taken_back_leaves_who_was_before(told):
    at = datetime(2024, 1, 31, 16)  # 2024-02-01 in Shanghai
    tell(told, "deal_changes", deal_id="open", field="rep_id", changed_at=at, deleted_at=NOW)
    assert told.rep_of("open") == "r1"


def test_a_row_names_the_seller_only_where_it_says_otherwise_than_the_row_before(story):
    row = {"deal_id": "d", "status": "open", "rep_id": "r1"}
    story.deal("d", rep_id="r1", created="2024-01-01").changes("rep_id", "r2", on="2024-02-01")
    memory = Memory(story.history, select("deal_age_days"))
    assert memory.rep_of("d") == "r2"
    tell(memory, "deals", **{**row, "source": "fair"})
    assert memory.rep_of("d") == "r2"
    tell(memory, "deals", NOW + timedelta(days=1), **{**row, "rep_id": "r5"})
    assert memory.rep_of("d") == "r5"


def test_a_row_that_only_says_who_sells_now_counts_though_no_feature_may_look_at_it(story):
    story.deal("d", rep_id="r1", created="2024-01-01")
    memory = Memory(story.history, select("deal_age_days"))
    assert memory.rep_of("d") == "r1"


def test_a_customers_sellers_are_those_of_its_open_deals_latest_deal_and_latest_order(told):
    assert told.reps_of_customer("c1") == {"r2", "r1"}
    assert told.reps_of_customer("c2") == {"r2"}
    assert told.reps_of_customer("c3") == told.reps_of_customer("unheard") == frozenset()


def test_a_customers_sellers_follow_new_deals_closings_and_orders(told):
    created = NOW - timedelta(hours=1)
    tell(told, "deals", deal_id="new", status="open", created_at=created, customer_id="c3")
    tell(told, "deal_changes", deal_id="new", field="rep_id", changed_at=NOW, new_value="r7")
    assert told.reps_of_customer("c3") == {"r7"}
    tell(told, "deals", deal_id="open", status="lost", created_at=datetime(2023, 12, 31, 16), closed_at=NOW)
    assert told.reps_of_customer("c1") == {"r1"}
    order = {"order_id": "o", "customer_id": "c2", "ordered_at": NOW, "amount": Decimal(1), "rep_id": "r8"}
    tell(told, "orders", **order)
    assert told.reps_of_customer("c2") == {"r8"}
    tell(told, "orders", NOW + timedelta(days=1), **{**order, "deleted_at": NOW})
    assert told.reps_of_customer("c2") == {"r2"}


def test_a_deal_that_went_to_another_customer_counts_for_that_one(told):
    tell(told, "deals", deal_id="open", status="open", customer_id="c3", created_at=datetime(2023, 12, 31, 16))
    assert told.reps_of_customer("c1") == {"r1"}
    assert told.reps_of_customer("c3") == {"r2"}


def test_customers_who_were_merged_share_their_sellers(story):
    story.customer("gone", merged_into="stays").customer("stays").deal("d", customer="gone", rep="r1")
    memory = Memory(story.history, select("deal_age_days"))
    assert memory.reps_of_customer("stays") == memory.reps_of_customer("gone") == {"r1"}


def test_a_moved_seller_and_a_new_team_are_followed(told):
    assert told.staff().reps == {"r1": "north", "r2": "oslo"}
    tell(told, "reps", rep_id="r2", team_id="bergen")
    tell(told, "teams", team_id="bergen", parent_team_id="oslo")
    assert told.staff().reps == {"r1": "north", "r2": "bergen"}
    assert told.staff().below("north") == {"north", "oslo", "bergen"}


def test_a_customer_is_known_where_any_row_speaks_of_it(told):
    assert [told.has_customer(name) for name in ("c3", "c9")] == [True, False]
    tell(told, "orders", order_id="a", customer_id="c9", ordered_at=NOW, amount=Decimal(1))
    assert told.has_customer("c9")


def test_a_history_of_deals_alone_knows_nobody(story):
    story.deal("d")
    memory = Memory(story.history, select("deal_age_days"))
    assert (memory.rep_of("d"), memory.reps_of_customer("c"), memory.staff().reps) == (None, frozenset(), {})
    assert not memory.is_active("c", NOW)
    assert memory.customer_record("c") == {}


def test_who_is_active_is_who_the_history_says_is(story):
    story.customer("idle").order("buys", on="2024-01-01").order("returns", on="2024-01-01", quantity=-1)
    story.contract("runs", on="2023-01-01").contract("ended", on="2022-01-01", cancelled_on="2023-06-01")
    story.contract("ends", on="2022-01-01", ends_on="2024-07-01")
    memory = Memory(story.history, select("customer_contracts", entity="customer"))
    names = customers_known(story.history, datetime(2030, 1, 1))[0].tolist()
    for at in ("2023-12-31", "2024-01-02", "2024-06-30", "2024-07-02", "2024-12-30", "2025-01-02"):
        moment = datetime.fromisoformat(at)
        active = active_customers(story.history, moment).ids.tolist()
        assert [name for name in names if memory.is_active(name, moment)] == active, at
    tell(memory, "orders", order_id="n", customer_id="new", ordered_at=NOW, amount=Decimal(1))
    assert memory.is_active("new", NOW + timedelta(days=1))
    assert not memory.is_active("new", NOW)


def test_a_customers_record_is_as_last_told(told):
    tell(told, "customers", customer_id="c1", segment="large")
    record = told.customer_record("c1")
    assert (record["segment"], record["created_at"]) == ("large", datetime(2023, 12, 31, 16))
