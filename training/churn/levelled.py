"""How does one curve answer for any number of days, with what moves everybody alike on top?

What the estimates of buyers and of holders of contracts share: horizons, of which the chance must not fall from one to
the next, and a level that is learned date by date as outcomes become known (`level`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from features.as_of import DAY
from training.churn.asked import asked
from training.churn.estimate import inside
from training.churn.level import Level, Seen, fit_level, level_dates, shift_of
from training.churn.market import Market
from training.judged_rows import Floats
from training.rivals.rival import probabilities

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

LEVEL = "level_now"
"""The level among the effects."""
HORIZON = "log_horizon"
"""The column that tells rows of several horizons apart."""


class Levelled:
    """Log-odds of an event within any number of days, learned at several horizons, and a level that follows."""

    follows = True

    horizons: tuple[float, ...]
    level: Level

    def _odds(self, x: pd.DataFrame, season: Floats, days: float) -> Floats:
        """Log-odds of the event within `days` before the level [n], with the season ahead of each row."""
        raise NotImplementedError

    def _season(self, at: Floats, days: float) -> Floats:
        """The season ahead of each moment as it can be foreseen [n], in logs."""
        return np.zeros(len(at))

    def _season_as_it_came(self, market: Market, at: Floats, days: float, seen_until: int) -> Floats:
        """The season ahead of each moment as known later [n], in logs."""
        return np.zeros(len(at))

    def _again(self) -> Self:
        """A copy that may learn more."""
        again = type(self)()
        again.__dict__.update(self.__dict__)
        return again

    def refreshed(self, known: Dataset, market: Market) -> Self:
        """The same with season and level as they are known later."""
        again = self._again()
        later = self._shifts(known, market, self.level.seen)
        if len(later.shift):
            again.level = fit_level(self.level.seen.and_later(later))
        return again

    def _shifts(self, known: Dataset, market: Market, before: Seen | None = None) -> Seen:
        """By how much each past date and horizon was off, with the season as it came; those later than seen before."""
        rows = []
        for days in self.horizons:
            part = asked(known, days)
            at = moments_of(part)
            for date in level_dates(at.astype(np.int64), None if before is None else before.last(days)):
                then = at == date
                season = self._season_as_it_came(market, at[then], days, known.seen_until)
                shift, variance = shift_of(part.outcome[then], self._odds(part.x[then], season, days))
                begun = date / DAY
                rows.append((begun + days / 2, begun + days, float(season[0]), shift, variance))
        return Seen.of(rows)

    def _log_days(self, days: float) -> float:
        return math.log(min(max(days, self.horizons[0]), self.horizons[-1]))

    def _grid(self, horizons: Sequence[float]) -> list[float]:
        """The horizons asked about and those learned before them: the chance must not fall from one to the next."""
        longest = max(horizons)
        return sorted({float(days) for days in (*horizons, *self.horizons) if days <= longest})

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(event within each horizon) of rows at moments [n], [n, horizons]; raises ColumnsMissing."""
        grid = self._grid(horizons)
        found = np.empty((len(x), len(grid)))
        for column, days in enumerate(grid):
            season = self._season(at, days)
            odds = self._odds(x, season, days)
            for moment in np.unique(at):
                rows = at == moment
                odds[rows] += self.level.at(int(moment), days, float(season[rows][0]))[0]
            found[:, column] = inside(probabilities(odds))
        found = np.maximum.accumulate(found, axis=1)
        return found[:, [grid.index(float(days)) for days in horizons]]


def moments_of(part: Dataset) -> Floats:
    """The moments of rows, in microseconds [n]."""
    return part.as_of.astype("datetime64[us]").astype(np.int64).astype(np.float64)
