"""What would Odoo's predictive lead scoring have said? `OdooTable`, filled with each deal's last moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from training.rivals.base_rate import won_share
from training.rivals.odoo_table import HIGHEST, LOWEST, OdooDeal, OdooTable
from training.rivals.rival import (
    Floats,
    Row,
    decided,
    is_number,
    log_odds,
    probability,
    require,
    text_of,
    texts,
)

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

STAGE, PIPELINE, TEAM = "deal_stage", "deal_pipeline", "team"
POSITION = "deal_stage_position"
MOST_LEVELS = 50
"""A field with more values than this is left out, as nobody would choose it in Odoo."""
NO_STAGE = ""
"""Stands before every pipeline's first stage, so that a history without stages can still be scored."""


class Odoo:
    """One Odoo table per pipeline; fields are the categorical features with at most 50 values.

    `fields` overrides the choice of fields; `stage_order` gives the stages of a pipeline from first to last, which
    are otherwise put by their position on record, or else in the order in which deals went through them.
    """

    name = "odoo"
    meaning = "The naive Bayes of Odoo's predictive lead scoring: stage, team and categories; no amounts, no dates."

    rate: float
    tables: dict[str, OdooTable]

    def __init__(
        self, fields: Sequence[str] | None = None, stage_order: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.chosen_fields = fields
        self.stage_order = stage_order or {}
        self.fields: tuple[str, ...] = tuple(fields or ())

    def fit(self, past: Dataset) -> Self:
        """Count each closed deal once, as it stood at its last moment; raises NothingDecided, ColumnsMissing."""
        known = decided(past)
        self.rate, _ = won_share(past)
        if self.chosen_fields is None:
            self.fields = tuple(_fields(past.x))
        require(self.name, past.x, list(self.fields))
        lines = [line or "" for line in texts(past.x, PIPELINE)]
        order = {line: self.stage_order.get(line) or stages for line, stages in _stages_in_order(past).items()}
        self.tables = {line: OdooTable([NO_STAGE, *stages]) for line, stages in order.items()}
        columns = {name: texts(past.x, name) for name in {STAGE, TEAM, *self.fields}}
        for at in _last_rows(past, known):
            row: Row = {name: values[at] for name, values in columns.items()}
            self.tables[lines[at]].count(self._deal(row), won=bool(past.outcome[at] >= 0.5))
        return self

    def _deal(self, row: Row) -> OdooDeal:
        values = {name: text_of(row.get(name)) for name in self.fields}
        return OdooDeal(text_of(row.get(STAGE)) or NO_STAGE, text_of(row.get(TEAM)), values)

    def predict(self, x: pd.DataFrame) -> Floats:
        """Odoo's probability of each row, the base rate where Odoo gives none; raises ColumnsMissing."""
        require(self.name, x, list(self.fields))
        names = [name for name in (STAGE, PIPELINE, TEAM, *self.fields) if name in x.columns]
        columns = [texts(x, name) for name in names]
        seen: dict[tuple[str | None, ...], float] = {}
        answers = np.empty(len(x))
        for at, values in enumerate(zip(*columns, strict=True) if columns else [()] * len(x)):
            if values not in seen:
                seen[values] = self.score(dict(zip(names, values, strict=True)))
            answers[at] = seen[values]
        return answers

    def score(self, row: Row) -> float:
        """Odoo's probability of one row."""
        table = self.tables.get(text_of(row.get(PIPELINE)) or "")
        answer = table.score(self._deal(row)) if table else None
        return self.rate if answer is None else answer

    @property
    def baseline(self) -> float:
        """The share won."""
        return self.rate

    def effects(self, row: Row) -> dict[str, float]:
        """What pipeline and team, the stage and each field add, shrunk together where the answer meets its bounds."""
        table = self.tables.get(text_of(row.get(PIPELINE)) or "")
        deal = self._deal(row)
        odds = table.odds_of(deal.team) if table else None
        if table is None or odds is None:
            return {}
        prior = TEAM if deal.team in table.teams and deal.team is not None else PIPELINE
        start = log_odds(self.rate)
        fields = table.effects(deal, odds)
        added = {prior: odds.prior - start, STAGE: fields.pop("stage", 0.0), **fields}
        whole = sum(added.values())
        if LOWEST < probability(start + whole) < HIGHEST or whole == 0:
            return added
        share = (log_odds(self.score(row)) - start) / whole
        return {name: effect * share for name, effect in added.items()}

    def to_json(self) -> dict[str, object]:
        """Fields and tables."""
        tables = {line: table.to_json() for line, table in self.tables.items()}
        return {"name": self.name, "rate": self.rate, "fields": list(self.fields), "tables": tables}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        rival = cls(fields=cast(list[str], document["fields"]))
        rival.rate = cast(float, document["rate"])
        tables = cast(Mapping[str, Mapping[str, object]], document["tables"])
        rival.tables = {line: OdooTable.from_json(table) for line, table in tables.items()}
        return rival


def _fields(x: pd.DataFrame) -> list[str]:
    own = {STAGE, PIPELINE, TEAM}
    categories = [name for name in x.columns if name not in own and not is_number(x, name)]
    return [name for name in categories if 2 <= x[name].nunique() <= MOST_LEVELS]


def _last_rows(past: Dataset, known: np.ndarray) -> list[int]:
    """Of each decided deal the row of its latest moment, in the order of the rows."""
    last: dict[object, int] = {}
    for at in np.flatnonzero(known)[np.argsort(past.as_of[known], kind="stable")].tolist():
        last[past.subject[at]] = at
    return sorted(last.values())


def _stages_in_order(past: Dataset) -> dict[str, list[str]]:
    """The stages of each pipeline, by their recorded position, else in the order in which deals went through them."""
    if POSITION in past.x.columns and is_number(past.x, POSITION) and past.x[POSITION].notna().any():
        return _by_position(past)
    journeys: dict[tuple[str, object], dict[str, None]] = {}
    lines, stages = texts(past.x, PIPELINE), texts(past.x, STAGE)
    for at in np.argsort(past.as_of, kind="stable").tolist():
        journey = journeys.setdefault((lines[at] or "", past.subject[at]), {})
        if (stage := stages[at]) is not None:
            journey.setdefault(stage)
    before: dict[str, dict[tuple[str, str], int]] = {}
    named: dict[str, set[str]] = {}
    for (line, _), journey in journeys.items():
        path = list(journey)
        named.setdefault(line, set()).update(path)
        pairs = before.setdefault(line, {})
        for earlier, stage in enumerate(path):
            for later in path[earlier + 1 :]:
                pairs[stage, later] = pairs.get((stage, later), 0) + 1
    return {line: _by_precedence(named[line], before[line]) for line in named}


def _by_position(past: Dataset) -> dict[str, list[str]]:
    places: dict[str, dict[str, float]] = {}
    columns = (texts(past.x, PIPELINE), texts(past.x, STAGE), past.x[POSITION].tolist())
    for line, stage, place in zip(*columns, strict=True):
        known = places.setdefault(line or "", {})
        if stage is not None:
            known[stage] = max(known.get(stage, -np.inf), -np.inf if np.isnan(place) else place)
    return {line: sorted(known, key=lambda stage: (known[stage], stage)) for line, known in places.items()}


def _by_precedence(names: set[str], pairs: Mapping[tuple[str, str], int]) -> list[str]:
    def lead(stage: str) -> int:
        """Stages it mostly came before, minus those it mostly came after (Copeland's count)."""
        margins = [pairs.get((stage, other), 0) - pairs.get((other, stage), 0) for other in names]
        return int(np.sign(margins).sum())

    return sorted(names, key=lambda stage: (-lead(stage), stage))
