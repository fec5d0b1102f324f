"""What the Python function does with tables; that its numbers are those served is tested with the registry."""

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.evaluate import Category
from features.history import NoHistory
from training.pyfunc import ModelScores, NoHorizons, days_in, forecast_table, signature_of, values_of


def test_columns_become_values_and_back():
    x = pd.DataFrame(
        {"size": [1.0, np.nan], "stage": ["Offer", None], "nothing": pd.Series([None, None], dtype=object)}
    )

    found = values_of(x)

    np.testing.assert_array_equal(found["size"], [1.0, np.nan])
    stage, nothing = found["stage"], found["nothing"]
    assert isinstance(stage, Category)
    assert isinstance(nothing, Category)
    assert stage.texts().tolist() == ["Offer", None]
    assert nothing.texts().tolist() == [None, None]


@dataclass(frozen=True)
class Totals:
    """A forecast's bundle."""

    model: str = "forecast"


@pytest.fixture
def asked(story, monkeypatch):
    """What was asked of the forecast; every request is answered with one row."""
    story.deal("d1", created="2024-01-01")
    story.import_now()
    calls: list[dict[str, object]] = []

    def predict(history, bundle, as_of, **given):
        calls.append({"as_of": as_of, **given})
        return SimpleNamespace(table=pa.table({"key": ["company"], "mean": [float(len(calls))]}))

    monkeypatch.setattr("training.forecast.predict.predict_forecast", predict)
    return str(story.home), calls


def test_each_request_is_a_forecast_of_its_own(asked):
    home, calls = asked
    requests = pd.DataFrame(
        {
            "home": [home, home],
            "as_of": ["2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z"],
            "freq": ["month", None],
            "horizon": ["3", None],
        }
    )
    found = forecast_table(Totals(), requests)

    assert found["mean"].tolist() == [1.0, 2.0]
    assert calls[0] == {"as_of": datetime(2024, 3, 1), "freq": "month", "horizon": 3}
    assert calls[1] == {"as_of": datetime(2024, 4, 1)}


def test_the_function_of_a_forecast_takes_requests(asked):
    home, calls = asked
    function = ModelScores()
    function.bundle = Totals()

    function.predict(None, pd.DataFrame({"home": [home], "as_of": ["2024-03-01T00:00:00Z"]}))

    assert len(calls) == 1
    signature = signature_of(SimpleNamespace(bundle=Totals()))  # type: ignore[arg-type]
    assert signature.inputs.required_input_names() == ["home", "as_of"]


def test_a_home_without_a_history_is_a_named_error(tmp_path):
    with pytest.raises(NoHistory):
        forecast_table(Totals(), pd.DataFrame({"home": [str(tmp_path / "none")], "as_of": ["2024-03-01"]}))


@pytest.mark.parametrize("text", ["", "30,", "soon", "0", "-1", "inf", "nan"])
def test_horizons_that_are_none_are_a_named_error(text):
    with pytest.raises(NoHorizons, match="30,60,90"):
        days_in(text)


def test_a_horizon_asked_twice_is_answered_once():
    assert days_in("30, 7.5,30") == [30.0, 7.5]
