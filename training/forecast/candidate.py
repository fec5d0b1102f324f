"""A trained forecast with all that speaks for and against it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from features.history import History
from training.bookings.judged import Judged
from training.bookings.trial import Trial
from training.candidate import Verdict
from training.forecast.bundle import ForecastBundle
from training.forecast.choice import ForecastChoice
from training.forecast.report import page, table_lines
from training.paired import Comparison

COVERED = (0.7, 0.9)
"""Shares of past points within the 80 % interval that a served forecast must keep, as far as past moments can tell."""
FEW_POINTS = 12


@dataclass(frozen=True)
class ForecastCandidate:
    """What `train_forecast` returns: see `training.candidate.Candidate`."""

    bundle: ForecastBundle
    choice: ForecastChoice
    choices: Mapping[str, ForecastChoice]
    trials: Mapping[str, Trial]
    history: History
    seed: int

    @property
    def left_out(self) -> Mapping[str, str]:
        """Rivals that could not be asked."""
        return {name: why for trial in self.trials.values() for name, why in trial.judged.absent.items()}

    @property
    def leaks(self) -> Mapping[str, str]:
        """The forecast's win curve leaves out what leaks; the win model names it."""
        return {}

    def params(self) -> Mapping[str, object]:
        """What was trained."""
        found: dict[str, object] = {
            "serves": self.choice.name,
            "rung": self.choice.rung,
            "until": self.bundle.until.isoformat(),
            "seed": self.seed,
            "measures": ", ".join(self.bundle.measures),
        }
        for measure, trial in self.trials.items():
            found[f"{measure}_lines"] = self.bundle.meta["lines"][measure]
            found[f"{measure}_moments"] = len(trial.origins)
        return found

    def metrics(self) -> Mapping[str, float]:
        """Scaled CRPS of what is served in the default measure, of the others with their names, and each level's."""
        found: dict[str, float] = {}
        for number, (measure, trial) in enumerate(self.trials.items()):
            served = self.choices[measure].name
            before = "" if number == 0 else f"{measure}."
            for estimate in trial.judged.estimates:
                overall = trial.judged.overall(estimate)
                if overall is not None:
                    found[f"{before}scrps" if estimate == served else f"{before}{estimate}.scrps"] = overall
            for view in trial.judged.views:
                score = trial.judged.score(served, view)
                if score is not None:
                    for name, value in score.figures().items():
                        found[f"{measure}.{view[0]}.{view[1]}.{name}"] = value
        return found

    def write_artifacts(self, folder: Path) -> None:
        """Write the bundle, scorecard.json, features.json and report.html into a folder."""
        self.bundle.save(folder / "bundle")
        card = {measure: scorecard(trial.judged) for measure, trial in self.trials.items()}
        (folder / "scorecard.json").write_text(json.dumps(card, ensure_ascii=False, sort_keys=True), "utf-8")
        used = {measure: list(part["features"]) for measure, part in self.bundle.parts.items()}
        (folder / "features.json").write_text(json.dumps(used, ensure_ascii=False), "utf-8")
        judged = {measure: trial.judged for measure, trial in self.trials.items()}
        (folder / "report.html").write_text(page(judged, self.choices, self.bundle.until, {}, "en"), "utf-8")

    def calibration(self) -> Verdict:
        """Whether 80 % intervals of the served estimate held about so many of the past points."""
        checked = False
        for measure, trial in self.trials.items():
            served = self.choices[measure].name
            for view in trial.judged.views[:1]:
                score = trial.judged.score(served, view)
                if score is None or score.points < FEW_POINTS:
                    continue
                checked = True
                # Points of one moment go together: the evidence is that of the moments.
                low, high = wilson(score.coverage, len(trial.origins))
                if high < COVERED[0] or low > COVERED[1]:
                    return Verdict(
                        False,
                        f"80 % intervals of {measure} held {score.coverage:.0%} of {score.points} past points, outside "
                        f"{COVERED[0]:.0%} to {COVERED[1]:.0%}.",
                    )
        if not checked:
            return Verdict(True, "Too few past points to check its intervals on.")
        return Verdict(True, "80 % intervals held about as many past points as they should, as far as can be told.")

    def beside(self, champion: Any) -> Comparison | None:
        """Scaled CRPS less the champion's, on past moments that the champion could not have known."""
        from training.forecast.beside import beside

        if getattr(champion, "model", None) != self.bundle.model:
            return None
        measure = self.bundle.measures[0]
        trial = self.trials[measure]
        later = [at for at in trial.origins if at >= champion.until - timedelta(microseconds=1)]
        if measure not in champion.measures or not later:
            return None
        return beside(self.history, trial, self.choices[measure].name, champion, measure)

    def lines(self) -> list[str]:
        """The table for the terminal."""
        found: list[str] = []
        for measure, trial in self.trials.items():
            found += [*([""] if found else []), *table_lines(trial.judged, self.choices[measure].name)]
        return found


def wilson(share: float, moments: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927).

    >>> [round(end, 2) for end in wilson(0.5, 10)]
    [0.24, 0.76]
    """
    z2 = 1.96**2 / max(moments, 1)
    middle = (share + z2 / 2) / (1 + z2)
    half = (z2 * share * (1 - share) + z2 * z2 / 4) ** 0.5 / (1 + z2)
    return middle - half, middle + half


def scorecard(judged: Judged) -> dict[str, Any]:
    """All figures of a measure: by estimate, frequency and level."""
    views: dict[str, dict[str, Any]] = {}
    for estimate in judged.estimates:
        by_view = {f"{v[0]}.{v[1]}": s.figures() for v in judged.views if (s := judged.score(estimate, v)) is not None}
        views[estimate] = {"overall_scrps": judged.overall(estimate), "views": by_view}
    return views


def differences(judged: Judged, ours: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Ours less each other, as JSON."""
    found = {name: judged.compare(ours, name) for name in names if name != ours}
    return {name: {**asdict(c), "verdict": c.verdict} for name, c in found.items() if c is not None}
