"""Green, yellow or red? The health score of customer success: points for warning signs, and what each colour came to.

Rules as such tools are set up by hand: silence against the customer's own rhythm, fewer orders and less revenue than
usual, complaints, open tickets, no talk, a contract near its end. Points are fixed beforehand; given every help, each
colour gets the share of those who really came back (or left).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import numpy.typing as npt

from training.rivals.rival import Floats, RivalNotApplicable, Row, decided, log_odds, number_of

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

RULES: tuple[tuple[str, str, float, int], ...] = (
    ("customer_lateness", ">", 2.0, 3),
    ("customer_lateness", ">", 1.0, 1),
    ("customer_days_since_purchase", ">", 180.0, 2),
    ("customer_days_since_purchase", ">", 90.0, 1),
    ("customer_purchase_pace", "<", 0.15, 1),
    ("customer_revenue_pace", "<", 0.15, 1),
    ("customer_complaints_180d", ">", 0.0, 2),
    ("customer_tickets_open", ">", 0.0, 1),
    ("customer_satisfaction", "<", 3.0, 2),
    ("customer_days_silent", ">", 90.0, 1),
    ("customer_days_to_agreed_end", "<", 60.0, 2),
    ("customer_contract_months", "<", 3.0, 2),
    ("customer_cancellations_365d", ">", 0.0, 2),
    ("customer_return_share", ">", 0.2, 1),
)
"""Feature, sign, threshold, points of a warning."""
YELLOW, RED = 2, 4
"""Points from which the light is yellow, and red."""
COLOURS = ("green", "yellow", "red")
SMOOTHING = 5.0


class HealthScore:
    """The share of each colour of a traffic light."""

    name = "health_score"
    meaning = "A red, yellow or green light from weighted warning signs, each colour with its true share."

    shares: dict[str, float]
    rate: float

    def fit(self, past: Dataset) -> Self:
        """Count by colour; raises NothingDecided, and RivalNotApplicable where no rule's feature is there."""
        if not any(name in past.x.columns for name, *_ in RULES):
            raise RivalNotApplicable(self.name, "none of its warning signs is among the features")
        past = past.rows(decided(past))
        customers = len(set(past.subject.tolist()))
        self.rate = (float(np.average(past.outcome, weights=past.weight)) * customers + 0.5) / (customers + 1)
        lights = _lights(past.x)
        self.shares = {}
        for number, colour in enumerate(COLOURS):
            rows = lights == number
            evidence = len(set(past.subject[rows].tolist()))
            share = float(np.average(past.outcome[rows], weights=past.weight[rows])) if rows.any() else self.rate
            self.shares[colour] = (share * evidence + SMOOTHING * self.rate) / (evidence + SMOOTHING)
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The share of each row's colour."""
        return np.take(np.array([self.shares[colour] for colour in COLOURS], np.float64), _lights(x))

    def score(self, row: Row) -> float:
        """The share of the row's colour."""
        return self.shares[colour_of(row)]

    @property
    def baseline(self) -> float:
        """Everybody's share."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """What the colour adds, in log-odds, on the signs that made it, by their points; a green light has none."""
        distance = log_odds(self.score(row)) - log_odds(self.rate)
        points: dict[str, int] = {}
        for name, sign, limit, worth in RULES:
            if _warns(number_of(row.get(name)), sign, limit):
                points[name] = points.get(name, 0) + worth
        if not points:
            return {"customer_lateness": distance}
        total = sum(points.values())
        return {name: distance * worth / total for name, worth in points.items()}

    def to_json(self) -> dict[str, object]:
        """The shares."""
        return {"name": self.name, "shares": self.shares, "rate": self.rate}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        rival.shares = dict(cast(dict[str, float], document["shares"]))
        rival.rate = cast(float, document["rate"])
        return rival


def colour_of(row: Row) -> str:
    """The light of one customer."""
    points = sum(worth for name, sign, limit, worth in RULES if _warns(number_of(row.get(name)), sign, limit))
    return COLOURS[(points >= YELLOW) + (points >= RED)]


def _warns(value: float, sign: str, limit: float) -> bool:
    return not math.isnan(value) and (value > limit if sign == ">" else value < limit)


def _lights(x: pd.DataFrame) -> npt.NDArray[np.int64]:
    points = np.zeros(len(x), np.int64)
    for name, sign, limit, worth in RULES:
        if name in x.columns:
            values = x[name].to_numpy(dtype=np.float64)
            with np.errstate(invalid="ignore"):
                points += worth * (values > limit if sign == ">" else values < limit)
    return (points >= YELLOW).astype(np.int64) + (points >= RED).astype(np.int64)
