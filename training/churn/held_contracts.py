"""Will a customer leave their contract? A regression and trees over all horizons, and the level of late.

Both add to the base rate of the horizon (`departures`), so few leavings teach little. What is too high or too low for
everybody is learned from outcomes as they become known (`level`). A snapshot tells who has left and not when: there one
blend of regression and trees stands for every horizon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.blend import Blend
from training.churn.asked import asked
from training.churn.departures import OffsetLogistic, OffsetTrees
from training.churn.estimate import Steady, chance, odds_of
from training.churn.level import Level, fit_level
from training.churn.levelled import HORIZON, LEVEL, Levelled
from training.churn.market import Market
from training.churn.stack import stacked
from training.event_curve import EventCurve
from training.judged_rows import Floats
from training.rivals.rival import NothingDecided, RivalNotApplicable, Row
from training.rowwise.offsets import OffsetScorer, scorer_of

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

FEWEST = 15
"""Customers who left, and who stayed, that it takes to learn anything."""


class Holders(Levelled):
    """P(leaves within any number of days) of customers whose contract runs."""

    name = "blend"

    base: tuple[float, ...]
    regression: OffsetLogistic
    trees: OffsetTrees

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Learn from moments of running contracts. Raises RivalNotApplicable where too few left, or stayed."""
        parts = [(days, part) for days in sorted(horizons) if len(part := asked(past, days))]
        left = {name for _, part in parts for name in part.subject[part.outcome == 1].tolist()}
        stayed = {name for _, part in parts for name in part.subject[part.outcome == 0].tolist()}
        if min(len(left), len(stayed)) < FEWEST:
            raise RivalNotApplicable(self.name, f"fewer than {FEWEST} customers left, or stayed")
        self.horizons = tuple(days for days, _ in parts)
        self.base = tuple(odds_of((float(part.outcome.sum()) + 0.5) / (len(part) + 1)) for _, part in parts)
        stack = stacked(past, self.horizons, self._start)
        self.regression = OffsetLogistic().fit(stack.x, stack.y, stack.offset, stack.subject, centred=False)
        self.trees = OffsetTrees().fit(stack.x, stack.y, stack.offset, stack.subject, centred=False)
        self.__dict__.pop("scorer", None)
        self.level = fit_level(self._shifts(past, market))
        return self

    def _start(self, part: Dataset, at: Floats, days: float) -> tuple[pd.DataFrame, Floats]:
        return self._columns(part.x, days), np.full(len(part), self._base(days))

    def _base(self, days: float) -> float:
        """Log-odds of the base rate, read between horizons over the log of days."""
        logs = [math.log(one) for one in self.horizons]
        return float(np.interp(math.log(days), logs, self.base))

    def _columns(self, x: pd.DataFrame, days: float) -> pd.DataFrame:
        found = x.copy()
        found[HORIZON] = self._log_days(days)
        return found

    def _odds(self, x: pd.DataFrame, season: Floats, days: float) -> Floats:
        """Log-odds before the level."""
        columns = self._columns(x, days)
        return self._base(days) + (self.regression.added(columns) + self.trees.added(columns)) / 2

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        best, found, grid = 0.0, {}, self._grid(horizons)
        for days, added in zip(grid, self._added_to(row, [self._log_days(days) for days in grid]), strict=True):
            best = max(best, chance(self._base(days) + added + self.level.at(at, days, 0.0)[0]))
            found[days] = best
        return [found[float(days)] for days in horizons]

    def _added_to(self, row: Row, logs: Sequence[float]) -> list[float]:
        """What is added to the base rate of one row at each of some horizons, given as logs of days."""
        if self.scorer is not None:
            return self.scorer.added(row, {HORIZON: logs})
        found = []
        for one in logs:
            line = {**row, HORIZON: one}
            found.append((sum(self.regression.effects(line).values()) + self.trees.added_one(line)) / 2)
        return found

    @cached_property
    def scorer(self) -> OffsetScorer | None:
        """Regression and trees laid out for machine code; None where there is no such code."""
        return scorer_of(self.regression, self.trees)

    def unsure(self, at: int, days: float) -> float:
        """Standard deviation of what moves everybody alike over `days` from a moment, in log-odds."""
        return self.level.at(at, days, 0.0)[1]

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """What adds to the log-odds of leaving within `days`: features and the level."""
        found = {LEVEL: self.level.at(at, days, 0.0)[0]}
        if self.scorer is not None:
            own = self.scorer.effects(row, {HORIZON: self._log_days(days)}).tolist()
            return found | {n: e for n, e in zip(self.scorer.features, own, strict=True) if n != HORIZON}
        line = {**row, HORIZON: self._log_days(days)}
        for effects in (self.regression.effects(line), self.trees.effects(line)):
            for name, effect in effects.items():
                if name not in ("", HORIZON):
                    found[name] = found.get(name, 0.0) + effect / 2
        return found

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "name": self.name,
            "horizons": list(self.horizons),
            "base": list(self.base),
            "regression": self.regression.to_json(),
            "trees": self.trees.to_json(),
            "level": self.level.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.horizons = tuple(cast(list[float], document["horizons"]))
        found.base = tuple(cast(list[float], document["base"]))
        found.regression = OffsetLogistic.from_json(cast(dict[str, object], document["regression"]))
        found.trees = OffsetTrees.from_json(cast(dict[str, object], document["trees"]))
        found.level = Level.from_json(cast(dict[str, object], document["level"]))
        return found


class Curve(Steady):
    """The event curve that deals are judged by, for leavings."""

    name = "event_curve"

    curve: EventCurve

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Learn from every moment. Raises RivalNotApplicable, NothingDecided."""
        if not np.isfinite(past.outcome).any():
            raise NothingDecided(len(past))
        self.curve = EventCurve(seed=0).fit(past, horizons)
        return self

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(leaves within each horizon), [n, horizons]; raises ColumnsMissing."""
        return self.curve.predict(x, horizons)

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        return self.curve.score(row, horizons)

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """What each feature adds to the log-odds at the first horizon that was learned."""
        return self.curve.effects(row)

    def to_json(self) -> dict[str, object]:
        """The curve."""
        return {"name": self.name, "curve": self.curve.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.curve = EventCurve.from_json(cast(Mapping[str, object], document["curve"]))
        return found


class Once(Steady):
    """One chance for every horizon: for a snapshot, which tells who has left and not when."""

    name = "blend"

    blend: Blend

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Learn from the customers of the snapshot. Raises RivalNotApplicable, NothingDecided."""
        self.blend = Blend().fit(asked(past, max(horizons)))
        return self

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(left), the same for each horizon, [n, horizons]; raises ColumnsMissing."""
        return np.repeat(self.blend.predict(x)[:, None], len(horizons), axis=1)

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        return [self.blend.score(row)] * len(horizons)

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """What each feature adds to the log-odds."""
        return self.blend.effects(row)

    def to_json(self) -> dict[str, object]:
        """The blend."""
        return {"name": self.name, "once": self.blend.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.blend = Blend.from_json(cast(Mapping[str, object], document["once"]))
        return found
