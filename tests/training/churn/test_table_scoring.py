"""All ways to a churn number give the same one: `predict`, a table of features in a file, the function, one by one."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.evaluate import Category
from features.feature_building import build
from features.open_deals import active_customers
from features.table import feature_values
from training.churn.bundle import HorizonTooLong
from training.churn.predict import predict_churn
from training.churn.refreshing import brought_up_to_date
from training.pyfunc import ModelScores
from training.table_scoring.churns import ChurnTable
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.reading import FeatureTable
from training.table_scoring.reasons import reasons_json
from training.table_scoring.streaming import Asked, score_file

HORIZONS = [90.0, 30.0]
NUMBERS = ["churn_probability", "low", "high", "p_churn_by_90d", "p_churn_by_30d"]


@pytest.fixture(scope="module", params=["buyers", "holders"])
def kind(request):
    return request.getfixturevalue(request.param), request.getfixturevalue(f"{request.param}_candidate").bundle


@pytest.fixture(scope="module")
def predicted(kind, until):
    return predict_churn(*kind, until, HORIZONS).table


@pytest.fixture(scope="module")
def features(kind, until, tmp_path_factory):
    path = tmp_path_factory.mktemp("customers") / "customers.parquet"
    build(kind[0], "customer", [until], path)
    return path


def test_a_table_of_features_in_a_file(kind, predicted, features, tmp_path):
    history, bundle = kind
    table = FeatureTable.open(features, "customer", bundle.features, ("churn", bundle.version))
    count, notes = score_file(table, bundle, history, Asked(HORIZONS, 5), tmp_path / "scores.parquet", 2)

    assert count == predicted.num_rows > 20
    assert pq.read_table(tmp_path / "scores.parquet").equals(predicted)
    assert notes == brought_up_to_date(history, bundle, bundle.until).notes_of(HORIZONS, "en")


def test_the_function_of_the_model_store(kind, predicted, features, until):
    history, bundle = kind
    function = ModelScores()
    function.bundle = bundle
    x = pq.read_table(features).to_pandas().drop(columns=["customer_id", "as_of"])
    asked = {"horizons": "90,30", "home": str(history.home), "as_of": f"{until.isoformat()}Z"}
    found = function.predict(None, x, asked)

    assert found.columns.tolist() == NUMBERS
    for name in NUMBERS:
        np.testing.assert_allclose(found[name], predicted[name], rtol=0, atol=1e-12)


def test_one_customer_after_the_other(kind, predicted, until):
    history, bundle = kind
    knowing = brought_up_to_date(history, bundle, until)
    values = feature_values(bundle.features, active_customers(history, until), history)
    told = predicted.to_pydict()
    for row, score in enumerate(knowing.score(values, HORIZONS, as_of=until)):
        alone = (score.probability, score.low, score.high, score.by_days[90.0], score.by_days[30.0])
        assert alone == pytest.approx([told[name][row] for name in NUMBERS], rel=0, abs=1e-12)
        assert (score.orders, score.value_at_risk) == pytest.approx(
            (told["expected_orders"][row], told["value_at_risk"][row]), rel=1e-9
        )
        reasons, alike = json.loads(told["reasons"][row]), json.loads(reasons_json(score.reasons))
        assert [each["text"] for each in reasons] == [each["text"] for each in alike]


def test_a_customer_of_whom_nothing_is_known_is_answered(kind):
    _, bundle = kind
    columns = FeatureColumns({"customer_segment": Category(np.array([-1, -1]), np.empty(0, object))})
    found = ChurnTable(bundle, bundle.until).numbers(columns, HORIZONS)

    assert ((found.low < found.probability) & (found.probability < found.high)).all()
    alone = bundle.score(columns.values, HORIZONS)[0].probability
    assert found.probability.tolist() == pytest.approx([alone, alone], rel=0, abs=1e-12)


def test_days_too_many_are_refused(kind):
    with pytest.raises(HorizonTooLong):
        ChurnTable(kind[1], kind[1].until).numbers(FeatureColumns({}, 1), [40_000.0])
