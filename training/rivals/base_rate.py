"""What share of deals is won? The answer to beat, and the one that is always there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.rivals.rival import Floats, Row, decided

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset


class BaseRate:
    """The share won among deals with a known outcome."""

    name = "base_rate"
    meaning = "Every deal gets the share of deals that were won before."

    rate: float
    deals: int

    def fit(self, past: Dataset) -> Self:
        """Count; raises NothingDecided."""
        self.rate, self.deals = won_share(past)
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The same probability for each row."""
        return np.full(len(x), self.rate)

    def score(self, row: Row) -> float:
        """The same probability whatever the row."""
        return self.rate

    @property
    def baseline(self) -> float:
        """The share won."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """Nothing moves a base rate."""
        return {}

    def to_json(self) -> dict[str, object]:
        """Name, rate and the number of decided deals behind it."""
        return {"name": self.name, "rate": self.rate, "deals": self.deals}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        rival.rate, rival.deals = cast(float, document["rate"]), cast(int, document["deals"])
        return rival


def won_share(past: Dataset) -> tuple[float, int]:
    """Share won among deals with a known outcome, and how many they are; raises NothingDecided.

    Each deal counts once, by its first moment, whose weight stands for the deals like it still open. Jeffreys' prior
    (half a win and half a loss) is added.
    """
    known = decided(past)
    _, first = np.unique(past.subject[known].astype(str), return_index=True)
    share = float(np.average(past.outcome[known][first], weights=past.weight[known][first]))
    deals = len(first)
    return (share * deals + 0.5) / (deals + 1), deals
