"""Which outcomes became known since a model was trained? Their moments, so that its level can follow them."""

from datetime import datetime

import numpy as np

from features.as_of import Moments, micros
from features.definition import Feature
from features.history import History
from features.kernel import MISSING
from training.dataset import Dataset, dataset_at
from training.labels import match, outcomes
from training.moments import AGES, life_moments

MOST_MOMENTS = 50_000
"""The latest outcomes tell where the level stands; of more, the latest are looked at."""


def decided_since(history: History, features: tuple[Feature, ...], since: datetime, as_of: datetime) -> Dataset:
    """Moments of the deals whose outcome became known from `since` to before `as_of` (naive UTC)."""
    moments, age = life_moments(history, as_of, AGES)
    _, _, known = match(moments.ids, outcomes(history, as_of))
    new = np.flatnonzero((known != MISSING) & (known >= micros(since)))
    new = np.sort(new[np.argsort(known[new], kind="stable")][-MOST_MOMENTS:])
    return dataset_at(history, features, Moments(moments.ids[new], moments.at[new]), age[new], as_of)
