"""Had it happened within so many days? Only of moments that were watched for as long, so no outcome is guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from training.dataset import Dataset


def asked(dataset: Dataset, days: float) -> Dataset:
    """The moments watched for `days`, with outcome 1 where the event came within them and 0 where it did not.

    What came sooner is left out where the days are not over, too: the rest would be all who have not answered yet.
    """
    watched = dataset.followed_for >= days
    part = dataset.rows(watched)
    within = np.nan_to_num(part.decided_after, nan=np.inf) <= days
    return replace(part, outcome=within.astype(float), weight=np.ones(len(part)))
