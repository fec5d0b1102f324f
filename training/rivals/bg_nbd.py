"""When does a customer order again, if they buy at random until they quietly stop? BG/NBD.

Fader, Hardie and Lee, "Counting your customers the easy way", *Marketing Science* 24 (2005). A customer buys at a
constant rate, rates differ as a gamma distribution (r, alpha); after each purchase the customer stops for good with a
chance that differs as a beta distribution (a, b). Times are days. What is known of a customer: `x` repeat purchases,
the last of them `tx` days after the first, and `T` days since the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.rivals.buying import FEWEST_CUSTOMERS, Buying, buying_of, buying_of_row, fitted_customers
from training.rivals.rival import Floats, RivalNotApplicable, Row, log_odds

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

START = (1.0, 60.0, 1.0, 3.0)
"""Where the search begins; the likelihood has one top on all but tiny sets."""
PENALTY = 0.01
"""How strongly the logs of the parameters are drawn to START, in log-likelihood a customer over their number: keeps
sets on which a parameter runs off to infinity finite, moves no other."""


class BgNbd:
    """P(orders again within the horizon) under BG/NBD, by maximum likelihood over customers' latest moments."""

    name = "bg_nbd"
    meaning = "BG/NBD: buys at random at an own rate, and after each purchase may quietly stop."

    r: float
    alpha: float
    a: float
    b: float
    days: float

    def __init__(self, days: float = 90.0) -> None:
        self.days = days

    def fit(self, past: Dataset) -> Self:
        """Fit; raises RivalNotApplicable where the features of buying are not there or customers are too few."""
        told = fitted_customers(self.name, past)
        if len(told.x) < FEWEST_CUSTOMERS:
            raise RivalNotApplicable(self.name, f"fewer than {FEWEST_CUSTOMERS} customers have bought")
        self.r, self.alpha, self.a, self.b = fit_parameters(told)
        return self

    def by(self, told: Buying, days: float) -> Floats:
        """P(a purchase within `days`) of each customer: alive, and not silent for so long."""
        return self.alive(told) * (1 - self._silent(told, days))

    def alive(self, told: Buying) -> Floats:
        """P(not stopped yet), after Fader, Hardie and Lee (2005), equation for P(alive)."""
        late = (self.r + told.x) * np.log((self.alpha + told.T) / (self.alpha + told.tx))
        stopped = np.where(told.x > 0, np.log(self.a) - np.log(self.b + np.maximum(told.x, 1) - 1) + late, -np.inf)
        return np.asarray(1 / (1 + np.exp(np.minimum(stopped, 700))))

    def _silent(self, told: Buying, days: float) -> Floats:
        """P(no purchase in `days` | alive): the rate is gamma (r + x, alpha + T); nobody stops between purchases."""
        return np.asarray(np.exp((self.r + told.x) * np.log((self.alpha + told.T) / (self.alpha + told.T + days))))

    def expected(self, told: Buying, days: float) -> Floats:
        """Expected number of purchases within `days` (equation 10 of the paper)."""
        from scipy.special import hyp2f1

        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        if abs(a - 1) < 1e-6:  # a removable gap of the formula
            a = 1 + 1e-6
        x, far = told.x, alpha + told.T + days
        shrinks = np.exp((r + x) * np.log((alpha + told.T) / far)) * hyp2f1(r + x, b + x, a + b + x - 1, days / far)
        if_alive = (a + b + x - 1) / (a - 1) * (1 - shrinks)
        return np.asarray(if_alive * self.alive(told))

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
        four = {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}
        return {"name": self.name, "days": self.days, **four}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls(cast(float, document["days"]))
        rival.r, rival.alpha = cast(float, document["r"]), cast(float, document["alpha"])
        rival.a, rival.b = cast(float, document["a"]), cast(float, document["b"])
        return rival


def log_likelihood(told: Buying, r: float, alpha: float, a: float, b: float) -> Floats:
    """Log-likelihood of each customer (equation 6 of the paper)."""
    from scipy.special import betaln, gammaln

    x = told.x
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + told.T)
    stops = np.where(
        x > 0,
        betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + told.tx),
        -np.inf,
    )
    return np.asarray(shared + np.logaddexp(stays, stops))


def fit_parameters(told: Buying) -> tuple[float, float, float, float]:
    """r, alpha, a, b by maximum likelihood in their logs."""
    from scipy.optimize import minimize

    kinds, counts = told.kinds()
    start = np.log(START)

    def cost(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        likely = float((counts * log_likelihood(kinds, r, alpha, a, b)).sum() / counts.sum())
        return -likely + PENALTY * float(((logs - start) ** 2).sum()) / float(counts.sum())

    bounds = [(-7.0, 7.0), (-7.0, 12.0), (-9.0, 9.0), (-9.0, 9.0)]
    found = minimize(cost, start, method="L-BFGS-B", bounds=bounds)
    r, alpha, a, b = np.exp(found.x).tolist()
    return r, alpha, a, b
