"""How much is each model to be trusted at each level? Weights from past errors, drawn toward all alike.

A simple average of forecasts is hard to beat (Clemen 1989; the M competitions): weights depart from it only
as far as the errors of the past carry. They are those of least squared error on the simplex (Granger and
Ramanathan, *Journal of Forecasting* 3, 1984, constrained), a level's own evidence drawn to that of all levels.
"""

from collections.abc import Sequence

import numpy as np

from training.series.panel import Floats

LEVEL_ERRORS = 60.0
"""A level's own errors count against all levels' by how many there are, over this many more."""
RIDGE = 1.0
"""Pull toward the weights taken beforehand, in shares of the mean squared error, at few errors; less with more."""


def weights(products: Floats, count: float, prior: Floats) -> Floats:
    """Simplex weights [n_models] of least w'Gw, drawn to `prior`; `products` G is the mean product of errors.

    >>> weights(np.diag([1.0, 1.0]), 10.0, np.array([0.5, 0.5]))
    array([0.5, 0.5])
    """
    size = len(products)
    level = float(np.trace(products)) / size
    if not np.isfinite(level) or level <= 0:
        return prior
    pull = RIDGE * level * (100.0 / (100.0 + count)) + 0.05 * level
    found = prior
    bent = products + pull * np.eye(size)
    step = 1.0 / (2.0 * float(np.linalg.eigvalsh(bent)[-1]))
    for _ in range(500):  # projected gradient: convex, a handful of models
        found = _onto_simplex(found - step * 2.0 * (products @ found + pull * (found - prior)))
    return np.asarray(found.round(6) / found.round(6).sum(), np.float64)


def error_products(said: Floats, truth: Floats, scale: Floats) -> tuple[Floats, float]:
    """Mean products of the models' errors and how many independent ones there are about.

    `said` [n_models, n_origins, n_series, horizon] without NaN where `truth` [n_origins, n_series, horizon] has a
    value (NaN: not known yet); errors count in units of `scale` [n_series].
    """
    known = np.isfinite(truth)
    unit = np.sqrt(np.maximum(scale, 1e-12))[None, None, :, None]
    errors = np.where(known, said - np.where(known, truth, 0.0), 0.0) / unit
    flat = errors.reshape(len(said), -1)
    total = max(float(known.sum()), 1.0)
    return flat @ flat.T / total, total / max(truth.shape[2], 1)


def blended(said: Floats, weight: Floats) -> Floats:
    """The weighted mean over models, [n_models, ...] -> [...]; a model without a forecast (NaN) leaves its weight."""
    shape = (-1,) + (1,) * (said.ndim - 1)
    present = np.isfinite(said)
    held = np.where(present, weight.reshape(shape) + 1e-9, 0.0)
    return np.asarray((np.where(present, said, 0.0) * held).sum(axis=0) / held.sum(axis=0), np.float64)


def level_correction(classes: Sequence[str], said: Floats, truth: Floats) -> dict[str, float]:
    """What each class of series sold over its forecasts, half of that in logs; only of classes that sell now and then.

    `said` and `truth` [n_origins, n_series, horizon], NaN in `truth` where not known. A rare series' forecast may be
    right in the middle and wrong in the mean, and thousands of them together would pull their total away.
    """
    whose, found = np.array(classes), {}
    said, truth = said[len(said) // 2 :], truth[len(truth) // 2 :]  # early on, series that just began mislead
    for name in dict.fromkeys(classes):
        rows = whose == name
        known = np.isfinite(truth[:, rows])
        sold, told = float(truth[:, rows][known].sum()), float(said[:, rows][known].sum())
        usable = name.endswith("intermittent") and sold > 0 and told > 0
        found[name] = round(min(max(sold / told, 0.5), 2.0) ** 0.5, 6) if usable else 1.0
    return found


def _onto_simplex(point: Floats) -> Floats:
    """The nearest point whose parts are not negative and sum to one (Duchi and others 2008)."""
    ordered = np.sort(point)[::-1]
    spare = np.cumsum(ordered) - 1.0
    count = np.arange(1, len(point) + 1)
    last = int(np.flatnonzero(ordered - spare / count > 0)[-1])
    return np.asarray(np.maximum(point - spare[last] / (last + 1), 0.0), np.float64)
