"""What do the usual tools say? One model per series by statsforecast, made to add up by MinTrace.

Nixtla's statsforecast with its defaults at the panel's season, hierarchicalforecast's MinTrace with shrunk
covariance of the one-step errors (Wickramasuriya, Athanasopoulos and Hyndman, *JASA* 114, 2019) and its
normal intervals. A series that a model cannot be fitted to is continued as it ended, as statsforecast's own
fallback does. What a model says of a short series can leave all bounds (AutoTheta's intervals do), and through
the covariance it would spoil every sum: it is cut at the range of the series, as any user who looks would do.
"""

from collections.abc import Sequence

import numpy as np

from training.rivals.series.rival import SeriesForecast, normal_forecast
from training.series.nodes import nodes_of
from training.series.panel import Floats, Ints, Panel

Z80 = 1.2815515655446004
MANY = 200
"""Series from which AutoARIMA compares its candidates by an approximate likelihood: it halves the time."""


class _Reconciled:
    """One model for each series, reconciled by MinTrace where the series add up."""

    name: str

    def model(self, season: int, many: bool = False) -> "object":
        """The statsforecast model at a season, in a cheap form where `many` series are to be fitted."""
        raise NotImplementedError

    def forecast(
        self,
        panel: Panel,
        levels: Sequence[tuple[str, ...]],
        horizon: int,
        quantiles: Sequence[float],
        adds_up: bool = True,
    ) -> SeriesForecast:
        """Base forecasts of every node, reconciled, with the reconciler's normal intervals."""
        nodes = nodes_of(panel, levels, adds_up)
        sums = nodes.sums(panel.amounts)
        mean, sigma, fitted = self.base(sums, nodes.first(panel), horizon, panel.season)
        negative = bool((panel.amounts < 0).any())
        if not adds_up or len(nodes) == panel.n_atoms + 1 == 2:
            return normal_forecast(mean, sigma, quantiles, negative)
        mean, sigma = _min_trace(nodes.matrix.toarray(), mean, sigma, sums, fitted)
        return normal_forecast(mean, sigma, quantiles, negative)

    def base(self, sums: Floats, first: Ints, horizon: int, season: int) -> tuple[Floats, Floats, Floats]:
        """Means and standard deviations [n_nodes, horizon] and fitted values [n_nodes, n_periods] of each series."""
        from joblib import Parallel, delayed  # type: ignore[import-untyped]

        from training.series.base_forecasts import available_cores

        rows = [sums[row, begin:] for row, begin in enumerate(first.tolist())]
        size = 40
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        cores = available_cores() if len(rows) >= 4 * size else 1
        model = self.model(season, len(rows) >= MANY)
        if cores > 1:
            done = Parallel(n_jobs=cores)(delayed(_several)(model, part, horizon) for part in parts)
        else:
            done = [_several(model, part, horizon) for part in parts]
        found = [each for part in done for each in part]
        fitted = sums.copy()
        for row, (_, _, values) in enumerate(found):
            if len(values):
                fitted[row, -len(values) :] = np.where(np.isfinite(values), values, sums[row, -len(values) :])
        return np.array([f[0] for f in found]), np.array([f[1] for f in found]), fitted


def _several(model: "object", rows: list[Floats], horizon: int) -> list[tuple[Floats, Floats, Floats]]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rival is taken as it comes
        return [_one(model, row, horizon) for row in rows]


def _one(model: "object", row: Floats, horizon: int) -> tuple[Floats, Floats, Floats]:
    if len(row) == 0:
        return np.zeros(horizon), np.zeros(horizon), row
    try:
        said = model.forecast(y=row, h=horizon, level=[80], fitted=True)  # type: ignore[attr-defined]
        mean = np.asarray(said["mean"], np.float64)
        sigma = (np.asarray(said["hi-80"], np.float64) - mean) / Z80
        if np.isfinite(mean).all() and np.isfinite(sigma).all():
            return _bounded(row, mean, sigma, np.asarray(said["fitted"], np.float64))
    except Exception:  # statsforecast raises plain Exceptions where no member of a family can be fitted
        pass
    steps = np.diff(row)
    step = float(np.sqrt((steps**2).mean())) if len(steps) else float(np.abs(row[-1]))
    fitted = np.concatenate([row[:1], row[:-1]])
    return np.full(horizon, row[-1]), step * np.sqrt(np.arange(1, horizon + 1)), fitted


def _bounded(row: Floats, mean: Floats, sigma: Floats, fitted: Floats) -> tuple[Floats, Floats, Floats]:
    """Means and fitted values at most a range of the series beyond it, standard deviations at most that range."""
    low, high = float(row.min()), float(row.max())
    room = high - low
    return np.clip(mean, low - room, high + room), np.minimum(sigma, room), np.clip(fitted, low - room, high + room)


def _min_trace(matrix: Floats, mean: Floats, sigma: Floats, sums: Floats, fitted: Floats) -> tuple[Floats, Floats]:
    from hierarchicalforecast.methods import MinTrace

    known = {"S": matrix, "y_hat": mean, "y_insample": sums, "y_hat_insample": fitted, "sigmah": sigma, "level": [80]}
    try:
        found = MinTrace(method="mint_shrink").fit_predict(**known, intervals_method="normality")
    except Exception:  # errors of the fit that are all zero, or a covariance that cannot be inverted
        found = MinTrace(method="wls_struct").fit_predict(**known, intervals_method="normality")
    reconciled = np.asarray(found["mean"], np.float64)
    bounds = np.asarray(found["quantiles"], np.float64)
    return reconciled, np.maximum(bounds[..., -1] - reconciled, 0.0) / Z80


class ReconciledSeasonalNaive(_Reconciled):
    """Last season again."""

    name = "seasonal naive"
    meaning = "The same period of the last season, reconciled by MinTrace."

    def model(self, season: int, many: bool = False) -> "object":
        """statsforecast's SeasonalNaive."""
        from statsforecast.models import SeasonalNaive

        return SeasonalNaive(season_length=season)


class ReconciledEts(_Reconciled):
    """Exponential smoothing, its form chosen by AICc."""

    name = "AutoETS"
    meaning = "Exponential smoothing chosen by AICc for each series (statsforecast), reconciled by MinTrace."

    def model(self, season: int, many: bool = False) -> "object":
        """statsforecast's AutoETS with its defaults."""
        from statsforecast.models import AutoETS

        return AutoETS(season_length=season if season <= 24 else 1)


class ReconciledTheta(_Reconciled):
    """The Theta family."""

    name = "AutoTheta"
    meaning = "The Theta model chosen for each series (statsforecast), reconciled by MinTrace."

    def model(self, season: int, many: bool = False) -> "object":
        """statsforecast's AutoTheta with its defaults."""
        from statsforecast.models import AutoTheta

        return AutoTheta(season_length=season)


class ReconciledArima(_Reconciled):
    """ARIMA, its orders chosen stepwise."""

    name = "AutoARIMA"
    meaning = "ARIMA chosen by AICc for each series (statsforecast), reconciled by MinTrace."

    def model(self, season: int, many: bool = False) -> "object":
        """statsforecast's AutoARIMA with its defaults; of many series with its own approximation."""
        from statsforecast.models import AutoARIMA

        return AutoARIMA(season_length=season if season <= 24 else 1, approximation=many)
