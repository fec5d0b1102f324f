"""May this candidate answer? Never by age alone: by what was judged on later deals.

What the ladder chose has already beaten the base rate beyond noise, or is the base rate itself, which may
always answer: something honest is always live. A model whose probabilities are far too bold or too timid
is stopped all the same.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.recipe import Candidate

SLOPES = (0.5, 2.0)
"""Bounds of the calibration slope on later deals that a served model must keep, its interval considered."""


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may answer, and why."""

    passed: bool
    says: str


def passes(candidate: "Candidate") -> Verdict:
    """Judge a candidate."""
    if candidate.bundle.rung == "pooled rate":
        return Verdict(True, "The base rate may always answer.")
    card = candidate.scorecards[candidate.choice.name]
    low, high = card.calibration_slope_low, card.calibration_slope_high
    if low is None or high is None or high < SLOPES[0] or low > SLOPES[1]:
        shown = "unknown" if card.calibration_slope is None else f"{card.calibration_slope:.2f}"
        return Verdict(False, f"Its calibration slope on later deals is {shown}, outside {SLOPES[0]} to {SLOPES[1]}.")
    return Verdict(True, "It beats the base rate beyond noise on later deals, and no rival beats it.")
