"""What does a churn bundle say of many customers? The numbers of `ChurnBundle.score`, whole columns at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.as_of import micros
from training.churn.bundle import RUNNING, STEPS, ChurnBundle, check_days
from training.churn.estimate import CLOSEST, inside
from training.churn.served import Served
from training.churn.value import FARTHEST, MONTH, MONTHS, RECURRING, WORTH, Value
from training.churn.width import Width
from training.reasons import Language
from training.rivals.buying import PURCHASES, SINCE_FIRST, SINCE_LAST, Buying, buying_of
from training.rivals.rival import probabilities
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.reasons import reasons_json

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChurnNumbers:
    """What is known of each customer, NaN where nothing is; all [n], `by_days` [n, horizons]."""

    probability: Floats
    low: Floats
    high: Floats
    by_days: Floats
    orders: Floats
    value_at_risk: Floats


class ChurnTable:
    """A churn bundle at a moment (naive UTC), laid out for many rows."""

    def __init__(self, bundle: ChurnBundle, as_of: datetime) -> None:
        self.bundle, self.at = bundle, micros(as_of)
        self.names = [feature.name for feature in bundle.features]

    def numbers(self, columns: FeatureColumns, horizons: Sequence[float]) -> ChurnNumbers:
        """Score each row; horizons in days. Raises HorizonTooLong, WrongType."""
        check_days(horizons)
        columns = columns.told_as(self.bundle.features)
        found = np.full((len(columns), 5 + len(horizons)), np.nan)
        for served, rows in self._kinds(columns):
            found[rows] = self._of_kind(served, columns.rows_at(rows), horizons)
        p, low, high, orders, at_risk = found[:, :5].T
        return ChurnNumbers(p, low, high, found[:, 5:], orders, at_risk)

    def reasons(
        self, columns: FeatureColumns, numbers: ChurnNumbers, horizons: Sequence[float], most: int, language: Language
    ) -> list[str]:
        """The strongest reasons of each row as `predict` writes them."""
        named = {feature.name: feature for feature in self.bundle.features}
        texts = ["[]"] * len(columns)
        for served, rows in self._kinds(columns):
            for row in rows.tolist():
                p = float(numbers.probability[row])
                told = served.reasons(columns.row(row), self.at, horizons[0], named, most, language, p)
                texts[row] = reasons_json(told)
        return texts

    def _kinds(self, columns: FeatureColumns) -> list[tuple[Served, NDArray[np.intp]]]:
        """What answers for which rows."""
        served, running = self.bundle.served, columns.numbers(RUNNING) > 0
        kinds = [(served.get(kind) or next(iter(served.values())), np.flatnonzero(running == contract))
                 for kind, contract in (("orders", False), ("contract", True))]  # fmt: skip
        return [(one, rows) for one, rows in kinds if len(rows)]

    def _of_kind(self, served: Served, columns: FeatureColumns, horizons: Sequence[float]) -> Floats:
        """Probability, its interval, orders, value at risk, and the chance by each horizon, as columns."""
        x, longest = columns.frame([*self.names, PURCHASES, SINCE_FIRST, SINCE_LAST]), max(horizons)
        steps = [longest * step / STEPS for step in range(1, STEPS + 1)] if served.kind == "contract" else []
        asked = [*horizons, *steps]
        said = np.array(served.churn_of_all(x, self.at, asked)).reshape(len(columns), len(asked))
        width, unsure = width_of(served, horizons[0]), served.estimate.unsure(self.at, horizons[0])
        low, high = around(width, said[:, 0], unsure)
        value, told = self.bundle.value, buying_of("value", x)
        gone = said[:, horizons.index(longest)]
        if served.kind == "orders":
            orders = orders_of(value, told, 1 - gone, longest)
            at_risk = at_risk_of(value, columns, 1 - gone, orders)
        else:
            due, at_risk = payments_of(
                columns, np.column_stack([np.zeros(len(gone)), said[:, len(horizons) :]]), longest
            )
            orders = due if value.model is None else orders_of(value, told, np.zeros(len(gone)), longest)
        return np.column_stack([said[:, 0], low, high, orders, at_risk, said[:, : len(horizons)]])


def width_of(served: Served, days: float) -> Width:
    """How sure a chance is for the horizon nearest to the one asked."""
    return served.widths[min(served.widths, key=lambda known: (abs(math.log(known / days)), known))]


def around(width: Width, p: Floats, unsure: float) -> tuple[Floats, Floats]:
    """`Width.around` of many chances [n]."""
    kept = np.clip(p, CLOSEST, 1 - CLOSEST)
    odds = np.log(kept) - np.log1p(-kept)
    half = width.z * np.hypot(np.interp(odds, width.at, width.own), width.stretch * (unsure or width.untold))
    return inside(probabilities(odds - half)), inside(probabilities(odds + half))


def orders_of(value: Value, told: Buying, p_order: Floats, days: float) -> Floats:
    """`Value.orders` of many customers [n]."""
    if value.model is None:
        return np.full(len(p_order), np.nan)
    plain, many = inside(value.model.by(told, days)), value.model.expected(told, days)
    scale = np.log1p(-np.minimum(p_order, 1 - 1e-9)) / np.log1p(-plain)
    return np.maximum(many * np.clip(scale, 1 / FARTHEST, FARTHEST), p_order)


def at_risk_of(value: Value, columns: FeatureColumns, p_order: Floats, orders: Floats) -> Floats:
    """`Value.at_risk_of_buyer` of many customers [n]."""
    worth = value.worth
    if worth is None:
        return np.full(len(p_order), np.nan)
    purchases, seen = columns.numbers(PURCHASES), columns.numbers(WORTH)
    everybody = worth.p * worth.v / (worth.q - 1)
    known = (purchases > 0) & (seen > 0)
    own = np.where(known, worth.p * purchases / (worth.p * np.where(known, purchases, 0.0) + worth.q - 1), 0.0)
    each = np.where(known, (1 - own) * everybody + own * np.where(known, seen, 0.0), everybody)
    return (1 - p_order) * each * orders / np.maximum(p_order, 1e-9)


def payments_of(columns: FeatureColumns, gone: Floats, days: float) -> tuple[Floats, Floats]:
    """`payments` of many contracts: expected, and at risk of them, both [n]; `gone` is [n, steps]."""
    amount, months = columns.numbers(RECURRING), columns.numbers(MONTHS)
    each = MONTH * np.where(np.isfinite(months) & (months > 0), months, 1.0)
    lost = np.trapezoid(gone, dx=1 / (gone.shape[1] - 1), axis=1)
    due, known = days / each, np.isfinite(amount)
    return np.where(known, due * (1 - lost), np.nan), np.where(known, due * lost * amount, np.nan)
