"""What does a purchase model know of a customer? How often they came back, when last, and since when."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.rivals.rival import Floats, RivalNotApplicable, Row, number_of, require

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

PURCHASES = "customer_purchases"
SINCE_FIRST = "customer_days_since_first_purchase"
SINCE_LAST = "customer_days_since_purchase"
COLUMNS = [PURCHASES, SINCE_FIRST, SINCE_LAST]
FEWEST_CUSTOMERS = 30
"""Customers a purchase model takes to be fitted at all."""


@dataclass(frozen=True)
class Buying:
    """`x` repeat purchases, the last `tx` days after the first, `T` days since the first; arrays [n] of numbers."""

    x: Floats
    tx: Floats
    T: Floats

    def kinds(self) -> tuple[Buying, Floats]:
        """Customers alike to the day together, and how many each stands for: a likelihood in fewer terms."""
        told = np.column_stack([self.x, np.round(self.tx), np.round(self.T)])
        kinds, counts = np.unique(told, axis=0, return_counts=True)
        return Buying(kinds[:, 0], kinds[:, 1], kinds[:, 2]), counts.astype(float)


def buying_of(name: str, x: pd.DataFrame) -> Buying:
    """What the feature table says of each row; raises ColumnsMissing. `name` is the rival's, for the error."""
    require(name, x, COLUMNS)
    return _buying(*(x[column].to_numpy(dtype=np.float64) for column in COLUMNS))


def buying_of_row(row: Row) -> Buying:
    """The same of one row."""
    purchases, age, since_last = (_known(number_of(row.get(column))) for column in COLUMNS)
    return Buying(
        np.array([max(purchases - 1, 0.0)]), np.array([min(max(age - since_last, 0.0), age)]), np.array([age])
    )


def _known(value: float) -> float:
    """As `numpy.nan_to_num` has it: 0 for what is missing, the largest number for what is endless."""
    if math.isfinite(value):
        return value
    return 0.0 if math.isnan(value) else math.copysign(sys.float_info.max, value)


def _buying(purchases: Floats, since_first: Floats, since_last: Floats) -> Buying:
    """A customer without a purchase (all were returned) counts as one who has just bought for the first time."""
    age = np.nan_to_num(since_first, nan=0.0)
    last = age - np.nan_to_num(since_last, nan=0.0)
    return Buying(np.maximum(np.nan_to_num(purchases, nan=0.0) - 1, 0), np.clip(last, 0, age), age)


def fitted_customers(name: str, past: Dataset) -> Buying:
    """Each customer once, as of the latest moment of the past.

    Outcomes play no part, so moments still undecided count too. Raises RivalNotApplicable.
    """
    if missing := [column for column in COLUMNS if column not in past.x.columns]:
        raise RivalNotApplicable(name, f"the features do not tell {', '.join(missing)}")
    told = buying_of(name, past.x)
    order = np.lexsort((past.as_of.astype("datetime64[us]").astype(np.int64), past.subject.astype(str)))
    names = past.subject.astype(str)[order]
    last = order[np.append(names[1:] != names[:-1], True)] if len(order) else order
    last = last[past.x[PURCHASES].to_numpy(dtype=np.float64)[last] > 0]
    return Buying(told.x[last], told.tx[last], told.T[last])
