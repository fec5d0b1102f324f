"""What do people do without a model? They continue the last months, the last one, or last year's with growth."""

from collections.abc import Sequence

import numpy as np

from training.rivals.series.rival import SeriesForecast, normal_forecast
from training.series.intermittent import trailing_mean
from training.series.nodes import nodes_of
from training.series.panel import Floats, Ints, Panel

MONTHS_LONG = {"D": 30, "W": 4, "M": 1, "Q": 1, "Y": 1}
"""Periods that make a month, or one where a period is longer."""
MOST_ORIGINS = 24


class _Plain:
    """A rule of thumb, with normal intervals from what it got wrong in the past, step by step."""

    def forecast(
        self,
        panel: Panel,
        levels: Sequence[tuple[str, ...]],
        horizon: int,
        quantiles: Sequence[float],
        adds_up: bool = True,
    ) -> SeriesForecast:
        """The rule's figure for every node, and how far it was off."""
        nodes = nodes_of(panel, levels, adds_up)
        sums, first, now = nodes.sums(panel.amounts), nodes.first(panel), panel.n_periods
        start = max(1, now - MOST_ORIGINS)
        origins = list(range(start, now))
        past = self.said(sums, first, origins, horizon, panel)
        sigma = np.zeros((len(sums), horizon))
        for step in range(horizon):
            wrong = [past[row, :, step] - sums[:, at + step] for row, at in enumerate(origins) if at + step < now]
            last = sigma[:, step - 1] if step else np.abs(sums).mean(axis=1)
            sigma[:, step] = np.sqrt((np.array(wrong) ** 2).mean(axis=0)) if len(wrong) > 2 else last
        mean = self.said(sums, first, [now], horizon, panel)[0]
        return normal_forecast(mean, sigma, quantiles, bool((panel.amounts < 0).any()))

    def said(self, sums: Floats, first: Ints, origins: Sequence[int], horizon: int, panel: Panel) -> Floats:
        """The rule at each origin, [n_origins, n_nodes, horizon]."""
        raise NotImplementedError


class TrailingThreeMonths(_Plain):
    """The mean of the last three months, continued (HubSpot)."""

    name = "trailing three months"
    meaning = "The mean of the last three months (quarters or years where these are the periods), continued."

    def said(self, sums: Floats, first: Ints, origins: Sequence[int], horizon: int, panel: Panel) -> Floats:
        """The mean of the last three months, flat."""
        level = trailing_mean(sums, first, origins, 3 * MONTHS_LONG[panel.frequency])
        return np.repeat(level[:, :, None], horizon, axis=2)


class LastPeriod(_Plain):
    """The last period again."""

    name = "last period"
    meaning = "The last complete period, continued."

    def said(self, sums: Floats, first: Ints, origins: Sequence[int], horizon: int, panel: Panel) -> Floats:
        """The last period, flat."""
        return np.repeat(trailing_mean(sums, first, origins, 1)[:, :, None], horizon, axis=2)


class LastYearTimesGrowth(_Plain):
    """The same period last year, times the growth of the last quarter on the one a year before."""

    name = "last year times growth"
    meaning = "The same period a year earlier times recent growth (the last three months on those a year before)."

    def said(self, sums: Floats, first: Ints, origins: Sequence[int], horizon: int, panel: Panel) -> Floats:
        """Last year times growth, growth within a half and the double; the mean of the last season without a year."""
        year = {"D": 364, "W": 52, "M": 12, "Q": 4, "Y": 1}[panel.frequency]
        window = {"D": 91, "W": 13, "M": 3, "Q": 1, "Y": 1}[panel.frequency]
        flat = trailing_mean(sums, first, origins, year)
        found = np.repeat(flat[:, :, None], horizon, axis=2)
        for row, origin in enumerate(origins):
            before = origin - year - window
            if before < 0:
                continue
            recent, then = (sums[:, at : at + window].sum(axis=1) for at in (origin - window, before))
            growth = np.clip(np.where(then > 0, recent / np.where(then > 0, then, 1.0), 1.0), 0.5, 2.0)
            for step in range(horizon):
                years = step // year + 1
                found[row, :, step] = sums[:, origin + step - year * years] * growth**years
        return found
