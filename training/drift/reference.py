"""What must be remembered of the rows a model learned from, so that drift shows later? `drift.json`, beside the bundle.

For each feature its reference and how its figures moved by themselves (`drift.gauges`, `drift.variation`), the most it
explained of outcomes in any four weeks, and how evenly outcomes came (`drift.outcomes`). Thresholds follow from these:
what has wandered in the history may go on wandering.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.as_of import micros
from features.errors import ForesellError
from features.history import History
from training.drift.gauges import Gauge, bands_of, figures_of, gauge_from_json, gauge_of
from training.drift.outcomes import YOUNG, Decided, Level, explained, level_of
from training.drift.rows import SCORE, Rows, rows_of
from training.drift.variation import FEWEST_WINDOWS, WEEK, WINDOW, Variation, variation_of, windows

FILE = "drift.json"
WATCHED = ("win", "churn")
"""Models whose features and outcomes are watched; a forecast is watched by its errors."""
CERTAIN = 5.5
"""Deviations at which a figure has left its history. Were they normal, 500 figures would not reach it in 100 years."""
MARGIN = 1.25
"""A figure that went further than that in the history itself must go further still by this factor."""
PRACTICE = 0.6
"""The share of the history on which a figure's law is learned when it is tried on the rest."""


class NoReference(ForesellError):
    problem = "Version {1} of the {0} model was stored without what its drift can be told from."
    fix = "train it again with this release: foresell train {0}."


@dataclass(frozen=True)
class Figure:
    """One watched figure of a feature: how it moves by itself, and the deviations at which it is drift."""

    law: Variation
    limit: float


@dataclass(frozen=True)
class Watched:
    """One feature: its reference, its figures by name, the most it explained of outcomes in any four weeks."""

    gauge: Gauge
    figures: Mapping[str, Figure]
    explains: float


@dataclass(frozen=True)
class Reference:
    """What the watch compares with. `until` in microseconds; `level` is None where nothing was decided."""

    model: str
    until: int
    rows: int
    features: Mapping[str, Watched]
    level: Level | None

    def to_json(self) -> str:
        """As text; the same history, seed and release give the same text."""
        features = {
            name: {
                "gauge": one.gauge.to_json(),
                "figures": {
                    key: [*figure.law.to_json(), round(figure.limit, 3)] for key, figure in one.figures.items()
                },
                "explains": round(one.explains, 6),
            }
            for name, one in self.features.items()
        }
        document = {"model": self.model, "until": self.until, "rows": self.rows, "features": features}
        level = None if self.level is None else self.level.to_json()
        return json.dumps({**document, "level": level}, ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Reference":
        """What `to_json` wrote."""
        document: Mapping[str, Any] = json.loads(text)
        features = {
            name: Watched(
                gauge_from_json(one["gauge"]),
                {key: Figure(Variation.from_json(n[:-1]), n[-1]) for key, n in one["figures"].items()},
                one["explains"],
            )
            for name, one in document["features"].items()
        }
        level = None if document["level"] is None else Level.from_json(document["level"])
        return Reference(document["model"], document["until"], document["rows"], features, level)


def write_reference(bundle: Any, history: History, folder: Path) -> None:
    """Write `drift.json` for a trained model beside its bundle, where its drift can be told from its rows."""
    if bundle.model not in WATCHED:
        return
    rows = rows_of(history, bundle, None, bundle.until)
    (folder / FILE).write_text(reference_of(bundle.model, rows, micros(bundle.until)).to_json(), "utf-8")


def read_reference(model: str, version: str, folder: Path) -> Reference:
    """The reference beside a bundle. Raises NoReference."""
    try:
        return Reference.from_json((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as missing:
        raise NoReference(model, version) from missing


def reference_of(model: str, rows: Rows, until: int) -> Reference:
    """The reference from the rows that a model learned from."""
    band = bands_of(rows.age)
    decided = rows.decided
    features = {name: _watched(column, band, rows, until) for name, column in columns_of(rows).items()}
    return Reference(model, until, len(rows), features, level_of(decided) if len(decided.outcome) else None)


def columns_of(rows: Rows) -> dict[str, NDArray[Any]]:
    """What is watched: each feature, and the model's answer where it has one."""
    told = bool((~np.isnan(rows.p)).any()) and float(np.nanmax(rows.p)) > float(np.nanmin(rows.p))
    return {**rows.x, **({SCORE: rows.p} if told else {})}


def _watched(column: NDArray[Any], band: NDArray[np.int64], rows: Rows, until: int) -> Watched:
    gauge = gauge_of(column, band)
    figures = {}
    for name, signal in figures_of(gauge, column, band):
        mean, counts = windows(signal, rows.at, until)
        law = variation_of(mean, counts)
        if law is not None:
            figures[name] = Figure(law, _limit(mean, counts))
    return Watched(gauge, figures, _most_explained(column, gauge, rows, until))


def _limit(mean: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    """`CERTAIN`, or more where a law learned on the first part of the history was broken by the rest."""
    cut = max(int(len(mean) * PRACTICE), FEWEST_WINDOWS)
    law = variation_of(mean[:cut], rows[:cut])
    if law is None:
        return CERTAIN
    went = [
        abs(law.distance(mean[place], rows[place], place - cut + 1))
        for place in range(cut, len(mean))
        if rows[place] >= law.rows / 4
    ]
    return max(CERTAIN, MARGIN * max(went, default=0.0))


def _most_explained(column: NDArray[Any], gauge: Gauge, rows: Rows, until: int) -> float:
    back = (until - 1 - rows.known) // (WINDOW * WEEK)
    told = [0.0]
    for each in np.unique(back[rows.last]):
        window = rows.last & (back == each)
        for chosen in (window, window & (rows.age_then <= YOUNG)):
            told.append(explained(column[chosen], rows.outcome[chosen], gauge)[0])
    return max(told)


__all__ = ["FILE", "Decided", "NoReference", "Reference", "read_reference", "reference_of", "write_reference"]
