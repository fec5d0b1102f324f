"""The compact form of a trained model that answers scores: plain JSON, never unpickled.

Loading and scoring need NumPy and LightGBM's shared library, not pandas, scikit-learn or MLflow.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from features.catalog import CATALOG, fingerprint
from features.definition import Feature
from features.evaluate import Category, Values
from training.amounts import Amounts
from training.bundle_file import FILE, BundleDamaged, live_bundle, seal, unseal, version_in, write
from training.curve.spread import CurveSpread
from training.deal_score import Score
from training.intervals import Spread
from training.reasons import Language, Reason, explain
from training.rivals import Rival
from training.rivals.rival import Floats, Row, log_odds
from training.rowwise.curves import Answers, CurveScorer, scorer_of
from training.rowwise.telling import Teller
from training.stored_deal_features import OF_ATTRIBUTES, feature_of, there_is
from training.stored_estimate import estimate_from_json
from training.stored_features import FeaturesChanged, entry_of, features_of
from training.timing import Timing
from training.win_curve import WinCurve
from training.wording.comparisons import Comparisons

__all__ = ["FILE", "Bundle", "BundleDamaged", "FeaturesChanged", "Score", "live_bundle"]

SURE = 1e-4
"""No deal is called surer than this, or than one less this."""


@dataclass(frozen=True)
class Bundle:
    """A trained win model, ready to score. `estimate` is None where no deal was ever lost on record.

    `spread` tells how sure a chance to be won ever is, `spread_by` one to be won within so many days; without the
    latter the former stands for both.
    """

    model: str
    version: str
    rung: str
    until: datetime
    features: tuple[Feature, ...]
    estimate: Rival | None
    base_rate: float | None
    spread: Spread | None
    timing: Timing
    amounts: Amounts
    meta: dict[str, object] = field(default_factory=dict)
    comparisons: Comparisons | None = None
    spread_by: CurveSpread | None = None

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the feature definitions the model was trained on."""
        return fingerprint(self.features)

    def score(
        self,
        values: Mapping[str, Values],
        horizons: Sequence[float],
        language: Language = "en",
        most_reasons: int = 5,
    ) -> list[Score]:
        """Score each row of the features' values; horizons in days."""
        rows, scorer = rows_of(values), self.scorer
        if scorer is None or len(rows) == 1:
            return [self.answer(row, horizons, language, most_reasons) for row in rows]
        asked = (*horizons, math.inf)
        found = scorer.of_columns(values, asked, why=most_reasons > 0)
        effects = [None] * len(rows) if found.effects is None else found.effects
        return [
            self._told(row, horizons, language, most_reasons, chances, median, moved)
            for row, chances, median, moved in zip(
                rows, found.chances.tolist(), found.medians.tolist(), effects, strict=True
            )
        ]

    def answer(self, row: Row, horizons: Sequence[float], language: Language = "en", most_reasons: int = 5) -> Score:
        """Score one row, feature names to numbers, texts or None, as `score` does; horizons in days."""
        if (scorer := self.scorer) is None:
            own, median = None, math.nan
            if isinstance(self.estimate, WinCurve):
                own, days = self.estimate.curve.answers(row, [*horizons, math.inf])
                median = math.nan if days is None else days
            return self._told(row, horizons, language, most_reasons, own, median, None)
        found = scorer.of_row(row, (*horizons, math.inf), why=most_reasons > 0)
        return self._first_told(row, horizons, language, most_reasons, found)

    def answer_told(
        self,
        numbers: Sequence[float | None],
        codes: Sequence[int],
        row: Row,
        horizons: Sequence[float],
        language: Language = "en",
        most_reasons: int = 5,
    ) -> Score:
        """`answer` of a row whose values are also given in the order of `scorer.tables.columns`, texts as codes."""
        assert self.scorer is not None
        found = self.scorer.of_told(numbers, codes, (*horizons, math.inf), why=most_reasons > 0)
        return self._first_told(row, horizons, language, most_reasons, found)

    def answers_told(
        self,
        numbers: Sequence[Sequence[float | None]],
        codes: Sequence[Sequence[int]],
        rows: Sequence[Row],
        horizons: Sequence[float],
        language: Language = "en",
        most_reasons: int = 5,
    ) -> list[Score]:
        """`answer_told` of many rows: while machine code works on them, other threads go on."""
        assert self.scorer is not None
        found = self.scorer.of_many_told(numbers, codes, (*horizons, math.inf), why=most_reasons > 0)
        return [
            self._first_told(row, horizons, language, most_reasons, each) for row, each in zip(rows, found, strict=True)
        ]

    def _first_told(self, row: Row, horizons: Sequence[float], language: Language, most: int, found: Answers) -> Score:
        effects = None if found.effects is None else found.effects[0]
        own, median = found.chances[0].tolist(), float(found.medians[0])
        return self._told(row, horizons, language, most, own, median, effects)

    @cached_property
    def scorer(self) -> CurveScorer | None:
        """The estimate laid out for machine code; None where it is another or the machine has no such code."""
        return scorer_of(self.estimate.curve) if isinstance(self.estimate, WinCurve) else None

    @cached_property
    def _teller(self) -> Teller | None:
        return None if self.scorer is None else Teller(self.scorer.features, self._named, self.comparisons)

    def warm(self) -> None:
        """Make what is made on first use: machine code and tables."""
        if self.scorer is not None and self._teller is not None:
            self.answer({}, [1.0])

    def _told(
        self,
        row: Row,
        horizons: Sequence[float],
        language: Language,
        most: int,
        own: Sequence[float] | None,
        days: float,
        effects: Floats | None,
    ) -> Score:
        """The score of a row. Of a curve `own` are its chances by each horizon and ever, `days` its median.

        `effects` are those of `scorer.features`, None where the estimate has to be asked.
        """
        get = row.get
        age, stage = _number(get("deal_age_days")), _text(get("deal_stage"))
        amount = self.amounts.expected(_number(get("deal_amount")), _text(get("product")), stage, age)
        median = None if math.isnan(days) else days
        if self.estimate is None or self.base_rate is None or self.spread is None:
            curve = self.timing.curve(age, stage)
            by_days = {days: curve.share_by(days) for days in horizons}
            note = self.meta.get("note" if language == "en" else "note_zh")
            median = median if own else curve.median_days()
            return Score(None, None, None, by_days, median, amount, (), str(note or "") or None)
        p = min(max(own[-1] if own else self.estimate.score(row), SURE), 1 - SURE)
        low, high = self.spread.around(log_odds(p))
        if own:
            by_days = {days: chance if chance < p else p for days, chance in zip(horizons, own, strict=False)}
        else:
            curve = self.timing.curve(age, stage)
            median = curve.median_days()
            by_days = {days: p * self.timing.of_winners_by(curve, days) for days in horizons}
        reasons: tuple[Reason, ...] = ()
        if most > 0:
            distance = log_odds(p) - log_odds(self.base_rate)
            if effects is not None and self._teller is not None:
                reasons = self._teller.tell(effects, row, distance, most, language)
            else:
                moved = self.estimate.effects(row)
                reasons = explain(moved, row, self._named, distance, most, language, self.comparisons)
        note = None
        if max(horizons, default=0.0) > self.timing.longest:
            note = (
                f"horizons beyond {self.timing.longest:.0f} days are extrapolated: no deal was watched for longer"
                if language == "en"
                else f"超过 {self.timing.longest:.0f} 天的预测为外推：历史中没有商机被观察更久"
            )
        around = {days: self._sure.around(chance, days) for days, chance in by_days.items()}
        return Score(p, low, high, by_days, median, amount, reasons, note, around)

    @cached_property
    def _sure(self) -> CurveSpread:
        assert self.spread is not None
        return self.spread_by or CurveSpread((math.inf,), (self.spread,))

    @cached_property
    def _named(self) -> dict[str, Feature]:
        return {feature.name: feature for feature in self.features}

    def to_json(self) -> str:
        """The whole model as text; the same history, seed and release give the same text."""
        document = {
            "model": self.model,
            "rung": self.rung,
            "until": self.until.isoformat(),
            "features": [entry_of(feature, CATALOG, OF_ATTRIBUTES) for feature in self.features],
            "fingerprint": self.fingerprint,
            "estimate": None if self.estimate is None else self.estimate.to_json(),
            "base_rate": self.base_rate,
            "spread": None if self.spread is None else self.spread.to_json(),
            "timing": self.timing.to_json(),
            "amounts": self.amounts.to_json(),
            "meta": self.meta,
            "comparisons": None if self.comparisons is None else self.comparisons.to_json(),
            "spread_by": None if self.spread_by is None else self.spread_by.to_json(),
        }
        return seal(document)

    def save(self, folder: Path) -> Path:
        """Write the bundle into a folder; return its file."""
        return write(folder, self.to_json())

    @staticmethod
    def load(folder: Path) -> "Bundle":
        """Read a bundle. Raises BundleDamaged, FeaturesChanged, OwnFeatureGone, and what `catalog.own` raises."""
        stored = unseal(folder)
        features = features_of(stored, "deal", there_is, feature_of, folder)
        try:
            return _bundle_of(stored, features, version_in(folder))
        except (ValueError, KeyError, TypeError) as other:
            raise BundleDamaged(folder, f"it was written by another release ({other!r})") from other


