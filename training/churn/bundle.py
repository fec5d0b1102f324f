"""The compact form of a trained churn model that answers scores: plain JSON, never unpickled.

Loading and scoring need NumPy, SciPy's special functions and LightGBM's shared library, not pandas or MLflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from features.as_of import micros
from features.catalog import CUSTOMER_CATALOG, customer_attribute_feature, fingerprint
from features.contracts import ATTRIBUTE_PREFIX
from features.definition import Feature
from features.errors import ForesellError
from features.evaluate import Values
from training.bundle import rows_of
from training.bundle_file import BundleDamaged, seal, unseal, version_in, write
from training.churn.served import Served
from training.churn.value import Value, payments
from training.reasons import Language, Reason
from training.rivals.rival import Row, number_of
from training.stored_features import entry_of, features_of

if TYPE_CHECKING:
    import pandas as pd

RUNNING = "customer_contracts_running"
ATTRIBUTE = f"customer_{ATTRIBUTE_PREFIX}"
STEPS = 6
"""Even steps of the longest horizon at which a contract's payments at risk are added up."""


FARTHEST = 3650.0
"""Days beyond which nobody is asked whether they will have left."""


class HorizonTooLong(ForesellError):
    problem = "A horizon of {0} days is longer than anything on record could tell of: {1} days at most."
    fix = "ask for shorter horizons (--horizons 30,60,90)."


class Note(NamedTuple):
    """What must be known of an answer, in both languages."""

    en: str
    zh: str


@dataclass(frozen=True)
class ChurnScore:
    """What is known of one active customer at a moment.

    `probability` is that of churn within the first horizon asked for; `low` and `high` bound its 80 % interval.
    `by_days` gives it for every horizon: without a contract of no order in so many days, with one of having left by
    then. `orders` and `value_at_risk` are for the longest; None where nothing on record tells. The effects of `reasons`
    add up to log-odds of the probability less those of the base rate.
    """

    kind: str
    probability: float
    low: float
    high: float
    by_days: dict[float, float]
    orders: float | None
    value_at_risk: float | None
    reasons: tuple[Reason, ...]
    note: str | None


