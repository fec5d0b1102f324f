"""What contradicts itself in a history is told, with its consequence for learning."""

from pathlib import Path

import numpy as np
import pytest

from features.audit import suspects
from tests.features.audited import DAY, LATER, START, Company, Draw, Rows, against, only


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_deleted_deals_are_not_audited(company: Company) -> None:
    deals = Draw(400)
    company.add(deals=deals.rows())
    gone: Rows = {"deal_id": deals.rows()["deal_id"], "deleted_at": [int(deals.closed.max()) + DAY] * 400}
    history = company.add(deals=gone)

    assert only(history, "no-deals").severity == "info"


def test_deals_created_in_one_minute_carry_the_date_of_an_import(company: Company) -> None:
    deals = Draw(200)
    deals.created[:] = START + np.arange(200) * 10_000
    history = company.add(deals=deals.rows())

    assert against(history) == {"created_at": {"created-in-bulk"}}
    assert "deal_age_days" in suspects(history, LATER)


def test_times_that_contradict_each_other_are_told(company: Company) -> None:
    deals = Draw(200)
    rows = deals.rows()
    ids = rows["deal_id"]
    before = (deals.created - DAY).tolist()
    history = company.add(
        deals=rows,
        activities={
            "activity_id": [f"a{i}" for i in range(200)],
            "deal_id": ids,
            "type": ["call"] * 200,
            "happened_at": before,
            "recorded_at": (deals.created - 2 * DAY).tolist(),
        },
    )

    assert only(history, "before-creation").severity == "warning"
    assert only(history, "recorded-before-it-happened").table == "activities"


def test_orders_long_before_the_close_would_tell_who_wins(company: Company) -> None:
    deals = Draw(400)
    deals.days += 10
    deals.closed = (deals.created + deals.days * DAY).astype(np.int64)
    rows = deals.rows(customer_id=[f"c{i % 40}" for i in range(400)])
    chosen = np.flatnonzero(deals.won & ~deals.open)
    history = company.add(
        deals=rows,
        orders={
            "order_id": [f"o{i}" for i in chosen],
            "deal_id": [rows["deal_id"][i] for i in chosen],
            "customer_id": [rows["customer_id"][i] for i in chosen],
            "ordered_at": [int(deals.closed[i]) - 3 * DAY for i in chosen],
            "amount": [100.0] * len(chosen),
        },
    )

    assert only(history, "order-before-close").severity == "error"
    assert "customer_orders_365d" in suspects(history, LATER)


@pytest.mark.parametrize(("won", "code"), [(True, "nothing-lost"), (False, "nothing-won")])
def test_a_history_of_one_outcome_says_so(company: Company, won: bool, code: str) -> None:
    deals = Draw(60)
    deals.won[:] = won

    assert only(company.add(deals=deals.rows()), code).severity == "warning"


def test_gaps_between_tables_are_told_with_an_example(company: Company) -> None:
    deals = Draw(60)
    history = company.add(
        deals=deals.rows(customer_id=["c1", "c2"] * 30, currency=["EUR", "USD"] * 30, stage=["Won", "Lots"] * 30),
        customers={"customer_id": ["c1"], "industry": ["steel"]},
        stages={"pipeline": ["p"], "stage": ["Won"], "position": [1], "status": ["won"]},
    )

    assert "'c2'" in only(history, "loose-reference").evidence
    assert "USD" in only(history, "currency-without-rate").evidence
    assert "Lots" in only(history, "unknown-stage").evidence
