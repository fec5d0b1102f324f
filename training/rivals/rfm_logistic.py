"""What do recency, frequency and value tell alone? A logistic regression on three logs, as marketing does it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.rivals.rival import Floats, RivalNotApplicable, Row, decided, number_of, probabilities, probability

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

RECENCY, FREQUENCY, VALUE = "customer_days_since_purchase", "customer_purchases", "customer_revenue"
THREE = (RECENCY, FREQUENCY, VALUE)


class RfmLogistic:
    """Logistic regression on the logs of recency, frequency and value."""

    name = "rfm_logistic"
    meaning = "Logistic regression on days since the last order, number of orders and revenue (their logs)."

    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def fit(self, past: Dataset) -> Self:
        """Fit; raises NothingDecided, and RivalNotApplicable where a column or one of the outcomes is not there."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        self.columns = tuple(name for name in THREE if name in past.x.columns)
        if RECENCY not in self.columns or FREQUENCY not in self.columns:
            raise RivalNotApplicable(self.name, "the features do not tell recency and frequency of purchases")
        past = past.rows(decided(past))
        if len(np.unique(past.outcome)) < 2:
            raise RivalNotApplicable(self.name, "only one outcome is on record")
        logs = self._logs(past.x)
        centres, scales = logs.mean(axis=0), logs.std(axis=0)
        scales[scales < 1e-9] = 1.0
        with threadpool_limits(1):
            fitted = LogisticRegression(C=1.0, max_iter=500)
            fitted.fit((logs - centres) / scales, past.outcome >= 0.5, sample_weight=past.weight / past.weight.mean())
        self.means, self.scales = tuple(centres.tolist()), tuple(scales.tolist())
        self.weights = tuple(np.asarray(fitted.coef_[0], np.float64).tolist())
        self.intercept = float(fitted.intercept_[0])
        return self

    def _logs(self, x: pd.DataFrame) -> Floats:
        return np.column_stack([_log(x[name].to_numpy(dtype=np.float64)) for name in self.columns])

    def predict(self, x: pd.DataFrame) -> Floats:
        """The probability of each row."""
        scaled = (self._logs(x) - np.array(self.means)) / np.array(self.scales)
        return probabilities(self.intercept + scaled @ np.array(self.weights))

    def score(self, row: Row) -> float:
        """The probability of one row."""
        return probability(self.intercept + sum(self.effects(row).values()))

    @property
    def baseline(self) -> float:
        """The probability at the mean of all three."""
        return probability(self.intercept)

    def effects(self, row: Row) -> dict[str, float]:
        """What each of the three adds, in log-odds."""
        parts = zip(self.columns, self.means, self.scales, self.weights, strict=True)
        return {
            name: weight * (_log_one(number_of(row.get(name))) - mean) / scale for name, mean, scale, weight in parts
        }

    def to_json(self) -> dict[str, object]:
        """Columns, scales and weights."""
        lists = {name: list(getattr(self, name)) for name in ("columns", "means", "scales", "weights")}
        return {"name": self.name, **lists, "intercept": self.intercept}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        for name in ("columns", "means", "scales", "weights"):
            setattr(rival, name, tuple(cast(list[object], document[name])))
        rival.intercept = cast(float, document["intercept"])
        return rival


def _log(values: Floats) -> Floats:
    """Log of one more than a value; below none, and missing, counts as none."""
    return np.log1p(np.maximum(np.nan_to_num(values, nan=0.0), 0.0))


def _log_one(value: float) -> float:
    return 0.0 if math.isnan(value) else math.log1p(max(value, 0.0))
