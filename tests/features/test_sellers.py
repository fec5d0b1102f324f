from datetime import datetime

from features.catalog import select
from features.online import Memory
from features.open_deals import open_deals
from features.sellers import sellers_of_customers, sellers_of_deals

NOW = datetime(2026, 11, 21)


def test_all_at_once_are_whose_each_is_in_memory(story):
    story.customer("C1").customer("C2", merged_into="C1").customer("C3").customer("C4")
    story.deal("D1", customer_id="C1", rep="ann", created_at="2026-01-05")
    story.deal("D1").changes("rep_id", "bo", on="2026-02-01")
    story.deal("D2", customer_id="C2", rep="cy", created_at="2026-03-01")
    story.deal("D3", customer_id="C3", rep_id="ann", status="won", created_at="2024-01-01", closed_at="2024-02-01")
    story.deal("D4", customer_id="C3", created_at="2025-01-01", status="lost", closed_at="2025-02-01")
    story.deal("D5", rep_id="ann", created_at="2026-05-01")
    story.order("C1", on="2026-04-01", rep_id="di").order("C1", on="2026-05-01", rep_id="ed")
    story.order("C4", on="2026-04-01").order("C9", on="2026-04-01", rep_id="ann")
    memory = Memory(story.history, select("deal_age_days"), NOW)

    deals = sellers_of_deals(story.history)
    customers = sellers_of_customers(story.history, set(open_deals(story.history, NOW).ids.tolist()))

    assert {one: deals.get(one) for one in ("D1", "D2", "D3", "D4", "D5")} == {
        one: memory.rep_of(one) for one in ("D1", "D2", "D3", "D4", "D5")
    }
    names = ("C1", "C2", "C3", "C4", "C9")
    assert {one: customers.get(one, frozenset()) for one in names} == {
        one: memory.reps_of_customer(one) for one in names
    }
    assert customers["C1"] == {"bo", "cy", "ed"}


def test_a_history_without_deals_or_sellers_has_none(story):
    story.order("C1", on="2026-04-01")

    assert sellers_of_deals(story.history) == {}
    assert sellers_of_customers(story.history, set()) == {}
