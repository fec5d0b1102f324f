"""Are there better settings for the trees? A search with a budget, on folds earlier than anything that is judged.

Only what was known at the first judging cut takes part (`splits.judging_windows`), folded by time once more: settings
are chosen on data earlier than what judges them. Optuna's TPE sampler (Bergstra and others 2011) proposes, a trial
that is behind the median after a fold is stopped, and the best is used only where its loss is below the usual
settings' by more than a standard error, counted over deals. Bounded by trials, the same seed finds the same.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from training.judged_rows import Floats, losses
from training.rivals.rival import NothingDecided, RivalNotApplicable
from training.splits import cut_times, judging_windows, later_than, past_of
from training.stacking import clearly_less
from training.trees import SIZES, Settings, Trees

if TYPE_CHECKING:
    from optuna import Trial

    from features.history import History
    from training.dataset import Dataset

USUAL = "medium"
INNER = (0.45, 0.6, 0.75, 0.9)
"""Shares of outcomes at which inner folds begin and end."""
FEWEST = 60
"""Deals decided before the first judging cut below which nothing is sought: noise would choose."""


@dataclass(frozen=True)
class Found:
    """What a search found. `settings` is None where the usual ones were not clearly beaten."""

    settings: Settings | None
    tried: int
    pruned: int
    usual_loss: float | None
    best_loss: float | None
    says: str

    def to_json(self) -> str:
        """The same as text."""
        settings = None if self.settings is None else {"rounds": self.settings[0], **self.settings[1]}
        return json.dumps({**vars(self), "settings": settings}, indent=1)


def search_trees(
    dataset: "Dataset",
    folds: int,
    seconds: float | None,
    trials: int | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """Search settings for the trees within so many seconds or trials, whichever ends first; one of them must be given.

    `folds` are those on which the model will be judged: only what was known before the first of them takes part.
    """
    assert seconds is not None or trials is not None, "a search without a bound never ends"
    pairs = _inner_folds(dataset, folds)
    usual = _losses_of(SIZES[USUAL], pairs) if pairs else None
    if usual is None:
        return Found(None, 0, 0, None, None, "Too little was decided before what is judged to search settings on.")
    optuna = _optuna()
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
    )
    study.enqueue_trial(_as_proposal(SIZES[USUAL]))
    weights = np.concatenate([judged.weight for _, judged in pairs])
    subjects = np.concatenate([judged.subject for _, judged in pairs])

    def objective(trial: "Trial") -> float:
        progress(f"search: trial {trial.number + 1}")
        settings, done = _proposed(trial), []
        for number, (past, judged) in enumerate(pairs):
            done.append(_loss(settings, past, judged))
            so_far = np.concatenate(done)
            value = float(np.average(so_far, weights=weights[: len(so_far)]))
            trial.report(value, number)
            if number + 1 < len(pairs) and trial.should_prune():
                raise optuna.TrialPruned
        return value

    study.optimize(objective, n_trials=trials, timeout=seconds, gc_after_trial=False)
    best = _settings_of(study.best_trial.params)
    found = _losses_of(best, pairs)
    assert found is not None
    pruned = sum(one.state == optuna.trial.TrialState.PRUNED for one in study.trials)
    before, after = (float(np.average(each, weights=weights)) for each in (usual, found))
    wins = clearly_less(found, usual, weights, subjects)
    says = (
        f"{len(study.trials)} settings of the trees were tried, {pruned} stopped early: log loss {after:.4f} "
        f"on earlier folds against {before:.4f} with the usual ones; "
        f"{'they are used' if wins else 'not clearly better, so not used'}."
    )
    return Found(best if wins else None, len(study.trials), pruned, before, after, says)


def search_for_win(
    history: "History",
    until: datetime,
    folds: int,
    seconds: float | None,
    trials: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """The same for the win model of a history before `until` (naive UTC); raises what `known_dataset` raises."""
    from training.recipe import known_dataset, learnable

    features, _, _ = learnable(history, until)
    return search_trees(known_dataset(history, features, until), folds, seconds, trials, progress=progress)


def _inner_folds(dataset: "Dataset", folds: int) -> "list[tuple[Dataset, Dataset]]":
    """Pairs of what is learned from and what is judged, all of it known before the first judging cut."""
    windows = judging_windows(dataset, folds)
    early = past_of(dataset, windows[0][0]) if windows else dataset.rows(np.zeros(len(dataset), bool))
    if early.closed_deals < FEWEST:
        return []
    cuts = cut_times(early, INNER)
    pairs = []
    for cut, end in pairwise(cuts):
        past, judged = past_of(early, cut), later_than(early, cut, end).decided()
        if len(judged) and len(set(past.outcome[past.weight > 0].tolist())) == 2:
            pairs.append((past, judged))
    return pairs


def _losses_of(settings: Settings, pairs: "Sequence[tuple[Dataset, Dataset]]") -> Floats | None:
    try:
        return np.concatenate([_loss(settings, past, judged) for past, judged in pairs])
    except (NothingDecided, RivalNotApplicable):
        return None


def _loss(settings: Settings, past: "Dataset", judged: "Dataset") -> Floats:
    return losses(judged.outcome, Trees(settings).fit(past).predict(judged.x))


def _proposed(trial: "Trial") -> Settings:
    trial.suggest_int("rounds", 50, 800, log=True)
    trial.suggest_int("num_leaves", 3, 63, log=True)
    trial.suggest_float("learning_rate", 0.01, 0.2, log=True)
    trial.suggest_int("min_data_in_leaf", 10, 400, log=True)
    trial.suggest_float("lambda_l2", 0.1, 100.0, log=True)
    trial.suggest_float("feature_fraction", 0.2, 1.0)
    trial.suggest_categorical("extra_trees", [True, False])
    return _settings_of(trial.params)


def _settings_of(proposal: Mapping[str, object]) -> Settings:
    rest = {name: value for name, value in proposal.items() if name != "rounds"}
    rounds = proposal["rounds"]
    assert isinstance(rounds, int)
    return rounds, rest


def _as_proposal(settings: Settings) -> dict[str, object]:
    """The usual settings as the first trial; what they leave open takes the common smoothing."""
    return {"rounds": settings[0], "lambda_l2": 10.0, "feature_fraction": 0.7, "extra_trees": False, **settings[1]}


def _optuna() -> Any:
    """Optuna, quiet."""
    import optuna

    optuna.logging.set_verbosity(logging.WARNING)
    return optuna
