"""How much luck do all deals of a time share? Sizes of shocks, from how far past counts lay off what was expected.

Deals that were each a coin of its own would make totals nearly certain. What past counts varied beyond that (method of
moments, drawn toward the usual size as by a few past moments) is shared: how readily deals are won, how fast a month
runs, how many deals are created.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
USUAL = 0.15
"""Size of each shock, in logs, where nothing is known."""
PULL = 4.0
"""As by so many past moments."""
LARGEST = 1.0


@dataclass(frozen=True)
class Counted:
    """Of a past moment: how many of something were expected, their variance if each were a coin, and how many came."""

    expected: float
    variance: float
    came: float


@dataclass(frozen=True)
class Shocks:
    """Standard deviations: `wins` of the log-odds of all open deals, `pace` of a month's speed and `arrivals` of deals
    to be created and won, both in logs."""

    wins: float = USUAL
    pace: float = USUAL
    arrivals: float = USUAL

    def to_json(self) -> dict[str, float]:
        """All three."""
        return {"wins": self.wins, "pace": self.pace, "arrivals": self.arrivals}

    @staticmethod
    def from_json(document: Mapping[str, float]) -> "Shocks":
        """What `to_json` wrote."""
        return Shocks(document["wins"], document["pace"], document["arrivals"])


def fit_shocks(month: Sequence[Counted], quarter: Sequence[Counted], arrivals: Sequence[Counted]) -> Shocks:
    """Learn from wins of open deals within a month and within a quarter of past moments, and from wins of new deals."""
    soon, later = excess(month), excess(quarter)
    # A month's pace averages out over a quarter; the luck of winning does not.
    wins = float(np.clip(later - soon / 3, 0, LARGEST**2)) * 1.5
    pace = float(np.clip(soon - wins, 0, LARGEST**2))
    return Shocks(float(np.sqrt(wins)), float(np.sqrt(pace)), float(np.sqrt(excess(arrivals))))


def excess(counted: Sequence[Counted]) -> float:
    """Variance of the logs of counts beyond chance, drawn toward the usual."""
    some = [one for one in counted if one.expected >= 3]
    usual = USUAL**2
    if not some:
        return usual
    weight = np.array([one.expected**2 / max(one.variance, 1e-9) for one in some])
    off = np.array([(one.came - one.expected) ** 2 - one.variance for one in some])
    relative = off / np.array([one.expected**2 for one in some])
    weight = weight / (1 + weight * usual)  # Large counts tell the shared luck, small ones their own.
    found = float((weight * relative).sum() / weight.sum())
    return float(np.clip((max(found, 0.0) * len(some) + usual * PULL) / (len(some) + PULL), 0, LARGEST**2))
