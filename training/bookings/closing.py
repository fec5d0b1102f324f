"""What do won deals close at, beside what stood on record before? Samples of that share, by stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import Sales

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]
STEPS = 101
"""Quantiles that are kept of a sample."""
FEWEST = 40
"""Moments of won deals from which on a stage has a sample of its own."""
WIDEST = 20.0
EVERYONE = ""


@dataclass(frozen=True)
class Kept:
    """Quantiles of the amount at the close over the amount on record, by stage and over all; empty where unknown."""

    by_stage: Mapping[str, Floats]

    def of(self, stage: str) -> Floats:
        """The sample for a stage; a sure 1 where nothing is known."""
        return self.by_stage.get(stage, self.by_stage.get(EVERYONE, np.ones(1)))

    def to_json(self) -> dict[str, list[float]]:
        """All samples."""
        return {stage: sample.tolist() for stage, sample in self.by_stage.items()}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Kept":
        """What `to_json` wrote."""
        return Kept({stage: np.array(cast(list[float], sample)) for stage, sample in document.items()})


def fit_kept(past: "Dataset", sold: Sales) -> Kept:
    """Learn from the moments of won deals, and from what these were closed at."""
    final = dict(zip(sold.line.tolist(), sold.amount.tolist(), strict=True))
    if "deal_amount" not in past.x:
        return Kept({})
    before = past.x["deal_amount"].to_numpy(float)
    after = np.array([final.get(deal, np.nan) for deal in past.subject.tolist()], float)
    usable = (past.outcome == 1) & (before > 0) & (after > 0)
    if not usable.any():
        return Kept({})
    stages = past.x["deal_stage"].to_numpy(object) if "deal_stage" in past.x else np.full(len(before), None, object)
    found = {EVERYONE: _sample(before[usable], after[usable])}
    for stage in sorted({stage for stage in stages[usable].tolist() if isinstance(stage, str)}):
        rows = usable & (stages == stage)
        if rows.sum() >= FEWEST:
            found[stage] = _sample(before[rows], after[rows])
    return Kept(found)


def _sample(before: Floats, after: Floats) -> Floats:
    """Quantiles of the ratios, scaled so that their mean gives the right sum of amounts.

    Amounts of one or so, written down until a real one is known, say nothing of what a real one becomes.
    """
    ratio = np.clip(after / before, 1 / WIDEST, WIDEST)
    sample = np.quantile(ratio, (np.arange(STEPS) + 0.5) / STEPS)
    return np.asarray(sample * np.clip(after.sum() / before.sum(), 1 / WIDEST, WIDEST) / sample.mean())
