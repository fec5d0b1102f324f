"""Will a customer without a contract order again? Our estimate: a purchase model, departures from it, the level.

BG/NBD says what a customer's own rhythm and silence mean, with the days ahead counted by how busy they will be
(`market`). A regression and trees add what the other features tell beyond that (`departures`), learned within dates, so
that a busy winter teaches nothing about customers. What is still too high or too low for everybody is learned from
outcomes as they become known (`level`). Of the customers we call 30 %, about 30 % should stop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from features.as_of import DAY
from training.churn.asked import asked
from training.churn.departures import MOST_CELLS, OffsetLogistic, OffsetTrees
from training.churn.estimate import ChurnEstimate, chance, inside, odds_of
from training.churn.level import Level, Seen, fit_level, level_dates, shift_of
from training.churn.market import Market, season_of
from training.judged_rows import Floats, log_loss, log_odds
from training.rivals.bg_nbd import BgNbd
from training.rivals.buying import Buying, buying_of, buying_of_row
from training.rivals.rival import RivalNotApplicable, Row, probabilities

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

HORIZON, ALIVE, RATE, ODDS = "log_horizon", "purchase_model_alive", "purchase_model_rate", "purchase_model_odds"
OWN = frozenset({HORIZON, ALIVE, RATE, ODDS})
"""Columns that are not features of the customer."""
SHOWN_AS = {ALIVE: "customer_days_since_purchase", ODDS: "customer_days_since_purchase", RATE: "customer_purchases"}
"""Under which feature the effect of a column of the purchase model is told."""
SEASON, LEVEL = "season_ahead", "level_now"
"""What moves everybody alike, among the effects."""
EVERYBODYS = ("customer_market_pace", "customer_season_")
"""Beginnings of features that are the same for all customers on a date: a matter of the level, not of customers."""
FEWEST = 20
"""Customers who did, and who did not, that departures take to be learned."""
STRENGTHS = (0.0, 0.5, 1.0)
"""How far departures are believed; below ENOUGH customers it is chosen on later moments."""
ENOUGH = 1500
LATER_SHARE = 0.3
SEASON_ODDS = 1.3
"""Log-odds of an order that a season's log is worth, about: at the usual chances of a horizon."""


@dataclass
class Stack:
    """Moments asked about each horizon, one row for each: features, outcome, log-odds to start from, whose, when."""

    x: pd.DataFrame
    y: Floats
    offset: Floats
    subject: list[object]
    at: Floats


