from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from features.as_of import micros
from training.candidate import CannotTeach
from training.churn.dataset import NobodyToWatch, TooYoung, churn_data
from training.churn.recipe import train_churn, trained_on


def test_buyers_are_told_apart_better_than_by_the_base_rate(buyers_candidate):
    one = buyers_candidate.main

    assert one.base.kind == "orders"
    assert one.scores.integrated["blend"].log_loss < one.scores.integrated["base_rate"].log_loss
    assert {"bg_nbd", "pareto_nbd", "recency_rule", "health_score", "rfm_logistic", "seasonal_rate"} <= set(
        one.trial.names
    )
    assert one.choice.name != "base_rate"
    assert "customers without a contract" in buyers_candidate.choice.says
    assert "无合同客户" in buyers_candidate.choice.says_zh
    assert buyers_candidate.calibration().passed


def test_the_suggested_horizon_is_said(buyers_candidate):
    assert buyers_candidate.data.suggested in (90, 120, 180)
    assert f"within {buyers_candidate.data.suggested:g} days" in buyers_candidate.choice.says


def test_holders_are_told_apart_too(holders_candidate):
    one = holders_candidate.main

    assert one.base.kind == "contract"
    assert not one.base.snapshot
    assert one.scores.integrated["blend"].log_loss < one.scores.integrated["base_rate"].log_loss
    assert holders_candidate.data.suggested is None


def test_mixed_futures_leave_the_base_rate(buyers_data):
    candidate = trained_on(buyers_data.shuffled(3), 1)
    card = candidate.main.scores.cards["blend"][candidate.main.scores.horizons[-1]]

    assert candidate.choice.name == "base_rate"
    assert candidate.choice.rung == "pooled rate"
    assert card.auc == pytest.approx(0.5, abs=0.06)
    assert candidate.calibration().passed


def test_metrics_have_the_served_estimate_without_a_prefix(buyers_candidate):
    metrics = buyers_candidate.metrics()
    served = buyers_candidate.main.choice.name

    assert metrics["log_loss"] == buyers_candidate.main.scores.integrated[served].log_loss
    assert f"{served}.log_loss" not in metrics
    assert {"base_rate.log_loss", "log_loss_30d", "auc_90d", "empc", "base_rate.empc"} <= metrics.keys()
    assert all(isinstance(value, float) for value in metrics.values())


def test_artifacts_are_whole(buyers_candidate, tmp_path):
    buyers_candidate.write_artifacts(tmp_path)

    names = {path.name for path in tmp_path.iterdir()}
    assert {"bundle", "scorecard.json", "features.json", "report.html", "reliability-orders.png"} <= names
    assert "没有" not in (tmp_path / "report.html").read_text("utf-8")


def test_the_terminal_sees_every_estimate_and_the_money(buyers_candidate):
    text = "\n".join(buyers_candidate.lines())

    assert all(name in text for name in ("bg_nbd", "recency_rule", "EMPC", "fold 2"))


def test_what_comes_later_changes_no_letter_of_the_model(told, buyers, until, tmp_path):
    early = until - timedelta(days=200)
    before = trained_on(churn_data(buyers, early), 1).bundle.to_json()
    with buyers.connect() as con:
        customers = [
            row[0]
            for row in con.execute(f"SELECT DISTINCT customer_id FROM ({buyers.sql_latest('orders')})").fetchall()
        ]
        rows = con.execute(
            "SELECT order_id, customer_id, ordered_at, amount, quantity FROM "
            f"({buyers.sql_latest('orders')}) WHERE ordered_at < TIMESTAMP '{early}' ORDER BY ordered_at"
        ).fetchall()
    names = ("order_id", "customer_id", "ordered_at", "amount", "quantity")
    kept = [dict(zip(names, row, strict=True)) for row in rows]
    later = [
        {
            "order_id": f"x{n}",
            "customer_id": one,
            "ordered_at": early + timedelta(days=1 + n % 9),
            "amount": Decimal(9999),
        }
        for n, one in enumerate(customers)
    ]
    other = told(tmp_path / "home", tmp_path / "files", until, orders=[*kept, *later])

    assert trained_on(churn_data(other, early), 1).bundle.to_json() == before


def test_a_candidate_beside_itself_makes_no_difference(buyers_candidate):
    found = buyers_candidate.beside(buyers_candidate.bundle)

    assert found is None  # nothing has become known since it learned


def test_a_candidate_is_compared_with_an_older_champion(buyers_candidate, buyers, until):
    older = train_churn(buyers, until - timedelta(days=220), 1)
    found = buyers_candidate.beside(older.bundle)

    assert older.bundle.until < buyers_candidate.bundle.until
    assert found is not None
    assert found.deals > 20
    assert abs(found.difference) < 0.2


def test_without_orders_and_contracts_there_is_nothing_to_learn(story, until):
    story.deal("d1")
    with pytest.raises(NobodyToWatch, match="neither orders nor subscriptions") as told:
        train_churn(story.history, until)
    assert isinstance(told.value, CannotTeach)


def test_before_the_first_order_there_is_nobody(story):
    story.order("c1", on="2024-03-01")
    from features.as_of import parse_moment

    with pytest.raises(NobodyToWatch, match="nobody had an order"):
        train_churn(story.history, parse_moment("2024-02-01", "Asia/Shanghai"))


def test_a_few_days_are_too_short(story):
    from features.as_of import parse_moment

    for day in range(1, 29):
        story.order(f"c{day % 5}", on=f"2024-01-{day:02d}")
    with pytest.raises(TooYoung, match="spans 29 days; churn can be learned from 49 days on"):
        train_churn(story.history, parse_moment("2024-01-30", "Asia/Shanghai"))


@pytest.mark.parametrize(("until", "said"), [("2024-01-02", "spans 1 day;"), ("2024-01-05", "spans 4 days;")])
def test_a_single_order_spans_no_more_than_the_days_since(story, until, said):
    from features.as_of import parse_moment

    story.order("c", on="2024-01-01")
    with pytest.raises(TooYoung, match=said):
        train_churn(story.history, parse_moment(until, "Asia/Shanghai"))


def test_a_handful_of_customers_gets_the_base_rate(story):
    from features.as_of import parse_moment

    for day in range(0, 300, 10):
        for customer in range(3):
            story.order(f"c{customer}", on=str(np.datetime64("2024-01-01") + day + customer))
    candidate = train_churn(story.history, parse_moment("2024-11-01", "Asia/Shanghai"))

    assert candidate.bundle.rung == "pooled rate"
    assert candidate.choice.says.startswith("Only 3 customers without a contract were ever active")
    assert candidate.bundle.until == parse_moment("2024-11-01", "Asia/Shanghai")
    assert micros(candidate.bundle.until) == candidate.main.base.until
