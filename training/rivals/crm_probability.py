"""What did the CRM itself say? The last probability on record for the deal, typed by a person or set by its stage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.rivals.base_rate import won_share
from training.rivals.rival import Floats, RivalNotApplicable, Row, log_odds, number_of, require

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

COLUMN = "deal_crm_probability"
LOWEST, HIGHEST = 0.001, 0.999
"""An open deal is never certain: a typed 0 or 100 % would cost an infinite log loss the first time it is wrong."""


class CrmProbability:
    """The CRM's own probability (a share from 0 to 1), and the base rate where it has none."""

    name = "crm_probability"
    meaning = "The last probability the CRM had on record for the deal; the share won where it had none."

    rate: float

    def fit(self, past: Dataset) -> Self:
        """Learn the base rate; raises NothingDecided, and RivalNotApplicable where the CRM never gave a probability."""
        if COLUMN not in past.x.columns or bool(past.x[COLUMN].isna().all()):
            raise RivalNotApplicable(self.name, "the CRM gave no probability that was on record at a moment")
        self.rate, _ = won_share(past)
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The CRM's probability of each row, kept within 0.1 and 99.9 %; raises ColumnsMissing."""
        require(self.name, x, [COLUMN])
        given = x[COLUMN].to_numpy(dtype=np.float64)
        return np.where(np.isnan(given), self.rate, np.clip(given, LOWEST, HIGHEST))

    def score(self, row: Row) -> float:
        """The CRM's probability of one row."""
        given = number_of(row.get(COLUMN))
        return self.rate if math.isnan(given) else min(max(given, LOWEST), HIGHEST)

    @property
    def baseline(self) -> float:
        """The share won."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """The one thing this rival looks at."""
        return {COLUMN: log_odds(self.score(row)) - log_odds(self.rate)}

    def to_json(self) -> dict[str, object]:
        """Name and base rate."""
        return {"name": self.name, "rate": self.rate}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        rival.rate = cast(float, document["rate"])
        return rival
