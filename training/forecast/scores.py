"""How good was a forecast with its quantiles? Proper scores, scaled so that series and levels compare.

Shapes: actual amounts and means [n_series, horizon], quantiles [n_quantiles, n_series, horizon] of ascending
`probabilities`. Amounts not known yet are NaN and left out. Scores scaled by what was sold are NaN where nothing was.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FINE = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Probabilities at which the scaled CRPS is taken."""
DECILES = tuple(round(0.1 * step, 1) for step in range(1, 10))


def pinball(actual: Floats, quantiles: Floats, probabilities: Sequence[float]) -> Floats:
    """Quantile loss of each point, [n_quantiles, n_series, horizon] (Koenker and Bassett, *Econometrica* 46, 1978)."""
    p = np.asarray(probabilities)[:, None, None]
    wrong = actual[None] - quantiles
    return np.maximum(p * wrong, (p - 1.0) * wrong)


def weighted_quantile_loss(actual: Floats, quantiles: Floats, probabilities: Sequence[float]) -> float:
    """Twice the mean quantile loss over what was sold (Amazon Forecast's wQL, averaged over the quantiles).

    >>> weighted_quantile_loss(np.array([[10.0]]), np.array([[[8.0]]]), [0.5])
    0.2
    """
    sold = float(np.nansum(np.abs(actual)))
    loss = np.nansum(pinball(actual, quantiles, probabilities), axis=(1, 2)).mean()
    return float(2.0 * loss / sold) if sold > 0 else np.nan


def scrps(actual: Floats, quantiles: Floats, probabilities: Sequence[float]) -> float:
    """Scaled continuous ranked probability score: the weighted quantile loss over a fine, even grid of quantiles.

    As hierarchical forecasts are judged since Rangapuram and others (ICML 2021); the integral form of the CRPS by
    Laio and Tamea, *Hydrology and Earth System Sciences* 11, 2007.
    """
    return weighted_quantile_loss(actual, quantiles, probabilities)


def season_scale(history: Floats, season: int, power: int) -> Floats:
    """The mean absolute (power 1) or squared (2) step from one season to the next of each series, [n_series].

    Where no whole season is on record, from one period to the next; NaN of a series that never moved.
    """
    lag = season if history.shape[1] > season else 1
    steps = np.abs(history[:, lag:] - history[:, :-lag]) ** power
    known = np.isfinite(steps)
    count = known.sum(axis=1)
    mean = np.where(known, steps, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.asarray(np.where((count > 0) & (mean > 0), mean, np.nan), np.float64)


def mase(actual: Floats, said: Floats, history: Floats, season: int) -> float:
    """Mean absolute scaled error (Hyndman and Koehler, *International Journal of Forecasting* 22, 2006).

    The mean over series of the error in units of the seasonal step in the history [n_series, n_periods]; best
    given the median. Series that never moved are left out; NaN where none is left.

    >>> mase(np.array([[3.0]]), np.array([[2.0]]), np.array([[1.0, 3.0, 5.0]]), 1)
    0.5
    """
    return _mean_of(np.abs(actual - said), season_scale(history, season, 1))


def rmsse(actual: Floats, said: Floats, history: Floats, season: int) -> float:
    """Root mean squared scaled error, the M5 competition's with seasonal steps; the mean over series; best of means."""
    scale = season_scale(history, season, 2)
    square = _by_series((actual - said) ** 2) / scale
    usable = np.isfinite(square)
    return float(np.sqrt(square[usable]).mean()) if usable.any() else np.nan


def coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """The share of known amounts within [low, high]; NaN of none.

    >>> coverage(np.array([[1.0, 5.0]]), np.array([[0.0, 0.0]]), np.array([[2.0, 2.0]]))
    0.5
    """
    known = np.isfinite(actual)
    inside = (actual >= low) & (actual <= high)
    return float(inside[known].mean()) if known.any() else np.nan


def bias(actual: Floats, said: Floats) -> float:
    """What was said beyond what was sold, over what was sold: positive where forecasts are too high; NaN without sales.

    >>> bias(np.array([[10.0, 10.0]]), np.array([[11.0, 11.0]]))
    0.1
    """
    known = np.isfinite(actual)
    sold = float(np.abs(actual[known]).sum())
    return float((said[known] - actual[known]).sum() / sold) if sold > 0 else np.nan


def accuracy(actual: float, said: float) -> float:
    """Accuracy as HubSpot shows it, max(0, 1 - |A - F| / A); NaN where nothing was sold. Only beside proper scores."""
    return max(0.0, 1.0 - abs(actual - said) / actual) if actual > 0 else np.nan


def _by_series(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _mean_of(values: Floats, scale: Floats) -> float:
    each = _by_series(values) / scale
    usable = np.isfinite(each)
    return float(each[usable].mean()) if usable.any() else np.nan
