"""What share of the deals that ever reached this stage was won? What most CRMs call stage probability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.rivals.rival import Floats, RivalNotApplicable, Row, decided, log_odds, require, text_of, texts

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

STAGE, PIPELINE = "deal_stage", "deal_pipeline"
SMOOTHING_DEALS = 5.0
"""A stage starts as if this many deals had been won at its pipeline's rate, a pipeline at everybody's."""


class StageTable:
    """Share won by pipeline and stage; each deal counts once per stage, however long it stayed."""

    name = "stage_table"
    meaning = "The share won among closed deals that ever reached the same stage of the same pipeline."

    rate: float
    pipelines: dict[str, float]
    stages: dict[tuple[str, str], float]
    counts: dict[tuple[str, str], int]

    def fit(self, past: Dataset) -> Self:
        """Count; raises NothingDecided, and RivalNotApplicable where no stage is on record."""
        known = decided(past)
        stage = texts(past.x, STAGE)
        if all(name is None for name in stage):
            raise RivalNotApplicable(self.name, "the history does not say which stage a deal was in at a moment")
        pipeline = texts(past.x, PIPELINE)
        whole, by_pipeline, by_stage = _Tally(), _tallies(), _tallies()
        for at in np.flatnonzero(known).tolist():
            deal, won, weight = past.subject[at], float(past.outcome[at]), float(past.weight[at])
            line = pipeline[at] or ""
            whole.add(deal, won, weight)
            by_pipeline.setdefault((line, ""), _Tally()).add(deal, won, weight)
            if (reached := stage[at]) is not None:
                by_stage.setdefault((line, reached), _Tally()).add(deal, won, weight)
        wins, deals = whole.totals()
        self.rate = (wins + 0.5) / (deals + 1)
        self.pipelines = {line: tally.share_toward(self.rate) for (line, _), tally in by_pipeline.items()}
        self.stages = {key: tally.share_toward(self.pipelines[key[0]]) for key, tally in by_stage.items()}
        self.counts = {key: len(tally.weights) for key, tally in by_stage.items()}
        return self

    def predict(self, x: pd.DataFrame) -> Floats:
        """The share of each row's stage; raises ColumnsMissing."""
        require(self.name, x, [STAGE])
        pairs = zip(texts(x, PIPELINE), texts(x, STAGE), strict=True)
        return np.array([self._share(line, stage) for line, stage in pairs], dtype=np.float64)

    def score(self, row: Row) -> float:
        """The share of the row's stage; its pipeline's where the stage is new, everybody's where that is new too."""
        return self._share(text_of(row.get(PIPELINE)), text_of(row.get(STAGE)))

    def _share(self, pipeline: str | None, stage: str | None) -> float:
        line = pipeline or ""
        return self.stages.get((line, stage or ""), self.pipelines.get(line, self.rate))

    @property
    def baseline(self) -> float:
        """The share won among all closed deals."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """What the pipeline adds, then what the stage adds, in log-odds."""
        line = self.pipelines.get(text_of(row.get(PIPELINE)) or "", self.rate)
        return {
            PIPELINE: log_odds(line) - log_odds(self.rate),
            STAGE: log_odds(self.score(row)) - log_odds(line),
        }

    def to_json(self) -> dict[str, object]:
        """The table, one line per pipeline and stage, with the number of deals behind it."""
        lines = [[*key, share, self.counts[key]] for key, share in self.stages.items()]
        return {"name": self.name, "rate": self.rate, "pipelines": self.pipelines, "stages": lines}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls()
        rival.rate = cast(float, document["rate"])
        rival.pipelines = dict(cast(dict[str, float], document["pipelines"]))
        lines = cast(list[tuple[str, str, float, int]], document["stages"])
        rival.stages = {(line, stage): share for line, stage, share, _ in lines}
        rival.counts = {(line, stage): deals for line, stage, _, deals in lines}
        return rival


class _Tally:
    """Closed deals seen at one place: each once, by the mean weight of its moments there."""

    def __init__(self) -> None:
        self.outcome: dict[object, float] = {}
        self.weights: dict[object, list[float]] = {}

    def add(self, deal: object, won: float, weight: float) -> None:
        self.outcome[deal] = won
        self.weights.setdefault(deal, []).append(weight)

    def totals(self) -> tuple[float, float]:
        """Wins and deals, rescaled so that the weights average one."""
        weights = {deal: sum(some) / len(some) for deal, some in self.weights.items()}
        share = sum(weights[deal] * won for deal, won in self.outcome.items()) / sum(weights.values())
        return share * len(weights), float(len(weights))

    def share_toward(self, rate: float) -> float:
        wins, deals = self.totals()
        return (wins + SMOOTHING_DEALS * rate) / (deals + SMOOTHING_DEALS)


def _tallies() -> dict[tuple[str, str], _Tally]:
    return {}
