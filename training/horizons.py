"""Had it happened within so many days? The same moments, asked about one horizon.

Whoever answers a yes-or-no question about a deal or customer, ours and every rival alike, can be asked it for a
horizon: the rows are those of the data set, the outcome is 1 where it happened within the horizon, 0 where it had not,
NaN where nobody watched for long enough to know. Weights make the known rows stand for all (inverse probability of
censoring; Robins and Finkelstein 2000).
"""

from dataclasses import replace

import numpy as np

from features.as_of import DAY
from features.kernel import MISSING
from training.dataset import Dataset, censoring_weights

NATURAL = (1, 2, 3, 7, 14, 30, 60, 90, 180, 365, 730)
"""Horizons that people ask for."""
SHARES = (0.25, 0.5, 0.75)


def natural_horizons(dataset: Dataset) -> tuple[float, ...]:
    """Up to three horizons that people ask for, about the quartiles of the days from a moment to its event."""
    happened = (dataset.outcome == 1) & (dataset.weight > 0)
    if not happened.any():
        return (30.0, 60.0, 90.0)
    days, weight = dataset.decided_after[happened], dataset.weight[happened]
    order = np.argsort(days, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    quartiles = days[order][np.minimum(np.searchsorted(share, SHARES), len(days) - 1)]
    ladder = np.array(NATURAL, float)
    nearest = {float(ladder[np.abs(np.log(ladder / max(float(days), 0.5))).argmin()]) for days in quartiles}
    return tuple(sorted(nearest))


def at_horizon(dataset: Dataset, days: float) -> Dataset:
    """The data set with the outcome "happened within `days` of the moment"; infinity asks whether ever."""
    if np.isinf(days):
        return dataset
    at = dataset.as_of.astype("datetime64[us]").astype(np.int64)
    decided = dataset.closed_known != MISSING
    within = decided & (dataset.decided_after <= days)
    outlived = (decided & (dataset.decided_after > days)) | (~decided & (dataset.followed_for >= days))
    outcome = np.where(within, dataset.outcome, np.where(outlived, 0.0, np.nan))
    # What is not on record by the horizon's end is settled then, so nobody needs to be watched for longer.
    known_after = np.where(within, (dataset.closed_known - at) / DAY, days)
    known_after = np.where(np.isnan(outcome), np.nan, known_after)
    return replace(dataset, outcome=outcome, weight=censoring_weights(known_after, dataset.followed_for, dataset.age))