def _bundle_of(stored: Mapping[str, Any], features: tuple[Feature, ...], version: str) -> Bundle:
    return Bundle(
        stored["model"],
        version,
        stored["rung"],
        datetime.fromisoformat(stored["until"]),
        features,
        None if stored["estimate"] is None else estimate_from_json(stored["estimate"]),
        stored["base_rate"],
        None if stored["spread"] is None else Spread.from_json(stored["spread"]),
        Timing.from_json(stored["timing"]),
        Amounts.from_json(stored["amounts"]),
        stored["meta"],
        Comparisons.from_json(stored["comparisons"]) if stored.get("comparisons") else None,
        CurveSpread.from_json(stored["spread_by"]) if stored.get("spread_by") else None,
    )


def rows_of(values: Mapping[str, Values]) -> list[dict[str, float | str | None]]:
    """Columns turned into rows: numbers or None, texts or None."""
    first = next(iter(values.values()), None)
    if first is not None and len(first.codes if isinstance(first, Category) else first) == 1:
        return [{name: _only(column) for name, column in values.items()}]
    columns: list[list[float | str | None]] = []
    for column in values.values():
        if isinstance(column, Category):
            columns.append(list(column.texts()))
        else:
            columns.append([None if v != v else v for v in np.asarray(column).tolist()])
    return [dict(zip(values, row, strict=True)) for row in zip(*columns, strict=True)]


def _only(column: Values) -> float | str | None:
    """The value of a single row."""
    if isinstance(column, Category):
        code = column.codes.item()
        return None if code < 0 else cast(str, column.levels[code])
    value: float = column.item()
    return None if value != value else value


def _number(value: float | str | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _text(value: float | str | None) -> str | None:
    return value if isinstance(value, str) else None
