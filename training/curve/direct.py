"""Asked outright: had it happened within so many days? Regressions for a few horizons, mixed into a curve's answers.

A curve leans on what the hazards of all intervals have in common; a regression asked one question only leans on
nothing else and errs elsewhere, so that both together err less. The mix is in log-odds with a share that is fixed:
shares learned on the later part moved with its level and lost what mixing gained (docs/decisions/0012). Between the
horizons that were asked the curve keeps its own pace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from training.curve.points import Points
from training.judged_rows import log_odds
from training.rivals.logistic import Logistic
from training.rivals.rival import NothingDecided, RivalNotApplicable, Row, probabilities, probability

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

Floats = NDArray[np.float64]
SHARE = 0.25
"""How much of the log-odds is the regression's; the rest is the curve's."""
MOST_ROWS = 12_000
"""A regression learns from so many moments at most; every k-th subject is kept."""


@dataclass(frozen=True)
class Direct:
    """Horizons in days, ascending, the last one infinity (ever), and the regression that was asked each."""

    days: tuple[float, ...]
    asked: tuple[Logistic, ...]

    @staticmethod
    def learn(past: "Dataset", horizons: Sequence[float]) -> "Direct | None":
        """Ask "ever" and each finite horizon that can be learned, penalised as is best for "ever".

        None where "ever" cannot be learned.
        """
        from training.horizons import at_horizon

        past = past.thinned(MOST_ROWS)
        try:
            ever = Logistic().fit(past)
        except (NothingDecided, RivalNotApplicable):
            return None
        found: dict[float, Logistic] = {}
        for days in sorted(each for each in set(horizons) if np.isfinite(each)):
            try:
                found[days] = Logistic(ever).fit(at_horizon(past, days))
            except (NothingDecided, RivalNotApplicable):
                continue
        found[np.inf] = ever
        return Direct(tuple(found), tuple(found.values()))

    def odds(self, x: "pd.DataFrame") -> Floats:
        """Log-odds of each row for each horizon asked [n, horizons]."""
        return np.column_stack([log_odds(each.predict(x)) for each in self.asked])

    def odds_of(self, row: Row) -> Floats:
        """The same for one row [1, horizons], without pandas."""
        return log_odds(np.array([[each.score(row) for each in self.asked]]))

    def read(self, points: Points, drawn: Floats, odds: Floats, days: Sequence[float]) -> Floats:
        """`points.read` with the regressions mixed in [n, days]; rises with the days as the curve does."""
        plain, knots = self._knots(points, drawn, odds)
        found = points.read(drawn, days)
        for column, asked in enumerate(days):
            place = int(np.searchsorted(self.days, asked))
            low, high = plain[:, place], plain[:, place + 1]
            way = np.where(high > low, (found[:, column] - low) / np.maximum(high - low, 1e-300), 1.0)
            rise = knots[:, place + 1] - knots[:, place]
            found[:, column] = knots[:, place] + np.clip(way, 0.0, 1.0) * rise
        return found

    def median(self, points: Points, drawn: Floats, odds: Floats) -> Floats:
        """`points.median` with the regressions mixed in [n]."""
        plain, knots = self._knots(points, drawn, odds)
        half, target = knots[:, -1] / 2, plain[:, -1] / 2
        for place in range(len(self.days)):
            rise = np.maximum(knots[:, place + 1] - knots[:, place], 1e-300)
            inside = (knots[:, place] < half) & (knots[:, place + 1] >= half)
            there = plain[:, place] + (half - knots[:, place]) / rise * (plain[:, place + 1] - plain[:, place])
            target = np.where(inside, there, target)
        return points.days_of(drawn, target / np.maximum(plain[:, -1], 1e-300))

    def _knots(self, points: Points, drawn: Floats, odds: Floats) -> tuple[Floats, Floats]:
        """The curve at nothing and at each horizon asked, and the mix there; both [n, 1 + horizons], rising."""
        plain = points.read(drawn, self.days)
        mixed = probabilities((1 - SHARE) * log_odds(plain) + SHARE * odds)
        ever, early = mixed[:, -1:], np.minimum(mixed[:, :-1], mixed[:, -1:])
        if early.shape[1]:
            # Where horizons cross they meet half-way; "ever" stays, since the reasons add up to it.
            up, down = np.maximum.accumulate(early, axis=1), np.minimum.accumulate(early[:, ::-1], axis=1)[:, ::-1]
            early = (up + down) / 2
        nothing = np.zeros((len(plain), 1))
        return np.hstack([nothing, plain]), np.hstack([nothing, early, ever])

    def start(self, baseline: float) -> float:
        """The chance of "ever" where every feature adds what it adds on average, `baseline` being the curve's."""
        odds = float(log_odds(np.array([baseline]))[0])
        return probability((1 - SHARE) * odds + SHARE * self.asked[-1].centre)

    def effects(self, row: Row, of_curve: Mapping[str, float]) -> dict[str, float]:
        """What each feature adds to the log-odds of "ever", from what it adds to the curve's."""
        found = {name: (1 - SHARE) * effect for name, effect in of_curve.items()}
        for name, effect in self.asked[-1].effects(row).items():
            found[name] = found.get(name, 0.0) + SHARE * effect
        return found

    def to_json(self) -> dict[str, object]:
        """Horizons (None: ever) and their regressions."""
        days = [None if np.isinf(each) else each for each in self.days]
        return {"days": days, "asked": [each.to_json() for each in self.asked]}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Direct":
        """What `to_json` wrote."""
        days = tuple(np.inf if each is None else float(each) for each in cast("list[float | None]", document["days"]))
        asked = cast("list[Mapping[str, object]]", document["asked"])
        return Direct(days, tuple(Logistic.from_json(each) for each in asked))
