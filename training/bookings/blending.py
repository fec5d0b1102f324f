"""How much should series models weigh beside the simulated pipeline, and how wide are the intervals to be?

Learned by months ahead from past moments whose months were over: the weight with the least CRPS of the company's
total, the level by what came over what was said, and the factor on the spread that would have held four months in five
within the 80 % interval (split conformal prediction; Vovk and others 2005). All are drawn toward the usual as by a few
past months.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import Sales
from features.calendar import Days
from training.bookings.measure import Blend
from training.bookings.moved import blended

Floats = NDArray[np.float64]
CLASSES = (0, 1, 2, 4)
"""Months ahead at which a class begins."""
USUAL = (0.1, 0.15, 0.2, 0.25)
"""Weight of the series where nothing is known: the further off, the less of it is in the pipeline."""
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
PULL = 5.0
"""As by so many past months."""
SPREAD = 1.15
"""Factor on the spread where nothing is known: simulations know no reorganisation and no bad year."""
NARROWEST, WIDEST = 0.7, 2.5
INSIDE = 0.8
DRIFT = 0.12
"""Usual size, in logs, by which a level is off the same way for months."""
FARTHEST = 0.5
"""A level is never moved by more, in logs."""


@dataclass(frozen=True)
class Told:
    """Of one past moment: its day, edges of the months ahead, sorted draws of pipeline and series [months, draws], and
    what came [months], NaN where a month is not over."""

    day: int
    edges: Days
    simulated: Floats
    series: Floats
    came: Floats

    def as_known(self, sold: Sales, day: int) -> "Told":
        """The same with what came as on record at a later day: a close recorded after it teaches nothing yet."""
        return replace(self, came=came_by(sold, self.edges, day))


def came_by(sold: Sales, edges: Days, day: int) -> Floats:
    """What was sold in each month between edges, [months]; NaN of those that were not over by a day."""
    inside = (sold.day >= edges[0]) & (sold.day < edges[-1])
    place = np.searchsorted(edges, sold.day[inside], side="right") - 1
    came = np.bincount(place, sold.amount[inside], len(edges) - 1).astype(np.float64)
    came[edges[1:] > day] = np.nan
    return came


def learn_blend(told: Sequence[Told], day: int) -> Blend:
    """Learn from moments before a day, and only from months that were over by then."""
    weights, scales, levels = [], [], []
    for number, first in enumerate(CLASSES):
        last = CLASSES[number + 1] if number + 1 < len(CLASSES) else 10_000
        rows = [
            (one.simulated[month], one.series[month], one.came[month])
            for one in told
            for month in range(first, min(last, len(one.came)))
            if np.isfinite(one.came[month]) and one.edges[month + 1] <= day
        ]
        # Months that several moments looked at are one piece of evidence, not several.
        evidence = min(len(rows), len({one.day for one in told}))
        weight = _weight(rows, USUAL[number], evidence)
        weights.append(weight)
        levels.append(_level(rows, weight, evidence))
        scales.append(_scale(rows, weight, levels[-1], evidence))
    by_month = [int(np.searchsorted(CLASSES, month, side="right")) - 1 for month in range(CLASSES[-1] + 1)]
    return Blend(*(tuple(part[c] for c in by_month) for part in (weights, scales, levels)))


def _weight(rows: Sequence[tuple[Floats, Floats, float]], usual: float, evidence: int) -> float:
    if not rows:
        return usual
    losses = np.array([sum(_crps(_blend(row, weight), row[2]) for row in rows) for weight in GRID])
    best = GRID[int(np.argmin(losses))]
    return round((best * evidence + usual * PULL) / (evidence + PULL), 4)


def _level(rows: Sequence[tuple[Floats, Floats, float]], weight: float, evidence: int) -> float:
    """What came over what was said, drawn toward one by as much as single months are uncertain."""
    draws = [_blend(row, weight) for row in rows]
    came, said = sum(row[2] for row in rows), sum(float(one.mean()) for one in draws)
    if came <= 0 or said <= 0:
        return 1.0
    found = float(np.clip(np.log(came / said), -FARTHEST, FARTHEST))
    spread = sum(float(one.std()) for one in draws) / said
    held = DRIFT**2 / (DRIFT**2 + spread**2 / evidence)
    return round(float(np.exp(found * held)), 4)


def _scale(rows: Sequence[tuple[Floats, Floats, float]], weight: float, level: float, evidence: int) -> float:
    if not rows:
        return SPREAD
    off = []
    for row in rows:
        low, middle, high = np.quantile(level * _blend(row, weight), (0.1, 0.5, 0.9))
        side = high - middle if row[2] >= middle else middle - low
        off.append(abs(row[2] - middle) / max(float(side), 1e-9))
    rank = min(np.ceil(round((evidence + 1) * INSIDE, 9)), evidence)
    found = float(np.clip(np.quantile(off, rank / evidence - 1e-9, method="inverted_cdf"), NARROWEST, WIDEST))
    return round(float(np.exp((np.log(found) * evidence + np.log(SPREAD) * PULL) / (evidence + PULL))), 4)


def _blend(row: tuple[Floats, Floats, float], weight: float) -> Floats:
    return np.asarray(blended(row[0][None], row[1][None], np.array([weight]), np.ones(1))[0])


def _crps(draws: Floats, came: float) -> float:
    """Continuous ranked probability score of sorted draws (Gneiting and Raftery 2007)."""
    size = len(draws)
    rank = 2 * np.arange(1, size + 1) - size - 1
    return float(np.abs(draws - came).mean() - (rank * draws).sum() / size**2)
