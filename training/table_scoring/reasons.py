"""Which reasons move each of many rows most, and in which words? The same as `training.reasons.explain` tells of one.

Effects are summed by group and sorted for all rows at once. A sentence depends on a value and a few things beside it,
such as the stage: the same sentence is put into words once.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.definition import Feature
from training.reasons import REST, ROUNDING, Language, Reason
from training.table_scoring.feature_columns import FeatureColumns
from training.wording.comparisons import AGE, STAGE, About, Comparisons
from training.wording.groups import group_of
from training.wording.labels import kind_of
from training.wording.numbers import Kind, written
from training.wording.sentences import IN_STAGE, STAYS, asked_of_row, counts_value, sentence, way

Floats = NDArray[np.float64]
MOST_TOLD = 50_000
"""Sentences that are kept; with more, all are forgotten and put into words again."""
REST_TEXT = {"en": "everything else together", "zh": "其余因素合计"}
One = float | str | None
Number = TypeVar("Number", np.float64, np.intp)
quoted = json.JSONEncoder(ensure_ascii=False).encode
"""A text in quotation marks."""


def reasons_json(reasons: Sequence[Reason]) -> str:
    """Reasons as a JSON list."""
    return json.dumps([vars(reason) for reason in reasons], ensure_ascii=False)


class Groups(NamedTuple):
    """Columns of effects sorted by group and name: their order, where groups begin, names, and ranks of the names."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    names: list[str]
    ranks: NDArray[np.intp]


class Plan(NamedTuple):
    """How a feature's reasons are written: what comes first, what its words depend on beside it, its kind of value.

    `exact`: its words may differ between values that are written alike.
    """

    head: str
    beside: tuple[str, ...]
    kind: Kind
    exact: bool


