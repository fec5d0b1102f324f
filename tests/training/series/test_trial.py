"""Judging forecasts of series: the table says what was measured, and nobody sees what judges them."""

import numpy as np
import pytest

from training.forecast.scores import FINE
from training.rivals.series.plain import LastPeriod, TrailingThreeMonths
from training.series.panel import Panel, panel_of
from training.series.trial import OURS, Judged, figures, lines, run_series_trial


@pytest.fixture(scope="module")
def judged() -> Judged:
    return run_series_trial(quarters(), [("region",)], 2, [18, 20], [LastPeriod, TrailingThreeMonths])


def quarters() -> Panel:
    rng = np.random.default_rng(0)
    season = np.tile([1.0, 2.0, 0.5, 1.5], 6)[:22]
    starts = (np.datetime64("2018-01") + 3 * np.arange(22)).astype("datetime64[D]")
    return panel_of(100 * season * rng.gamma(100, 0.01, (4, 22)), {"region": list("nnss")}, starts, "Q")


def test_a_season_beats_the_last_quarter_at_every_level(judged: Judged) -> None:
    found = figures(judged)

    assert list(found) == ["company", "region", "atoms"]
    for level in found.values():
        assert level[OURS]["scrps"] < level[LastPeriod.name]["scrps"]
        assert level[LastPeriod.name]["ours_less_high"] < 0
        assert level[OURS]["ours_less_low"] == level[OURS]["ours_less_high"] == 0
    assert found["atoms"][OURS]["points"] == 16
    assert any(line.startswith("ours") for line in lines(found))


def test_series_can_be_drawn_instead_of_origins(judged: Judged) -> None:
    found = figures(judged, by_series=True)["atoms"][LastPeriod.name]

    assert found["ours_less_low"] < found["ours_less_high"] < 0


def test_what_judges_is_not_seen_by_what_is_judged(judged: Judged) -> None:
    panel = quarters()
    panel.amounts[:, 20:] *= 7.0

    other = run_series_trial(panel, [("region",)], 2, [20], [LastPeriod])

    assert np.array_equal(other.said[OURS][0].quantiles, judged.said[OURS][1].quantiles)
    assert judged.said[OURS][0].quantiles.shape == (len(FINE), 7, 2)
    assert judged.actual[0, 0] == pytest.approx(quarters().amounts[:, 18:20].sum(axis=0))
