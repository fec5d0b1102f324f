"""How wrong may the forecast be, and how do errors go together? Paths of past errors, drawn again.

A draw is a random mixture of the error paths of past origins, each path holding the errors of all cells at all
steps ahead at once. So the errors of any sum over cells and over steps vary as they did in the past: what
went wrong together stays together (in the spirit of Panagiotelis and others, "Probabilistic forecast
reconciliation", *European Journal of Operational Research* 306, 2023). Beside the mixture every cell has a
share of error of its own, since few origins cannot show all ways to err.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.series.coherent import drawn_to_law
from training.series.panel import Floats, Ints

OWN_ORIGINS = 4.0
"""A cell's scale is drawn to what its size suggests as by so many independent origins."""
JOINT_ORIGINS = 4.0
"""The mixture holds n / (n + this) of the variance, n origins; the rest is each cell's own."""
MOSTLY_NEGATIVE = 0.05
"""A share of draws with a total below zero from which on a total is not taken for a positive one."""
LEAST = 0.02
"""An error's standard deviation is at least this share of the cell's size."""


@dataclass(frozen=True)
class ErrorPaths:
    """Errors in units of each cell's size at the time: [n_origins, n_cells, horizon], complete, and their scale."""

    paths: Floats
    scale: Floats
    """Standard deviation in the same units, [n_cells, horizon]."""
    total: Floats | None = None
    """Standard deviation of the sum of all cells in `total_unit`s, [horizon]; None: as drawn."""

    @property
    def joint(self) -> float:
        """The share of the variance that the mixture of past paths holds."""
        return len(self.paths) / (len(self.paths) + JOINT_ORIGINS)

    def drawn(self, draws: int, rng: np.random.Generator) -> Floats:
        """Errors in units of scale, mean 0 and variance 1 in each cell and step, [draws, n_cells, horizon]."""
        n_origins, n_cells, horizon = self.paths.shape
        own = _walk(rng.standard_normal((draws, n_cells, horizon)))
        if not n_origins:
            return own
        unit = np.sqrt((self.paths**2).mean(axis=0))
        shape = np.where(unit > 0, self.paths / np.where(unit > 0, unit, 1.0), 0.0)
        mix = rng.standard_normal((draws, n_origins)) / np.sqrt(n_origins)
        mixed = np.tensordot(mix, shape, axes=1)
        joint = np.where(unit > 0, self.joint, 0.0)
        return np.asarray(np.sqrt(joint) * mixed + np.sqrt(1.0 - joint) * own, np.float64)


def error_paths(errors: Floats, size: Floats | None) -> ErrorPaths:
    """Paths from errors [n_origins, n_cells, horizon] with NaN where not known, in units of the cells' size.

    `size` [n_cells]: the mean amount of each cell in the same units as it counts for the law of scale; None where
    cells are of other kinds, some a hundred times as regular: they are drawn to the usual in logs.
    """
    errors = _once_begun(errors)
    growth = growth_by_step(errors)
    known = np.isfinite(errors)
    level = np.where(known, errors, 0.0) / growth
    count = known.sum(axis=(0, 2))
    own = (level**2).sum(axis=(0, 2)) / np.maximum(count, 1)
    independent = min(float(len(errors)), 1.0 + 2.0 * len(errors) / max(errors.shape[2], 1))
    held = independent / (independent + OWN_ORIGINS) if len(errors) else 0.0
    if size is None:
        usual = float(np.median(own[own > 0])) if (own > 0).any() else 1.0
        variance = usual * (np.maximum(own, LEAST**2) / usual) ** held
    else:
        law = (
            drawn_to_law(own * size**2, size) / np.maximum(size, 1e-12) ** 2 if (own > 0).any() else np.ones(len(size))
        )
        variance = held * own + (1.0 - held) * law
    scale = np.maximum(np.sqrt(variance), LEAST)[:, None] * growth[None, :]
    return ErrorPaths(_completed(errors, growth), scale)


def cells_drawn(
    centre: Floats,
    unit: Floats,
    paths: ErrorPaths,
    may: NDArray[np.bool_],
    idle: Floats,
    factors: tuple[float, float],
    draws: int,
    rng: np.random.Generator,
    adds_up: bool,
) -> Floats:
    """Draws of cells [draws, n_cells, horizon] about `centre`.

    `unit` [n_cells] is their size, `may` whether they fall below zero, `idle` the share of periods without a sale.
    What goes wrong in the total is spread over the cells in proportion to their scale and takes the first of the
    `factors`, the rest of each cell's error the second.
    """
    spread = paths.scale * unit[:, None]
    wrong = paths.drawn(draws, rng) * spread
    if not adds_up:
        return _around(centre, factors[1] * wrong, may, idle)
    weight = spread / np.maximum(spread.sum(axis=0), 1e-300)
    total = wrong.sum(axis=1, keepdims=True)
    own = wrong - total * weight[None]
    if paths.total is None:
        return _around(centre, factors[0] * total * weight[None] + factors[1] * own, may, idle)
    drawn = _around(centre, total * weight[None] + factors[1] * own, may, idle)
    spread = factors[0] * paths.total * total_unit(centre.sum(axis=0), unit.sum())
    return _as_wrong_together(drawn, centre, spread, may)


