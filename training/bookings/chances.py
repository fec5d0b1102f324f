"""How likely is an open deal to be won by each coming day, in the working time of the calendar?

Two estimates answer alike. `CurveChances` asks the event curve of the win model about every deal as it stands;
`TableChances` only looks at stage and age (`training.timing`). Both are learned from what was on record at one moment.
Days are counted in working time: a day of the quarter's end counts for more, a day of Golden Week for next to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from training.bookings.profile import DayProfile
from training.timing import Timing

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

Floats = NDArray[np.float64]
GRID: Floats = np.array(
    [1, 2, 3, 5, 7, 10, 14, 21, 28, 35, 45, 60, 75, 90, 120, 150, 180, 240, 300, 365, 450, 540, 730, 1095], float
)
"""Days at which chances are asked for."""
ASKED = (7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 365.0)
"""Horizons the event curve is fitted for, those longer than the history left out."""


class Chances(Protocol):
    """P(won within so many days) of deals as they stand."""

    @property
    def name(self) -> str:
        """What they go by."""

    def by(self, x: "pd.DataFrame", days: Floats) -> Floats:
        """[deals, days], rising in days."""

    def to_json(self) -> dict[str, object]:
        """All that was learned."""


@dataclass(frozen=True)
class TableChances:
    """Curves of deals alike in stage and age."""

    timing: Timing
    name: str = "stage and age"

    @staticmethod
    def fit(past: "Dataset") -> "TableChances":
        """Learn from moments of the past, decided or not."""
        return TableChances(Timing.fit(past))

    def by(self, x: "pd.DataFrame", days: Floats) -> Floats:
        """[deals, days]."""
        ages = x["deal_age_days"].to_numpy(float) if "deal_age_days" in x else np.full(len(x), np.nan)
        stages = x["deal_stage"].tolist() if "deal_stage" in x else [None] * len(x)
        known: dict[tuple[int, str], Floats] = {}
        found = np.zeros((len(x), len(days)))
        for row, (age, stage) in enumerate(zip(ages.tolist(), stages, strict=True)):
            curve = self.timing.curve(age, stage if isinstance(stage, str) else None)
            key = (id(curve), "")
            if key not in known:
                known[key] = np.array([curve.share_by(float(day)) for day in days])
            found[row] = known[key]
        return found

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "timing": self.timing.to_json()}


@dataclass(frozen=True)
class CurveChances:
    """The event curve of the win model."""

    curve: Any
    name: str = "event curve"

    @staticmethod
    def fit(past: "Dataset", seed: int = 0) -> "CurveChances":
        """Learn from moments of the past."""
        from training.event_curve import EventCurve

        longest = float(past.followed_for.max(initial=0.0))
        horizons = [days for days in ASKED if days <= longest / 2] or [7.0]
        return CurveChances(EventCurve(seed=seed).fit(past, horizons))

    def by(self, x: "pd.DataFrame", days: Floats) -> Floats:
        """[deals, days]."""
        said = np.asarray(self.curve.predict(x, days.tolist()), np.float64)
        return np.maximum.accumulate(np.clip(said, 0.0, 1.0), axis=1)

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "curve": self.curve.to_json()}


def chances_from_json(document: Mapping[str, object]) -> Chances:
    """What `to_json` of either wrote."""
    if "timing" in document:
        return TableChances(Timing.from_json(cast(Mapping[str, object], document["timing"])))
    from training.event_curve import EventCurve

    return CurveChances(EventCurve.from_json(cast(Mapping[str, Any], document["curve"])))


def working_time(profile: DayProfile, first: int, days: int) -> Floats:
    """Days of average worth that have passed by the end of each of the days from `first`: [days]."""
    year = profile.weight(np.arange(first, first + 364))
    return np.asarray(np.cumsum(profile.weight(np.arange(first, first + days))) / year.mean())
