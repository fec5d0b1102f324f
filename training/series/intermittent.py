"""What do series do that sell now and then? Demand and its chance, each smoothed, for any number of series at once.

Teunter, Syntetos and Babai, "Intermittent demand: linking forecasting to inventory obsolescence", *European
Journal of Operational Research* 214 (2011): the chance of a sale is updated in every period, its size only
when there is one, so that a series that has stopped fades out. Rows at once instead of statsforecast's one
series at a time: fifty thousand series take a second; the tests hold both equal.
"""

from collections.abc import Sequence

import numpy as np

from training.series.panel import Floats, Ints

SIZE_RATE = 0.1
CHANCE_RATE = 0.1
HIGHEST_SEASON = 4.0
"""A period of the season is at most so many times the usual."""


def tsb(amounts: Floats, first: Ints, origins: Sequence[int]) -> Floats:
    """The level forecast at each origin, [n_origins, n_series]; the same for every step ahead.

    `amounts` [n_series, n_periods]; what lies before a series' `first` period is not looked at.
    """
    size, chance = np.zeros(len(amounts)), np.zeros(len(amounts))
    begun = np.zeros(len(amounts), bool)
    found = np.zeros((len(origins), len(amounts)))
    place = {origin: index for index, origin in enumerate(origins)}
    for period in range(max(origins, default=0)):
        now = amounts[:, period]
        counts, sold = period >= first, now != 0
        starts = counts & sold & ~begun
        size = np.where(starts, now, np.where(counts & sold, size + SIZE_RATE * (now - size), size))
        told = np.where(period == first, sold, chance + CHANCE_RATE * (sold - chance))
        chance = np.where(counts, told, chance)
        begun |= starts
        if period + 1 in place:
            found[place[period + 1]] = size * chance
    return found


def trailing_mean(amounts: Floats, first: Ints, origins: Sequence[int], window: int) -> Floats:
    """The mean of the last `window` periods that count at each origin, [n_origins, n_series]; 0 where none has."""
    sums = np.concatenate([np.zeros((len(amounts), 1)), np.cumsum(amounts, axis=1)], axis=1)
    found = []
    for origin in origins:
        since = np.minimum(np.maximum(origin - window, first), origin)
        total = sums[:, origin] - np.take_along_axis(sums, since[:, None], axis=1)[:, 0]
        found.append(total / np.maximum(origin - since, 1))
    return np.array(found).reshape(len(origins), len(amounts))


def seasonal_naive(amounts: Floats, first: Ints, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """The same period a season earlier, [n_origins, n_series, horizon]; the last season's mean where there is none."""
    fallback = trailing_mean(amounts, first, origins, season)
    found = np.repeat(fallback[:, :, None], horizon, axis=2)
    for row, origin in enumerate(origins):
        for step in range(horizon):
            same = origin + step - season * (step // season + 1)
            if same >= 0:
                found[row, :, step] = np.where(same >= first, amounts[:, same], found[row, :, step])
    return found


def same_phase(amounts: Floats, first: Ints, origins: Sequence[int], horizon: int, cycle: int, rounds: int) -> Floats:
    """The mean of the same place in the last `rounds` of a cycle, [n_origins, n_series, horizon].

    Rounds that a series had not begun in do not count; NaN where none does. Resellers who order once a quarter, or
    invoices of its last month, show in months of a quarter long before a second year is on record.
    """
    found = np.full((len(origins), len(amounts), horizon), np.nan)
    for row, origin in enumerate(origins):
        for step in range(min(horizon, cycle)):
            places = [at for back in range(1, rounds + 1) if (at := origin + step - cycle * back) >= 0]
            counts = np.array(places)[None, :] >= first[:, None]
            total = np.where(counts, amounts[:, places], 0.0).sum(axis=1)
            many = counts.sum(axis=1)
            found[row, :, step::cycle] = np.where(many > 0, total / np.maximum(many, 1), np.nan)[:, None]
    return found


def season_and_growth(amounts: Floats, first: Ints, origins: Sequence[int], horizon: int, season: int) -> Floats:
    """The seasonal naive forecast times the root of the last quarter's growth on a year before: half of it, in logs.

    [n_origins, n_series, horizon]; growth within a half and the double, none where a season and a quarter of one are
    not on record. What grew by a fifth is taken to keep a tenth: growth of the past is seldom all kept.
    """
    plain = seasonal_naive(amounts, first, origins, horizon, season)
    window = max(3, season // 4) if season > 1 else 1
    for row, origin in enumerate(origins):
        since = origin - season - window
        if since < 0 or season == 1:
            continue
        recent, before = (np.maximum(amounts[:, at : at + window].sum(axis=1), 0.0) for at in (origin - window, since))
        usable = (before > 0) & (first <= since)
        growth = np.where(usable, np.clip(recent / np.where(usable, before, 1.0), 0.5, 2.0), 1.0)
        plain[row] *= np.sqrt(growth)[:, None]
    return plain


def shared_season(
    amounts: Floats, first: Ints, total: Floats, origins: Sequence[int], horizon: int, season: int, window: int
) -> Floats:
    """Each series' own level, the mean of its last `window` periods, in the season that the `total` had a year before.

    [n_origins, n_series, horizon]; the level is divided by what the season did in the window: in the last season where
    it is a whole one, else a season before. NaN where the total has no such season on record: a season that one year
    shows is far surer of the total than of a part of it.
    """
    found = np.full((len(origins), len(amounts), horizon), np.nan)
    level = trailing_mean(amounts, first, origins, window)
    for row, origin in enumerate(origins):
        until = origin if window % season == 0 else origin - season
        usual = float(total[max(until - window, 0) : until].mean()) if until >= window else 0.0
        if season == 1 or origin < season or usual <= 0:
            continue
        for step in range(horizon):
            same = float(total[origin + step - season * (step // season + 1)])
            found[row, :, step] = level[row] * min(max(same / usual, 0.0), HIGHEST_SEASON)
    return found
