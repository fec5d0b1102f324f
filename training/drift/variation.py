"""How far may a weekly figure move before it is drift? As far as it moved in the history the model learned from.

A figure is averaged over windows of four weeks. How much two windows of the history differ is read off at each
distance between them (the variogram, Cressie, *Statistics for Spatial Data*, 1993): a part that is there at once
(chance), one that grows with the distance (a random walk) and one that grows with its square (a trend). The same law
says how far a later window may lie from the history's last ones. So a figure that has always wandered may go on
wandering, and one that has been steady may not.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK = 7 * 86_400_000_000
WINDOW = 4
"""Weeks of a window."""
FEWEST_WINDOWS = 6
"""Windows below which a history does not know its own variation."""
LAST = 3
"""Windows whose average is where the figure stood when the model was trained."""
STEADY = 0.01
"""No figure is believed to be steadier than this: a hundredth of all rows."""


@dataclass(frozen=True)
class Variation:
    """Where a figure stood at the end of the history, and the law of its moving.

    `law` holds the mean squared difference of two windows at once, its growth per window and per squared window;
    `rows` is how many rows a window of the history held.
    """

    level: float
    law: tuple[float, float, float]
    rows: float

    def distance(self, mean: float, rows: float, windows_later: float) -> float:
        """How many deviations a window's mean lies from where it may be expected."""
        at_once, walk, trend = self.law
        ahead = windows_later + (LAST - 1) / 2
        chance = at_once * (1 + self.rows / max(rows, 1.0)) / 2
        allowed = chance + walk * ahead + trend * ahead**2 + STEADY**2
        return float((mean - self.level) / np.sqrt(allowed))

    def to_json(self) -> list[float]:
        """Level, law and rows."""
        return [float(f"{value:.6g}") for value in (self.level, *self.law, self.rows)]

    @staticmethod
    def from_json(numbers: list[float]) -> "Variation":
        """What `to_json` wrote."""
        return Variation(numbers[0], (numbers[1], numbers[2], numbers[3]), numbers[4])


def windows(values: Floats, at: Ints, end: int, weeks: int = WINDOW) -> tuple[Floats, Floats]:
    """Means and numbers of rows of windows that end at `end` and go back from there, oldest first; NaN where empty."""
    known = ~np.isnan(values)
    back = (end - 1 - at[known]) // (weeks * WEEK)
    inside = back >= 0
    back, kept = back[inside], values[known][inside]
    if not len(back):
        return np.zeros(0), np.zeros(0)
    rows = np.bincount(back).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(back, kept) / np.where(rows > 0, rows, np.nan)
    return mean[::-1], rows[::-1]


def variation_of(mean: Floats, rows: Floats) -> Variation | None:
    """The law of a figure from its windows, oldest first; None where there are too few to tell."""
    usual = float(np.median(rows[rows > 0])) if (rows > 0).any() else 0.0
    kept = np.flatnonzero(rows >= usual / 4)
    if len(kept) < FEWEST_WINDOWS:
        return None
    place, figure, weight = kept.astype(np.float64), mean[kept], rows[kept]
    level = float(np.average(figure[-LAST:], weights=weight[-LAST:]))
    first, second = np.triu_indices(len(kept), 1)
    apart = place[second] - place[first]
    near = apart <= max(FEWEST_WINDOWS, (len(mean) * 2) // 3)
    squared, apart = (figure[second] - figure[first])[near] ** 2, apart[near]
    return Variation(level, _law(squared, apart), usual)


def _law(squared: Floats, apart: Floats) -> tuple[float, float, float]:
    """Chance, walk and trend that explain mean squared differences at each distance; none below zero."""
    from scipy.optimize import nnls

    distances = np.unique(apart)
    mean = np.array([squared[apart == one].mean() for one in distances])
    pairs = np.array([(apart == one).sum() for one in distances], np.float64)
    design = np.column_stack([np.ones_like(distances), distances, distances**2])
    root = np.sqrt(pairs) / np.maximum(mean, 1e-12)
    found, _ = nnls(design * root[:, None], mean * root)
    # Chance of the history itself: no window can differ by less than neighbours did.
    return cast(tuple[float, float, float], tuple(float(one) for one in found))
