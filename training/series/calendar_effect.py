"""How much do sales follow the days that are worked? An exponent, chosen on past forecasts.

A period's factor is its working days over what is usual at that time of the year (of weeks: over a full week),
to the power of the exponent: 0 is no effect, 1 is sales in proportion, more than 1 says that business also slows
around a festival. Amounts are divided by it before the models see them, forecasts multiplied after.
"""

import numpy as np

from training.series.panel import Floats, Panel

EXPONENTS = (0.0, 0.5, 1.0, 1.5, 2.0)
MARGIN = 0.02
"""An effect must lower the mean absolute error by this share to be taken."""


def day_factors(panel: Panel, exponent: float, count: int) -> Floats:
    """The factor of each of the first `count` periods, past the panel's last too; ones without a calendar."""
    worked = panel.working_days
    if worked is None or exponent == 0 or panel.frequency in ("D", "Y"):
        return np.ones(count)
    if panel.frequency == "W":
        usual = np.full(len(worked), 5.0)
    else:
        place = np.arange(len(worked)) % panel.season
        usual = np.array([worked[place == each].mean() for each in range(panel.season)])[place]
    ratio = (worked + 0.5) / (usual + 0.5)
    held = np.concatenate([ratio, np.ones(max(count - len(ratio), 0))])[:count]
    return np.asarray(held**exponent, np.float64)


def chosen_exponent(panel: Panel, series: Floats, origins: tuple[int, ...]) -> float:
    """The exponent whose seasonal forecasts of these series were nearest in the later part of the past."""
    if panel.working_days is None or panel.frequency in ("D", "Y") or len(origins) < 4:
        return 0.0
    if panel.n_periods < panel.season + 4:
        return 0.0
    loss = {each: _loss(panel, series, origins, each) for each in EXPONENTS}
    best = min(EXPONENTS, key=lambda each: loss[each])
    return best if loss[best] < (1.0 - MARGIN) * loss[0.0] else 0.0


def _loss(panel: Panel, series: Floats, origins: tuple[int, ...], exponent: float) -> float:
    """Mean error of last season's share of its year times the latest year's level, in units of each series' mean."""
    factor = day_factors(panel, exponent, panel.n_periods)
    even = series / factor
    unit = np.maximum(np.abs(series).mean(axis=1), 1e-12)
    season, errors = panel.season, []
    for period in range(max(season, origins[0]), panel.n_periods):
        recent, before = (
            even[:, max(period - 3, 0) : period].sum(axis=1),
            even[:, period - season - 3 : period - season],
        )
        usual = before.sum(axis=1) if period >= season + 3 else recent
        growth = np.clip(np.where(usual > 0, recent / np.maximum(usual, 1e-12), 1.0), 0.5, 2.0)
        said = even[:, period - season] * growth * factor[period]
        errors.append(np.abs(series[:, period] - said) / unit)
    return float(np.mean(errors)) if errors else np.inf