def _as_wrong_together(drawn: Floats, centre: Floats, spread: Floats, may: NDArray[np.bool_]) -> Floats:
    """The draws with all cells moved together until their total's standard deviation is `spread` [horizon].

    Errors of cells that cancel out (a customer buys a month later) do not quite, once nothing is to fall below zero;
    so the total is set right at last: by a power of itself, which leaves it positive, or where it is often negative by
    a shift in proportion to what cells vary by. The mean of each cell is kept, and those that `may` not be negative
    are not.
    """
    total, aim = drawn.sum(axis=1), centre.sum(axis=0)
    now = total.std(axis=0)
    if (aim <= 0).any() or ((total <= 0).mean(axis=0) > MOSTLY_NEGATIVE).any():
        more = (total - aim) * np.where(now > 0, spread / np.where(now > 0, now, 1.0) - 1.0, 0.0)
        share = drawn.std(axis=0)
        share = share / np.maximum(share.sum(axis=0), 1e-300)
        found = drawn + more[:, None, :] * share[None]
        return _with_mean(found, centre, may)
    level = np.log(np.maximum(total, 1e-3 * aim))
    now = level.std(axis=0)
    power = np.where(now > 0, np.sqrt(np.log1p((spread / aim) ** 2)) / np.where(now > 0, now, 1.0), 1.0)
    found = drawn * np.exp((np.minimum(power, 4.0) - 1.0) * (level - np.log(aim)))[:, None, :]
    return _with_mean(found, centre, may)


def _with_mean(drawn: Floats, centre: Floats, may: NDArray[np.bool_]) -> Floats:
    free = drawn - drawn.mean(axis=0) + centre if may.any() else drawn
    kept = np.maximum(drawn, 0.0)
    mean, aim = kept.mean(axis=0), np.maximum(centre, 0.0)
    kept = kept * np.where(mean > 0, aim / np.where(mean > 0, mean, 1.0), 1.0)
    return np.asarray(np.where(may[None, :, None], free, kept), np.float64)


def total_scale(wrong: Floats, said: Floats, unit: Floats, season: int) -> Floats | None:
    """How wrong the sum of all cells was in `total_unit`s, [horizon]; None where no origin tells.

    `wrong` and what was `said` [n_origins, n_cells, horizon], `wrong` with NaN where not known, `unit` [n_origins,
    n_cells]. Late origins count
    more, by half each season (eight periods at least): a young company errs in ways that it grows out of.
    """
    size = unit.sum(axis=1)
    size = np.sqrt(np.maximum(size, 1e-300) * size[-1:])  # errors grow more slowly than a company that grows fast
    errors = wrong.sum(axis=1, keepdims=True) / total_unit(said.sum(axis=1), size[:, None])[:, None]
    count = np.isfinite(errors)
    if count.sum() < 3 or not (size > 0).all():
        return None
    cells = growth_by_step(wrong / np.maximum(unit, 1e-300)[:, :, None])
    growth = np.sqrt(growth_by_step(errors) * cells)  # one series shows it badly, cells do not show it all
    held = 0.5 ** (np.arange(len(errors))[::-1] / max(season, 8))[:, None, None] * count
    level = float((held * (np.where(count, errors, 0.0) / growth) ** 2).sum() / held.sum())
    return np.asarray(np.maximum(np.sqrt(level), LEAST / 2) * growth, np.float64)


def total_unit(said: Floats, size: Floats) -> Floats:
    """The unit of the total's errors, between its size and what is said of a period: more is wrong in high season."""
    return np.asarray(np.sqrt(np.maximum(said, 0.1 * size) * np.maximum(size, 1e-300)), np.float64)


def growth_by_step(errors: Floats) -> Floats:
    """How the size of errors grows with the steps ahead, [horizon], 1 at the first step, never falling.

    Where fewer than three origins know a step, errors are taken to grow with the root of the steps.
    """
    horizon = errors.shape[2]
    found = np.ones(horizon)
    base = np.sqrt(np.nanmean(errors[:, :, 0] ** 2, axis=0)) if len(errors) else np.zeros(errors.shape[1])
    for step in range(1, horizon):
        known = np.isfinite(errors[:, 0, step])
        if known.sum() < 3 or not (base > 0).any():
            found[step] = found[step - 1] * np.sqrt((step + 1) / step)
            continue
        now = np.sqrt((errors[known][:, :, step] ** 2).mean(axis=0))
        then = np.sqrt((errors[known][:, :, 0] ** 2).mean(axis=0))
        found[step] = max(
            float(np.median(now[then > 0] / then[then > 0])) if (then > 0).any() else 1.0, found[step - 1]
        )
    return np.maximum.accumulate(np.minimum(found, np.sqrt(np.arange(1, horizon + 1)) * 1.5))


