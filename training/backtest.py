"""How good would the win model have been, and beside whom? Rolling origins over the whole history."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from features.definition import Feature
from features.errors import ForesellError
from features.history import History
from training.horizon_scores import Asked, HorizonScores, judge_horizons
from training.interval_coverage import IntervalCoverage
from training.recipe import ONLY_WINS, known_dataset, learnable
from training.reports.tables import comparison_table
from training.rivals.base_rate import BaseRate
from training.scorecard import Comparison, Scorecard
from training.segment_words import words_of
from training.segments import Words
from training.shrunk_rates import stage_evidence
from training.small_data import Choice, choose
from training.trial import Trial, run_trial
from training.trial_questions import MOST_DEALS, asked_of, coverage_of
from training.win_curve import WinCurve


class TooShort(ForesellError):
    problem = "The history before {0} is too short to judge anything: {1} closed deals, none decided long enough ago."
    fix = "import more history, or backtest with fewer --folds."


@dataclass(frozen=True)
class Backtest:
    """What was judged, and what it says. `scorecards` are those of "ever"; `scores` hold every horizon."""

    until: datetime
    trial: Trial
    scorecards: dict[str, Scorecard]
    against: dict[str, Comparison]
    ours: str
    choice: Choice
    asked: tuple[Asked, ...]
    scores: HorizonScores
    coverage: IntervalCoverage | None
    words: Words

    def lines(self) -> list[str]:
        """Tables for the terminal: ever, then by horizon where that was asked."""
        windows = [
            f"  fold {number}: learned until {_day(fold.cut)}, "
            f"judged {len(fold.judged):,} moments until {_day(fold.end)}"
            for number, fold in enumerate(self.trial.folds, 1)
        ]
        table = comparison_table(self.scorecards, self.against, self.ours)
        absent = [f"  {name} is not in the table: {reason}" for name, reason in self.trial.absent.items()]
        by_horizon = ["", *self.scores.lines()]
        return [*windows, "", *table, *absent, *by_horizon, *self._covered(), "", self.choice.says]

    def _covered(self) -> list[str]:
        if self.coverage is None or self.coverage.held is None:
            return []
        held, groups = self.coverage.held, self.coverage.groups
        return ["", f"80 % intervals held what came in {held:.0%} of {groups} groups of later deals."]

    def to_json(self) -> str:
        """The same as JSON, scorecards whole, with each fold's figures."""
        return json.dumps(
            {
                "until": self.until.isoformat(),
                "ours": self.ours,
                "served": self.choice.name,
                "rung": self.choice.rung,
                "says": self.choice.says,
                "says_zh": self.choice.says_zh,
                "folds": [
                    {"learned_until": _day(f.cut), "judged_until": _day(f.end), "moments": len(f.judged)}
                    for f in self.trial.folds
                ],
                "scorecards": {name: asdict(card) for name, card in self.scorecards.items()},
                "ours_less_rival": {name: {**asdict(c), "verdict": c.verdict} for name, c in self.against.items()},
                "by_horizon": self.scores.to_dict(),
                "interval_coverage": None if self.coverage is None else asdict(self.coverage),
                "absent": dict(self.trial.absent),
            },
            ensure_ascii=False,
        )

    def to_html(self, language: str) -> str:
        """A page a manager can read, in "en" or "zh"."""
        from training.reports.win import win_page

        return win_page(self, "zh" if language == "zh" else "en")


def backtest_win(
    history: History,
    until: datetime,
    folds: int,
    progress: Callable[[str], None] = lambda _: None,
    horizons: Sequence[float] | None = None,
) -> Backtest:
    """Judge every estimate on `folds` windows before `until` (naive UTC), at `horizons` in days and ever.

    Without `horizons` those natural to the deals are asked.

    Which features there are and which leak is judged once, before `until`: a column that is found leaking
    is left out of every fold, and one that needs more years than a fold has may be in it.
    Raises NoDeals, NothingClosed, TooShort.
    """
    progress("choosing features")
    features, _, _ = learnable(history, until)
    dataset = known_dataset(history, features, until)
    trial = run_trial(dataset, folds, progress, horizons)
    if not trial.folds:
        raise TooShort(until.date(), dataset.closed_deals)
    progress("judging")
    cards = trial.scorecards()
    choice = ONLY_WINS
    if (dataset.outcome == 0).any():
        choice = choose(trial, cards, dataset.closed_deals, stage_luck=stage_evidence(dataset))
    return judged(until, trial, cards, choice, features)


def judged(
    until: datetime,
    trial: Trial,
    cards: dict[str, Scorecard],
    choice: Choice,
    features: Iterable[Feature],
    most_deals: int = MOST_DEALS,
) -> Backtest:
    """What a trial found, in all detail: by horizon, by group, beside each rival. The trial must have folds.

    Horizons and groups are judged on `most_deals` deals drawn at random where there are more.
    """
    ours = WinCurve.name if WinCurve.name in trial.names else BaseRate.name
    against = {name: trial.comparison(ours, name) for name in trial.names if name != ours}
    asked = asked_of(trial, most_deals)
    words = words_of(features)
    scores = judge_horizons(asked, ours, words)
    return Backtest(until, trial, cards, against, ours, choice, tuple(asked), scores, coverage_of(trial, ours), words)


def _day(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).date().isoformat()
