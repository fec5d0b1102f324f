"""When will an open deal close? Curves of winning over time, for deals alike in stage and age.

Deals end in two ways, and a lost deal is not one that could still be won: the share won by a horizon is
the cumulative incidence (Aalen and Johansen 1978), not one minus a survival curve. A deal still open
counts for the days it was watched. Small groups are drawn toward larger ones, interval by interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]

EDGES: Floats = np.array(
    [
        *(0, 0.04, 0.25, 1, 2, 3, 4, 5, 7, 9, 11, 14, 17, 21, 25, 30, 35, 40, 45, 52, 60, 67, 75, 90),
        *(105, 120, 150, 180, 225, 270, 365, 540, 730, 1095),
    ],
    float,
)
"""Days at which the curves are drawn."""
AGE = "deal_age_days"
UNKNOWN = -1
"""The band of deals whose age is not among the features; they have everybody's curve."""
BANDS = (0.0, 1.0, 7.0, 30.0, 90.0)
"""Ages in days at which a new age band begins."""
STRENGTH = 30.0
"""A group's interval starts as if this many deals at risk had gone as in the larger group."""
FIRST_WINS = 3.0
"""The pace of winning starts as if so many deals had been won at the pace at which deals end."""


@dataclass(frozen=True)
class Curve:
    """Shares of deals won, and lost, by each of the `EDGES`; what is missing to one was still open at the end."""

    won: Floats
    lost: Floats

    def share_by(self, days: float) -> float:
        """The share won within so many days of the moment."""
        return float(np.interp(days, EDGES, self.won))

    @property
    def ended(self) -> float:
        """The share that was won or lost as far as the curve reaches."""
        return float(self.won[-1] + self.lost[-1])

    def of_winners_by(self, days: float) -> float:
        """Of those won at all, the share won within so many days; beyond the curve's reach, at its mean pace.

        Who was still open at the end is taken to be won as often as those who were not.
        """
        if self.won[-1] <= 0:
            return 0.0
        known = min(self.share_by(days) * self.ended / float(self.won[-1]), 1.0)
        if days <= self.reach or known >= 1:
            return known
        return float(-np.expm1(np.log1p(-known) * days / self.reach))

    def of_ends_by(self, days: float) -> float:
        """Of those that were won or lost as far as the curve reaches, the share that was within so many days."""
        if self.ended <= 0:
            return 0.0
        return float(np.interp(days, EDGES, self.won + self.lost)) / self.ended

    @property
    def reach(self) -> float:
        """The last day on which anything happened, so far as the curve tells."""
        return float(EDGES[int(np.searchsorted(self.won, self.won[-1]))])

    def median_days(self) -> float | None:
        """Days by which half of those won at all are won; beyond the curve's reach, at its mean pace."""
        if self.won[-1] <= 0:
            return None
        half = float(self.won[-1]) / self.ended / 2
        if half <= self.won[-1]:
            return float(np.interp(half, self.won, EDGES))
        return self.reach * float(np.log(2) / -np.log1p(-self.ended))


