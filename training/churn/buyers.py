"""Will a customer without a contract order again? Our estimate: a purchase model, departures from it, the level.

BG/NBD says what a customer's own rhythm and silence mean, with the days ahead counted by how busy they will be
(`market`). A regression and trees add what the other features tell beyond that (`departures`), learned within dates, so
that a busy winter teaches nothing about customers. What is still too high or too low for everybody is learned from
outcomes as they become known (`level`). Of the customers we call 30 %, about 30 % should stop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar, cast

import numpy as np

from training.churn.departures import OffsetLogistic, OffsetTrees
from training.churn.estimate import chance, inside, odds_of
from training.churn.level import Level, fit_level, shift_of
from training.churn.levelled import HORIZON, LEVEL, Levelled
from training.churn.market import Market, season_of
from training.churn.stack import Stack, stacked
from training.judged_rows import Floats, log_loss, log_odds
from training.rivals.bg_nbd import BgNbd
from training.rivals.buying import Buying, buying_of, buying_of_row
from training.rivals.rival import Row, probabilities
from training.rowwise.offsets import OffsetScorer, scorer_of

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

Told = TypeVar("Told")
ALIVE, RATE, ODDS = "purchase_model_alive", "purchase_model_rate", "purchase_model_odds"
OWN = frozenset({HORIZON, ALIVE, RATE, ODDS})
"""Columns that are not features of the customer."""
SHOWN_AS = {ALIVE: "customer_days_since_purchase", ODDS: "customer_days_since_purchase", RATE: "customer_purchases"}
"""Under which feature the effect of a column of the purchase model is told."""
SEASON = "season_ahead"
"""The season among the effects; like the level it moves everybody alike."""
EVERYBODYS = ("customer_market_pace", "customer_season_")
"""Beginnings of features that are the same for all customers on a date: a matter of the level, not of customers."""
FEWEST = 20
"""Customers who did, and who did not, that departures take to be learned."""
STRENGTHS = (0.0, 0.5, 1.0)
"""How far departures are believed; below ENOUGH customers it is chosen on later moments."""
ENOUGH = 1500
LATER_SHARE = 0.3
MOST_TOLD = 1000
"""Moments and horizons of which the season is kept: a service asks of a new moment with every call."""
SEASON_ODDS = 1.3
"""Log-odds of an order that a season's log is worth, about: at the usual chances of a horizon."""


