"""How good would the win model have been, and beside whom? Rolling origins over the whole history."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from features.errors import ForesellError
from features.history import History
from training.blend import Blend
from training.recipe import ONLY_WINS, known_dataset, learnable
from training.report import comparison_table
from training.rivals.base_rate import BaseRate
from training.scorecard import Comparison, Scorecard
from training.small_data import Choice, choose
from training.trial import Trial, run_trial


class TooShort(ForesellError):
    problem = "The history before {0} is too short to judge anything: {1} closed deals, none decided long enough ago."
    fix = "import more history, or backtest with fewer --folds."


@dataclass(frozen=True)
class Backtest:
    """What was judged, and what it says."""

    until: datetime
    trial: Trial
    scorecards: dict[str, Scorecard]
    against: dict[str, Comparison]
    ours: str
    choice: Choice

    def lines(self) -> list[str]:
        """A table for the terminal."""
        windows = [
            f"  fold {number}: learned until {_day(fold.cut)}, "
            f"judged {len(fold.judged):,} moments until {_day(fold.end)}"
            for number, fold in enumerate(self.trial.folds, 1)
        ]
        table = comparison_table(self.scorecards, self.against, self.ours)
        absent = [f"  {name} is not in the table: {reason}" for name, reason in self.trial.absent.items()]
        return [*windows, "", *table, *absent, "", self.choice.says]

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
                "absent": dict(self.trial.absent),
            },
            ensure_ascii=False,
        )


def backtest_win(
    history: History, until: datetime, folds: int, progress: Callable[[str], None] = lambda _: None
) -> Backtest:
    """Judge every estimate on `folds` windows before `until` (naive UTC).

    Which features there are and which leak is judged once, before `until`: a column that is found leaking
    is left out of every fold, and one that needs more years than a fold has may be in it.
    Raises NoDeals, NothingClosed, TooShort.
    """
    progress("choosing features")
    features, _, _ = learnable(history, until)
    dataset = known_dataset(history, features, until)
    trial = run_trial(dataset, folds, progress)
    if not trial.folds:
        raise TooShort(until.date(), dataset.closed_deals)
    cards = trial.scorecards()
    ours = Blend.name if Blend.name in trial.names else BaseRate.name
    against = {name: trial.comparison(ours, name) for name in trial.names if name != ours}
    choice = choose(trial, cards, dataset.closed_deals) if (dataset.outcome == 0).any() else ONLY_WINS
    return Backtest(until, trial, cards, against, ours, choice)


def _day(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).date().isoformat()
