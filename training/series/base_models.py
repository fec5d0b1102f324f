"""What do the usual models of one series say? ETS, ETS of logs, Theta and ARIMA, fitted once and carried forward.

From statsforecast (Nixtla). At a past origin a model must not know what came later, yet fitting it anew at each of
two dozen origins costs too much: it is fitted at a few early points and *carried forward*, its parameters kept and its
state updated by what happened until the origin. What is thus learned about a model's errors is a little
pessimistic, never optimistic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.series.panel import Floats, Ints

ETS, ETS_OF_LOGS, THETA, ARIMA = "ETS", "ETS of logs", "Theta", "ARIMA"
MOST_PERIODS = 240
"""Latest periods a model is fitted on: older ones cost time and teach little."""
LONGEST_SEASON = 24
"""ETS and ARIMA take no longer season; Theta, which removes the season first, takes any."""
MANY = 120
"""Series from which it pays to start processes."""


@dataclass(frozen=True)
class Task:
    """When to fit, where to forecast from (periods known), and how far."""

    fits: Sequence[int]
    origins: Sequence[int]
    horizon: int
    season: int
    models: tuple[str, ...]


def carried_forward(amounts: Floats, first: Ints, task: Task, workers: int = 1) -> Floats:
    """Forecasts [n_models, n_origins, n_series, horizon]; NaN where a model has nothing to say.

    Each origin's forecast comes from the latest fit not after it. `workers` processes share many series.
    """
    rows = [(amounts[row], int(first[row])) for row in range(len(amounts))]
    if workers > 1 and len(rows) >= MANY and {ARIMA, ETS} & set(task.models):
        from joblib import Parallel, delayed  # type: ignore[import-untyped]

        parts = [rows[start : start + 40] for start in range(0, len(rows), 40)]
        done = Parallel(n_jobs=workers)(delayed(_several)(part, task) for part in parts)
        found = [each for part in done for each in part]
    else:
        found = _several(rows, task)
    shape = (len(task.models), len(task.origins), len(rows), task.horizon)
    return np.stack(found, axis=2) if found else np.full(shape, np.nan)


def _several(rows: list[tuple[Floats, int]], task: Task) -> list[Floats]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: a failed fit shows in the errors and loses its weight
        return [_one(amounts, first, task) for amounts, first in rows]


def _one(amounts: Floats, first: int, task: Task) -> Floats:
    """One series: [n_models, n_origins, horizon]."""
    found = np.full((len(task.models), len(task.origins), task.horizon), np.nan)
    for index, fit_at in enumerate(task.fits):
        until = task.fits[index + 1] if index + 1 < len(task.fits) else np.inf
        places = [place for place, origin in enumerate(task.origins) if fit_at <= origin < until]
        since = max(first, fit_at - MOST_PERIODS)
        past = amounts[since:fit_at]
        if not places or len(past) < 4 or not past.any() or (past == past[0]).all():
            continue
        for number, model in enumerate(task.models):
            for place, path in zip(places, _paths(model, amounts, since, fit_at, places, task), strict=True):
                found[number, place] = path
    return found


def _paths(model: str, amounts: Floats, since: int, fit_at: int, places: list[int], task: Task) -> list[Floats]:
    past = amounts[since:fit_at]
    nothing = np.full(task.horizon, np.nan)
    logs = model == ETS_OF_LOGS
    shift = 0.05 * float(np.mean(np.abs(past)))
    known = [amounts[since : task.origins[place]] for place in places]
    usable = [not logs or float(each.min()) >= 0 for each in known]  # a return ends the logs from there on, not before
    try:
        if not any(usable):
            return [nothing] * len(places)
        fitted = _model(model, len(past), task.season).fit(y=np.log(past + shift) if logs else past)
        said = [
            _from(fitted, np.log(each + shift) if logs else each, fit_at - since, task.horizon) if use else nothing
            for each, use in zip(known, usable, strict=True)
        ]
    except Exception:  # statsforecast raises plain Exceptions where no member of a family can be fitted
        return [nothing] * len(places)
    return [_sane(np.exp(np.minimum(path, 700.0)) - shift if logs else path, past) for path in said]


def _from(fitted: Any, seen: Floats, n_fitted: int, horizon: int) -> Floats:
    if len(seen) == n_fitted:
        return np.asarray(fitted.predict(h=horizon)["mean"], np.float64)
    return np.asarray(fitted.forward(y=seen, h=horizon)["mean"], np.float64)


def _model(name: str, length: int, season: int) -> Any:
    from statsforecast.models import AutoARIMA, AutoETS, OptimizedTheta

    seasonal = season if length >= 2 * season + 1 else 1
    if name == THETA:
        return OptimizedTheta(season_length=seasonal, decomposition_type="additive")
    short = seasonal if seasonal <= LONGEST_SEASON else 1
    if name == ARIMA:
        return AutoARIMA(
            season_length=short, approximation=True, max_p=2, max_q=2, max_P=1, max_Q=1, max_order=4, nmodels=25
        )
    return AutoETS(season_length=short, model="AZZ" if name == ETS_OF_LOGS else "ZZZ")


def _sane(path: Floats, past: Floats) -> Floats:
    """A path that strays beyond anything seen is taken for a failed fit, from the step where it does."""
    low, high = float(past.min()), float(past.max())
    room = 2.0 * max(high - low, 1e-12)
    strays = ~np.isfinite(path) | (path > high + room) | (path < low - room)
    return np.full_like(path, np.nan) if strays.any() else path
