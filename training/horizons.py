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