class Buyers:
    """P(orders again within any number of days) of customers who simply buy or stop."""

    name = "blend"

    horizons: tuple[float, ...]
    model: BgNbd
    market: Market
    strength: float
    regression: OffsetLogistic | None
    trees: OffsetTrees | None
    level: Level
    known_until: int

    def __init__(self) -> None:
        self._told: dict[tuple[int, float], tuple[float, float]] = {}
        self._unsure: dict[tuple[int, float], float] = {}

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Learn from moments of the past. Raises RivalNotApplicable where too few customers have bought."""
        self.horizons, self.market, self.known_until = tuple(sorted(horizons)), market, past.seen_until
        self.model = BgNbd().fit(past)
        stack = self._stack(past)
        self.regression = self.trees = None
        self.strength = 0.0
        if _enough(stack):
            self.strength = self._believed(past) if len(set(stack.subject)) < ENOUGH else 1.0
        if self.strength > 0:
            self._learn(stack)
        self.level = fit_level(self._seen(past, market))
        return self

    def _learn(self, stack: Stack) -> None:
        self.regression = OffsetLogistic().fit(stack.x, stack.y, stack.offset, stack.subject)
        self.trees = OffsetTrees().fit(stack.x, stack.y, stack.offset, stack.subject)

    def _believed(self, past: Dataset) -> float:
        """How far departures help on later moments than they were learned from, purged by the horizon."""
        start, end = float(past.as_of.astype("datetime64[us]").astype(np.int64).min()), past.seen_until
        cut = int(end - LATER_SHARE * (end - start))
        earlier = past.between(int(start), cut, cut)
        trial = Buyers()
        trial.horizons, trial.market, trial.model = self.horizons, self.market, self.model
        trial.regression = trial.trees = None
        stack, later = trial._stack(earlier), self._stack(past, since=cut)
        if not _enough(stack) or not _enough(later):
            return 0.0
        trial._learn(stack)
        found = {}
        added = trial._added(later.x)
        for strength in STRENGTHS:
            odds = later.offset + strength * added
            for when in np.unique(later.at):
                rows = later.at == when
                odds[rows] += shift_of(later.y[rows], odds[rows])[0]
            found[strength] = log_loss(later.y, probabilities(odds))
        return min(found, key=lambda strength: found[strength])

    def refreshed(self, known: Dataset, market: Market) -> ChurnEstimate:
        """The same with the season and the level as they are known later."""
        again = Buyers()
        again.__dict__.update({**self.__dict__, "_told": {}, "_unsure": {}})
        again.market = market
        later = again._seen(known, market, since=self.known_until)
        again.known_until = known.seen_until
        again.level = fit_level(self.level.seen.and_later(later)) if len(later.shift) else self.level
        return again

    def _stack(self, past: Dataset, since: int | None = None) -> Stack:
        """Every horizon's moments, each date's log-odds shifted to its own rate; thinned by dates."""
        import pandas as pd

        parts = []
        for days in self.horizons:
            part = asked(past, days)
            at = _moments(part)
            if since is not None:
                part, at = part.rows(at >= since), at[at >= since]
            if len(part):
                parts.append((days, part, at))
        rows = sum(len(part) for _, part, _ in parts)
        step = max(math.ceil(rows * past.x.shape[1] / MOST_CELLS), 1)
        found = []
        for days, part, at in parts:
            dates = np.unique(at)
            kept = np.isin(at, dates[::-1][::step])
            part, at = part.rows(kept), at[kept]
            odds = self._purchases(part.x, season_of(self.market, at, days, past.seen_until), days)
            x = self._columns(part.x, days, odds)
            for date in np.unique(at):
                rows_then = at == date
                odds[rows_then] += shift_of(part.outcome[rows_then], odds[rows_then])[0]
            found.append(Stack(x, part.outcome, odds, part.subject.tolist(), at + days))
        if not found:
            return Stack(past.x.iloc[:0], np.empty(0), np.empty(0), [], np.empty(0))
        return Stack(
            pd.concat([one.x for one in found]),
            np.concatenate([one.y for one in found]),
            np.concatenate([one.offset for one in found]),
            [name for one in found for name in one.subject],
            np.concatenate([one.at for one in found]),
        )

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

    def _log_days(self, days: float) -> float:
        return math.log(min(max(days, self.horizons[0]), self.horizons[-1]))

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

    def _seen(self, known: Dataset, market: Market, since: int | None = None) -> Seen:
        """By how much each past date and horizon was off, with the season as it came; those over after `since`."""
        rows = []
        for days in self.horizons:
            part = asked(known, days)
            at = _moments(part)
            dates = level_dates(at.astype(np.int64), None if since is None else since - round(days * DAY))
            for date in dates:
                then = at == date
                season = season_of(market, at[then], days, known.seen_until)
                shift, variance = shift_of(part.outcome[then], self._odds(part.x[then], season, days))
                begun = date / DAY
                rows.append((begun + days / 2, begun + days, float(season[0]), shift, variance))
        return Seen.of(rows)

    def _grid(self, horizons: Sequence[float]) -> list[float]:
        """The horizons asked about and those learned before them: the chance must not fall from one to the next."""
        longest = max(horizons)
        return sorted({float(days) for days in (*horizons, *self.horizons) if days <= longest})

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(orders again within each horizon), [n, horizons]; raises ColumnsMissing."""
        grid = self._grid(horizons)
        found = np.empty((len(x), len(grid)))
        for column, days in enumerate(grid):
            season = season_of(self.market, at, days)
            odds = self._odds(x, season, days)
            for moment in np.unique(at):
                rows = at == moment
                odds[rows] += self.level.at(int(moment), days, float(season[rows][0]))[0]
            found[:, column] = inside(probabilities(odds))
        found = np.maximum.accumulate(found, axis=1)
        return found[:, [grid.index(float(days)) for days in horizons]]

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        grid, told, best, found = self._grid(horizons), buying_of_row(row), 0.0, {}
        fixed = self.regression.effects(row) if self.regression is not None else {}
        for days in grid:
            season, level = self._everybodys(at, days)
            start = odds_of(float(self.model.by(told, days * math.exp(season))[0]))
            line, added = self._line(row, told, days, start), 0.0
            if self.regression is not None and self.trees is not None:
                own = {**fixed, **self.regression.effects(line, OWN)}
                added = (sum(own.values()) + self.trees.added_one(line)) / 2
            best = max(best, chance(start + self.strength * added + level))
            found[days] = best
        return [found[float(days)] for days in horizons]

    def _everybodys(self, at: int, days: float) -> tuple[float, float]:
        """The season ahead (logs) and the level over `days` from a moment: the same for all, so told once."""
        if (at, days) not in self._told:
            season = self.market.until(at).foreseen(at, days)
            self._told[at, days] = (season, self.level.at(at, days, season)[0])
        return self._told[at, days]

    def _line(self, row: Row, told: Buying, days: float, odds: float) -> dict[str, float | str | None]:
        rate = math.log((self.model.r + float(told.x[0])) / (self.model.alpha + float(told.T[0])))
        alive = float(self.model.alive(told)[0])
        return {**row, HORIZON: self._log_days(days), ALIVE: alive, RATE: rate, ODDS: odds}

    def unsure(self, at: int, days: float) -> float:
        """Standard deviation of what moves everybody alike over `days` from a moment, in log-odds."""
        if (at, days) not in self._unsure:
            season, _ = self._everybodys(at, days)
            level = self.level.at(at, days, season)[1]
            self._unsure[at, days] = math.hypot(level, SEASON_ODDS * self.market.unforeseen(at, days))
        return self._unsure[at, days]

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """What adds to the log-odds of an order within `days`: own rhythm, features, season, level."""
        told, (season, level) = buying_of_row(row), self._everybodys(at, days)
        plain = odds_of(float(self.model.by(told, days)[0]))
        stretched = odds_of(float(self.model.by(told, days * math.exp(season))[0]))
        found = dict(self.model.effects_by(row, days))
        found[SEASON] = stretched - plain
        found[LEVEL] = level
        if self.regression is not None and self.trees is not None:
            line = self._line(row, told, days, stretched)
            for effects in (self.regression.effects(line), self.trees.effects(line)):
                for name, effect in effects.items():
                    if name not in ("", HORIZON):
                        shown = SHOWN_AS.get(name, name)
                        found[shown] = found.get(shown, 0.0) + self.strength * effect / 2
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
            "known_until": self.known_until,
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
        found.known_until = cast(int, document["known_until"])
        return found


def _moments(part: Dataset) -> Floats:
    return part.as_of.astype("datetime64[us]").astype(np.int64).astype(np.float64)


def _enough(stack: Stack) -> bool:
    did = {name for name, y in zip(stack.subject, stack.y.tolist(), strict=True) if y == 1}
    did_not = {name for name, y in zip(stack.subject, stack.y.tolist(), strict=True) if y == 0}
    return min(len(did), len(did_not)) >= FEWEST


__all__ = ["Buyers", "RivalNotApplicable"]
