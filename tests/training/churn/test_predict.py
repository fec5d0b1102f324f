import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from features.open_deals import active_customers
from features.table import compute, streams_for
from training.churn.predict import brought_up_to_date, predict_churn
from training.options import Language
from training.predict import ModelKnowsTheFuture
from training.predict_commands import _churn

ROOT = Path(__file__).resolve().parents[3]


def test_one_row_for_each_active_customer(buyers_candidate, buyers, until):
    table = predict_churn(buyers, buyers_candidate.bundle, until, [30.0, 60.0, 90.0])
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
    table = predict_churn(buyers, buyers_candidate.bundle, until, [90.0, 30.0])

    assert table["churn_probability"].to_pylist() == table["p_churn_by_90d"].to_pylist()


def test_a_moment_before_the_model_was_trained_is_refused(buyers_candidate, buyers, until):
    with pytest.raises(ModelKnowsTheFuture, match="churn"):
        predict_churn(buyers, buyers_candidate.bundle, until - timedelta(days=1), [30.0])


def test_later_the_level_and_season_are_those_of_then(buyers_candidate, buyers, until):
    bundle, later = buyers_candidate.bundle, until + timedelta(days=45)
    before = bundle.served["orders"].estimate
    after = brought_up_to_date(buyers, bundle, later).served["orders"].estimate

    assert brought_up_to_date(buyers, bundle, until) is bundle
    if hasattr(before, "level"):
        assert len(after.level.seen.shift) > len(before.level.seen.shift)
        assert after.market.end > before.market.end
    table = predict_churn(buyers, bundle, later, [30.0])
    # Nobody has ordered for 45 days: everybody is likelier to have gone than at the end.
    now = predict_churn(buyers, bundle, until, [30.0])
    assert sum(table["churn_probability"].to_pylist()) / len(table) > sum(now["churn_probability"].to_pylist()) / len(
        now
    )


def test_contracts_are_predicted(holders_candidate, holders, until):
    table = predict_churn(holders, holders_candidate.bundle, until, [30.0, 60.0], "zh")

    assert table.num_rows == len(active_customers(holders, until))
    assert all(
        a <= b for a, b in zip(table["p_churn_by_30d"].to_pylist(), table["p_churn_by_60d"].to_pylist(), strict=True)
    )


@pytest.mark.parametrize("kind", ["buyers", "holders"])
def test_all_at_once_or_one_by_one_the_numbers_are_the_same(kind, request, until):
    history, candidate = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_candidate")
    bundle, moments = candidate.bundle, active_customers(history, until)
    values = compute(bundle.features, streams_for(bundle.features, history), moments)
    alone = bundle.score(values, [30.0, 90.0], most_reasons=0, as_of=until)
    table = predict_churn(history, bundle, until, [30.0, 90.0])

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
