"""What a trained win model brings along: its figures, its artifacts, and how it stands beside the live one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.bundle import SURE, Bundle
from training.candidate import Verdict
from training.dataset import Dataset
from training.rivals import NothingDecided, Rival, RivalNotApplicable
from training.rivals.base_rate import BaseRate
from training.scorecard import Comparison, Scorecard, compare
from training.shrunk_rates import ShrunkRates
from training.small_data import FEW_JUDGED, SLOPES, Choice, calibrated
from training.splits import later_than, past_of
from training.trees import Settings
from training.trial import ESTIMATES, Floats, Trial
from training.win_curve import EVER, WinCurve, chances_along

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class WinCandidate:
    """A trained win model with all that speaks for and against it."""

    bundle: Bundle
    choice: Choice
    trial: Trial
    scorecards: dict[str, Scorecard]
    against_base: dict[str, Comparison]
    left_out: dict[str, str]
    leaks: dict[str, str]
    sample: Dataset
    trees: Settings | None = None

    def params(self) -> dict[str, object]:
        """What it was trained on and with."""
        return {
            "serves": self.choice.name,
            "rung": self.bundle.rung,
            "until": self.bundle.until.isoformat(),
            "features": len(self.bundle.features),
            "moments": len(self.sample),
            "closed_deals": self.sample.closed_deals,
            "folds": len(self.trial.folds),
            "seed": 0,
            **_told(self.trees),
        }

    def metrics(self) -> dict[str, float]:
        """Figures on later deals: what is served without a prefix, the others as `name.metric`."""
        found: dict[str, float] = {}
        for name, card in self.scorecards.items():
            prefix = "" if name == self.choice.name else f"{name}."
            found |= {f"{prefix}{metric}": value for metric, value in card.metrics().items()}
        for name, comparison in self.against_base.items():
            found[f"{name}.log_loss_less_base_rate"] = comparison.difference
        return found

    def write_artifacts(self, folder: Path) -> None:
        """The bundle, the scorecards, the features used and left out, the plots and the report."""
        from training.reports.tables import scorecard_text, write_plots

        self.bundle.save(folder / "bundle")
        (folder / "scorecard.json").write_text(scorecard_text(self), "utf-8")
        used = [feature.name for feature in self.bundle.features]
        features = {"used": used, "left_out": self.left_out, "leaks": self.leaks}
        (folder / "features.json").write_text(json.dumps(features, ensure_ascii=False, indent=1), "utf-8")
        write_plots(self, folder)
        if self.trial.folds:
            (folder / "report.html").write_text(self._report(), "utf-8")

    def _report(self) -> str:
        """The page that a backtest writes, of the folds on which the choice was made."""
        from training.backtest import judged

        found = judged(self.bundle.until, self.trial, self.scorecards, self.choice, self.bundle.features)
        return found.to_html("en")

    def calibration(self) -> Verdict:
        """Whether its probabilities were neither far too bold nor far too timid on later deals."""
        card = self.scorecards.get(self.choice.name)
        if self.choice.name == BaseRate.name:
            return Verdict(True, "The base rate may always answer.")
        if card is None:
            return Verdict(True, "No later deal could be judged, so nothing refutes its calibration.")
        shown = "unknown" if card.calibration_slope is None else f"{card.calibration_slope:.2f}"
        if self.choice.name == ShrunkRates.name and card.deals < FEW_JUDGED:
            return Verdict(True, f"Only {card.deals} later deals could be judged, too few to refute its calibration.")
        if not calibrated(card):
            return Verdict(
                False, f"Its calibration slope on later deals is {shown}, outside {SLOPES[0]} to {SLOPES[1]}."
            )
        return Verdict(True, f"Its calibration slope on later deals is {shown}, within {SLOPES[0]} to {SLOPES[1]}.")

    def beside(self, champion: Any) -> Comparison | None:
        """Log loss less the champion's on the latest fold's deals that neither could have known.

        Where the champion learned from more than the fold's estimate, the estimate is fitted again on what was
        on record when the champion was trained: two ways of learning are compared, not two ages of one.
        """
        if not self.trial.folds or not isinstance(champion, Bundle) or champion.estimate is None:
            return None
        fold, known = self.trial.folds[-1], int(np.datetime64(champion.until, "us").astype(np.int64))
        judged = fold.judged if known <= fold.cut else later_than(self.sample, known, self.sample.seen_until)
        judged = judged.decided()
        if not len(judged) or not _has_all(judged.x, champion):
            return None
        if known <= fold.cut:
            ours = fold.said[self.choice.name][fold.judged.weight > 0]
        else:
            try:
                ours = self._as_learned(known, judged)
            except (NothingDecided, RivalNotApplicable):
                return None
        theirs = np.clip(_said(champion.estimate, judged), SURE, 1 - SURE)
        return compare(judged.outcome, np.clip(ours, SURE, 1 - SURE), theirs, judged.weight, judged.subject)

    def _as_learned(self, cut: int, judged: Dataset) -> Floats:
        name = self.choice.name
        estimate = WinCurve(trees=self.trees) if name == WinCurve.name else ESTIMATES[name]()
        return _said(estimate.fit(past_of(self.sample, cut)), judged)

    def lines(self) -> list[str]:
        """The table for the terminal: every estimate, and how far what is served is ahead of it."""
        from training.reports.tables import comparison_table

        if not self.scorecards:
            return []
        against = {name: self.trial.comparison(self.choice.name, name) for name in self.trial.names}
        against.pop(self.choice.name, None)
        return comparison_table(self.scorecards, against, self.choice.name)


def _said(estimate: Rival, judged: Dataset) -> Floats:
    """What an estimate says of moments in a row; ours with the level as it follows outcomes, as the fold's was."""
    curve = chances_along(estimate, judged, [EVER])
    return estimate.predict(judged.x) if curve is None else curve[:, 0]


def _told(trees: Settings | None) -> dict[str, object]:
    """Settings found by a search, as parameters."""
    return {} if trees is None else {"trees.rounds": trees[0], **{f"trees.{k}": v for k, v in trees[1].items()}}


def _has_all(x: "pd.DataFrame", champion: Bundle) -> bool:
    """Whether these rows hold every feature that the champion asks for."""
    return {feature.name for feature in champion.features} <= set(map(str, x.columns))


def summary(candidate: WinCandidate) -> Mapping[str, object]:
    """What `train --json` says of a win model beyond what it says of every model."""
    return {
        "features": len(candidate.bundle.features),
        "closed_deals": candidate.sample.closed_deals,
        "scorecards": {name: card.metrics() for name, card in candidate.scorecards.items()},
    }
