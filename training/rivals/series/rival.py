"""What is a rival forecast of series? Means and quantiles of every sum, as a tool in use today would give them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from training.series.panel import Floats, Panel


@dataclass(frozen=True)
class SeriesForecast:
    """Means [n_nodes, horizon] and quantiles [n_quantiles, n_nodes, horizon], nodes as in `nodes_of`."""

    mean: Floats
    quantiles: Floats


class SeriesRival(Protocol):
    """A forecast of every level of a panel."""

    name: str
    meaning: str

    def forecast(
        self,
        panel: Panel,
        levels: Sequence[tuple[str, ...]],
        horizon: int,
        quantiles: Sequence[float],
        adds_up: bool = True,
    ) -> SeriesForecast:
        """The next `horizon` periods of the company, of each level and of the atoms."""
        ...


def normal_forecast(mean: Floats, sigma: Floats, quantiles: Sequence[float], negative: bool) -> SeriesForecast:
    """Quantiles of a normal distribution, cut at zero unless the history has amounts below it."""
    from scipy.stats import norm

    z = norm.ppf(np.asarray(quantiles))[:, None, None]
    said = mean[None] + z * np.maximum(sigma, 0.0)[None]
    if negative:
        return SeriesForecast(mean, said)
    return SeriesForecast(np.maximum(mean, 0.0), np.maximum(said, 0.0))
