"""A bundle at work on table after table: the columns that `predict` writes, a few thousand rows at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.bundle import Bundle
from training.churn.bundle import ChurnBundle
from training.reasons import Language, explain
from training.rivals.rival import log_odds
from training.table_scoring.answers import churn_answers, win_answers
from training.table_scoring.churns import ChurnTable
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.reasons import ReasonTexts, reasons_json
from training.table_scoring.wins import WinNumbers, WinTable

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ROWS = 4096
"""Rows that are worked on together: what they need fits the cache of a processor."""
ROWS_OF_REASONS = 1024


class WinScorer:
    """Scores tables of open deals. `most` reasons are told of each, none with 0."""

    def __init__(self, bundle: Bundle, horizons: Sequence[float], most: int, language: Language) -> None:
        self.bundle, self.horizons, self.most, self.language = bundle, list(horizons), most, language
        self._table = WinTable(bundle)
        self._texts = ReasonTexts(bundle.features, bundle.comparisons, most, language)

    def table(self, ids: pa.Array, at: Ints, columns: FeatureColumns, zone: ZoneInfo) -> pa.Table:
        """One row for each deal in the columns of docs/commands.md; `at` are its moments in microseconds (UTC)."""

        def scored(start: int, end: int) -> pa.Table:
            part = columns.part(start, end)
            numbers = self._table.numbers(part, self.horizons, why=self.most > 0)
            reasons = self._reasons(part, numbers) if self.most else None
            told = (ids.slice(start, end - start), at[start:end], numbers, reasons)
            return win_answers(*told, self.horizons, self.bundle.version, zone)

        return _joined(scored, len(columns), self.most)

    def numbers(self, columns: FeatureColumns) -> Iterator[WinNumbers]:
        """The numbers alone, some rows after the other."""
        for start, end in _pieces(len(columns), ROWS):
            yield self._table.numbers(columns.part(start, end), self.horizons)

    def _reasons(self, columns: FeatureColumns, numbers: WinNumbers) -> list[str]:
        bundle = self.bundle
        if bundle.estimate is None or bundle.base_rate is None or bundle.spread is None:
            note = str(bundle.meta.get("note" if self.language == "en" else "note_zh") or "")
            told = [{"feature": "note", "value": None, "effect": 0.0, "text": note}] if note else []
            return [json.dumps(told, ensure_ascii=False)] * len(columns)
        p = numbers.probability
        distance = np.log(p) - np.log1p(-p) - log_odds(bundle.base_rate)
        if numbers.answers is not None and numbers.answers.effects is not None:
            return self._texts.of(numbers.answers.names, numbers.answers.effects, columns, distance)
        named = {feature.name: feature for feature in bundle.features}
        return [
            reasons_json(
                explain(bundle.estimate.effects(row), row, named, far, self.most, self.language, bundle.comparisons)
            )
            for row, far in ((columns.row(at), float(distance[at])) for at in range(len(columns)))
        ]


class ChurnScorer:
    """Scores tables of active customers as of a moment (naive UTC), which must be that of all rows."""

    def __init__(
        self, bundle: ChurnBundle, as_of: datetime, horizons: Sequence[float], most: int, language: Language
    ) -> None:
        self.bundle, self.horizons, self.most, self.language = bundle, list(horizons), most, language
        self._table = ChurnTable(bundle, as_of)

    def table(self, ids: pa.Array, at: Ints, columns: FeatureColumns, zone: ZoneInfo) -> pa.Table:
        """One row for each customer in the columns of docs/commands.md."""

        def scored(start: int, end: int) -> pa.Table:
            part = columns.part(start, end)
            numbers, reasons = self._table.numbers(part, self.horizons), None
            if self.most:
                reasons = self._table.reasons(part, numbers, self.horizons, self.most, self.language)
            told = (ids.slice(start, end - start), at[start:end], numbers, reasons)
            return churn_answers(*told, self.horizons, self.bundle.version, zone)

        return _joined(scored, len(columns), self.most)


def _joined(scored: Callable[[int, int], pa.Table], rows: int, most: int) -> pa.Table:
    pieces = [scored(start, end) for start, end in _pieces(rows, ROWS_OF_REASONS if most else ROWS)]
    return pa.concat_tables(pieces)


def _pieces(rows: int, size: int) -> list[tuple[int, int]]:
    """Ends of pieces; one without rows where there are none."""
    return [(start, min(start + size, rows)) for start in range(0, max(rows, 1), size)]
