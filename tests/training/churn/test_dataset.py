from datetime import datetime, timedelta

import numpy as np
import pytest

from features.as_of import DAY, micros, parse_moment
from training.churn.asked import asked
from training.churn.dataset import churn_data, snapshot_day
from training.churn.events import Contract


def at(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def bought_all_year(story, customers: int = 5) -> None:
    for customer in range(customers):
        for day in range(0, 300, 15):
            story.order(f"c{customer}", on=str(np.datetime64("2024-01-01") + day + customer), amount=10 + customer)


def test_who_has_a_running_contract_is_learned_apart(story):
    bought_all_year(story)
    for customer in range(4):
        story.contract(f"h{customer}", on="2024-01-01", cancelled_on="2024-09-01" if customer else None)
    data = churn_data(story.history, at("2024-11-01"))
    bases = {base.kind: base for base in data.bases}

    assert set(bases["contract"].subject.tolist()) == {"h0", "h1", "h2", "h3"}
    assert set(bases["orders"].subject.tolist()) == {f"c{n}" for n in range(5)}
    assert data.suggested == 30


def test_what_was_known_at_a_cut_is_what_was_on_record_then(story):
    bought_all_year(story)
    base = churn_data(story.history, at("2024-11-01")).bases[0]
    cut = micros(at("2024-06-01"))
    past = base.known(cut)
    moments = past.as_of.astype(np.int64)

    assert (moments < cut).all()
    assert (past.closed_known[np.isfinite(past.outcome)] < cut).all()
    assert (moments[np.isnan(past.outcome)] > cut - 16 * DAY).all()
    assert len(base.known(base.until, since=cut)) + len(past) == len(base.known(base.until))


def test_a_horizon_asks_only_moments_watched_for_as_long(story):
    bought_all_year(story)
    base = churn_data(story.history, at("2024-11-01")).bases[0]
    known = base.known(base.until)
    month = asked(known, 30)

    assert (month.followed_for >= 30).all()
    assert len(month) < len(known)
    assert set(np.unique(month.outcome)) <= {0.0, 1.0}
    assert (month.outcome == (np.nan_to_num(month.decided_after, nan=1e9) <= 30)).all()


def test_a_text_with_too_many_values_is_a_name(story):
    for number in range(110):
        story.order(f"c{number}", on=str(np.datetime64("2024-01-01") + number % 30), product_id=f"p{number}")
    data = churn_data(story.history, at("2024-06-01"))

    assert "name" in data.left_out["customer_latest_product"]
    assert "customer_latest_product" not in data.bases[0].x


def test_a_missed_renewal_needs_patience_so_moments_are_watched_for_less(story):
    for customer in range(3):
        story.contract(f"h{customer}", on="2024-01-01", ends_on="2024-05-31")
    base = churn_data(story.history, at("2024-09-01")).bases[0]

    assert base.lag == 30
    assert base.known(base.until).followed_for.max() == pytest.approx((base.until - base.at.min()) / DAY - 30)


def test_mixed_futures_keep_their_distribution(buyers_data):
    base = buyers_data.bases[0]
    mixed = base.shuffled(1)
    before, after = base.known(base.until), mixed.known(base.until)

    assert sorted(mixed.waits[np.isfinite(mixed.waits)].tolist()) == sorted(
        before.decided_after[np.isfinite(before.decided_after)].tolist()
    )
    assert not np.array_equal(np.nan_to_num(before.decided_after), np.nan_to_num(after.decided_after))
    assert base.shuffled(1).waits.tolist() == mixed.waits.tolist()


def contract(number: int, start: int, left: int) -> Contract:
    return Contract(f"h{number}", start * DAY, 9**18, left * DAY, start * DAY, 9**18)


def test_leavings_all_on_one_day_are_a_snapshot():
    same = [contract(n, n, 1000) for n in range(30)]

    assert snapshot_day(same, 1001 * DAY) == datetime(1970, 1, 1) + timedelta(days=1000)
    assert snapshot_day(same[:5], 1001 * DAY) is None  # too few
    assert snapshot_day([*same, contract(40, 3, 900)], 1001 * DAY) is None  # spread over time
    assert snapshot_day([contract(n, 990, 1000) for n in range(30)], 1001 * DAY) is None  # begun just before


def test_a_snapshot_is_looked_at_once_just_before_its_day(story):
    for number in range(40):
        left = "2024-06-01" if number % 3 == 0 else None
        story.contract(
            f"h{number:02d}", on=f"2023-0{1 + number % 9}-01", cancelled_on=left, recurring_amount=10 + number
        )
    base = churn_data(story.history, at("2024-06-02")).bases[0]
    known = asked(base.known(base.until), 30)

    assert base.snapshot
    assert len(base) == 40
    assert known.outcome.sum() == 14
    assert base.horizons == (30.0,)
