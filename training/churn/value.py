"""How many orders are to be expected of a customer, and what is at risk? Purchase model times value.

The mean worth of a purchase is the customer's own, drawn toward everybody's: Gamma-Gamma (Fader and Hardie, "The
Gamma-Gamma model of monetary value", 2013; Colombo and Jiang 1999). Under a contract what recurs is at risk.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from training.churn.estimate import CLOSEST
from training.judged_rows import Floats
from training.rivals.bg_nbd import BgNbd
from training.rivals.buying import PURCHASES, buying_of_row
from training.rivals.rival import RivalNotApplicable, Row, number_of

if TYPE_CHECKING:
    from training.dataset import Dataset

WORTH, RECURRING, MONTHS = "customer_order_value", "customer_recurring_amount", "customer_contract_months"
START = (6.0, 4.0)
"""Shapes p and q where the search begins; the scale follows from the mean."""
PENALTY = 0.05
"""How strongly the logs are drawn to START, in customers' worth of evidence."""
FEWEST = 10
MONTH = 365.25 / 12
FARTHEST = 10.0
"""The purchase model's expected orders are scaled to the stated chance by no more than this."""


@dataclass(frozen=True)
class Worth:
    """Gamma-Gamma: purchases of a customer are gamma with shape `p`, their scales gamma with shape `q`, scale `v`."""

    p: float
    q: float
    v: float

    def mean(self, purchases: float, seen: float) -> float:
        """Expected mean worth of a purchase of who has made some, of this mean worth; everybody's for none."""
        everybody = self.p * self.v / (self.q - 1)
        if not purchases > 0 or not seen > 0:
            return everybody
        own = self.p * purchases / (self.p * purchases + self.q - 1)
        return (1 - own) * everybody + own * seen


@dataclass(frozen=True)
class Value:
    """The purchase model, None where nobody buys; what a purchase is worth, None where amounts are unknown."""

    model: BgNbd | None
    worth: Worth | None

    def orders(self, row: Row, p_order: float, days: float) -> float | None:
        """Expected orders within `days`: the purchase model's, scaled to the chance that is stated of any."""
        if self.model is None:
            return None
        told = buying_of_row(row)
        _, (said,) = self.model.one_by(float(told.x[0]), float(told.tx[0]), float(told.T[0]), [days])
        plain = min(max(said, CLOSEST), 1 - CLOSEST)
        many = float(self.model.expected(told, days)[0])
        scale = math.log1p(-min(p_order, 1 - 1e-9)) / math.log1p(-plain)
        return max(many * min(max(scale, 1 / FARTHEST), FARTHEST), p_order)

    def per_order(self, row: Row) -> float | None:
        """What one order is expected to be worth, in the base currency."""
        if self.worth is None:
            return None
        return self.worth.mean(number_of(row.get(PURCHASES)), number_of(row.get(WORTH)))

    def at_risk_of_buyer(self, row: Row, p_order: float, orders: float | None) -> float | None:
        """The chance of no order at all, times what those bring who do order."""
        worth = self.per_order(row)
        if worth is None or orders is None:
            return None
        return (1 - p_order) * worth * orders / max(p_order, 1e-9)

    def to_json(self) -> dict[str, object]:
        """All parameters."""
        worth = None if self.worth is None else vars(self.worth)
        return {"model": None if self.model is None else self.model.to_json(), "worth": worth}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> Value:
        """What `to_json` wrote."""
        model, worth = document["model"], document["worth"]
        return Value(
            BgNbd.from_json(cast(dict[str, object], model)) if model else None,
            Worth(**cast(dict[str, float], worth)) if worth else None,
        )


def payments(row: Row, gone: Sequence[float], days: float) -> tuple[float, float] | None:
    """Payments expected of a contract within `days`, and what is at risk of them, in the base currency.

    `gone` is P(left) at even steps from now to `days`, the first and the last included. None where nothing recurs.
    """
    amount, months = number_of(row.get(RECURRING)), number_of(row.get(MONTHS))
    if not math.isfinite(amount):
        return None
    each = MONTH * (months if math.isfinite(months) and months > 0 else 1.0)
    lost = (sum(gone) - (gone[0] + gone[-1]) / 2) / (len(gone) - 1)
    due = days / each
    return due * (1 - lost), due * lost * amount


def fit_value(latest: Dataset | None) -> Value:
    """Learn from each customer's latest moment; None where nobody buys."""
    if latest is None:
        return Value(None, None)
    try:
        model: BgNbd | None = BgNbd().fit(latest)
    except RivalNotApplicable:
        model = None
    if WORTH not in latest.x or PURCHASES not in latest.x:
        return Value(model, None)
    last = np.unique(latest.subject.astype(str)[::-1], return_index=True)[1]
    rows = len(latest) - 1 - last
    return Value(model, fit_worth(latest.x[PURCHASES].to_numpy(float)[rows], latest.x[WORTH].to_numpy(float)[rows]))


def fit_worth(purchases: Floats, seen: Floats) -> Worth | None:
    """Gamma-Gamma by maximum likelihood (equation 1a of Fader and Hardie 2013); None where too few have bought.

    `purchases` [n] made, of `seen` [n] mean worth.
    """
    from scipy.optimize import minimize
    from scipy.special import gammaln

    known = (purchases > 0) & np.isfinite(seen) & (seen > 0)
    x, m = purchases[known], seen[known]
    if len(x) < FEWEST:
        return None
    scale = float(np.exp(np.log(m).mean()))
    m = m / scale
    centre = np.log([*START, (START[1] - 1) / START[0]])

    def cost(logs: Floats) -> float:
        p, q, v = np.exp(np.clip(logs, -12, 12))
        likely = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1) * np.log(m)
        likely += p * x * np.log(x) - (p * x + q) * np.log(v + m * x)
        return float(-likely.mean() + PENALTY * ((logs - centre) ** 2).sum() / len(x))

    # A mean worth must exist, so q stays above one.
    bounds = [(-5.0, 7.0), (math.log(1.05), 7.0), (-12.0, 12.0)]
    found = minimize(cost, centre, method="L-BFGS-B", bounds=bounds)
    p, q, v = np.exp(found.x).tolist()
    return Worth(p, q, v * scale)
