"""What do all series together teach about the next steps of each? Boosted trees on lags, pooled across series.

One model for all series and all steps, on amounts divided by the series' own recent mean (Montero-Manso and
Hyndman, "Principles and algorithms for forecasting groups of time series", *International Journal of
Forecasting* 37, 2021).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.series.intermittent import trailing_mean
from training.series.panel import Floats, Ints

if TYPE_CHECKING:
    from lightgbm import Booster

FEWEST_ROWS = 400
MOST_ROWS = 60_000
HIGHEST = 6.0
"""Targets are cut at so many times the recent mean: one odd month should not bend the trees."""
TREES = 120


def lag_trees(
    amounts: Floats, first: Ints, fits: Sequence[int], origins: Sequence[int], horizon: int, season: int, seed: int
) -> Floats:
    """Forecasts [n_origins, n_series, horizon]; NaN where too little is on record to learn from.

    Fitted at each of `fits` on what had happened by then; an origin is served by the latest fit not after it.
    """
    found = np.full((len(origins), len(amounts), horizon), np.nan)
    for index, fit_at in enumerate(fits):
        until = fits[index + 1] if index + 1 < len(fits) else np.inf
        places = [place for place, origin in enumerate(origins) if fit_at <= origin < until]
        model = _fit(amounts, first, fit_at, horizon, season, seed) if places else None
        if model is None:
            continue
        for place in places:
            origin = origins[place]
            scale = _scale(amounts, first, origin, season)
            for step in range(horizon):
                said = np.asarray(model.predict(_features(amounts, first, origin, step, season), num_threads=1))
                found[place, :, step] = np.where(scale > 0, said * scale, np.nan)
    return found


def _fit(amounts: Floats, first: Ints, fit_at: int, horizon: int, season: int, seed: int) -> "Booster | None":
    import lightgbm

    x, y = [], []
    for origin in range(min(season, fit_at // 2) + 1, fit_at):
        scale = _scale(amounts, first, origin, season)
        counts = (scale > 0) & (first < origin)
        for step in range(min(horizon, fit_at - origin)):
            x.append(_features(amounts, first, origin, step, season)[counts])
            y.append(np.clip(amounts[counts, origin + step] / scale[counts], -HIGHEST, HIGHEST))
    if sum(map(len, y)) < FEWEST_ROWS:
        return None
    rows, target = np.concatenate(x), np.concatenate(y)
    if len(rows) > MOST_ROWS:
        kept = np.random.default_rng(seed).choice(len(rows), MOST_ROWS, replace=False)
        rows, target = rows[kept], target[kept]
    settings = {
        "objective": "regression",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": max(20, len(rows) // 500),
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(rows, target), TREES)


def _scale(amounts: Floats, first: Ints, origin: int, season: int) -> Floats:
    """The recent mean of each series at an origin."""
    return np.asarray(trailing_mean(np.abs(amounts), first, [origin], max(season, 4))[0], np.float64)


def _features(amounts: Floats, first: Ints, origin: int, step: int, season: int) -> NDArray[np.float32]:
    """What is known at an origin of a series and of the step asked about, [n_series, n_features]."""
    scale = np.maximum(_scale(amounts, first, origin, season), 1e-12)
    years = step // season + 1
    columns = [_at(amounts, first, origin - 1 - lag) / scale for lag in range(min(season, 6))]
    for back in (years, years + 1):
        same = origin + step - season * back
        columns.append(_at(amounts, first, same) / scale)
        whole = np.maximum(
            trailing_mean(np.abs(amounts), first, [min(max(same + season // 2, 0), origin)], season)[0], 1e-12
        )
        columns.append(_at(amounts, first, same) / whole)
    recent, before = (trailing_mean(amounts, first, [max(at, 0)], season)[0] for at in (origin, origin - season))
    columns.append(np.where(first < origin - season, before / scale, np.nan))
    columns.append(trailing_mean(amounts, first, [origin], max(season // 4, 2))[0] / scale)
    columns.append(recent / scale)
    total = amounts.sum(axis=0)
    same = origin + step - season * years
    company = total[same] / max(abs(total[max(origin - season, 0) : origin].mean()), 1e-12) if same >= 0 else np.nan
    columns.append(np.full(len(amounts), company))
    columns.append(np.full(len(amounts), float(step)))
    columns.append(np.full(len(amounts), float((origin + step) % season)))
    columns.append((amounts[:, max(origin - season, 0) : origin] == 0).mean(axis=1))
    columns.append(np.log1p(np.maximum(origin - first, 0).astype(np.float64)))
    return np.asarray(np.column_stack(columns), np.float32)


def _at(amounts: Floats, first: Ints, period: int) -> Floats:
    if period < 0:
        return np.full(len(amounts), np.nan)
    return np.where(first <= period, amounts[:, period], np.nan)
