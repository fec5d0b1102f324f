"""From history to a candidate model. Read this first: each line of `train_win` is a file of this folder."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np

from features.catalog import offered
from features.definition import Feature
from features.history import History
from features.open_deals import deals_created
from training.amounts import fit_amounts
from training.bundle import Bundle
from training.candidate import CannotTeach
from training.curve.spread import CurveSpread, fit_curve_spread
from training.dataset import Dataset, build_dataset
from training.intervals import Spread, fit_spread, spread_of_rate
from training.rivals import Rival
from training.rivals.base_rate import BaseRate
from training.shrunk_rates import stage_evidence
from training.small_data import FEWEST_CLOSED, Choice, choose
from training.timing import Timing
from training.trees import Settings
from training.trial import ESTIMATES, MOST_MOMENTS, Trial, run_trial
from training.win_candidate import WinCandidate
from training.win_curve import EVER, WinCurve
from training.wording.comparisons import Comparisons

FOLDS = 3
ONLY_WINS = Choice(
    BaseRate.name,
    "pooled rate",
    "No deal was ever lost on record, so the chance of winning at all cannot be told; only when deals close is.",
    "历史中没有输单记录，无法判断赢单概率；仅能预测成交时间。",
)
"""What is said where nothing was lost: to learn what tells won from lost takes both."""


class NoDeals(CannotTeach):
    problem = "There are no open or closed deals on record before {0}."
    fix = "import deals, or train as of a later day (--until)."


class NeverOpen(CannotTeach):
    problem = "None of the {0} deals on record before {1} was ever seen open: they closed when they were created."
    fix = "export created_at and closed_at with their time of day, or map the true creation date."


class NothingClosed(CannotTeach):
    problem = "None of the {0} deals on record before {1} was won or lost by then, so there is nothing to learn."
    fix = "import deals with status won or lost and their closed_at, or train as of a later day (--until)."


def train_win(
    history: History,
    until: datetime,
    folds: int = FOLDS,
    progress: Callable[[str], None] = lambda _: None,
    trees: Settings | None = None,
) -> WinCandidate:
    """Train the win model on what was on record before `until` (naive UTC); nothing later is looked at.

    `trees` are settings for our own trees that a search found (`search`).

    Raises NoDeals, NeverOpen, NothingClosed.
    """
    progress("choosing features")
    features, left_out, leaks = learnable(history, until)
    progress(f"building {len(features)} features")
    dataset = known_dataset(history, features, until)
    no_losses = not (dataset.outcome == 0).any()
    trial = run_trial(dataset, folds, progress, trees=trees) if enough(dataset) and not no_losses else Trial(())
    scorecards = trial.scorecards() if trial.folds else {}
    choice = (
        _counted(choose(trial, scorecards, dataset.closed_deals, stage_luck=stage_evidence(dataset)), dataset)
        if not no_losses
        else ONLY_WINS
    )
    progress(f"fitting {choice.name}")
    estimate = _made(choice.name, trees).fit(dataset)
    base = BaseRate().fit(dataset)
    against = {n: trial.comparison(n, BaseRate.name) for n in trial.names if n != BaseRate.name}
    meta: dict[str, object] = {
        "says": choice.says,
        "says_zh": choice.says_zh,
        "serves": choice.name,
        "closed_deals": dataset.closed_deals,
        "moments": len(dataset),
        "scorecard": scorecards[choice.name].metrics() if scorecards else {},
        "leaks": leaks,
    }
    if no_losses:
        meta |= {"note": ONLY_WINS.says, "note_zh": ONLY_WINS.says_zh}
    bundle = Bundle(
        "win",
        "candidate",
        choice.rung,
        until,
        features,
        None if no_losses else estimate,
        base.rate,
        _spread(trial, choice, base),
        Timing.fit(dataset),
        fit_amounts(history, dataset, until),
        meta,
        Comparisons.fit(dataset),
        _spread_by(trial, choice),
    )
    return WinCandidate(bundle, choice, trial, scorecards, against, left_out, leaks, dataset, trees)


def _counted(choice: Choice, dataset: Dataset) -> Choice:
    """What is said, with how many were looked at where not all were."""
    step = -(-len(dataset) // MOST_MOMENTS)
    if step <= 1:
        return choice
    judged, there = f"{len(dataset.thinned(MOST_MOMENTS)):,}", f"{len(dataset):,}"
    return replace(
        choice,
        says=f"{choice.says} Estimates were compared on one deal in {step} ({judged} of {there} moments).",
        says_zh=f"{choice.says_zh}各方法在每 {step} 个商机中取 1 个进行比较（{there} 个时点中的 {judged} 个）。",
    )


def learnable(history: History, until: datetime) -> tuple[tuple[Feature, ...], dict[str, str], dict[str, str]]:
    """The features a model may learn from; why others are left out (not there, too young); which leak."""
    from features.audit import suspects

    offering = offered(history, until)
    leaks = {name: why for name, why in suspects(history, until).items() if name not in offering.left_out}
    kept = tuple(feature for feature in offering.features if feature.name not in leaks)
    return kept, offering.left_out, leaks


def known_dataset(history: History, features: tuple[Feature, ...], until: datetime) -> Dataset:
    """The data set of a history; raises NoDeals, NeverOpen, NothingClosed."""
    if "deals" not in history.tables():
        raise NoDeals(until.date())
    dataset = build_dataset(history, features, until)
    if not len(dataset):
        created, _ = deals_created(history, until)
        raise NeverOpen(len(created), until.date()) if len(created) else NoDeals(until.date())
    if not (dataset.weight > 0).any():
        raise NothingClosed(len(np.unique(dataset.subject.astype(str))), until.date())
    return dataset


def _made(name: str, trees: Settings | None) -> Rival:
    return WinCurve(trees=trees) if name == WinCurve.name else ESTIMATES[name]()


def enough(dataset: Dataset) -> bool:
    """Whether there are enough closed deals to compare anything."""
    return dataset.closed_deals >= FEWEST_CLOSED


def _spread(trial: Trial, choice: Choice, base: BaseRate) -> Spread:
    if not trial.folds:
        return spread_of_rate(base.rate, base.deals)
    rows = trial.weight > 0
    return fit_spread(
        trial.outcome[rows], trial.said(choice.name)[rows], trial.weight[rows], trial.subject[rows], trial.at[rows]
    )


def _spread_by(trial: Trial, choice: Choice) -> CurveSpread | None:
    """The same for each horizon that every fold was asked about, and ever.

    None where not the curve answers: a rival was judged as fitted for each horizon, and answers by its "ever" and the
    days that winning took.
    """
    if not trial.folds or choice.name != WinCurve.name:
        return None
    said = {EVER: [fold.said[choice.name] for fold in trial.folds]}
    for days in trial.folds[0].said_by:
        there = [fold.said_by.get(days, {}).get(choice.name) for fold in trial.folds]
        found = [each for each in there if each is not None]
        if len(found) == len(trial.folds):
            said[days] = found
    return fit_curve_spread([fold.judged for fold in trial.folds], said)