@dataclass(frozen=True)
class ChurnBundle:
    """A trained churn model, ready to score: what is served for each kind of customers, and what they are worth.

    `notes` are of a model brought up to date (`refreshing`): what is old about its answers.
    """

    version: str
    rung: str
    until: datetime
    features: tuple[Feature, ...]
    served: Mapping[str, Served]
    value: Value
    meta: dict[str, object] = field(default_factory=dict)
    model: str = "churn"
    notes: tuple[Note, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the feature definitions the model was trained on."""
        return fingerprint(self.features)

    @property
    def longest(self) -> float:
        """The longest horizon that could be learned, in days."""
        return min((one.longest for one in self.served.values() if not one.timeless), default=float("inf"))

    def score(
        self,
        values: Mapping[str, Values],
        horizons: Sequence[float],
        language: Language = "en",
        most_reasons: int = 5,
        as_of: datetime | None = None,
        chances: Sequence[Sequence[float]] | None = None,
    ) -> list[ChurnScore]:
        """Score each row of the features' values at a moment (naive UTC, default `until`); horizons in days.

        For a later moment bring the model up to date first (`refreshing.brought_up_to_date`). Raises HorizonTooLong.
        `chances` are those of `chances_of`, where they have been computed already for all rows at once.
        """
        check_days(horizons)
        at = micros(as_of or self.until)
        rows = rows_of(values)
        given: Sequence[Sequence[float] | None] = chances or [None] * len(rows)
        return [
            self._one(row, horizons, self._named, language, most_reasons, at, said)
            for row, said in zip(rows, given, strict=True)
        ]

    def answer(
        self, row: Row, horizons: Sequence[float], language: Language, most_reasons: int, as_of: datetime
    ) -> ChurnScore:
        """The score of one row at a moment (naive UTC), as `score` gives it. Raises HorizonTooLong."""
        check_days(horizons)
        return self._one(row, horizons, self._named, language, most_reasons, micros(as_of), None)

    def warm(self) -> None:
        """Make what is made on first use: machine code and tables of each kind's estimate."""
        for running in (0.0, 1.0):
            self.answer({RUNNING: running}, [1.0], "en", 1, self.until)

    @cached_property
    def _named(self) -> dict[str, Feature]:
        return {feature.name: feature for feature in self.features}

    def chances_of(self, x: pd.DataFrame, horizons: Sequence[float], as_of: datetime) -> list[list[float]]:
        """P(churn) of every row of a feature table within each horizon, and each step towards the longest."""
        found: list[list[float]] = [[]] * len(x)
        for kind in ("orders", "contract"):
            rows = np.flatnonzero([self._kind(n) == kind for n in _column(x, RUNNING)])
            served = self.served.get(kind) or next(iter(self.served.values()))
            if len(rows):
                asked = [*horizons, *_steps(served, max(horizons))]
                for row, said in zip(rows, served.churn_of_all(x.iloc[rows], micros(as_of), asked), strict=True):
                    found[row] = said
        return found

    def _one(
        self,
        row: Row,
        horizons: Sequence[float],
        named: Mapping[str, Feature],
        language: Language,
        most: int,
        at: int,
        chances: Sequence[float] | None,
    ) -> ChurnScore:
        served = self._of(row)
        first, longest = horizons[0], max(horizons)
        steps = _steps(served, longest)
        asked = [*horizons, *steps]
        said = dict(zip(asked, chances or served.churn_by(row, at, asked), strict=True))
        p = said[first]
        low, high = served.around(p, at, first)
        reasons = served.reasons(row, at, first, named, most, language, p) if most > 0 else ()
        if served.kind == "orders":
            orders = self.value.orders(row, 1 - said[longest], longest)
            at_risk = self.value.at_risk_of_buyer(row, 1 - said[longest], orders)
        else:
            due = payments(row, [0.0, *(said[step] for step in steps)], longest)
            orders = self.value.orders(row, 0.0, longest) if self.value.model is not None else due and due[0]
            at_risk = due and due[1]
        by_days = {days: said[days] for days in horizons}
        told = [note_of(served, longest, language), *(getattr(note, language) for note in self.notes)]
        note = "; ".join(one for one in told if one) or None
        return ChurnScore(served.kind, p, low, high, by_days, orders, at_risk, reasons, note)

    def notes_of(self, horizons: Sequence[float], language: Language) -> list[str]:
        """What must be known of answers at these horizons, of all kinds of customers; the same only once."""
        told = [note_of(served, max(horizons), language) for served in self.served.values()]
        return list(dict.fromkeys([*(one for one in told if one), *(getattr(note, language) for note in self.notes)]))

    def _of(self, row: Row) -> Served:
        """What answers for this customer: by whether a contract runs."""
        return self.served.get(self._kind(number_of(row.get(RUNNING)))) or next(iter(self.served.values()))

    def _kind(self, running: float) -> str:
        return "contract" if running > 0 else "orders"

    def with_served(self, served: Mapping[str, Served]) -> ChurnBundle:
        """The same with estimates that know more."""
        return replace(self, served=served)

    def to_json(self) -> str:
        """The whole model as text; the same history, seed and release give the same text."""
        return seal(
            {
                "model": self.model,
                "rung": self.rung,
                "until": self.until.isoformat(),
                "features": [entry_of(feature, CUSTOMER_CATALOG, (ATTRIBUTE,)) for feature in self.features],
                "fingerprint": self.fingerprint,
                "served": {kind: one.to_json() for kind, one in sorted(self.served.items())},
                "value": self.value.to_json(),
                "meta": self.meta,
                **({"notes": [list(note) for note in self.notes]} if self.notes else {}),
            }
        )

    def save(self, folder: Path) -> Path:
        """Write the bundle into a folder; return its file."""
        return write(folder, self.to_json())

    @staticmethod
    def load(folder: Path) -> ChurnBundle:
        """Read a bundle. Raises BundleDamaged, FeaturesChanged, OwnFeatureGone, and what `catalog.own` raises."""
        stored = unseal(folder)
        features = features_of(stored, "customer", _there_is, _feature_of, folder)
        try:
            return ChurnBundle(
                version_in(folder),
                stored["rung"],
                datetime.fromisoformat(stored["until"]),
                features,
                {kind: Served.from_json(one) for kind, one in stored["served"].items()},
                Value.from_json(stored["value"]),
                stored["meta"],
                notes=tuple(Note(en, zh) for en, zh in stored.get("notes", [])),
            )
        except (ValueError, KeyError, TypeError) as other:
            raise BundleDamaged(folder, f"it was written by another release ({other!r})") from other


def check_days(horizons: Sequence[float]) -> None:
    """Refuse days that nothing could tell of. Raises HorizonTooLong."""
    for days in horizons:
        if not days <= FARTHEST:
            raise HorizonTooLong(f"{days:g}", f"{FARTHEST:,.0f}")


def _steps(served: Served, longest: float) -> list[float]:
    """Even steps up to the longest horizon, for what a contract's payments add up to."""
    return [longest * step / STEPS for step in range(1, STEPS + 1)] if served.kind == "contract" else []


def _column(x: pd.DataFrame, name: str) -> list[float]:
    return cast(list[float], x[name].tolist()) if name in x else [0.0] * len(x)


def note_of(served: Served, longest: float, language: Language) -> str | None:
    """What must be known of the horizons: those never watched, or none at all."""
    if served.timeless:
        return (
            "the history tells who had left by one day and not when: one chance stands for every horizon"
            if language == "en"
            else "历史只记录了截至某一天是否流失，没有时间：所有期限使用同一概率"
        )
    if longest > served.longest:
        return (
            f"horizons beyond {served.longest:.0f} days are extrapolated: the history is too short to learn them"
            if language == "en"
            else f"超过 {served.longest:.0f} 天的预测为外推：历史太短，无法学习"
        )
    return None


def _there_is(entry: Mapping[str, object]) -> bool:
    return "number" in entry or "own" in entry or entry["name"] in CUSTOMER_CATALOG


def _feature_of(entry: Mapping[str, object]) -> Feature:
    name = str(entry["name"])
    if "number" in entry:
        return customer_attribute_feature(name.removeprefix(ATTRIBUTE), bool(entry["number"]))
    return CUSTOMER_CATALOG[name]
