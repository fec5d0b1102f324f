"""What is an estimate of churn? The chance of an event within any number of days, for one customer or many.

The event is the next order where there is no contract, and the leaving where there is one. A rival that knows one
horizon is fitted at several and read between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, Self, cast

import numpy as np

from training.churn.asked import asked
from training.churn.market import Market
from training.judged_rows import Floats
from training.rivals.rival import NothingDecided, Rival, RivalNotApplicable, Row, log_odds, probability

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

CLOSEST = 1e-6
"""No chance is closer to 0 or 1 than this."""
LATER = 0.5
"""How the log of the cumulated hazard grows with the log of the days beyond the longest horizon that was learned."""


class ChurnEstimate(Protocol):
    """The chance of the event within any number of days. `at` are moments in microseconds, [n]."""

    name: str
    follows: bool
    """Whether what becomes known between trainings changes it."""

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Learn from moments with what was known of them at `past.seen_until`. Raises RivalNotApplicable."""
        ...

    def refreshed(self, known: Dataset, market: Market) -> ChurnEstimate:
        """The same with what has become known since, as far as it learns without being fitted again."""
        ...

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(event within each horizon), [n, horizons], not falling with the horizon."""
        ...

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row, without pandas."""
        ...

    def unsure(self, at: int, days: float) -> float:
        """Standard deviation, in log-odds, of what moves everybody alike, as far as the estimate tells."""
        ...

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """What each feature adds to the log-odds of the event within `days`."""
        ...

    def to_json(self) -> dict[str, object]:
        """All that was learned, as plain JSON."""
        ...


class Steady:
    """What learns nothing between trainings, and tells nothing of what moves everybody alike."""

    follows = False

    def refreshed(self, known: Dataset, market: Market) -> Self:
        """The same."""
        return self

    def unsure(self, at: int, days: float) -> float:
        """Nothing is said of it."""
        return 0.0


class PerHorizon(Steady):
    """A rival fitted at several horizons; between them, cumulated hazards are read off a straight line in logs."""

    def __init__(self, name: str, make: Callable[[], Rival]) -> None:
        self.name = name
        self._make = make
        self.rivals: dict[float, Rival] = {}

    def fit(self, past: Dataset, market: Market, horizons: Sequence[float]) -> Self:
        """Fit at each horizon that can be. Raises RivalNotApplicable where none can."""
        self.rivals, why = {}, f"no moment was watched for {min(horizons, default=0):g} days"
        for days in horizons:
            known = asked(past, days)
            try:
                self.rivals[days] = self._make().fit(known)
            except RivalNotApplicable as reason:
                why = reason.why
            except NothingDecided:
                why = "nothing is decided"
        if not self.rivals:
            raise RivalNotApplicable(self.name, why)
        return self

    def predict(self, x: pd.DataFrame, at: Floats, horizons: Sequence[float]) -> Floats:
        """P(event within each horizon); raises ColumnsMissing."""
        places = sorted(self.rivals)
        anchors = np.column_stack([self.rivals[days].predict(x) for days in places])
        return between(places, anchors, horizons)

    def score(self, row: Row, at: int, horizons: Sequence[float]) -> list[float]:
        """The same for one row."""
        places = sorted(self.rivals)
        anchors = np.array([[self.rivals[days].score(row) for days in places]])
        found: list[float] = between(places, anchors, horizons)[0].tolist()
        return found

    def effects(self, row: Row, at: int, days: float) -> dict[str, float]:
        """Those at the nearest horizon that was learned."""
        nearest = min(self.rivals, key=lambda known: (abs(math.log(known / days)), known))
        return self.rivals[nearest].effects(row)

    def to_json(self) -> dict[str, object]:
        """Each horizon's rival."""
        return {"name": self.name, "rivals": [[days, rival.to_json()] for days, rival in sorted(self.rivals.items())]}

    @classmethod
    def read(cls, document: Mapping[str, object], reader: Callable[[Mapping[str, object]], Rival]) -> Self:
        """What `to_json` wrote, each rival read by `reader`."""
        found = cls(cast(str, document["name"]), _not_again)
        pairs = cast(list[tuple[float, Mapping[str, object]]], document["rivals"])
        found.rivals = {float(days): reader(rival) for days, rival in pairs}
        return found


def _not_again() -> Rival:
    raise NothingDecided(0)


def between(places: Sequence[float], anchors: Floats, horizons: Sequence[float]) -> Floats:
    """P(event) at any horizons from those at `places` [n, places], sorted: log cumulated hazard over log days.

    Sooner than the first place the hazard is taken to be even; later than the last it wanes.
    """
    hazard = np.log(-np.log1p(-np.clip(np.maximum.accumulate(anchors, axis=1), CLOSEST, 1 - CLOSEST)))
    logs, wanted = np.log(np.array(places)), np.log(np.array(horizons, float))
    found = np.empty((len(anchors), len(horizons)))
    for column, day in enumerate(wanted.tolist()):
        after = int(np.searchsorted(logs, day))
        if after == 0:
            read = hazard[:, 0] + (day - logs[0])
        elif after == len(logs):
            read = hazard[:, -1] + LATER * (day - logs[-1])
        else:
            share = (day - logs[after - 1]) / (logs[after] - logs[after - 1])
            read = (1 - share) * hazard[:, after - 1] + share * hazard[:, after]
        found[:, column] = -np.expm1(-np.exp(read))
    return found


def odds_of(p: float) -> float:
    """Log-odds of a probability, kept finite."""
    return log_odds(min(max(p, CLOSEST), 1 - CLOSEST))


def inside(p: Floats) -> Floats:
    """Probabilities kept away from 0 and 1."""
    return np.clip(p, CLOSEST, 1 - CLOSEST)


def chance(odds: float) -> float:
    """The probability with these log-odds, kept away from 0 and 1."""
    return min(max(probability(odds), CLOSEST), 1 - CLOSEST)
