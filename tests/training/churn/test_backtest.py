import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from training.churn.backtest import TooShortToJudge, backtested, coverage_of
from training.churn.candidate import Judged
from training.churn.choice import choose_churn
from training.churn.dataset import churn_data
from training.churn.trial import judged_horizons, outcomes_of, run_churn_trial


@pytest.fixture(scope="module")
def found(buyers_candidate, until):
    """What a backtest finds, from folds that were judged already."""
    from training.churn.backtest import ChurnBacktest

    judged = buyers_candidate.judged
    coverage = {kind: told for kind, one in judged.items() if (told := coverage_of(one)) is not None}
    return ChurnBacktest(until, buyers_candidate.data, judged, coverage)


def test_an_interval_is_learned_from_what_was_over_by_the_last_cut(buyers_candidate):
    """Outcomes of the first fold that were not over when the last began are rewritten: nothing may change."""
    one = buyers_candidate.main
    first, last = one.trial.folds
    over = first.rows.at[:, None] + np.array(one.trial.horizons)[None, :] * 86_400_000_000 <= last.cut
    assert over.any()
    assert not over.all()
    other = replace(first, outcome=np.where(over, first.outcome, 1 - first.outcome))

    assert coverage_of(replace(one, trial=replace(one.trial, folds=(other, last)))) == coverage_of(one)


def test_folds_follow_each_other_and_end_where_the_longest_horizon_is_over(buyers_candidate):
    one = buyers_candidate.main
    folds = one.trial.folds

    assert len(folds) == 2
    assert folds[0].end <= folds[1].cut
    for fold in folds:
        assert fold.rows.at.min() >= fold.cut
        assert fold.rows.at.max() + max(one.trial.horizons) * 86_400_000_000 <= one.base.until
        assert np.isfinite(fold.outcome).all()


def test_outcomes_are_the_chance_of_silence(buyers_data):
    base = buyers_data.bases[0]
    found = outcomes_of(base, (30.0, 90.0))
    known = np.isfinite(found[:, 1])

    assert (found[known, 0] >= found[known, 1]).all()
    assert np.isnan(found[base.at > base.until - 30 * 86_400_000_000]).all()


def test_the_tables_hold_every_rival_and_what_is_served(found):
    text = "\n".join(found.lines())

    assert all(name in text for name in ("bg_nbd", "pareto_nbd", "rfm_logistic", "health_score", "recency_rule"))
    assert "EMPC" in text
    assert "a horizon to ask for" in text


def test_the_json_tells_the_same(found):
    told = json.loads(found.to_json())

    assert told["kind"] == "orders"
    assert told["served"] == found.main.choice.name
    assert told["scorecards"]["bg_nbd"]["log_loss_90d"] > 0
    assert told["scorecards"]["blend"]["empc"] >= 0
    assert set(told["kinds"]) == {"orders"}
    assert len(told["folds"]) == 2
    assert told["campaign"]["value"] == 200
    assert told["interval_coverage"]["orders"]["groups"] > 0


def test_a_manager_can_read_it_in_both_languages(found):
    english, chinese = found.to_html("en"), found.to_html("zh")

    assert "How well is it known who stays?" in english
    assert "EMPC" in english
    assert "客户流失预测有多准" in chinese
    assert "无合同客户" in chinese


def test_what_was_looked_at_once_cannot_be_judged(buyers_data):
    base = buyers_data.bases[0]
    with pytest.raises(TooShortToJudge, match="too short to judge churn"):
        backtested(replace(buyers_data, bases=(base.rows(base.at == base.at.min()),)), 3)


def test_what_is_too_few_or_unjudged_gets_the_base_rate(buyers_data):
    base = buyers_data.bases[0]
    trial = run_churn_trial(base.rows(base.at < base.at.min() + 1), 2)

    assert trial.folds == ()
    choice = choose_churn(base, trial, None)
    assert choice.name == "base_rate"
    assert "too short to judge" in choice.says
    few = choose_churn(base.rows(base.subject == base.subject[0]), trial, None)
    assert few.says.startswith("Only 1 customers without a contract")
    assert Judged(base, trial, None, choice).profits() == {}


def test_the_judged_horizons_are_those_that_can_be_learned(buyers_data):
    base = buyers_data.bases[0]

    assert judged_horizons(base) == (30.0, 60.0, 90.0)
    assert judged_horizons(base.rows(base.at > base.until - 60 * 86_400_000_000)) == (7.0, 14.0)


def test_a_snapshot_is_judged_on_customers_not_seen(told, tmp_path):
    random = np.random.default_rng(5)
    rows = []
    for number in range(240):
        dear = number % 2 == 0
        left = random.random() < (0.6 if dear else 0.15)
        begun = date(2024, 6, 1) - timedelta(days=int(random.integers(100, 900)))
        amount = Decimal("90.0000") if dear else Decimal("20.0000")
        rows.append(
            {
                "subscription_id": f"s{number}",
                "customer_id": f"h{number:03d}",
                "started_on": begun,
                "cancelled_on": date(2024, 6, 1) if left else None,
                "recurring_amount": amount,
            }
        )
    history = told(tmp_path / "home", tmp_path / "files", datetime(2024, 6, 2), subscriptions=rows)
    found = backtested(churn_data(history, datetime(2024, 6, 2)), 3)
    one = found.main
    seen = [set(fold.rows.subject.tolist()) for fold in one.trial.folds]

    assert len(seen) == 5
    assert sum(map(len, seen)) == len(set.union(*seen)) == 240
    assert one.scores.integrated["blend"].log_loss < one.scores.integrated["base_rate"].log_loss - 0.05
    assert "learned from the other customers" in "\n".join(found.lines())
    assert json.loads(found.to_json())["folds"][0]["learned_until"] is None
    assert found.to_html("zh")
