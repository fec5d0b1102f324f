"""What does every trained model bring along, so that one registry and one gate serve them all?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from features.errors import ForesellError
from training.bundle_file import ModelBundle
from training.scorecard import Comparison


class CannotTeach(ForesellError):
    """The tables on record do not teach this model: not a failure, where all models are trained that can be."""

    problem = "The {0} model cannot be learned from this history: {1}."
    fix = "import what is missing (docs/data-contract.md says which table holds it)."


@dataclass(frozen=True)
class Verdict:
    """Whether something is in order, and why in words."""

    passed: bool
    says: str


class Served(Protocol):
    """Which estimate is served, on which rung of the ladder, and why in English and Chinese."""

    @property
    def name(self) -> str: ...
    @property
    def rung(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def says_zh(self) -> str: ...


class Candidate(Protocol):
    """A trained model with all that speaks for and against it, as the `train_*` recipes return it."""

    @property
    def bundle(self) -> Any:
        """The model itself, a `ModelBundle`."""

    @property
    def choice(self) -> Served:
        """What is served, and why."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Features that took no part, and why."""

    @property
    def leaks(self) -> Mapping[str, str]:
        """Columns that tell the outcome, and how that showed."""

    def params(self) -> Mapping[str, object]:
        """What it was trained on and with: at least serves, rung, until, seed."""

    def metrics(self) -> Mapping[str, float]:
        """Figures on later data: the served estimate's without a prefix, the others' as `name.metric`."""

    def write_artifacts(self, folder: Path) -> None:
        """Write `bundle/`, `scorecard.json`, `features.json`, plots and `report.html` into a folder that exists."""

    def calibration(self) -> Verdict:
        """Whether what it says agrees with what came, within bounds; the fallback always passes."""

    def beside(self, champion: Any) -> Comparison | None:
        """Main loss less the champion's (a `ModelBundle`) on the latest fold; None where nothing can be compared.

        Only rows count that the champion could not have known (at or after its `until`), and that the judged
        estimate had not seen either: so the fold's estimate is compared, not the one fitted on everything.
        """

    def lines(self) -> list[str]:
        """The table for the terminal."""


def main_loss(candidate: Candidate) -> tuple[str, float] | None:
    """Name and value of the loss by which a model is judged; None where nothing was judged."""
    figures = candidate.metrics()
    for name in MAIN_LOSSES:
        if name in figures:
            return name, figures[name]
    return None


MAIN_LOSSES = ("log_loss", "scrps")
"""By which estimates are compared: log loss of probabilities, scaled CRPS of forecasts. The first that is known."""

__all__ = ["Candidate", "CannotTeach", "ModelBundle", "Served", "Verdict", "main_loss"]
