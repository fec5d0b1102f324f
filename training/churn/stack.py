"""From which rows are departures learned? Moments asked about each horizon, one row for each, thinned by dates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.churn.asked import asked
from training.churn.departures import MOST_CELLS
from training.churn.levelled import moments_of
from training.judged_rows import Floats

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset


@dataclass
class Stack:
    """Moments asked about each horizon: features, outcome, log-odds to start from, whose [n].

    `date` is one number for each date and horizon.
    """

    x: pd.DataFrame
    y: Floats
    offset: Floats
    subject: list[object]
    date: Floats

    def enough(self, fewest: int) -> bool:
        """Whether so many customers did, and so many did not."""
        pairs = set(zip(self.subject, self.y.tolist(), strict=True))
        did = len([y for _, y in pairs if y == 1])
        return min(did, len(pairs) - did) >= fewest


def stacked(
    past: Dataset,
    horizons: Sequence[float],
    start: Callable[[Dataset, Floats, float], tuple[pd.DataFrame, Floats]],
    since: int | None = None,
) -> Stack:
    """Every horizon's moments from `since` on; `start` gives the columns of some moments and their offset.

    Of too many rows the dates are thinned, the last kept.
    """
    import pandas as pd

    parts = []
    for days in horizons:
        part = asked(past, days)
        at = moments_of(part)
        if since is not None:
            part, at = part.rows(at >= since), at[at >= since]
        if len(part):
            parts.append((days, part, at))
    rows = sum(len(part) for _, part, _ in parts)
    step = max(math.ceil(rows * past.x.shape[1] / MOST_CELLS), 1)
    found = []
    for days, part, at in parts:
        kept = np.isin(at, np.unique(at)[::-1][::step])
        part, at = part.rows(kept), at[kept]
        x, offset = start(part, at, days)
        found.append(Stack(x, part.outcome, offset, part.subject.tolist(), at + days))
    if not found:
        return Stack(past.x.iloc[:0], np.empty(0), np.empty(0), [], np.empty(0))
    return Stack(
        pd.concat([one.x for one in found]),
        np.concatenate([one.y for one in found]),
        np.concatenate([one.offset for one in found]),
        [name for one in found for name in one.subject],
        np.concatenate([one.date for one in found]),
    )
