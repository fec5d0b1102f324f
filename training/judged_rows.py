"""Which predictions can be judged, what does each cost, and which of them belong to one deal?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import ForesellError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_] | npt.NDArray[np.str_] | npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEAREST_TO_CERTAIN = 1e-12
"""A probability of 0 or 1 counts as this far away from it, so that no loss is infinite."""


class NothingToJudge(ForesellError):
    """No row with a known outcome and a positive weight."""

    problem = "None of the {0} predictions belongs to a deal known to be won or lost."
    fix = "judge on an earlier period, whose deals have been decided."


class NotAProbability(ForesellError):
    """A prediction outside 0 to 1, or missing."""

    problem = "{0} of {1} predictions are missing or outside 0 to 1."
    fix = "judge probabilities, not log-odds or percentages."


@dataclass(frozen=True)
class JudgedRows:
    """Decided rows: outcome, probability, weight, and a number per deal from 0."""

    y: Floats
    p: Floats
    weight: Floats
    deal: npt.NDArray[np.intp]

    @property
    def deals(self) -> int:
        """How many deals the rows belong to."""
        return int(self.deal.max()) + 1

    def part(self, mask: Mask) -> JudgedRows:
        """The rows under the mask."""
        _, deal = np.unique(self.deal[mask], return_inverse=True)
        return JudgedRows(self.y[mask], self.p[mask], self.weight[mask], deal)

    def by_deal(self, values: Floats) -> Floats:
        """Sums [deals] of values [rows]."""
        return np.asarray(np.bincount(self.deal, values, self.deals), dtype=np.float64)

    def average(self, values: Floats) -> float:
        """Weighted mean of values [rows]."""
        return float(np.average(values, weights=self.weight))


def losses(y: Floats, p: Floats) -> Floats:
    """-ln(probability given to what happened) of each row, in nats."""
    inside = np.clip(p, NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN)
    return np.asarray(-(y * np.log(inside) + (1 - y) * np.log1p(-inside)))


def decided_rows(y: Floats, p: Floats, weight: Floats | None, cluster: Labels | None) -> tuple[JudgedRows, Mask]:
    """The rows that can be judged, and where they stood; raises NothingToJudge, NotAProbability."""
    weight = np.ones(len(y)) if weight is None else weight
    known = np.isfinite(y) & (weight > 0)
    if not known.any():
        raise NothingToJudge(len(y))
    if wrong := int((~((p[known] >= 0) & (p[known] <= 1))).sum()):
        raise NotAProbability(wrong, int(known.sum()))
    names = np.arange(len(y)) if cluster is None else np.asarray(cluster).astype(str)
    _, deal = np.unique(names[known], return_inverse=True)
    return JudgedRows(y[known].astype(float), p[known].astype(float), weight[known].astype(float), deal), known


def log_loss(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Weighted mean of -ln(probability given to what happened), in nats; 0 and 1 count as 1e-12 away."""
    return float(np.average(losses(y, p), weights=weight))


def log_odds(p: Floats) -> Floats:
    """ln(p / (1 - p)) of each probability, finite at both ends."""
    inside = np.clip(p, NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN)
    return np.asarray(np.log(inside) - np.log1p(-inside))
