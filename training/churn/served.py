"""What answers for one kind of customers? An estimate, the base rate it is held against, how sure it is, reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from features.definition import Feature
from features.verbs import Count, Ratio
from training.churn.buyers import SEASON, Buyers
from training.churn.estimate import ChurnEstimate, PerHorizon, between, chance, inside, odds_of
from training.churn.held_contracts import Curve, Holders, Once
from training.churn.levelled import LEVEL
from training.churn.plain_estimates import READERS, PurchaseModel, SeasonalRate
from training.churn.width import Width
from training.reasons import Language, Reason
from training.rivals.bg_nbd import BgNbd
from training.rivals.pareto_nbd import ParetoNbd
from training.rivals.rival import Row
from training.rowwise.telling import Teller
from training.wording.comparisons import Comparisons

if TYPE_CHECKING:
    import pandas as pd

EVERYBODYS = {
    SEASON: Feature(
        SEASON,
        "Orders of everybody foreseen in the days ahead over the usual.",
        "未来这段时间全体客户的预计订单与平常之比。",
        Ratio(Count("purchases", of="everyone"), Count("purchases", of="everyone")),
        "customer",
    ),
    LEVEL: Feature(
        LEVEL,
        "The odds that customers order, of late, over those foretold.",
        "近期客户下单的几率与预测之比。",
        Ratio(Count("purchases", of="everyone"), Count("purchases", of="everyone")),
        "customer",
    ),
}
"""What moves all customers alike, described as features are."""


@dataclass(frozen=True)
class Served:
    """The estimate of one kind of customers.

    `base` is the share that churned by horizon, `widths` how sure a chance is by horizon (judged on later moments).
    `longest` is the longest horizon that could be learned; `timeless` says that no horizon could. Customers were looked
    at `every` so many days.
    """

    kind: str
    estimate: ChurnEstimate
    base: Mapping[float, float]
    widths: Mapping[float, Width]
    longest: float
    timeless: bool
    every: int
    comparisons: Comparisons | None = None

    def churn_by(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """P(no order within each horizon), or P(left within it) under a contract."""
        if self.timeless:
            found = self.estimate.score(row, at, [self.longest]) * len(horizons)
        else:
            found = self.estimate.score(row, at, horizons)
        said = [1 - p for p in found] if self.kind == "orders" else found
        return [chance(odds_of(p)) for p in said]

    def churn_of_all(self, x: pd.DataFrame, at: int, horizons: Sequence[float]) -> list[list[float]]:
        """The same for every row of a feature table at one moment, faster."""
        asked = [self.longest] if self.timeless else list(horizons)
        found = self.estimate.predict(x, np.full(len(x), float(at)), asked)
        said = inside(1 - found if self.kind == "orders" else found)
        rows: list[list[float]] = (np.repeat(said, len(horizons), axis=1) if self.timeless else said).tolist()
        return rows

    def base_by(self, days: float) -> float:
        """The share that churned within so many days."""
        places = sorted(self.base)
        if self.timeless:
            return self.base[places[0]]
        events = np.array([[1 - self.base[d] if self.kind == "orders" else self.base[d] for d in places]])
        p = float(between(places, events, [days])[0, 0])
        return 1 - p if self.kind == "orders" else p

    def around(self, p: float, at: int, days: float) -> tuple[float, float]:
        """The 80 % interval of a probability of churn within `days` from a moment."""
        nearest = min(self.widths, key=lambda known: (abs(math.log(known / days)), known))
        return self.widths[nearest].around(p, self.estimate.unsure(at, days))

    def reasons(
        self, row: Row, at: int, days: float, named: Mapping[str, Feature], most: int, language: Language, p: float
    ) -> tuple[Reason, ...]:
        """What moves the chance of churn within `days` away from the base rate; effects add up in log-odds."""
        effects = self.estimate.effects(row, at, self.longest if self.timeless else days)
        if self.kind == "orders":
            effects = {name: -effect for name, effect in effects.items()}
        shown: dict[str, float | str | None] = dict(row)
        for name in EVERYBODYS:
            if name in effects:
                shown[name] = math.exp(-effects[name])
        total = odds_of(p) - odds_of(self.base_by(days))
        moved = np.fromiter(effects.values(), np.float64, len(effects))
        return self._teller(tuple(effects), named).tell(moved, shown, total, most, language)

    def _teller(self, names: tuple[str, ...], named: Mapping[str, Feature]) -> Teller:
        """What tells effects of these features; an estimate has the same for every customer."""
        if (found := self._tellers.get(names)) is None:
            told = {**named, **EVERYBODYS}
            found = self._tellers[names] = Teller(names, told, self.comparisons, "churn")
        return found

    @cached_property
    def _tellers(self) -> dict[tuple[str, ...], Teller]:
        return {}

    def with_estimate(self, estimate: ChurnEstimate) -> Served:
        """The same with an estimate that knows more."""
        return replace(self, estimate=estimate)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "kind": self.kind,
            "estimate": self.estimate.to_json(),
            "base": [[days, rate] for days, rate in sorted(self.base.items())],
            "widths": [[days, width.to_json()] for days, width in sorted(self.widths.items())],
            "longest": self.longest,
            "timeless": self.timeless,
            "every": self.every,
            "comparisons": None if self.comparisons is None else self.comparisons.to_json(),
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Served:
        """What `to_json` wrote."""
        told = document["comparisons"]
        return Served(
            document["kind"],
            estimate_from_json(document["estimate"], document["kind"]),
            {float(days): rate for days, rate in document["base"]},
            {float(days): Width.from_json(width) for days, width in document["widths"]},
            document["longest"],
            document["timeless"],
            document["every"],
            Comparisons.from_json(told) if told else None,
        )


def estimate_from_json(document: Mapping[str, object], kind: str) -> ChurnEstimate:
    """Any estimate of churn, from its JSON."""
    name = document["name"]
    if name == Buyers.name:
        if kind == "orders":
            return Buyers.from_json(document)
        return Once.from_json(document) if "once" in document else Holders.from_json(document)
    if name == Curve.name:
        return Curve.from_json(document)
    if name == SeasonalRate.name:
        return SeasonalRate.from_json(document)
    if name in (BgNbd.name, ParetoNbd.name):
        model = cast(dict[str, object], document["model"])
        return PurchaseModel(BgNbd.from_json(model) if name == BgNbd.name else ParetoNbd.from_json(model))
    return PerHorizon.read(document, READERS[cast(str, name)])
