"""When does each period begin, and how many days of it are worked?

Spring Festival moves between January and February and Golden Week may take a day of September: a month's
sales follow the days that are worked in it. Adjusting amounts to the days worked is an old habit of official
statistics (Findley and others, *J. Business & Economic Statistics* 16, 1998).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.calendar import working_days

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

MONTHS = {"M": 1, "Q": 3, "Y": 12}
DAYS = {"D": 1, "W": 7}


def period_starts(start: np.datetime64, frequency: str, count: int) -> Days:
    """The first days of `count` periods from the one that begins at `start`.

    >>> period_starts(np.datetime64("2024-01-01"), "Q", 3)
    array(['2024-01-01', '2024-04-01', '2024-07-01'], dtype='datetime64[D]')
    """
    number = np.arange(count)
    if frequency in DAYS:
        return np.asarray(start.astype("datetime64[D]") + number * DAYS[frequency])
    month = start.astype("datetime64[M]") + number * MONTHS[frequency]
    return np.asarray(month.astype("datetime64[D]") + (start.astype("datetime64[D]") - start.astype("datetime64[M]")))


def worked_days(starts: Days, country: str) -> Floats:
    """Working days of each period but the last, whose end is not told: [len(starts) - 1].

    >>> worked_days(period_starts(np.datetime64("2024-02-01"), "M", 2), "CN")
    array([18.])
    """
    days = np.asarray(starts, "datetime64[D]").astype(np.int64)
    return np.array([working_days(int(day), int(end), country) for day, end in pairwise(days)], np.float64)
