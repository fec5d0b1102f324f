"""At which days is a curve drawn, and what does it say between and beyond them?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]
LADDER = (
    *(0.25, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 270, 365, 450, 540, 730, 910),
    *(1095, 1460, 1825, 2555, 3650),
)
"""Days among which edges are chosen, beside the horizons asked for."""
MOST_EDGES = 9
STRETCH = 0.5
"""A stretch of time without ends counts so much beside the ends themselves when edges are chosen."""
APART = 1.3
"""Edges are at least this factor apart; a horizon that was asked for goes before another."""
FEWEST_WATCHED = 10
"""Subjects that must have been watched to an edge for it to be drawn."""
NEAR_ONE = 1 - 1e-9


def choose_edges(past: "Dataset", horizons: Sequence[float]) -> tuple[float, ...]:
    """The days at which to draw: horizons asked for that can be learned, and days between which enough ends."""
    decided = ~np.isnan(past.outcome)
    end = np.where(decided, past.decided_after, past.followed_for)
    longest = _longest(past, end, decided)
    asked = sorted({float(h) for h in horizons if math.isfinite(h) and 0 < h <= longest})
    fixed = [days for place, days in enumerate(asked) if place == 0 or days >= APART * asked[place - 1]]
    free = [d for d in LADDER if d <= longest and all(max(d, each) >= APART * min(d, each) for each in fixed)]
    edges, ends = sorted([*fixed, *free]), np.sort(end[decided])
    while len(edges) > max(MOST_EDGES, len(fixed)):
        loss = {edges[n]: _loss(edges, n, ends) for n in range(len(edges)) if edges[n] not in fixed}
        edges.remove(min(loss, key=lambda days: (loss[days], -days)))
    return tuple(edges) or (max(longest, 1.0),)


def _loss(edges: Sequence[float], place: int, ends: Floats) -> float:
    """What an edge tells apart: the share of all ends on both of its sides, and the stretch of time in logarithms."""
    before, after = edges[place - 1] if place else 0.0, edges[min(place + 1, len(edges) - 1)]
    count = np.searchsorted(ends, [before, after], side="right")
    stretch = math.log(after / max(before, edges[0] / APART)) / math.log(edges[-1] * APART / edges[0])
    return float(count[1] - count[0]) / max(len(ends), 1) + STRETCH * stretch


def _longest(past: "Dataset", end: Floats, decided: NDArray[np.bool_]) -> float:
    """The last day to which enough subjects were watched, or on which one ended."""
    _, number = np.unique(past.subject.astype(str), return_inverse=True)
    reached = np.zeros(int(number.max(initial=-1)) + 1)
    np.maximum.at(reached, number, np.where(decided, end, past.followed_for))
    reached = np.sort(reached)[::-1]
    if not len(reached):
        return 1.0
    return float(reached[min(FEWEST_WATCHED, len(reached)) - 1])


@dataclass(frozen=True)
class Points:
    """Where a curve is known: edges in days, ascending, and whether it ends at a chance below one.

    `bounded`: the last column of what is handed to `read` is the chance that the event ever happens. Without a
    competing event there is none, and everybody has it in the end.
    """

    edges: tuple[float, ...]
    bounded: bool

    def read(self, drawn: Floats, days: Sequence[float]) -> Floats:
        """The curve of each row at any days [n, days], from its values at the edges and in the end [n, edges + 1].

        Between edges the complementary log-log of the share of those who ever have it is straight in the logarithm of
        time, as a Weibull curve is; before the first and beyond the last edge it goes at an even pace.
        """
        ever = drawn[:, -1] if self.bounded else np.ones(len(drawn))
        share = np.clip(drawn[:, : len(self.edges)] / np.maximum(ever, 1e-12)[:, None], 1e-12, NEAR_ONE)
        bent = np.log(-np.log1p(-share))
        found = np.empty((len(drawn), len(days)))
        for column, asked in enumerate(days):
            if math.isinf(asked):
                found[:, column] = ever
            else:
                found[:, column] = ever * -np.expm1(-np.exp(self._between(bent, asked)))
        return found

    def _between(self, bent: Floats, days: float) -> Floats:
        place = int(np.searchsorted(self.edges, days))
        if place == 0 or place == len(self.edges):
            at = min(place, len(self.edges) - 1)
            return np.asarray(bent[:, at] + math.log(days / self.edges[at]))
        low, high = self.edges[place - 1], self.edges[place]
        way = math.log(days / low) / math.log(high / low)
        return np.asarray((1 - way) * bent[:, place - 1] + way * bent[:, place])

    def median(self, drawn: Floats) -> Floats:
        """Days by which half of those who ever have the event have had it, per row; NaN where nobody has."""
        return self.days_of(drawn, np.full(len(drawn), 0.5))

    def days_of(self, drawn: Floats, part: Floats) -> Floats:
        """Days by which a part [n] of those who ever have the event have had it, per row; NaN where nobody has."""
        ever = drawn[:, -1] if self.bounded else np.ones(len(drawn))
        share = np.clip(drawn[:, : len(self.edges)] / np.maximum(ever, 1e-12)[:, None], 1e-12, NEAR_ONE)
        bent, aim = np.log(-np.log1p(-share)), np.log(-np.log1p(-np.clip(part, 1e-12, NEAR_ONE)))
        after = np.log(self.edges[-1]) + aim - bent[:, -1]
        before = np.log(self.edges[0]) + aim - bent[:, 0]
        found = np.where(bent[:, 0] >= aim, before, after)
        for low in range(len(self.edges) - 1):
            inside = (bent[:, low] < aim) & (bent[:, low + 1] >= aim)
            rise = np.maximum(bent[:, low + 1] - bent[:, low], 1e-12)
            start, end = math.log(self.edges[low]), math.log(self.edges[low + 1])
            found = np.where(inside, start + (aim - bent[:, low]) / rise * (end - start), found)
        return np.where(ever > 0, np.exp(np.minimum(found, 20.0)), np.nan)
