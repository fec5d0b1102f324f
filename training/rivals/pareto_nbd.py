"""When does a customer order again, if they buy at random until they drop out at a random time? Pareto/NBD.

Schmittlein, Morrison and Colombo, "Counting your customers: who are they and what will they do next?", *Management
Science* 33 (1987). A customer buys at a constant rate, rates differ as a gamma distribution (r, alpha); drop-out comes
at a constant risk, risks differ as a gamma distribution (s, beta). Times are days. The integral over the unseen time of
drop-out is taken numerically (Gauss-Legendre), which needs no hypergeometric function and loses nothing.
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

START = (1.0, 60.0, 0.5, 300.0)
"""Where the search begins."""
PENALTY = 0.01
"""How strongly the logs of the parameters are drawn to START, in customers' worth of log-likelihood."""
POINTS = 24
"""Places at which the time of drop-out is looked at."""


class ParetoNbd:
    """P(orders again within the horizon) under Pareto/NBD, by maximum likelihood over customers' latest moments."""

    name = "pareto_nbd"
    meaning = "Pareto/NBD: buys at random at an own rate until dropping out at a random time."

    r: float
    alpha: float
    s: float
    beta: float
    days: float

    def __init__(self, days: float = 90.0) -> None:
        self.days = days

    def fit(self, past: Dataset) -> Self:
        """Fit; raises RivalNotApplicable where the features of buying are not there or customers are too few."""
        told = fitted_customers(self.name, past)
        if len(told.x) < FEWEST_CUSTOMERS:
            raise RivalNotApplicable(self.name, f"fewer than {FEWEST_CUSTOMERS} customers have bought")
        self.r, self.alpha, self.s, self.beta = fit_parameters(told)
        return self

    def alive(self, told: Buying) -> Floats:
        """P(not dropped out yet)."""
        stays, gone = _parts(told, self.r, self.alpha, self.s, self.beta)
        return np.asarray(np.exp(stays - np.logaddexp(stays, gone)))

    def by(self, told: Buying, days: float) -> Floats:
        """P(a purchase within `days`): alive, and the purchase comes before drop-out."""
        at, weight = _nodes(0.0, 1.0)
        now, drop = (self.alpha + told.T)[:, None], (self.beta + told.T)[:, None]
        # In even steps of log(alpha + time), as in `_parts`.
        width = np.log1p(days / now)
        rate = (self.r + told.x)[:, None] * np.exp(-(self.r + told.x)[:, None] * width * at)
        first = (rate * (drop / (drop + now * np.expm1(width * at))) ** self.s * width * weight).sum(axis=1)
        return np.asarray(self.alive(told) * np.minimum(first, 1.0))

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
        four = {"r": self.r, "alpha": self.alpha, "s": self.s, "beta": self.beta}
        return {"name": self.name, "days": self.days, **four}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls(cast(float, document["days"]))
        rival.r, rival.alpha = cast(float, document["r"]), cast(float, document["alpha"])
        rival.s, rival.beta = cast(float, document["s"]), cast(float, document["beta"])
        return rival


def log_likelihood(told: Buying, r: float, alpha: float, s: float, beta: float) -> Floats:
    """Log-likelihood of each customer."""
    from scipy.special import gammaln

    shared = gammaln(r + told.x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return np.asarray(shared + np.logaddexp(*_parts(told, r, alpha, s, beta)))


def _parts(told: Buying, r: float, alpha: float, s: float, beta: float) -> tuple[Floats, Floats]:
    """Logs of the two ways in which it came about, but for what they share: still there, or gone since the last."""
    stays = -(r + told.x) * np.log(alpha + told.T) - s * np.log(beta + told.T)
    at, weight = _nodes(0.0, 1.0)
    # In even steps of log(alpha + time): who bought often has likely gone at once, which even days would miss.
    begin = np.log(alpha + told.tx)
    width = np.maximum(np.log(alpha + told.T) - begin, 0.0)
    late = begin[:, None] + width[:, None] * at
    when = np.exp(late) - alpha
    logs = -(r + told.x - 1)[:, None] * late - (s + 1) * np.log(beta + when) + np.log(s * weight)
    top = logs.max(axis=1)
    with np.errstate(divide="ignore"):
        gone = top + np.log(np.exp(logs - top[:, None]).sum(axis=1)) + np.log(width)
    return np.asarray(stays), np.asarray(gone)


def _nodes(start: float, end: float) -> tuple[Floats, Floats]:
    at, weight = np.polynomial.legendre.leggauss(POINTS)
    return start + (end - start) * (at + 1) / 2, (end - start) / 2 * weight


def fit_parameters(told: Buying) -> tuple[float, float, float, float]:
    """r, alpha, s, beta by maximum likelihood in their logs."""
    from scipy.optimize import minimize

    kinds, counts = told.kinds()
    start = np.log(START)

    def cost(logs: Floats) -> float:
        likely = float((counts * log_likelihood(kinds, *np.exp(logs).tolist())).sum() / counts.sum())
        return -likely + PENALTY * float(((logs - start) ** 2).sum()) / float(counts.sum())

    bounds = [(-7.0, 7.0), (-7.0, 12.0), (-9.0, 9.0), (-7.0, 14.0)]
    found = minimize(cost, start, method="L-BFGS-B", bounds=bounds)
    r, alpha, s, beta = np.exp(found.x).tolist()
    return r, alpha, s, beta
