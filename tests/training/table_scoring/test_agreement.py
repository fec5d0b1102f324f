"""All ways to a number give the same one: `predict`, a table of features in a file, MLflow's function, one by one."""

import math

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.open_deals import open_deals
from features.table import feature_values
from training.predict import followed, predict_win
from training.pyfunc import ModelScores
from training.table_scoring.reading import FeatureTable
from training.table_scoring.streaming import Asked, score_file
from training.win_curve import WinCurve

HORIZONS = [30.0, 7.5, 90.0, 4000.0]
NUMBERS = ["win_probability", "low", "high"]
NUMBERS += [f"p_win_by_{days}d{end}" for days in ("30", "7.5", "90", "4000") for end in ("", "_low", "_high")]


@pytest.fixture(scope="module", params=["rates", "steady", "following"])
def bundle(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def predicted(company, bundle, as_of):
    return predict_win(company.history, bundle, as_of, HORIZONS)


def test_a_table_of_features_in_a_file(company, bundle, as_of, features, predicted, tmp_path):
    table = FeatureTable.open(features(".parquet"), "deal", bundle.features, ("win", bundle.version))
    score_file(table, bundle, company.history, Asked(HORIZONS, 5), tmp_path / "scores.parquet", 2)

    assert pq.read_table(tmp_path / "scores.parquet").equals(predicted)


def test_the_function_of_the_model_store(company, bundle, as_of, features, predicted):
    x = pq.read_table(features()).to_pandas().drop(columns=["deal_id", "as_of"])
    function = ModelScores()
    function.bundle = bundle
    asked = {"horizons": "30,7.5,90,4000", "home": str(company.home), "as_of": f"{as_of.isoformat()}Z"}
    found = function.predict(None, x, asked)

    assert found.columns.tolist() == NUMBERS
    for name in NUMBERS:
        np.testing.assert_allclose(found[name], predicted[name], rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def moved(company, bundle, as_of):
    """The bundle as it answers at the moment."""
    return followed(company.history, bundle, as_of)


def test_one_deal_after_the_other(company, moved, as_of, predicted):
    """Through the curve's own arithmetic, which no machine code has a part in."""
    deals = open_deals(company.history, as_of)
    values = feature_values(moved.features, deals, company.history)
    rows, told = len(deals), predicted.to_pydict()
    assert rows > 30
    for row, score in enumerate(moved.score(values, HORIZONS, most_reasons=0)):
        assert score.probability == pytest.approx(told["win_probability"][row], rel=0, abs=1e-12)
        assert (score.low, score.high) == pytest.approx((told["low"][row], told["high"][row]), rel=0, abs=1e-12)
        for days in HORIZONS:
            name = f"p_win_by_{days:g}d"
            found = (score.by_days[days], *score.around_days[days])
            assert found == pytest.approx([told[name + end][row] for end in ("", "_low", "_high")], rel=0, abs=1e-12)
        assert score.amount == pytest.approx(told["expected_amount"][row], rel=1e-12)
    one = {name: column.texts() if hasattr(column, "texts") else column for name, column in values.items()}
    for row in range(0, rows, 7) if isinstance(moved.estimate, WinCurve) else ():
        plain = {name: None if each[row] != each[row] else each[row] for name, each in one.items()}
        said, _ = moved.estimate.curve.answers(plain, [*HORIZONS, math.inf])
        assert said[-1] == pytest.approx(told["win_probability"][row], rel=0, abs=1e-12)
        assert said[0] == pytest.approx(told["p_win_by_30d"][row], rel=0, abs=1e-12)


def test_a_level_that_follows_moves_the_numbers(bundle, moved):
    if not isinstance(bundle.estimate, WinCurve) or bundle.estimate.curve.level is None:
        assert moved is bundle
        return
    assert moved.estimate.curve.level.shift != bundle.estimate.curve.level.shift
