import itertools
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

FIELDS = ("stage", "amount", "expected_close_on", "rep_id", "forecast_category")


@pytest.fixture(scope="module")
def changes(clean):
    """Changes of each deal and field, in order of time."""
    found = defaultdict(list)
    for row in sorted(clean["deal_changes"].to_pylist(), key=lambda row: row["changed_at"]):
        found[row["deal_id"], row["field"]].append(row)
    return found


def test_each_tracked_field_is_known_from_the_first_moment_and_never_jumps(clean, changes):
    for deal in clean["deals"].to_pylist():
        for field in FIELDS:
            history = changes[deal["deal_id"], field]
            assert history[0]["changed_at"] == deal["created_at"]
            assert history[0]["old_value"] is None
            for before, after in itertools.pairwise(history):
                assert before["new_value"] == after["old_value"] != after["new_value"]


def test_the_deal_shows_the_last_value_of_each_field(clean, changes):
    for deal in clean["deals"].to_pylist():
        for field in FIELDS:
            last = changes[deal["deal_id"], field][-1]["new_value"]
            same = Decimal(last) == deal[field] if field == "amount" else last == str(deal[field])
            assert same, (deal["deal_id"], field, last, deal[field])


def test_a_deal_ends_once_and_nothing_happens_to_it_afterwards(clean, changes):
    ends = {deal["deal_id"]: deal for deal in clean["deals"].to_pylist()}
    for (deal_id, field), history in changes.items():
        deal = ends[deal_id]
        if deal["closed_at"]:
            assert history[-1]["changed_at"] <= deal["closed_at"]
        if field == "status":
            assert [row["new_value"] for row in history] == [deal["status"]]
            assert history[0]["changed_at"] == deal["closed_at"]
    for deal in ends.values():
        assert (deal["status"] == "open") == (deal["closed_at"] is None)
        assert (deal["status"] == "lost") == (deal["lost_reason"] is not None)
        assert deal["closed_at"] is None or deal["closed_at"] > deal["created_at"]


def test_deals_stall_slip_step_back_shrink_and_revive(clean, changes):
    order = ["Prospecting", "Qualified", "Proposal", "Negotiation", "Won"]
    slips = back = shrunk = grown = revived = 0
    for (_, field), history in changes.items():
        for row in history[1:]:
            if field == "expected_close_on":
                slips += row["new_value"] > row["old_value"]
            elif field == "amount":
                smaller = Decimal(row["new_value"]) < Decimal(row["old_value"])
                shrunk, grown = shrunk + smaller, grown + (not smaller)
            elif field == "stage" and row["new_value"] in order:
                back += order.index(row["new_value"]) < order.index(row["old_value"])
        if field == "stage" and history[-1]["new_value"] == "Won":
            pauses = [b["changed_at"] - a["changed_at"] for a, b in itertools.pairwise(history)]
            revived += max(pauses) > timedelta(days=90)

    assert slips > 3000
    assert back > 100
    assert shrunk > grown > 100
    assert revived > 20


def test_times_are_written_in_utc_of_working_hours(clean):
    for row in clean["deal_changes"].slice(0, 3000).to_pylist():
        local = row["changed_at"] + timedelta(hours=8)
        assert 8 <= local.hour < 20, row
