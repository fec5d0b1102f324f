"""Rival forecasts against known answers: they add up, they have the shapes asked for, they know only the past."""

import numpy as np
import pytest

from training.rivals.series import SERIES_RIVALS
from training.rivals.series.plain import LastPeriod, LastYearTimesGrowth, TrailingThreeMonths
from training.rivals.series.reconciled import ReconciledArima, ReconciledEts, ReconciledSeasonalNaive, ReconciledTheta
from training.series.nodes import nodes_of
from training.series.panel import Panel, panel_of

PROBABILITIES = (0.1, 0.5, 0.9)


def months(amounts: "np.ndarray") -> Panel:  # type: ignore[type-arg]
    starts = (np.datetime64("2021-01") + np.arange(amounts.shape[1])).astype("datetime64[D]")
    return panel_of(amounts, {"region": [f"r{n % 2}" for n in range(len(amounts))]}, starts, "M")


@pytest.fixture(scope="module")
def panel() -> Panel:
    rng = np.random.default_rng(0)
    season = 1 + 0.5 * np.sin(np.arange(36) * np.pi / 6)
    return months(rng.uniform(50, 100, (4, 1)) * season * rng.gamma(200, 1 / 200, (4, 36)))


@pytest.mark.parametrize("rival", SERIES_RIVALS, ids=lambda rival: rival.name)
def test_every_rival_answers_for_every_sum(rival, panel: Panel) -> None:
    nodes = nodes_of(panel, [("region",)])

    said = rival().forecast(panel, [("region",)], 3, PROBABILITIES)

    assert said.mean.shape == (len(nodes), 3)
    assert said.quantiles.shape == (3, len(nodes), 3)
    assert (np.diff(said.quantiles, axis=0) >= 0).all()
    assert said.quantiles.min() >= 0


@pytest.mark.parametrize("rival", [ReconciledSeasonalNaive, ReconciledEts, ReconciledTheta, ReconciledArima])
def test_reconciled_means_add_up(rival, panel: Panel) -> None:
    nodes = nodes_of(panel, [("region",)])

    mean = rival().forecast(panel, [("region",)], 3, PROBABILITIES).mean

    assert nodes.sums(mean[-panel.n_atoms :]) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("rival", SERIES_RIVALS, ids=lambda rival: rival.name)
def test_a_series_of_two_months_or_none_has_an_answer(rival) -> None:
    said = rival().forecast(months(np.array([[3.0, 4.0], [0.0, 0.0]])), [], 2, PROBABILITIES)

    assert np.isfinite(said.mean).all()
    assert np.isfinite(said.quantiles).all()


def test_rules_of_thumb_are_what_they_say() -> None:
    amounts = np.concatenate([np.arange(1.0, 13.0), [2.0, 4.0, 6.0, 8.0, 10.0]])[None]
    panel = months(amounts)

    assert TrailingThreeMonths().forecast(panel, [], 2, PROBABILITIES).mean[0].tolist() == [8.0, 8.0]
    assert LastPeriod().forecast(panel, [], 2, PROBABILITIES).mean[0].tolist() == [10.0, 10.0]
    # June of last year was 6; the last three months were twice those a year before
    assert LastYearTimesGrowth().forecast(panel, [], 2, PROBABILITIES).mean[0].tolist() == [12.0, 14.0]


class _Astray(ReconciledTheta):
    """A model whose figures leave all bounds."""

    def model(self, season: int, many: bool = False) -> object:
        return self

    def forecast(self, *shape: object, y=None, h=0, **options: object):  # type: ignore[no-untyped-def, override]
        if y is None:
            return super().forecast(*shape, **options)  # type: ignore[arg-type]
        return {"mean": np.full(h, y.mean()), "hi-80": np.full(h, 1e9), "fitted": y + np.resize([1e9, -1e9], len(y))}


def test_what_leaves_all_bounds_is_cut_at_the_range_of_the_series(panel: Panel) -> None:
    said = _Astray().forecast(panel, [("region",)], 3, PROBABILITIES)

    assert said.quantiles.max() < 10 * panel.amounts.sum(axis=0).max()


def test_arima_is_approximate_only_for_many_series() -> None:
    assert ReconciledArima().model(12, many=True).approximation
    assert not ReconciledArima().model(12).approximation
