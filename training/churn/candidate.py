"""What does a trained churn model bring along? Its figures, its artifacts, and how it stands beside the live one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.as_of import micros
from training.candidate import Verdict
from training.churn.bundle import ChurnBundle
from training.churn.dataset import NEEDED, Base, ChurnData
from training.churn.money import Profit, profit_of
from training.churn.trial import ChurnTrial, estimates, foretell, outcomes_of
from training.horizon_scores import HorizonScores, horizon_shares
from training.judged_rows import Floats
from training.paired import Comparison, Paired, compare_mean
from training.rivals.base_rate import BaseRate
from training.rivals.rival import NothingDecided, RivalNotApplicable
from training.scorecard import Scorecard
from training.small_data import SLOPES, Choice, calibrated


@dataclass(frozen=True)
class Judged:
    """One kind of customers: its moments, how every estimate did, and what is served. No `scores`: nothing judged."""

    base: Base
    trial: ChurnTrial
    scores: HorizonScores | None
    choice: Choice

    def profits(self) -> dict[str, Profit]:
        """What acting on each estimate would have earned at the longest horizon."""
        if not self.trial.folds:
            return {}
        last = self.trial.asked(plain=True)[-1]
        known = np.isfinite(last.outcome)
        return {name: profit_of(last.outcome[known], last.said[name][known]) for name in self.trial.names}


@dataclass(frozen=True)
class ChurnCandidate:
    """A trained churn model with all that speaks for and against it, by kind of customers."""

    bundle: ChurnBundle
    data: ChurnData
    judged: Mapping[str, Judged]

    @property
    def main(self) -> Judged:
        """The kind with most moments: by it the model is judged."""
        return max(self.judged.values(), key=lambda one: len(one.base))

    @property
    def choice(self) -> Choice:
        """What is served for the main kind; the sentences speak of all kinds."""
        served = self.main.choice
        return Choice(served.name, served.rung, str(self.bundle.meta["says"]), str(self.bundle.meta["says_zh"]))

    @property
    def left_out(self) -> Mapping[str, str]:
        """Features that took no part, and why."""
        return self.data.left_out

    @property
    def leaks(self) -> Mapping[str, str]:
        """Features that tell the outcome, and how that showed."""
        return self.data.leaks

    @property
    def scorecards(self) -> dict[str, Scorecard]:
        """Each estimate's card at the longest judged horizon, for the main kind."""
        scores = self.main.scores
        return {} if scores is None else {name: by[scores.horizons[-1]] for name, by in scores.cards.items()}

    def params(self) -> dict[str, object]:
        """What it was trained on and with."""
        return {
            "serves": ", ".join(f"{kind}: {one.choice.name}" for kind, one in self.judged.items()),
            "rung": self.bundle.rung,
            "until": self.bundle.until.isoformat(),
            "features": len(self.bundle.features),
            "moments": self.bundle.meta["moments"],
            "customers": sum(len(set(one.base.subject.tolist())) for one in self.judged.values()),
            "folds": len(self.main.trial.folds),
            "suggested_horizon_days": self.data.suggested,
            "seed": 0,
        }

    def metrics(self) -> dict[str, float]:
        """Figures on later moments: what is served without a prefix, others as `name.metric`; means over horizons, and
        each horizon's as `metric_90d`. Another kind's begin with its name."""
        return {
            name if one is self.main else f"{kind}.{name}": value
            for kind, one in self.judged.items()
            for name, value in _figures(one)
        }

    def write_artifacts(self, folder: Path) -> None:
        """The bundle, the scorecards, the features used and left out, plots and the report."""
        from training.churn.report import churn_page
        from training.reports.tables import reliability_figure

        self.bundle.save(folder / "bundle")
        cards = {
            kind: {
                "serves": one.choice.name,
                "rung": one.choice.rung,
                "says": one.choice.says,
                "scores": None if one.scores is None else one.scores.to_dict(),
                "money": {name: asdict(profit) for name, profit in one.profits().items()},
            }
            for kind, one in self.judged.items()
        }
        (folder / "scorecard.json").write_text(json.dumps(cards, ensure_ascii=False, indent=1), "utf-8")
        used = [feature.name for feature in self.bundle.features]
        told = {"used": used, "left_out": dict(self.left_out), "leaks": dict(self.leaks)}
        (folder / "features.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
        for kind, one in self.judged.items():
            if one.scores is not None:
                card = one.scores.cards[one.choice.name][one.scores.horizons[-1]]
                figure = reliability_figure(card, f"Said and came: {one.choice.name}, {kind}")
                figure.savefig(folder / f"reliability-{kind}.png", dpi=110)
        (folder / "report.html").write_text(churn_page(self.data, self.judged, "en"), "utf-8")

    def calibration(self) -> Verdict:
        """Whether its probabilities were neither far too bold nor far too timid on later moments."""
        card = self.scorecards.get(self.choice.name)
        if self.choice.name == BaseRate.name or card is None:
            return Verdict(True, "The base rate may always answer.")
        shown = "unknown" if card.calibration_slope is None else f"{card.calibration_slope:.2f}"
        inside = "within" if calibrated(card) else "outside"
        says = f"Its calibration slope on later moments is {shown}, {inside} {SLOPES[0]} to {SLOPES[1]}."
        return Verdict(calibrated(card), says)

    def beside(self, champion: Any) -> Comparison | None:
        """Log loss less the champion's on the latest moments that neither could have known, over the horizons.

        Where the champion learned from more than the latest fold's estimate, the estimate is fitted again on what was
        on record when the champion was trained. None where nothing can be compared, as in a snapshot without time.
        """
        one = self.main
        if not isinstance(champion, ChurnBundle) or not one.trial.folds or one.base.snapshot:
            return None
        theirs = champion.served.get(one.base.kind)
        there = {*map(str, one.base.x.columns), *NEEDED}
        if theirs is None or not {feature.name for feature in champion.features} <= there:
            return None
        fold, known = one.trial.folds[-1], micros(champion.until)
        rows, horizons = fold.rows, one.trial.horizons
        if known <= fold.cut:
            ours = fold.said[one.choice.name]
        else:
            rows = one.base.rows((one.base.at >= known) & (one.base.at < one.base.until))
            try:
                ours = self._as_learned(one, rows, known)
            except (NothingDecided, RivalNotApplicable):
                return None
        outcome = outcomes_of(rows, horizons)
        said, _ = foretell(theirs.estimate, one.base, rows, known, horizons)
        over = [place for place in range(len(horizons)) if np.isfinite(outcome[:, place]).any()]
        if not over:
            return None
        pairs = [Paired(outcome[:, i], ours[:, i], said[:, i], np.ones(len(rows)), rows.subject) for i in over]
        return compare_mean(pairs, horizon_shares([horizons[i] for i in over]).tolist())

    def _as_learned(self, one: Judged, rows: Base, cut: int) -> Floats:
        make = estimates(one.base.kind)[one.choice.name]
        fitted = make().fit(one.base.known(cut), one.base.market.until(cut), one.base.horizons)
        return foretell(fitted, one.base, rows, cut, one.trial.horizons)[0]

    def lines(self) -> list[str]:
        """The tables for the terminal, kind by kind."""
        return [line for one in self.judged.values() for line in lines_of(one)]


def lines_of(one: Judged) -> list[str]:
    """The tables of one kind of customers."""
    if one.scores is None:
        return []
    windows = [
        f"  fold {number}: {len(fold.rows):,} moments of {len(set(fold.rows.subject.tolist())):,} customers, "
        + (f"learned until {_day(fold.cut)}" if fold.cut else "learned from the other customers")
        for number, fold in enumerate(one.trial.folds, 1)
    ]
    profits = one.profits()
    days = one.trial.horizons[-1]
    money = [
        f"{f'profit a customer, {days:g} d':<28}{'EMPC':>8}{'best':>8}{'share':>7}{'as said':>9}",
        *(
            f"{name:<28}{found.empc:>8.3f}{found.best:>8.3f}{found.share:>7.0%}{found.as_said:>9.3f}"
            for name, found in sorted(profits.items(), key=lambda item: -item[1].empc)
        ),
    ]
    absent = [f"  {name} is not in the table: {reason}" for name, reason in one.trial.absent.items()]
    return [f"{one.base.kind}:", *windows, "", *one.scores.lines(), "", *money, *absent, ""]


def _figures(one: Judged) -> Iterator[tuple[str, float]]:
    scores = one.scores
    if scores is None:
        return
    profits = one.profits()
    for name, by in scores.cards.items():
        prefix = "" if name == one.choice.name else f"{name}."
        yield f"{prefix}log_loss", scores.integrated[name].log_loss
        yield f"{prefix}brier", scores.integrated[name].brier
        for days, card in by.items():
            for metric, value in card.metrics().items():
                yield f"{prefix}{metric}_{days:g}d", value
        yield f"{prefix}empc", profits[name].empc
        yield f"{prefix}profit_as_said", profits[name].as_said


def _day(moment: int) -> str:
    return str(np.datetime64(moment, "us"))[:10]
