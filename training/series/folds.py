"""From which past periods is a forecast rehearsed, and at which are the models fitted?"""

from dataclasses import dataclass

import numpy as np

MOST_ORIGINS = 24


@dataclass(frozen=True)
class Folds:
    """Numbers of periods known: at each of `origins` a forecast is made, by models fitted at the latest of `fits`."""

    fits: tuple[int, ...]
    origins: tuple[int, ...]


def past_folds(n_periods: int, season: int, refits: int = 2) -> Folds:
    """Origins in the later half of the past, each with at least one later period to be judged by.

    The first comes when a whole season is on record, where that leaves some; of very many, evenly spaced ones.

    >>> past_folds(18, 12)
    Folds(fits=(13, 15), origins=(13, 14, 15, 16, 17))
    """
    if n_periods < 2:
        return Folds((), ())
    half = max(n_periods // 2, 1)
    whole = season + 1 if season + 1 <= n_periods - 4 else max(n_periods // 3, 1)
    start = min(max(half, whole), n_periods - 1)
    if whole < start and n_periods - start < MOST_ORIGINS // 2:
        start = max(whole, n_periods - MOST_ORIGINS // 2)
    count = min(MOST_ORIGINS, n_periods - start)
    origins = tuple(int(each) for each in np.unique(np.linspace(start, n_periods - 1, count).round()))
    fits = tuple(sorted({origins[len(origins) * part // refits] for part in range(refits)}))
    return Folds(fits, origins)
