"""What does an event curve say of many rows, and what moves each? By its compiled tables, else column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.event_curve import EventCurve
from training.rowwise.curves import CurveScorer
from training.table_scoring.feature_columns import FeatureColumns

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Chances by horizon [n, horizons], the median days [n], NaN where nobody has the event.

    `effects` [n, names] are what each of the features `names` adds to the log-odds of the headline, where asked for.
    """

    said: Floats
    median: Floats
    names: tuple[str, ...] = ()
    effects: Floats | None = None


class CurveTable:
    """A curve, laid out for many rows; `names` are the features that a table of them has to have."""

    def __init__(self, curve: EventCurve, compiled: CurveScorer | None, names: Sequence[str]) -> None:
        self.curve, self.names = curve, list(names)
        self._compiled = compiled

    def answers(self, columns: FeatureColumns, horizons: Sequence[float], *, why: bool = False) -> Answers:
        """What `EventCurve.answers` says of each row; with effects where `why`."""
        if self._compiled is None or not columns.values or not len(columns):
            return self._slowly(columns, horizons, why)
        found = self._compiled.of_columns(columns.values, horizons, why=why)
        return Answers(found.chances, found.medians, self._compiled.features, found.effects)

    def _slowly(self, columns: FeatureColumns, horizons: Sequence[float], why: bool) -> Answers:
        """Where no machine code can be made, or the curve is of a shape that has no tables."""
        if not len(columns):
            return Answers(np.empty((0, len(horizons))), np.empty(0), (), np.empty((0, 0)) if why else None)
        x = columns.frame(self.names)
        said, median = self.curve.predict(x, horizons), self.curve.median_days(x)
        if not why:
            return Answers(said, median)
        told = [self.curve.effects(columns.row(at)) for at in range(len(columns))]
        names = tuple(dict.fromkeys(name for effects in told for name in effects))
        found = np.array([[effects.get(name, 0.0) for name in names] for effects in told])
        return Answers(said, median, names, found)
