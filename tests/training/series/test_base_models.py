"""Models of one series carried forward: an origin's forecast does not depend on what came after it."""

from types import SimpleNamespace

import numpy as np
import pytest

from training.series import base_forecasts
from training.series.base_forecasts import MODELS, rehearse
from training.series.base_models import ETS, ETS_OF_LOGS, THETA, Task, carried_forward
from training.series.nodes import nodes_of
from training.series.panel import Floats, panel_of


def sales(n_periods: int = 20) -> Floats:
    rng = np.random.default_rng(0)
    return rng.gamma(20, 5, (1, n_periods))


def test_a_return_ends_the_logs_from_there_on_and_not_before() -> None:
    task = Task((12,), (12, 14, 17), 2, 1, (ETS_OF_LOGS,))
    later = sales()
    later[0, 15] = -50.0

    before, after = (carried_forward(each, np.zeros(1, np.int64), task)[0, :, 0] for each in (sales(), later))

    assert np.isfinite(before).all()
    assert np.array_equal(before[:2], after[:2])
    assert np.isnan(after[2]).all()


@pytest.mark.parametrize("model", [ETS, ETS_OF_LOGS, THETA])
def test_what_comes_after_an_origin_changes_nothing(model: str) -> None:
    task = Task((12,), (12, 14), 2, 1, (model,))
    later = sales()
    later[0, 14:] *= -9.0

    before, after = (carried_forward(each, np.zeros(1, np.int64), task) for each in (sales(), later))

    assert np.array_equal(before, after, equal_nan=True)
    assert np.isfinite(before).all()


def test_who_takes_part_is_decided_by_what_was_known_when_models_were_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        base_forecasts,
        "lag_trees",
        lambda amounts, first, fits, origins, horizon, *_: np.full((len(origins), len(amounts), horizon), np.nan),
    )
    steady = np.concatenate([sales(24), sales(24)])
    ended = steady.copy()
    ended[0, 14:] = 0.0

    def said(amounts: Floats) -> Floats:
        starts = (np.datetime64("2020-01") + 3 * np.arange(24)).astype("datetime64[D]")
        panel = panel_of(amounts, {"region": ["a", "b"]}, starts, "Q")
        nodes = nodes_of(panel, [], adds_up=False)
        first = np.zeros(2, np.int64)
        return rehearse(nodes, amounts, first, (13, 23), (13, 14, 23), 2, 4, 0).said[MODELS.index(THETA)]

    told = SimpleNamespace(steady=said(steady), ended=said(ended))

    assert np.isfinite(told.ended[:2]).all()
    assert np.array_equal(told.ended[:2, 0], told.steady[:2, 0])
    assert np.isnan(told.ended[2, 0]).all()
    assert np.isfinite(told.ended[2, 1]).all()
