"""May this candidate answer? Never by age alone: by what was judged on later deals.

The ladder (`small_data`) serves nothing that has not beaten the base rate beyond noise and kept its calibration,
and falls back to the base rate, which may always answer: something honest is always live. The gate holds what is
about to be promoted against the same bounds once more, whoever chose it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.rivals.base_rate import BaseRate
from training.small_data import SLOPES, calibrated

if TYPE_CHECKING:
    from training.recipe import Candidate


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may answer, and why."""

    passed: bool
    says: str


def passes(candidate: "Candidate") -> Verdict:
    """Judge a candidate."""
    if candidate.choice.name == BaseRate.name:
        return Verdict(True, "The base rate may always answer.")
    card = candidate.scorecards[candidate.choice.name]
    if not calibrated(card):
        shown = "unknown" if card.calibration_slope is None else f"{card.calibration_slope:.2f}"
        return Verdict(False, f"Its calibration slope on later deals is {shown}, outside {SLOPES[0]} to {SLOPES[1]}.")
    return Verdict(True, "It beats the base rate beyond noise on later deals and is calibrated there.")
