"""Scores of forecasts against figures worked out by hand or by another library."""

import numpy as np
import pytest

from training.forecast.scores import (
    DECILES,
    FINE,
    accuracy,
    bias,
    coverage,
    mase,
    pinball,
    rmsse,
    scrps,
    season_scale,
    weighted_quantile_loss,
)


def test_scrps_is_that_of_hierarchicalforecast() -> None:
    import pandas as pd
    from utilsforecast.losses import scaled_crps

    rng = np.random.default_rng(0)
    actual, quantiles = rng.gamma(3, 5, (4, 6)), np.sort(rng.gamma(3, 5, (len(FINE), 4, 6)), axis=0)
    frame = pd.DataFrame({"unique_id": np.repeat(["all"], 24), "y": actual.ravel()})
    names = [f"q{n}" for n in range(len(FINE))]
    for name, values in zip(names, quantiles, strict=True):
        frame[name] = values.ravel()
    theirs = scaled_crps(frame, models={"m": names}, quantiles=np.array(FINE))["m"].iloc[0]

    assert scrps(actual, quantiles, FINE) == pytest.approx(theirs, rel=1e-6)


def test_the_right_quantiles_lose_least() -> None:
    rng = np.random.default_rng(1)
    actual = rng.gamma(2, 10, (500, 1))
    right = np.quantile(rng.gamma(2, 10, 100_000), DECILES)[:, None, None] + np.zeros((9, 500, 1))

    best = weighted_quantile_loss(actual, right, DECILES)

    assert best < weighted_quantile_loss(actual, right * 1.3, DECILES)
    assert best < weighted_quantile_loss(actual, right.mean() + 0.3 * (right - right.mean()), DECILES)


def test_errors_are_scaled_by_seasonal_steps() -> None:
    history = np.array([[1.0, 5.0, 2.0, 7.0], [3.0, 3.0, 3.0, 3.0]])

    assert season_scale(history, 2, 1).tolist()[0] == 1.5
    assert np.isnan(season_scale(history, 2, 1)[1])
    assert mase(np.array([[4.0], [9.0]]), np.array([[1.0], [1.0]]), history, 2) == 2.0
    assert rmsse(np.array([[4.0], [9.0]]), np.array([[1.0], [1.0]]), history, 2) == pytest.approx(3 / np.sqrt(2.5))


def test_what_is_not_known_yet_counts_nowhere() -> None:
    actual, said = np.array([[10.0, np.nan]]), np.array([[12.0, 1000.0]])
    quantiles = np.stack([said, said])

    assert bias(actual, said) == pytest.approx(0.2)
    assert coverage(actual, said - 5, said + 5) == 1.0
    assert weighted_quantile_loss(actual, quantiles, (0.5, 0.9)) == pytest.approx((2 * 1.0 / 10 + 2 * 0.2 / 10) / 2)
    assert mase(actual, said, np.array([[1.0, 2.0]]), 1) == 2.0
    assert np.isnan(pinball(actual, quantiles, (0.5, 0.9))[0, 0, 1])


def test_nothing_sold_has_no_share() -> None:
    zero = np.zeros((1, 2))

    assert np.isnan(bias(zero, zero))
    assert np.isnan(weighted_quantile_loss(zero, zero[None], (0.5,)))
    assert np.isnan(accuracy(0.0, 1.0))
    assert (accuracy(10.0, 9.0), accuracy(10.0, 50.0)) == (0.9, 0.0)
