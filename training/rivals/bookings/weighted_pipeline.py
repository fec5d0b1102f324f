"""Weighted pipeline: amount times the stage's chance, in the period in which the close is expected. What CRMs show."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.as_of import micros
from features.history import History
from training.bookings.pipeline_call import Learned
from training.rivals.bookings.moment import Moment, amounts, by_group
from training.splits import BEGINNING

if TYPE_CHECKING:
    from features.bookings.pace import Sales
    from training.bookings.fitting import Deals

Floats = NDArray[np.float64]
PULL = 10.0
"""A stage's share is drawn toward that of all as by so many deals."""


class WeightedPipeline:
    """Sum of amount times stage probability by expected close."""

    name = "weighted pipeline"
    meaning = "Open amounts times the share won from their stage, in the period of the expected close."

    def points(self, history: History, moments: Sequence[Moment]) -> tuple[Floats, ...] | None:
        """Learn the stages' shares from deals decided before the last moment."""
        moment = moments[-1]
        held = amounts(moment)
        if held is None:
            return None
        worth = held * chances(moment)
        return tuple(by_group(history, moment, view, worth) for view in moment.views)

    def learn(
        self, history: History, earlier: Sequence[Moment], as_of: datetime, deals: "Deals", every: "Sales"
    ) -> Learned:
        """The stages' shares."""
        share, won = stage_shares(deals, as_of)
        return Learned((share,), (won,))


def chances(moment: Moment) -> Floats:
    """The share won of each open deal's stage, smoothed: what was on record before the moment."""
    share, won = stage_shares(moment.deals, moment.as_of)
    return np.array([share.get(stage, won) for stage in moment.at.open.stage.tolist()])


def stage_shares(deals: "Deals", as_of: datetime) -> tuple[dict[str, float], float]:
    """The share won from each stage, drawn toward that of all, and the latter, as on record before a moment."""
    until = micros(as_of)
    past = deals.moments.between(BEGINNING, until, until)
    decided = past.weight > 0
    won = float((past.outcome[decided] * past.weight[decided]).sum() / max(past.weight[decided].sum(), 1e-9))
    stages = past.x["deal_stage"].to_numpy(object) if "deal_stage" in past.x else np.full(len(past), None, object)
    share: dict[str, float] = {}
    for stage in sorted({one for one in stages[decided].tolist() if isinstance(one, str)}):
        rows = decided & (stages == stage)
        weight = past.weight[rows]
        share[stage] = float(((past.outcome[rows] * weight).sum() + PULL * won) / (weight.sum() + PULL))
    return share, won
