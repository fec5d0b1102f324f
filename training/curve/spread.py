"""How sure is a curve? 80 % intervals of its chances for each horizon.

At each horizon that was tried the interval of `training.intervals` is learned from what was said of later moments;
between horizons those of the two neighbours are mixed, beyond them the nearest holds. `interval_coverage` measures
whether they hold what comes.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from training.intervals import Spread, fit_spread

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]
FEWEST_SUBJECTS = 30
SURE = 1e-4
"""Nothing is called surer than this, or than one less this."""
MOST_PLACES = 1_000
"""Horizons whose place among the spreads is kept."""


@dataclass(frozen=True)
class CurveSpread:
    """A spread for each of some horizons in days, ascending; the last may be infinity."""

    days: tuple[float, ...]
    spreads: tuple[Spread, ...]

    def around(self, p: float, days: float) -> tuple[float, float]:
        """The 80 % interval of a chance said for a horizon; the chance lies inside.

        Between horizons the spreads of both are mixed; beyond the last finite one its own holds until "ever".
        """
        inside = SURE if p < SURE else 1 - SURE if p > 1 - SURE else p
        odds = math.log(inside) - math.log1p(-inside)
        if (place := self._places.get(days)) is None:
            if len(self._places) >= MOST_PLACES:
                self._places.clear()
            place = self._places[days] = self._place(days)
        spread, after, way = place
        low, high = spread.around(odds)
        if after is not None:
            low_after, high_after = after.around(odds)
            low, high = low + way * (low_after - low), high + way * (high_after - high)
        return (low if low < p else p), (high if high > p else p)

    @cached_property
    def _places(self) -> dict[float, tuple[Spread, Spread | None, float]]:
        return {}

    def _place(self, days: float) -> tuple[Spread, Spread | None, float]:
        """The spread before or at a horizon, and the one behind it with the way there where both are mixed."""
        above = bisect_left(self.days, days)
        if 0 < above < len(self.days) and days < self.days[above] < math.inf:
            before, after = self.days[above - 1], self.days[above]
            way = math.log(days / before) / math.log(after / before)
            return self.spreads[above - 1], self.spreads[above], way
        own = above == 0 or (above < len(self.days) and days == self.days[above])
        return self.spreads[above if own else above - 1], None, 0.0

    def to_json(self) -> dict[str, object]:
        """Horizons (None: ever) and their spreads."""
        days = [None if np.isinf(each) else each for each in self.days]
        return {"days": days, "spreads": [spread.to_json() for spread in self.spreads]}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "CurveSpread":
        """What `to_json` wrote."""
        days = tuple(np.inf if each is None else float(each) for each in cast("list[float | None]", document["days"]))
        spreads = cast("list[Mapping[str, object]]", document["spreads"])
        return CurveSpread(days, tuple(Spread.from_json(each) for each in spreads))


def fit_curve_spread(judged: "Sequence[Dataset]", said: Mapping[float, Sequence[Floats]]) -> CurveSpread | None:
    """Learn from what was said [n] by horizon of the moments of each fold, which none had seen in learning.

    Horizons of which later moments tell too little are left out; None where that is all of them.
    """
    from training.horizons import at_horizon

    kept, spreads = [], []
    for days in sorted(said):
        asked = [at_horizon(rows, days) for rows in judged]
        outcome, weight = (np.concatenate([getattr(rows, name) for rows in asked]) for name in ("outcome", "weight"))
        subject = np.concatenate([rows.subject for rows in asked])
        known = (weight > 0) & np.isfinite(outcome)
        if len(set(subject[known].tolist())) < FEWEST_SUBJECTS or len(set(outcome[known].tolist())) < 2:
            continue
        p = np.clip(np.concatenate(list(said[days])), SURE, 1 - SURE)
        at = np.concatenate([rows.as_of for rows in asked]).astype("datetime64[us]").astype(np.int64)
        spreads.append(fit_spread(outcome[known], p[known], weight[known], subject[known], at[known]))
        kept.append(float(days))
    return CurveSpread(tuple(kept), tuple(spreads)) if kept else None
