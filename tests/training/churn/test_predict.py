import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from features.open_deals import active_customers
from features.table import NotInHistory, feature_values
from training.churn.bundle import HorizonTooLong
from training.churn.predict import predict_churn
from training.options import Language
from training.predict import ModelKnowsTheFuture
from training.predict_commands import _churn, stale_note

ROOT = Path(__file__).resolve().parents[3]


def test_one_row_for_each_active_customer(buyers_candidate, buyers, until):
    table = predict_churn(buyers, buyers_candidate.bundle, until, [30.0, 60.0, 90.0]).table
    rows = table.to_pylist()

    assert table.column_names == [
        "customer_id", "as_of", "churn_probability", "low", "high", "p_churn_by_30d", "p_churn_by_60d",
        "p_churn_by_90d", "expected_orders", "value_at_risk", "reasons", "model_version",
    ]  # fmt: skip
    assert table["customer_id"].to_pylist() == active_customers(buyers, until).ids.tolist()
    for row in rows:
        assert row["churn_probability"] == row["p_churn_by_30d"] >= row["p_churn_by_90d"]
        reasons = json.loads(row["reasons"])
        assert {"feature", "value", "effect", "text"} == reasons[0].keys()


def test_the_first_horizon_asked_for_is_the_probability(buyers_candidate, buyers, until):
    table = predict_churn(buyers, buyers_candidate.bundle, until, [90.0, 30.0]).table

    assert table["churn_probability"].to_pylist() == table["p_churn_by_90d"].to_pylist()


def test_a_moment_before_the_model_was_trained_is_refused(buyers_candidate, buyers, until):
    with pytest.raises(ModelKnowsTheFuture, match="churn"):
        predict_churn(buyers, buyers_candidate.bundle, until - timedelta(days=1), [30.0])


def test_contracts_are_predicted(holders_candidate, holders, until):
    table = predict_churn(holders, holders_candidate.bundle, until, [30.0, 60.0], "zh").table

    assert table.num_rows == len(active_customers(holders, until))
    assert all(
        a <= b for a, b in zip(table["p_churn_by_30d"].to_pylist(), table["p_churn_by_60d"].to_pylist(), strict=True)
    )


@pytest.mark.parametrize("kind", ["buyers", "holders"])
def test_all_at_once_or_one_by_one_the_numbers_are_the_same(kind, request, until):
    history, candidate = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_candidate")
    bundle, moments = candidate.bundle, active_customers(history, until)
    values = feature_values(bundle.features, moments, history)
    alone = bundle.score(values, [30.0, 90.0], most_reasons=0, as_of=until)
    table = predict_churn(history, bundle, until, [30.0, 90.0]).table

    assert table["p_churn_by_90d"].to_pylist() == pytest.approx([one.by_days[90.0] for one in alone], abs=1e-9)
    assert table["value_at_risk"].to_pylist() == pytest.approx([one.value_at_risk for one in alone], rel=1e-6)
    assert table["low"].to_pylist() == pytest.approx([one.low for one in alone], abs=1e-9)


def test_scoring_needs_neither_pandas_nor_mlflow():
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\nimport training.churn.bundle\n"
        "print([name for name in ('pandas', 'mlflow', 'sklearn', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_days_beyond_what_could_be_learned_are_said_to_be_extrapolated(
    buyers_candidate, buyers, until, tmp_path, capsys
):
    bundle = buyers_candidate.bundle
    longest = bundle.served["orders"].longest

    _churn(buyers, bundle, until, [30.0, longest], Language.EN, tmp_path / "out.csv")
    assert capsys.readouterr().err == ""
    _churn(buyers, bundle, until, [30.0, longest + 1], Language.EN, tmp_path / "out.csv")
    assert f"horizons beyond {longest:.0f} days are extrapolated" in capsys.readouterr().err


@pytest.mark.parametrize("days", [3651.0, 1e9, 1e300])
def test_days_that_nothing_could_tell_of_are_refused(buyers_candidate, buyers, until, days):
    with pytest.raises(HorizonTooLong, match="3,650 days at most"):
        predict_churn(buyers, buyers_candidate.bundle, until, [30.0, days])


@pytest.mark.parametrize("kind", ["buyers", "holders"])
def test_odd_days_are_answered(kind, request, until):
    history, candidate = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_candidate")
    days = [3650.0, 30.0, 30.0, 0.01, 1e-9]
    table = predict_churn(history, candidate.bundle, until, days).table

    for row in table.slice(0, 20).to_pylist():
        assert all(0 < row[f"p_churn_by_{day:.15g}d"] < 1 for day in days)
        assert 0 <= row["low"] <= row["churn_probability"] <= row["high"] <= 1


def test_more_than_a_year_after_the_last_record_nobody_is_active_and_that_is_said(buyers_candidate, buyers, until):
    day = until + timedelta(days=500)

    assert predict_churn(buyers, buyers_candidate.bundle, day, [30.0]).table.num_rows == 0
    assert "the latest thing on record is of 2025-04-0" in stale_note(buyers, day, Language.EN)


def test_a_history_without_what_the_model_looks_at_is_refused(buyers_candidate, story, until):
    story.deal("d1")
    with pytest.raises(NotInHistory):
        predict_churn(story.history, buyers_candidate.bundle, until, [30.0])