class Buyers(Levelled):
    """P(orders again within any number of days) of customers who simply buy or stop."""

    name = "blend"

    model: BgNbd
    market: Market
    strength: float
    regression: OffsetLogistic | None
    trees: OffsetTrees | None

    def __init__(self) -> None:
        self._told: dict[tuple[int, float], tuple[float, float]] = {}
        self._unsure: dict[tuple[int, float], float] = {}

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Learn from moments of the past. Raises RivalNotApplicable where too few customers have bought."""
        self.horizons, self.market = tuple(sorted(horizons)), market
        self.model = BgNbd().fit(past)
        stack = self._stack(past)
        self.regression = self.trees = None
        self.strength = 0.0
        if stack.enough(FEWEST):
            self.strength = self._believed(past) if len(set(stack.subject)) < ENOUGH else 1.0
        if self.strength > 0:
            self._learn(stack)
        self.level = fit_level(self._shifts(past, market))
        return self

    def _learn(self, stack: Stack) -> None:
        self.regression = OffsetLogistic().fit(stack.x, stack.y, stack.offset, stack.subject)
        self.trees = OffsetTrees().fit(stack.x, stack.y, stack.offset, stack.subject)
        self.__dict__.pop("scorer", None)

    def _believed(self, past: Dataset) -> float:
        """How far departures help on later moments than they were learned from, purged by the horizon."""
        start, end = float(past.as_of.astype("datetime64[us]").astype(np.int64).min()), past.seen_until
        cut = int(end - LATER_SHARE * (end - start))
        earlier = past.between(int(start), cut, cut)
        trial = Buyers()
        trial.horizons, trial.market, trial.model = self.horizons, self.market, self.model
        trial.regression = trial.trees = None
        stack, later = trial._stack(earlier), self._stack(past, since=cut)
        if not stack.enough(FEWEST) or not later.enough(FEWEST):
            return 0.0
        trial._learn(stack)
        found = {}
        added = trial._added(later.x)
        for strength in STRENGTHS:
            odds = later.offset + strength * added
            for when in np.unique(later.date):
                rows = later.date == when
                odds[rows] += shift_of(later.y[rows], odds[rows])[0]
            found[strength] = log_loss(later.y, probabilities(odds))
        return min(found, key=lambda strength: found[strength])

    def _again(self) -> Self:
        again = super()._again()
        again._told, again._unsure = {}, {}
        return again

    def refreshed(self, known: Dataset, market: Market) -> Self:
        """The same with season and level as they are known later."""
        again = super().refreshed(known, market)
        again.market = market
        return again

    def _season(self, at: Floats, days: float) -> Floats:
        return season_of(self.market, at, days)

    def _season_as_it_came(self, market: Market, at: Floats, days: float, seen_until: int) -> Floats:
        return season_of(market, at, days, seen_until)

    def _stack(self, past: Dataset, since: int | None = None) -> Stack:
        """Every horizon's moments, each date's log-odds shifted to its own rate; thinned by dates."""

        def start(part: Dataset, at: Floats, days: float) -> tuple[pd.DataFrame, Floats]:
            odds = self._purchases(part.x, season_of(self.market, at, days, past.seen_until), days)
            x = self._columns(part.x, days, odds)
            for date in np.unique(at):
                rows = at == date
                odds[rows] += shift_of(part.outcome[rows], odds[rows])[0]
            return x, odds

        return stacked(past, self.horizons, start, since)

    def _purchases(self, x: pd.DataFrame, season: Floats, days: float) -> Floats:
        """Log-odds of the purchase model, the days ahead stretched by the season [n] (logs)."""
        told, found = buying_of(self.name, x), np.empty(len(x))
        for one in np.unique(season):
            rows = season == one
            found[rows] = self.model.by(Buying(told.x[rows], told.tx[rows], told.T[rows]), days * math.exp(one))
        return log_odds(inside(found))

    def _columns(self, x: pd.DataFrame, days: float, odds: Floats) -> pd.DataFrame:
        """What departures look at: the customer's features, what the purchase model makes of them, the horizon."""
        told = buying_of(self.name, x)
        own = x[[name for name in x.columns if not name.startswith(EVERYBODYS)]].copy()
        own[HORIZON] = self._log_days(days)
        own[ALIVE] = self.model.alive(told)
        own[RATE] = np.log((self.model.r + told.x) / (self.model.alpha + told.T))
        own[ODDS] = odds
        return own

    def _added(self, x: pd.DataFrame) -> Floats:
        if self.regression is None or self.trees is None:
            return np.zeros(len(x))
        return (self.regression.added(x) + self.trees.added(x)) / 2

    def _odds(self, x: pd.DataFrame, season: Floats, days: float) -> Floats:
        """Log-odds before the level."""
        odds = self._purchases(x, season, days)
        if self.strength == 0:
            return odds
        return odds + self.strength * self._added(self._columns(x, days, odds))

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        grid, told, best, found = self._grid(horizons), buying_of_row(row), 0.0, {}
        everybodys = [self._everybodys(at, days) for days in grid]
        stretched = [days * math.exp(season) for days, (season, _) in zip(grid, everybodys, strict=True)]
        x, since = float(told.x[0]), float(told.T[0])
        alive, said = self.model.one_by(x, float(told.tx[0]), since, stretched)
        starts = [odds_of(p) for p in said]
        own = self._own(alive, x, since, grid, starts)
        for days, start, added, (_, level) in zip(grid, starts, self._added_to(row, own), everybodys, strict=True):
            best = max(best, chance(start + self.strength * added + level))
            found[days] = best
        return [found[float(days)] for days in horizons]

    def _own(
        self, alive: float, x: float, since: float, grid: Sequence[float], starts: Sequence[float]
    ) -> dict[str, list[float]]:
        """The columns of the purchase model and the horizon, for each horizon."""
        rate = math.log((self.model.r + x) / (self.model.alpha + since))
        many = len(grid)
        return {
            HORIZON: [self._log_days(days) for days in grid],
            ALIVE: [alive] * many,
            RATE: [rate] * many,
            ODDS: list(starts),
        }

    def _added_to(self, row: Row, own: Mapping[str, Sequence[float]]) -> list[float]:
        """What the departures of one row add at each horizon."""
        many = len(own[HORIZON])
        if self.regression is None or self.trees is None:
            return [0.0] * many
        if self.scorer is not None:
            return self.scorer.added(row, own)
        fixed, found = self.regression.effects(row), []
        for at in range(many):
            line = {**row, **{name: values[at] for name, values in own.items()}}
            effects = {**fixed, **self.regression.effects(line, OWN)}
            found.append((sum(effects.values()) + self.trees.added_one(line)) / 2)
        return found

    @cached_property
    def scorer(self) -> OffsetScorer | None:
        """The departures laid out for machine code; None where there are none, or no such code."""
        return scorer_of(self.regression, self.trees)

    def _everybodys(self, at: int, days: float) -> tuple[float, float]:
        """The season ahead (logs) and the level over `days` from a moment: the same for all, so told once."""
        found = self._told.get((at, days))
        if found is None:
            season = self.market.until(at).foreseen(at, days)
            found = (season, self.level.at(at, days, season)[0])
            _keep(self._told, (at, days), found)
        return found

    def unsure(self, at: int, days: float) -> float:
        """Standard deviation of what moves everybody alike over `days` from a moment, in log-odds."""
        found = self._unsure.get((at, days))
        if found is None:
            season, _ = self._everybodys(at, days)
            level = self.level.at(at, days, season)[1]
            found = math.hypot(level, SEASON_ODDS * self.market.unforeseen(at, days))
            _keep(self._unsure, (at, days), found)
        return found

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """What adds to the log-odds of an order within `days`: own rhythm, features, season, level."""
        told, (season, level) = buying_of_row(row), self._everybodys(at, days)
        x, since = float(told.x[0]), float(told.T[0])
        alive, said = self.model.one_by(x, float(told.tx[0]), since, [days, days * math.exp(season)])
        plain, stretched = (odds_of(p) for p in said)
        found = dict(self.model.effects_by(row, days))
        found[SEASON] = stretched - plain
        found[LEVEL] = level
        if self.regression is not None and self.trees is not None:
            own = {name: values[0] for name, values in self._own(alive, x, since, [days], [stretched]).items()}
            for name, effect in self._departing(row, own).items():
                if name not in ("", HORIZON):
                    shown = SHOWN_AS.get(name, name)
                    found[shown] = found.get(shown, 0.0) + self.strength * effect
        return found

    def _departing(self, row: Row, own: Mapping[str, float]) -> dict[str, float]:
        """What each column adds to the mean of both departures of one row."""
        assert self.regression is not None
        assert self.trees is not None
        if self.scorer is not None:
            return dict(zip(self.scorer.features, self.scorer.effects(row, own).tolist(), strict=True))
        line, found = {**row, **own}, dict[str, float]()
        for effects in (self.regression.effects(line), self.trees.effects(line)):
            for name, effect in effects.items():
                found[name] = found.get(name, 0.0) + effect / 2
        return found

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "name": self.name,
            "horizons": list(self.horizons),
            "model": self.model.to_json(),
            "market": self.market.to_json(),
            "strength": self.strength,
            "regression": None if self.regression is None else self.regression.to_json(),
            "trees": None if self.trees is None else self.trees.to_json(),
            "level": self.level.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.horizons = tuple(cast(list[float], document["horizons"]))
        found.model = BgNbd.from_json(cast(dict[str, object], document["model"]))
        found.market = Market.from_json(cast(dict[str, object], document["market"]))
        found.strength = cast(float, document["strength"])
        regression, trees = document["regression"], document["trees"]
        found.regression = OffsetLogistic.from_json(cast(dict[str, object], regression)) if regression else None
        found.trees = OffsetTrees.from_json(cast(dict[str, object], trees)) if trees else None
        found.level = Level.from_json(cast(dict[str, object], document["level"]))
        return found


def _keep(told: dict[tuple[int, float], Told], key: tuple[int, float], value: Told) -> None:
    if len(told) >= MOST_TOLD:
        told.clear()
    told[key] = value
