"""How does Odoo score a lead? Its naive Bayes over stage, chosen fields and tags, counted per team.

The method as documented in Odoo's CRM (predictive lead scoring, `addons/crm/models/crm_lead.py`), written from its
description: inputs are stage, team and chosen categorical fields; no amount, no dates, no activities.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, cast

from features.errors import ForesellError
from training.rivals.rival import log_odds, probability

START = 0.1
"""What a cell holds on either side before its first deal, so that no side is ever zero."""
TAG_MINIMUM = 50.0
"""A tag seen on fewer closed deals of a team is ignored."""
LOWEST, HIGHEST = 0.0001, 0.9999
STAGE, TAG = "stage", "tag"


class UnknownStage(ForesellError):
    """A deal in a stage that the table was not told about."""

    problem = "The stage {0!r} is not among the stages of the table: {1}."
    fix = "give the table every stage, first to last, before counting deals."


@dataclass(frozen=True)
class OdooDeal:
    """What Odoo looks at: the stage, the team, one value per field, any number of tags."""

    stage: str | None
    team: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)
    tags: Sequence[str] = ()


class Cell:
    """Won and lost deals with one value of one field in one team."""

    def __init__(self, won: int = 0, lost: int = 0) -> None:
        self.deals = {True: won, False: lost}

    def move(self, *, won: bool, step: int) -> None:
        """Add or take away a deal on one side, never below none."""
        self.deals[won] = max(self.deals[won] + step, 0)

    @property
    def sides(self) -> tuple[float, float]:
        """Won and lost, each from 0.1."""
        return self.deals[True] + START, self.deals[False] + START


Cells = dict[str, dict[str, Cell]]  # field, value
Sides = dict[str, dict[str, tuple[float, float]]]


@dataclass(frozen=True)
class Odds:
    """The table of one team, ready to score: prior log-odds, and log-odds added by each value of each field."""

    prior: float
    values: Mapping[str, Mapping[str, float]]


class OdooTable:
    """Counts of closed deals by team, field and value, and the score of an open deal from them.

    `stages` are in order, the first one first. `missing_counts` names fields where having no value is a value too
    (Odoo: quality of e-mail and phone); elsewhere a missing value is passed over.
    """

    def __init__(self, stages: Sequence[str], missing_counts: Iterable[str] = ()) -> None:
        self.stages = tuple(stages)
        self.missing_counts = frozenset(missing_counts)
        self.teams: dict[str | None, Cells] = {}
        self._odds: dict[str | None, Odds | None] = {}

    def count(self, deal: OdooDeal, *, won: bool) -> None:
        """A deal was closed: won counts at every stage, lost at its own and those before; raises UnknownStage."""
        self._move(deal, won=won, step=1)

    def uncount(self, deal: OdooDeal, *, won: bool) -> None:
        """A closed deal was reopened: take back what `count` added; raises UnknownStage."""
        self._move(deal, won=won, step=-1)

    def _move(self, deal: OdooDeal, *, won: bool, step: int) -> None:
        cells = self.teams.setdefault(deal.team, {})
        for stage in self._stages_of(deal, won=won):
            cells.setdefault(STAGE, {}).setdefault(stage, Cell()).move(won=won, step=step)
        for name, value in self._pairs(deal):
            cells.setdefault(name, {}).setdefault(value, Cell()).move(won=won, step=step)
        self._odds.clear()

    def _stages_of(self, deal: OdooDeal, *, won: bool) -> tuple[str, ...]:
        if deal.stage is None:
            return ()
        if deal.stage not in self.stages:
            raise UnknownStage(deal.stage, ", ".join(self.stages))
        return self.stages if won else self.stages[: self.stages.index(deal.stage) + 1]

    def _pairs(self, deal: OdooDeal) -> list[tuple[str, str]]:
        """Fields and values but the stage."""
        values = deal.values.items()
        pairs = [(name, v or "") for name, v in values if v or name in self.missing_counts]
        return pairs + [(TAG, tag) for tag in deal.tags]

    def score(self, deal: OdooDeal) -> float | None:
        """The chance of winning an open deal, 0.0001 to 0.9999; None where Odoo gives no score.

        That is without a stage, or where the team's table (everybody's, for a team without one) has no first stage.
        """
        odds = self.odds_of(deal.team)
        if deal.stage is None or odds is None:
            return None
        won = odds.prior + sum(self.effects(deal, odds).values())
        return min(max(probability(won), LOWEST), HIGHEST)

    def effects(self, deal: OdooDeal, odds: Odds) -> dict[str, float]:
        """Log-odds added by each field of the deal; values never seen add nothing."""
        added: dict[str, float] = {}
        for name, value in [(STAGE, deal.stage or ""), *self._pairs(deal)]:
            if (effect := odds.values.get(name, {}).get(value)) is not None:
                added[name] = added.get(name, 0.0) + effect
        return added

    def odds_of(self, team: str | None) -> Odds | None:
        """The table that scores this team's deals: its own, else everybody's; None without a first stage."""
        key = team if team is not None and team in self.teams else None
        if key not in self._odds:
            self._odds[key] = self._ready([self.teams[key]] if key is not None else list(self.teams.values()))
        return self._odds[key]

    def _ready(self, tables: list[Cells]) -> Odds | None:
        sides = _summed(tables)
        if not self.stages or self.stages[0] not in sides.get(STAGE, {}):
            return None
        won, lost = sides[STAGE][self.stages[0]]
        values = {}
        for name, by_value in sides.items():
            all_won = won if name == STAGE else sum(side[0] for side in by_value.values())
            all_lost = lost if name == STAGE else sum(side[1] for side in by_value.values())
            values[name] = {
                value: log_odds_ratio(one[0] / all_won, one[1] / all_lost) for value, one in by_value.items()
            }
        return Odds(log_odds(won / (won + lost)), values)

    def to_json(self) -> dict[str, object]:
        """Stages and cells."""
        cells = [
            [team, name, value, cell.deals[True], cell.deals[False]]
            for team, table in self.teams.items()
            for name, by_value in table.items()
            for value, cell in by_value.items()
        ]
        return {"stages": list(self.stages), "missing_counts": sorted(self.missing_counts), "cells": cells}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The table that `to_json` wrote."""
        table = cls(cast(list[str], document["stages"]), cast(list[str], document["missing_counts"]))
        for team, name, value, won, lost in cast(list[tuple[str | None, str, str, int, int]], document["cells"]):
            table.teams.setdefault(team, {}).setdefault(name, {})[value] = Cell(won, lost)
        return table


def log_odds_ratio(won_side: float, lost_side: float) -> float:
    """ln(won_side / lost_side), from the probabilities of one value among won and among lost deals."""
    return log_odds(won_side / (won_side + lost_side))


def _summed(tables: list[Cells]) -> Sides:
    sums: Sides = {}
    for table in tables:
        for name, by_value in table.items():
            for value, cell in by_value.items():
                won, lost = cell.sides
                if name == TAG and won + lost < TAG_MINIMUM:
                    continue
                before = sums.setdefault(name, {}).get(value, (0.0, 0.0))
                sums[name][value] = (before[0] + won, before[1] + lost)
    return sums