def _once_begun(errors: Floats) -> Floats:
    """Where one cell's error is not known and others' are (it had not begun), its own of other origins stand in.

    They come in turn, so that its variance is that of its own errors; a cell without any takes all cells'.
    """
    known = np.isfinite(errors)
    due = np.asarray(known.any(axis=1))
    lacks = due[:, None, :] & ~known
    if not lacks.any():
        return errors
    found = errors.copy()
    for cell, step in np.argwhere(lacks.any(axis=0)).tolist():
        own = errors[known[:, cell, step], cell, step]
        every = errors[:, :, step][known[:, :, step]]
        rows = np.flatnonzero(lacks[:, cell, step])
        found[rows, cell, step] = np.resize(own if len(own) else np.roll(every, -cell), len(rows))
    return found


def _completed(errors: Floats, growth: Floats) -> Floats:
    """Paths of late origins, whose last steps have not come, carried on from the last known error."""
    done = errors.copy()
    for path in done:
        known = int(np.isfinite(path[0]).sum()) if len(path) else 0
        if 0 < known < path.shape[1]:
            path[:, known:] = path[:, known - 1 : known] * (growth[known:] / growth[known - 1])
    return done


def _walk(noise: Floats, share: float = 0.3) -> Floats:
    """Noise of variance 1 that keeps part of itself from step to step, as a cell's own errors do."""
    kept = noise.copy()
    for step in range(1, noise.shape[2]):
        kept[:, :, step] = share * kept[:, :, step - 1] + np.sqrt(1 - share**2) * noise[:, :, step]
    return kept


def sizes(amounts: Floats, first: Ints, origin: int, season: int, ever: Floats, adds_up: bool = True) -> Floats:
    """The unit of error of each series at an origin: its recent mean amount and its mean over all time, half each.

    `ever` [n_series] is the latter, so that a series that had not begun does not err without bounds in its own unit.
    Where they are of one kind, parts that add up, none is taken for smaller than a thousandth of their mean.
    """
    from training.series.intermittent import trailing_mean

    recent = trailing_mean(np.abs(amounts), first, [origin], max(season, 4))[0]
    floor = 1e-3 * float(np.mean(ever)) if len(ever) and adds_up else 0.0
    return np.asarray(np.maximum(0.5 * recent + 0.5 * ever, max(floor, 1e-9)), np.float64)


def idle_share(amounts: Floats, first: Ints, origin: int, season: int) -> Floats:
    """The share of periods without a sale in the last two seasons (eight periods at least) since each series began."""
    since = np.maximum(first, max(origin - max(2 * season, 8), 0))
    counts = np.arange(origin)[None, :] >= since[:, None]
    idle = (amounts[:, :origin] == 0) & counts
    return np.asarray(np.minimum(idle.sum(axis=1) / np.maximum(counts.sum(axis=1), 1), 0.95), np.float64)


def _around(centre: Floats, wrong: Floats, may: NDArray[np.bool_], idle: Floats) -> Floats:
    """Draws about a mean: normal where a cell `may` be negative, else of gamma shape, never below zero.

    A cell that is `idle` in a share of periods is so in that share of draws, those that lie lowest. The gamma
    quantile of a normal number by Wilson and Hilferty (1931), outright where the shape is too odd for that. The
    mean of each cell is kept.
    """
    from scipy.special import gammaincinv, ndtr, ndtri

    spread = np.sqrt((wrong**2).mean(axis=0))
    z = wrong / np.where(spread > 0, spread, 1.0)
    sells = 1.0 - np.where(idle > 0.1, idle, 0.0)[:, None]
    mean = np.maximum(centre, 0.0) / sells
    variance = np.maximum((spread**2 + np.maximum(centre, 0.0) ** 2) / sells - mean**2, 0.1 * mean**2 * (sells < 1))
    shape = np.clip(mean**2 / np.maximum(variance, 1e-300), 0.05, 1e6)
    below = ndtr(z)
    told = (sells < 1) & (spread > 0)
    rank = np.clip((below - (1.0 - sells)) / sells, 1e-9, 1 - 1e-9)
    z = np.where(told, ndtri(rank), z)
    unit = np.maximum(1.0 - 1.0 / (9.0 * shape) + z / (3.0 * np.sqrt(shape)), 0.0) ** 3
    odd = (shape < 1.0) & (spread > 0)
    if odd.any():
        unit[:, odd] = gammaincinv(shape[odd], np.clip(ndtr(z[:, odd]), 1e-9, 1 - 1e-9)) / shape[odd]
    unit = np.where(told & (below <= 1.0 - sells), 0.0, unit)
    level = unit.mean(axis=0)
    positive = np.maximum(centre, 0.0) * unit / np.where(level > 0, level, 1.0)
    return np.asarray(np.where(may[None, :, None], centre + wrong - wrong.mean(axis=0), positive), np.float64)
