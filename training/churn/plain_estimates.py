"""Which plain estimates of churn stand beside ours? The rivals, each fitted at the horizons that are asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from features.as_of import DAY
from training.churn.asked import asked
from training.churn.estimate import ChurnEstimate, PerHorizon, Steady, between, inside
from training.churn.market import YEAR, Market
from training.judged_rows import Floats
from training.rivals.base_rate import BaseRate
from training.rivals.bg_nbd import BgNbd
from training.rivals.buying import buying_of, buying_of_row
from training.rivals.default_trees import DefaultTrees
from training.rivals.health_score import HealthScore
from training.rivals.logistic import Logistic
from training.rivals.pareto_nbd import ParetoNbd
from training.rivals.recency_rule import RecencyRule
from training.rivals.rfm_logistic import RfmLogistic
from training.rivals.rival import Rival, RivalNotApplicable, Row, decided

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset


class MomentRate(BaseRate):
    """The share among all moments: the first one of a customer, just after an order, is no fair sample of them."""

    def fit(self, past: Dataset) -> Self:
        """Average; raises NothingDecided."""
        known = decided(past)
        customers = len(set(past.subject[known].tolist()))
        share = float(np.average(past.outcome[known], weights=past.weight[known]))
        self.rate, self.deals = (share * customers + 0.5) / (customers + 1), customers
        return self


class PurchaseModel(Steady):
    """BG/NBD or Pareto/NBD as it is, at any horizon."""

    def __init__(self, model: BgNbd | ParetoNbd) -> None:
        self.model = model
        self.name = model.name

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Fit by maximum likelihood. Raises RivalNotApplicable."""
        self.model.fit(past)
        return self

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(a purchase within each horizon); raises ColumnsMissing."""
        told = buying_of(self.name, x)
        return inside(np.column_stack([self.model.by(told, days) for days in horizons]))

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        told = buying_of_row(row)
        return [float(inside(self.model.by(told, days))[0]) for days in horizons]

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """From a new customer to this one."""
        return self.model.effects_by(row, days)

    def to_json(self) -> dict[str, object]:
        """The parameters."""
        return {"name": self.name, "model": self.model.to_json()}


class SeasonalRate(Steady):
    """The share at this time last year; without a year on record, the latest share that is known."""

    name = "seasonal_rate"
    follows = True

    def __init__(self) -> None:
        self.rates: dict[float, list[tuple[int, float]]] = {}

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Each past date's share at each horizon. Raises RivalNotApplicable where no horizon is over."""
        self._read(past, horizons)
        if not self.rates:
            raise RivalNotApplicable(self.name, "no horizon is over yet")
        return self

    def _read(self, past: Dataset, horizons: Sequence[float]) -> None:
        self.rates = {}
        for days in horizons:
            part = asked(past, days)
            at = part.as_of.astype("datetime64[us]").astype(np.int64)
            dates, rows = np.unique(at, return_inverse=True)
            came, all_then = np.bincount(rows, part.outcome), np.bincount(rows)
            if len(dates):
                shares = (came + 0.5) / (all_then + 1)
                self.rates[float(days)] = list(zip(dates.tolist(), shares.tolist(), strict=True))

    def refreshed(self, known: Dataset, market: Market) -> Self:
        """The shares known since count too."""
        again = type(self)()
        again._read(known, list(self.rates))
        again.rates = {
            days: sorted({**dict(shares), **dict(again.rates.get(days, []))}.items())
            for days, shares in self.rates.items()
        }
        return again

    def _rate(self, days: float, at: int) -> float:
        """That of the date nearest to a year before, if one was within two weeks of it; else the latest."""
        shares = self.rates[days]
        when, share = min(shares, key=lambda pair: abs(pair[0] + YEAR * DAY - at))
        return share if abs(when + YEAR * DAY - at) <= 15 * DAY else shares[-1][1]

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """The same for all of a date."""
        moments, rows = np.unique(at, return_inverse=True)
        return np.array([self.score({}, int(moment), horizons) for moment in moments])[rows]

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The share of the date."""
        places = sorted(self.rates)
        anchors = np.array([[self._rate(days, at) for days in places]])
        found: list[float] = between(places, anchors, horizons)[0].tolist()
        return found

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """Nothing of the customer moves it."""
        return {}

    def to_json(self) -> dict[str, object]:
        """The shares by horizon and date."""
        return {"name": self.name, "rates": [[days, shares] for days, shares in sorted(self.rates.items())]}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        pairs = cast(list[tuple[float, list[tuple[int, float]]]], document["rates"])
        found.rates = {float(days): [(int(at), share) for at, share in shares] for days, shares in pairs}
        return found


def per_horizon(make: Callable[[], Rival], name: str) -> Callable[[], ChurnEstimate]:
    """A maker of a rival at several horizons."""
    return lambda: PerHorizon(name, make)


BY_NAME: Mapping[str, Callable[[], Rival]] = {
    BaseRate.name: MomentRate,
    RecencyRule.name: RecencyRule,
    HealthScore.name: HealthScore,
    RfmLogistic.name: RfmLogistic,
    Logistic.name: Logistic,
    DefaultTrees.name: DefaultTrees,
}
"""Rivals that answer one horizon."""
READERS: Mapping[str, Callable[[Mapping[str, object]], Rival]] = {
    BaseRate.name: MomentRate.from_json,
    RecencyRule.name: RecencyRule.from_json,
    HealthScore.name: HealthScore.from_json,
    RfmLogistic.name: RfmLogistic.from_json,
    Logistic.name: Logistic.from_json,
    DefaultTrees.name: DefaultTrees.from_json,
}

OF_ORDERS: Mapping[str, Callable[[], ChurnEstimate]] = {
    BaseRate.name: per_horizon(MomentRate, BaseRate.name),
    SeasonalRate.name: SeasonalRate,
    RecencyRule.name: per_horizon(RecencyRule, RecencyRule.name),
    HealthScore.name: per_horizon(HealthScore, HealthScore.name),
    RfmLogistic.name: per_horizon(RfmLogistic, RfmLogistic.name),
    BgNbd.name: lambda: PurchaseModel(BgNbd()),
    ParetoNbd.name: lambda: PurchaseModel(ParetoNbd()),
    Logistic.name: per_horizon(Logistic, Logistic.name),
    DefaultTrees.name: per_horizon(DefaultTrees, DefaultTrees.name),
}
"""The rivals for customers who simply buy or stop."""
OF_CONTRACTS: Mapping[str, Callable[[], ChurnEstimate]] = {
    name: per_horizon(make, name) for name, make in BY_NAME.items() if name not in (RecencyRule.name, RfmLogistic.name)
}
"""The rivals for customers with a contract."""
