from datetime import datetime

import numpy as np
import pytest

from features.as_of import DAY, parse_moment
from training.churn import looks
from training.churn.looks import first_known, learnable_horizons, look_at_customers, running, suggested_horizon


def moment(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def test_looks_go_back_from_the_end_and_see_only_the_active(story):
    story.order("early", on="2024-01-01").order("late", on="2024-05-01")
    found = look_at_customers(story.history, moment("2024-07-01"))
    seen = {(name, at) for name, at in zip(found.moments.ids.tolist(), found.moments.at.tolist(), strict=True)}

    assert found.every == 7
    assert max(at for _, at in seen) == int(np.datetime64(moment("2024-07-01"), "us").astype(np.int64))
    assert min(at for name, at in seen if name == "late") > int(np.datetime64(moment("2024-05-01"), "us").astype(int))
    assert not found.contract.any()


def test_who_has_a_contract_is_told_apart(story):
    story.contract("held", on="2024-01-01", cancelled_on="2024-06-01").order("buyer", on="2024-01-05")
    found = look_at_customers(story.history, moment("2024-05-01"))
    kinds = dict(zip(found.moments.ids.tolist(), found.contract.tolist(), strict=True))

    assert kinds == {"held": True, "buyer": False}
    assert running(story.history, found.moments).tolist() == found.contract.tolist()


def test_large_bases_are_looked_at_more_rarely_and_then_drawn(story, monkeypatch):
    for customer in range(20):
        story.order(f"c{customer:02d}", on="2024-01-01")
    monkeypatch.setattr(looks, "MOST_ROWS", 100)
    found = look_at_customers(story.history, moment("2024-10-01"))

    assert found.every > 7
    assert len(found.moments) <= 100
    again = look_at_customers(story.history, moment("2024-10-01"))
    assert again.moments.ids.tolist() == found.moments.ids.tolist()


def test_nobody_is_seen_before_the_first_order(story):
    story.order("c", on="2024-03-01")

    assert first_known(story.history, moment("2024-02-01")) is None
    assert look_at_customers(story.history, moment("2024-02-01")) is None


def test_horizons_need_three_times_their_length():
    assert learnable_horizons(20) == ()
    assert learnable_horizons(100) == (7, 14, 30)
    assert learnable_horizons(2000)[-1] == 365


def test_the_suggested_horizon_covers_nine_gaps_in_ten():
    gaps = np.array([10] * 95 + [200] * 5)
    happened = np.concatenate([[0], np.cumsum(gaps)]) * DAY

    assert suggested_horizon(happened, np.zeros(101, int)) == 14
    assert suggested_horizon(happened[::1], np.arange(101)) is None
    assert suggested_horizon(np.cumsum([0, *[80] * 20]) * DAY, np.zeros(21, int)) == 90


@pytest.mark.parametrize("days", [1e6])
def test_a_gap_of_ages_gets_the_longest(days):
    assert suggested_horizon(np.array([0, int(days * DAY)]), np.zeros(2, int)) == 365
