"""When do customers leave in numbers, and when do they buy? Waves and seasons, in companies that have them."""

import numpy as np

from simulation.chance import Floats, Ints, streams, uniform
from simulation.company import CompanySettings
from simulation.customers import INDUSTRIES, Customers

_HEIGHT, _LENGTH = 4.0, 45
_PERIOD = 270
"""Days in which each industry is courted by a rival once, at a time of its own."""
_SWING = 0.5


def wave(settings: CompanySettings, some: Customers, first: int, after: int) -> Floats:
    """(n, days): by how much more than usual these customers are tempted to leave, on the days from `first` on.

    Once in every 270 days a rival courts an industry for 45 days, and its customers leave five times as easily.
    """
    if not settings.waves:
        return np.ones((some.number.size, after - first))
    days = np.arange(first, after, dtype=np.int64)
    industry = np.arange(len(INDUSTRIES), dtype=np.int64)[:, None]
    luck = streams(settings.seed, "wave", industry * 1000 + days // _PERIOD)
    begins = (uniform(luck, 0) * (_PERIOD - _LENGTH)).astype(np.int64)
    since = days % _PERIOD - begins
    courted = (since >= 0) & (since < _LENGTH)
    return np.where(courted, 1 + _HEIGHT, 1.0)[some.industry]


def season(settings: CompanySettings, some: Customers, epoch_day: Ints) -> Floats:
    """(n, days): how much more than usual these customers buy by habit; every industry has its own high season."""
    if not settings.waves:
        return np.ones((some.number.size, epoch_day.size))
    phase = some.industry[:, None] / len(INDUSTRIES)
    return np.asarray(1 + _SWING * np.sin(2 * np.pi * (epoch_day / 365.25 - phase)))
