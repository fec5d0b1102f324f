"""How much wider must intervals be than past errors' standard deviation says? A factor per level, from past errors.

An error of each past origin is held against draws made from the errors of the other origins, those whose steps
overlap with it left out. The factor is what makes 80 % of such errors lie within the 80 % interval: the split
conformal quantile (Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*, 2005). A level with few
errors is drawn to all levels. Two factors carry over to draws without breaking any sum: one scales what all cells
share, the other what each has of its own.
"""

from collections.abc import Sequence

import numpy as np

from training.series.panel import Floats

COVERAGE = 0.8
LEVEL_ORIGINS = 12.0
SEEN = 1.05
"""Weights of models were learned on the errors that factors are learned on: what comes is a little less like them."""
NARROWEST, WIDEST = 0.75, 1.8


def reach(errors: Floats, drawn: Floats) -> Floats:
    """How far each error reaches, in units of the drawn 80 % interval's half on its side: at most 1 is inside.

    `errors` [n_nodes, horizon] with NaN where not known; `drawn` [draws, n_nodes, horizon] are errors as drawn.
    """
    tail = (1.0 - COVERAGE) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    side = np.where(errors >= 0, high, -low)
    found = np.abs(errors) / np.where(side > 0, side, np.where(np.isfinite(errors), 1e-300, np.nan))
    return np.asarray(np.where(errors == 0, 0.0, found), np.float64)


def level_factor(reaches: Floats) -> tuple[float, float]:
    """The factor of some nodes and how many independent errors it rests on, about.

    `reaches` [n_origins, n_nodes, horizon], NaN where not known or nothing was drawn. Without any: 1 resting on 0.
    """
    known = np.isfinite(reaches)
    if not known.any():
        return 1.0, 0.0
    ratio = np.sort(reaches[known])
    rank = min(int(np.ceil((len(ratio) + 1) * COVERAGE)), len(ratio)) - 1
    independent = reaches.shape[1] ** 0.5 * (1.0 + len(reaches) / max(reaches.shape[2] / 2.0, 1.0))
    return float(ratio[rank]), independent


def few_origins(n_origins: int, horizon: int) -> float:
    """How much wider than the normal 80 % interval is that of a standard deviation known from few errors (Student's t)?

    Errors of neighbouring origins overlap: about every half horizon comes one that is independent.

    >>> round(few_origins(1000, 2), 2), round(few_origins(6, 2), 2)
    (1.0, 1.21)
    """
    from scipy.stats import norm, t

    independent = max(n_origins / max(horizon / 2.0, 1.0), 2.0)
    upper = 1.0 - (1.0 - COVERAGE) / 2.0
    return float(t.ppf(upper, independent) / norm.ppf(upper) * np.sqrt(1.0 + 1.0 / independent))


def shared_and_own(factors: Sequence[tuple[float, float]], expected: float | None = None) -> tuple[float, float]:
    """The two factors of draws from those of levels, the company first and the atoms last, each drawn to all.

    The company's is drawn to what is `expected`, where that is told.

    >>> shared_and_own([(1.0, 0.0), (1.2, 100.0)])
    (1.26, 1.26)
    """
    weight = sum(count for _, count in factors)
    if weight <= 0:
        return 1.15, 1.15
    every = float(np.exp(sum(count * np.log(max(factor, 0.05)) for factor, count in factors) / weight))

    def drawn(factor: float, count: float, every: float) -> float:
        held = count / (count + LEVEL_ORIGINS)
        value = SEEN * float(np.exp(held * np.log(max(factor, 0.05)) + (1 - held) * np.log(every)))
        return round(float(np.clip(value, NARROWEST, WIDEST)), 6)

    return drawn(*factors[0], every if expected is None else expected / SEEN), drawn(*factors[-1], every)