class ReasonTexts:
    """Writes the strongest reasons of each row as the JSON list that `predict` writes."""

    def __init__(
        self,
        features: Sequence[Feature],
        comparisons: Comparisons | None,
        most: int,
        language: Language,
        about: About = "win",
    ) -> None:
        self.features = {feature.name: feature for feature in features}
        self.known = comparisons or Comparisons(about)
        self.most, self.language = most, language
        self._told: dict[tuple[object, ...], str] = {}
        self._plans: dict[str, Plan] = {}
        self._groups: dict[tuple[str, ...], Groups] = {}
        self._rest = [quoted(REST_TEXT[language] + way(sign, language, self.known.about)) for sign in (1.0, -1.0)]

    def of(self, names: Sequence[str], effects: Floats, columns: FeatureColumns, total: Floats) -> list[str]:
        """The reasons of each row of effects [n, names] in log-odds; together they are `total` [n]."""
        if not names:
            return [self._joined([], left) for left in total.tolist()]
        groups = self._grouped(tuple(names))
        drivers, moved = self._strongest(effects[:, groups.order], groups)
        parts, flat = np.empty(drivers.size, object), drivers.ravel()
        by_driver = np.argsort(flat, kind="stable")
        bounds = np.flatnonzero(np.diff(flat[by_driver], prepend=-1, append=-1)).tolist()
        for start, end in pairwise(bounds):
            places = by_driver[start:end]
            parts[places] = self._written(
                groups.names[flat[places[0]]], places // drivers.shape[1], moved.ravel()[places].tolist(), columns
            )
        rest = (total - moved.sum(axis=1)).tolist()
        counts = (moved != 0).sum(axis=1).tolist()
        lines = parts.reshape(drivers.shape).tolist()
        return [self._joined(line[:many], left) for line, many, left in zip(lines, counts, rest, strict=True)]

    def _strongest(self, effects: Floats, groups: Groups) -> tuple[NDArray[np.intp], Floats]:
        """Who moves each row most and by how much, the strongest first; both [n, most]."""
        sums, drivers = _sums(effects, groups.starts)
        size = -np.abs(sums)
        many = min(self.most, sums.shape[1])
        chosen = np.argpartition(size, many - 1, axis=1)[:, :many]
        # Of equal effects the first by name comes first.
        order = np.lexsort((groups.ranks[_at(drivers, chosen)], _at(size, chosen)), axis=1)
        chosen = _at(chosen, order)
        return _at(drivers, chosen), _at(sums, chosen)

    def _written(self, name: str, rows: NDArray[np.intp], effects: list[float], columns: FeatureColumns) -> list[str]:
        """One feature's reasons in the rows that it moves."""
        plan = self._plan(name)
        values = columns.some(name, rows)
        around = [columns.some(each, rows) for each in plan.beside]
        bands = [self._bands(each) if one == AGE else each for one, each in zip(plan.beside, around, strict=True)]
        beside = list(zip(*bands, strict=True)) if bands else [()] * len(values)
        found = []
        for at, (value, effect) in enumerate(zip(values, effects, strict=True)):
            key = (name, self._bucket(value, plan), effect > 0, beside[at])
            text = self._told.get(key)
            if text is None:
                row = {one: each[at] for one, each in zip(plan.beside, around, strict=True)}
                text = self._text(key, {**row, name: value}, effect)
            found.append(f'{plan.head}{_plain(value)}, "effect": {_number(effect)}, "text": {text}}}')
        return found

    def _text(self, key: tuple[object, ...], row: Mapping[str, One], effect: float) -> str:
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        name = str(key[0])
        told = quoted(sentence(name, self.features.get(name), row, effect, self.language, self.known))
        self._told[key] = told
        return told

    def _bucket(self, value: One, plan: Plan) -> object:
        """Values of one bucket are put into the same words."""
        if plan.exact or value is None or isinstance(value, str):
            return value
        return (written(value, plan.kind, self.language), value < 0, value in (0.0, 1.0))

    def _bands(self, ages: list[One]) -> list[One]:
        """Of an age only its band has a say in what a value is compared with."""
        return [float(bisect_right(self.known.bands, age)) if isinstance(age, float) else None for age in ages]

    def _plan(self, name: str) -> Plan:
        found = self._plans.get(name)
        if found is None:
            beside = set(asked_of_row(name))
            of_stay = name == IN_STAGE or name in STAYS
            beside |= {STAGE, IN_STAGE, *STAYS} if of_stay else set()
            beside |= {STAGE} if name in self.known.stages else set()
            beside |= {AGE} if name in self.known.ages else set()
            feature = self.features.get(name)
            kind = "number" if feature is None else kind_of(feature)
            exact = of_stay or (kind != "count" and counts_value(name))
            head = f'{{"feature": {quoted(name)}, "value": '
            found = self._plans[name] = Plan(head, tuple(sorted(beside - {name})), kind, exact)
        return found

    def _grouped(self, names: tuple[str, ...]) -> Groups:
        found = self._groups.get(names)
        if found is None:
            together = self.most < len(self.features)
            key = [(group_of(name, self.known.groups) if together else name, name) for name in names]
            order = sorted(range(len(names)), key=lambda at: key[at])
            begins = [at for at in range(len(order)) if at == 0 or key[order[at]][0] != key[order[at - 1]][0]]
            told = [names[at] for at in order]
            ranks = np.argsort(np.argsort(np.array(told)))
            found = self._groups[names] = Groups(np.array(order), np.array(begins), told, ranks)
        return found

    def _joined(self, parts: list[str], rest: float) -> str:
        if abs(rest) > ROUNDING:
            text = self._rest[0 if rest > 0 else 1]
            parts.append(f'{{"feature": "{REST}", "value": null, "effect": {_number(rest)}, "text": {text}}}')
        return "[" + ", ".join(parts) + "]"


def _sums(effects: Floats, starts: NDArray[np.intp]) -> tuple[Floats, NDArray[np.intp]]:
    """The sum of each group, and the place of the member that moves it most its way, both [n, groups]."""
    sums = np.add.reduceat(effects, starts, axis=1)
    drivers = np.empty(sums.shape, np.intp)
    for group, (start, end) in enumerate(zip(starts, [*starts[1:], effects.shape[1]], strict=True)):
        members = effects[:, start:end]
        if end - start == 1:
            drivers[:, group] = start
        else:
            drivers[:, group] = start + np.where(sums[:, group] > 0, members.argmax(axis=1), members.argmin(axis=1))
    return sums, drivers


def _at(table: NDArray[Number], places: NDArray[np.intp]) -> NDArray[Number]:
    """In each row of a table [n, columns] the numbers at its places [n, some]."""
    return np.asarray(np.take_along_axis(table, places, axis=1))


def _plain(value: One) -> str:
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    return repr(value) if isfinite(value) else json.dumps(value)