class Timing:
    """Curves by stage and age band, with everybody's to fall back on."""

    def __init__(self, curves: Mapping[str, Curve], longest: float, wins: int) -> None:
        self._curves = curves
        self.longest = longest
        self.wins = wins

    @staticmethod
    def fit(past: "Dataset") -> "Timing":
        """Learn the curves from every moment, decided or not."""
        ages = past.x[AGE].to_numpy(float) if AGE in past.x else np.full(len(past), np.nan)
        band = np.where(np.isnan(ages), UNKNOWN, np.searchsorted(BANDS, ages, side="right") - 1)
        stage = [value if isinstance(value, str) else "" for value in past.x.get("deal_stage", [""] * len(past))]
        after = np.where(np.isnan(past.decided_after), past.followed_for, past.decided_after)
        groups: dict[str, NDArray[np.bool_]] = {"": np.ones(len(past), bool)}
        bands = [int(each) for each in np.unique(band) if each != UNKNOWN]
        for each in bands:
            groups[f"{each}"] = band == each
        names = np.array(stage, object)
        for each in bands:
            for name in sorted({s for s in stage if s}):
                chosen = (band == each) & (names == name)
                if chosen.any():
                    groups[f"{each}|{name}"] = chosen
        hazards: dict[str, tuple[Floats, Floats]] = {}
        for key, chosen in groups.items():
            parent = hazards.get(key.split("|")[0]) if "|" in key else hazards.get("")
            hazards[key] = _hazards(after[chosen], past.outcome[chosen], parent)
        curves = {key: Curve(*_incidence(*pair)) for key, pair in hazards.items()}
        wins = len(set(past.subject[past.outcome == 1].tolist()))
        return Timing(curves, float(past.followed_for.max(initial=0.0)), wins)

    def curve(self, age_days: float | None, stage: str | None) -> Curve:
        """The curve of deals alike: same age band and stage, else same age band, else all."""
        if age_days is None or np.isnan(age_days):
            return self._curves[""]
        band = max(int(np.searchsorted(BANDS, age_days, side="right") - 1), 0)
        for key in (f"{band}|{stage}", f"{band}"):
            if key in self._curves:
                return self._curves[key]
        return self._curves[""]

    def of_winners_by(self, curve: Curve, days: float) -> float:
        """`Curve.of_winners_by`, drawn toward the pace at which deals end at all, the more the fewer wins there are.

        A handful of deals without a single win does not say that none is won within the month.
        """
        pace = curve.of_ends_by(days)
        return (self.wins * curve.of_winners_by(days) + FIRST_WINS * pace) / (self.wins + FIRST_WINS)

    def to_json(self) -> dict[str, object]:
        """The curves, at `EDGES`."""
        return {
            "longest": self.longest,
            "wins": self.wins,
            "curves": {key: [list(c.won), list(c.lost)] for key, c in self._curves.items()},
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Timing":
        """What `to_json` wrote."""
        curves = cast(Mapping[str, Sequence[Sequence[float]]], document["curves"])
        read = {key: Curve(np.array(won, float), np.array(lost, float)) for key, (won, lost) in curves.items()}
        return Timing(read, cast(float, document["longest"]), cast(int, document["wins"]))


def _hazards(after: Floats, won: Floats, parent: tuple[Floats, Floats] | None) -> tuple[Floats, Floats]:
    """Chance of being won, and lost, within each interval for those open at its start.

    Who is watched only for part of an interval counts for half of it.
    """
    last = len(EDGES) - 2
    place = np.clip(np.searchsorted(EDGES, after, side="right") - 1, 0, last)
    ended = np.bincount(place, minlength=last + 1).astype(float)
    open_then = np.bincount(place[np.isnan(won)], minlength=last + 1).astype(float)
    at_risk = ended[::-1].cumsum()[::-1] - open_then / 2
    strength = STRENGTH if parent is not None else 0.0
    rates = []
    for value, pull in ((1.0, 0), (0.0, 1)):
        events = np.bincount(place[won == value], minlength=last + 1).astype(float)
        drawn = strength * parent[pull] if parent is not None else 0.0
        rates.append((events + drawn) / np.maximum(at_risk + strength, 1e-9))
    return np.minimum(rates[0], 1.0), np.minimum(rates[1], 1.0)


def _incidence(won: Floats, lost: Floats) -> tuple[Floats, Floats]:
    total = np.maximum(won + lost, 1.0)
    staying = np.concatenate([[1.0], np.cumprod(np.clip(1 - (won + lost) / total, 0, 1))])[:-1]
    ways = (staying * hazard / total for hazard in (won, lost))
    shares = [np.concatenate([[0.0], np.cumsum(way)]) for way in ways]
    return shares[0], shares[1]
