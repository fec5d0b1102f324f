"""What have BG/NBD and Pareto/NBD in common? Four parameters by maximum likelihood, and how an answer is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Self, cast

import numpy as np

from training.rivals.buying import FEWEST_CUSTOMERS, Buying, buying_of, buying_of_row, fitted_customers
from training.rivals.rival import Floats, RivalNotApplicable, Row, log_odds

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

Four = tuple[float, float, float, float]
PENALTY = 0.01
"""How strongly the logs of the parameters are drawn to where the search starts, in log-likelihood a customer over
their number: keeps sets on which a parameter runs off to infinity finite, moves no other."""


class PurchaseRival:
    """P(orders again within the horizon) under a model of purchases with four parameters, named in `PARAMETERS`."""

    name: str
    PARAMETERS: ClassVar[tuple[str, str, str, str]]

    days: float

    def __init__(self, days: float = 90.0) -> None:
        self.days = days

    def fit(self, past: Dataset) -> Self:
        """Fit; raises RivalNotApplicable where the features of buying are not there or customers are too few."""
        told = fitted_customers(self.name, past)
        if len(told.x) < FEWEST_CUSTOMERS:
            raise RivalNotApplicable(self.name, f"fewer than {FEWEST_CUSTOMERS} customers have bought")
        self._keep(self.most_likely(told))
        return self

    def most_likely(self, told: Buying) -> Four:
        """The four parameters by maximum likelihood."""
        raise NotImplementedError

    def by(self, told: Buying, days: float) -> Floats:
        """P(a purchase within `days`) of each customer."""
        raise NotImplementedError

    def _keep(self, four: Sequence[float]) -> None:
        for name, value in zip(self.PARAMETERS, four, strict=True):
            setattr(self, name, value)

    def predict(self, x: pd.DataFrame) -> Floats:
        """P(a purchase within the rival's days); raises ColumnsMissing."""
        return self.by(buying_of(self.name, x), self.days)

    def score(self, row: Row) -> float:
        """The same for one row."""
        return float(self.by(buying_of_row(row), self.days)[0])

    @property
    def baseline(self) -> float:
        """What is said of a customer who has just bought for the first time."""
        return self.of_new(self.days)

    def of_new(self, days: float) -> float:
        """P(a purchase within `days`) of a customer who has just bought for the first time."""
        return float(self.by(Buying(np.zeros(1), np.zeros(1), np.zeros(1)), days)[0])

    def effects(self, row: Row) -> dict[str, float]:
        """Log-odds along the way from a new customer to this one: purchases made, then days of silence."""
        return self.effects_by(row, self.days)

    def effects_by(self, row: Row, days: float) -> dict[str, float]:
        """The same within any number of days."""
        told = buying_of_row(row)
        fresh = Buying(told.x, told.tx, told.tx)
        start, bought, now = (
            log_odds(float(np.clip(p, 1e-12, 1 - 1e-12)))
            for p in (self.of_new(days), self.by(fresh, days)[0], self.by(told, days)[0])
        )
        return {"customer_purchases": bought - start, "customer_days_since_purchase": now - bought}

    def to_json(self) -> dict[str, object]:
        """The four parameters and the horizon."""
        return {"name": self.name, "days": self.days, **{name: getattr(self, name) for name in self.PARAMETERS}}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls(cast(float, document["days"]))
        rival._keep([cast(float, document[name]) for name in cls.PARAMETERS])
        return rival


def most_likely(
    told: Buying,
    log_likelihood: Callable[[Buying, float, float, float, float], Floats],
    start: Four,
    bounds: Sequence[tuple[float, float]],
) -> Four:
    """The parameters with the greatest likelihood, sought in their logs within `bounds`, from `start`."""
    from scipy.optimize import minimize

    kinds, counts = told.kinds()
    begin = np.log(start)

    def cost(logs: Floats) -> float:
        likely = float((counts * log_likelihood(kinds, *np.exp(logs).tolist())).sum() / counts.sum())
        return -likely + PENALTY * float(((logs - begin) ** 2).sum()) / float(counts.sum())

    found = minimize(cost, begin, method="L-BFGS-B", bounds=bounds)
    return cast(Four, tuple(np.exp(found.x).tolist()))
