"""What do boosted trees say without any tuning? LightGBM as it comes, with its own handling of categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.attribution.native_trees import NativeTrees
from training.rivals.coded_columns import CodedColumns
from training.rivals.rival import (
    Floats,
    RivalNotApplicable,
    Row,
    decided,
    is_number,
    probabilities,
    probability,
    require,
    texts,
)

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

ROUNDS = 100
"""LightGBM's default number of trees; every other parameter that shapes the model is left at its default too."""
SETTINGS: Mapping[str, object] = {
    "objective": "binary",
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""One thread: a second one gains little on sales sets, and where the processors are busy costs ten times as much."""


class DefaultTrees(CodedColumns):
    """Gradient-boosted trees (Ke and others 2017) with default settings, scored without the lightgbm package."""

    name = "default_trees"
    meaning = "LightGBM with its default settings on the same features."

    settings: Mapping[str, object] = SETTINGS
    rounds = ROUNDS
    trees: NativeTrees

    def fit(self, past: Dataset) -> Self:
        """Train; raises NothingDecided, and RivalNotApplicable where only wins or only losses are known."""
        import lightgbm

        past = past.rows(decided(past))
        if len(np.unique(past.outcome)) < 2:
            raise RivalNotApplicable(self.name, "only one outcome is on record")
        self.columns = tuple(past.x.columns)
        categories = [name for name in self.columns if not is_number(past.x, name)]
        self.codes = {name: _codes(texts(past.x, name)) for name in categories}
        rows = lightgbm.Dataset(
            self._matrix(past.x),
            label=past.outcome,
            weight=past.weight,
            categorical_feature=[self.columns.index(name) for name in categories],
            feature_name=[f"f{at}" for at in range(len(self.columns))],
            params=dict(self.settings),
        )
        trained = lightgbm.train(dict(self.settings), rows, num_boost_round=self.rounds)
        self.trees = NativeTrees.from_text(trained.model_to_string())
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The probability of each row; raises ColumnsMissing."""
        require(self.name, x, list(self.columns))
        return probabilities(self.trees.raw(self._matrix(x)))

    def score(self, row: Row) -> float:
        """The probability of one row."""
        return probability(self.trees.raw_one(self._line(row)))

    @property
    def baseline(self) -> float:
        """The probability at the trees' expected log-odds."""
        return probability(self.trees.expected)

    def effects(self, row: Row) -> dict[str, float]:
        """Exact Shapley values of one row, in log-odds."""
        values = self.trees.contributions(np.array([self._line(row)]))[0, :-1].tolist()
        return dict(zip(self.columns, values, strict=True))

    def to_json(self) -> dict[str, object]:
        """Columns, codes of categories and LightGBM's own text."""
        columns = list(self.columns)
        return {"name": self.name, "columns": columns, "codes": self.codes, "trees": self.trees.text}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        rival.columns = tuple(cast(list[str], document["columns"]))
        rival.codes = cast(dict[str, dict[str, int]], document["codes"])
        rival.trees = NativeTrees.from_text(cast(str, document["trees"]))
        return rival


def _codes(values: list[str | None]) -> dict[str, int]:
    return {level: code for code, level in enumerate(sorted({value for value in values if value is not None}))}
