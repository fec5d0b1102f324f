"""How good are forecasts of series beside the rivals', level by level? Rolling origins, judged by what came after."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.forecast.scores import DECILES, FINE, bias, coverage, mase, pinball, rmsse, scrps, weighted_quantile_loss
from training.rivals.series.rival import SeriesForecast, SeriesRival
from training.series.engine import ahead, fit_series
from training.series.nodes import ATOMS, Nodes, nodes_of
from training.series.panel import Floats, Panel

OURS = "ours"
DRAWS = 1000


@dataclass(frozen=True)
class Judged:
    """What each method said from each origin and what came: actual [n_origins, n_nodes, horizon], NaN past the end."""

    panel: Panel
    nodes: Nodes
    origins: tuple[int, ...]
    actual: Floats
    said: Mapping[str, list[SeriesForecast]]
    """By method, one forecast per origin with the quantiles FINE."""


def run_series_trial(
    panel: Panel,
    levels: Sequence[tuple[str, ...]],
    horizon: int,
    origins: Sequence[int],
    rivals: Sequence[type[SeriesRival]],
    seed: int = 0,
    adds_up: bool = True,
    progress: Callable[[str], None] | None = None,
) -> Judged:
    """Every method at every origin (numbers of periods known), each knowing only the panel before it."""
    nodes = nodes_of(panel, levels, adds_up)
    said: dict[str, list[SeriesForecast]] = {OURS: [], **{rival.name: [] for rival in rivals}}
    for origin in origins:
        past = panel.until(origin)
        if progress:
            progress(f"origin {past.starts[-1]}: {OURS}")
        said[OURS].append(our_forecast(past, nodes, levels, horizon, seed, adds_up))
        for rival in rivals:
            if progress:
                progress(f"origin {past.starts[-1]}: {rival.name}")
            said[rival.name].append(rival().forecast(past, levels, horizon, FINE, adds_up))
    actual = ahead(nodes.sums(panel.amounts), origins, horizon)
    return Judged(panel, nodes, tuple(origins), actual, said)


def our_forecast(
    past: Panel, nodes: Nodes, levels: Sequence[tuple[str, ...]], horizon: int, seed: int = 0, adds_up: bool = True
) -> SeriesForecast:
    """The engine's forecast of every node, from draws summed over each."""
    model = fit_series(past, levels, horizon, seed, adds_up=adds_up)
    mean = nodes.sums(model.mean(past, horizon))
    quantiles = np.empty((len(FINE), len(nodes), horizon))
    for level in nodes.levels():
        rows = nodes.at(level)
        groups = np.asarray(nodes.matrix[rows].argmax(axis=0)).ravel().astype(np.int64)
        quantiles[:, rows] = np.quantile(model.draw_sums(past, horizon, groups, DRAWS, seed), FINE, axis=0)
    return SeriesForecast(mean, quantiles)


def figures(judged: Judged, by_series: bool = False) -> dict[str, dict[str, dict[str, float]]]:
    """Level, method, score: the table. The last columns bound sCRPS of ours less the method's, at 95 %, by bootstrap.

    Clusters are the origins, or the series with `by_series`, drawn with replacement.
    """
    titles = {level: title_of(level) for level in judged.nodes.levels()}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for level, title in titles.items():
        rows = judged.nodes.at(level)
        ours, sold = _losses(judged, OURS, rows, by_series)
        found[title] = {}
        for method in judged.said:
            losses, _ = _losses(judged, method, rows, by_series)
            low, high = _bootstrap(ours - losses, sold)
            found[title][method] = _scores(judged, method, rows) | {"ours_less_low": low, "ours_less_high": high}
    return found


def title_of(level: tuple[str, ...]) -> str:
    """A level in words."""
    return "atoms" if level == ATOMS else " x ".join(level) or "company"


def lines(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """The table for a terminal, best sCRPS first in each level, then the mean over levels."""
    head = (
        f"{'':<24}{'sCRPS':>8}{'WQL':>8}{'MASE':>8}{'RMSSE':>8}{'in 80 %':>9}{'bias':>8}   ours less this, sCRPS, 95 %"
    )
    told = []
    for level, methods in found.items():
        told += ["", level, head]
        for name, f in sorted(methods.items(), key=lambda item: item[1]["scrps"]):
            told.append(
                f"{name:<24}{f['scrps']:>8.4f}{f['wql']:>8.4f}{f['mase']:>8.3f}{f['rmsse']:>8.3f}"
                f"{f['coverage']:>9.1%}{f['bias']:>+8.1%}   [{f['ours_less_low']:+.4f}, {f['ours_less_high']:+.4f}]"
            )
    names = list(next(iter(found.values())))
    means = {name: float(np.mean([found[level][name]["scrps"] for level in found])) for name in names}
    told += [
        "",
        "mean sCRPS over levels: " + ", ".join(f"{n} {v:.4f}" for n, v in sorted(means.items(), key=lambda i: i[1])),
    ]
    return told


def _scores(judged: Judged, method: str, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> dict[str, float]:
    actual = np.concatenate([each[rows] for each in judged.actual], axis=1)
    mean = np.concatenate([each.mean[rows] for each in judged.said[method]], axis=1)
    quantiles = np.concatenate([each.quantiles[:, rows] for each in judged.said[method]], axis=2)
    middle, low, high = (FINE.index(p) for p in (0.5, 0.1, 0.9))
    deciles = quantiles[[FINE.index(p) for p in DECILES]]
    sums = judged.nodes.sums(judged.panel.amounts)[rows]
    first = judged.nodes.first(judged.panel)[rows]
    history = sums[:, : judged.origins[0]].copy()
    history[np.arange(history.shape[1])[None, :] < first[:, None]] = np.nan
    season = judged.panel.season
    return {
        "scrps": scrps(actual, quantiles, FINE),
        "wql": weighted_quantile_loss(actual, deciles, DECILES),
        "mase": mase(actual, quantiles[middle], history, season),
        "rmsse": rmsse(actual, mean, history, season),
        "coverage": coverage(actual, quantiles[low], quantiles[high]),
        "bias": bias(actual, mean),
        "points": float(np.isfinite(actual).sum()),
    }


def _losses(
    judged: Judged, method: str, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", by_series: bool
) -> tuple[Floats, Floats]:
    """Quantile loss and amounts sold of each cluster."""
    loss = np.array(
        [
            2.0 * np.nansum(pinball(actual[rows], each.quantiles[:, rows], FINE).mean(axis=0), axis=1)
            for actual, each in zip(judged.actual, judged.said[method], strict=True)
        ]
    )
    sold = np.nansum(np.abs(judged.actual[:, rows]), axis=2)
    axis = 0 if by_series else 1
    return loss.sum(axis=axis), sold.sum(axis=axis)


def _bootstrap(difference: Floats, sold: Floats, times: int = 2000) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(sold), (times, len(sold)))
    total = sold[chosen].sum(axis=1)
    ratio = difference[chosen].sum(axis=1) / np.where(total > 0, total, np.nan)
    if not np.isfinite(ratio).any():
        return np.nan, np.nan
    low, high = np.nanquantile(ratio, [0.025, 0.975])
    return float(low), float(high)
