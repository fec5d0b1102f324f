"""Has the customer been silent for too long? The rule of thumb of most shops: gone after so many days without an order.

Given every help: the limit is chosen on the past, and the two sides get the shares of those who really came back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import numpy.typing as npt

from training.judged_rows import log_loss
from training.rivals.buying import SINCE_LAST
from training.rivals.rival import Floats, RivalNotApplicable, Row, decided, log_odds, number_of, require

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

LIMITS = (30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0)
"""Days of silence to choose from."""
SMOOTHING = 5.0
"""Customers' worth of evidence by which a side's share is drawn to everybody's."""


class RecencyRule:
    """Two shares, on either side of a number of days without an order."""

    name = "recency_rule"
    meaning = "No order in so many days means gone; the days are chosen on the past, both sides get their true share."

    limit: float
    recent: float
    silent: float
    rate: float

    def fit(self, past: Dataset) -> Self:
        """Choose the limit with the least log loss; raises NothingDecided, RivalNotApplicable."""
        if SINCE_LAST not in past.x.columns:
            raise RivalNotApplicable(self.name, f"the features do not tell {SINCE_LAST}")
        past = past.rows(decided(past))
        days = past.x[SINCE_LAST].to_numpy(dtype=np.float64)
        customers = len(set(past.subject.tolist()))
        self.rate = float(np.average(past.outcome, weights=past.weight)) * customers / (customers + 1) + 0.5 / (
            customers + 1
        )
        found = []
        for limit in LIMITS:
            sides = [_share(past, side, self.rate) for side in (days <= limit, ~(days <= limit))]
            said = np.where(days <= limit, *sides)
            found.append((log_loss(past.outcome, said, past.weight), limit, *sides))
        _, self.limit, self.recent, self.silent = min(found)
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The share of each row's side; raises ColumnsMissing."""
        require(self.name, x, [SINCE_LAST])
        return np.where(x[SINCE_LAST].to_numpy(dtype=np.float64) <= self.limit, self.recent, self.silent)

    def score(self, row: Row) -> float:
        """The share of the row's side."""
        return self.recent if number_of(row.get(SINCE_LAST)) <= self.limit else self.silent

    @property
    def baseline(self) -> float:
        """Everybody's share."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """What the silence adds, in log-odds."""
        return {SINCE_LAST: log_odds(self.score(row)) - log_odds(self.rate)}

    def to_json(self) -> dict[str, object]:
        """The limit and the shares."""
        return {"name": self.name, **vars(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        for name in ("limit", "recent", "silent", "rate"):
            setattr(rival, name, cast(float, document[name]))
        return rival


def _share(past: Dataset, rows: npt.NDArray[np.bool_], rate: float) -> float:
    """The share among these rows, each customer counting once for the evidence, drawn to everybody's."""
    weight = past.weight[rows]
    if not weight.sum() > 0:
        return rate
    customers = len(set(past.subject[rows].tolist()))
    share = float(np.average(past.outcome[rows], weights=weight))
    return (share * customers + SMOOTHING * rate) / (customers + SMOOTHING)
