"""Which questions did a trial ask of every estimate? Won ever, and won within so many days where that was said too."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from training.dataset import Dataset
from training.horizon_scores import EVER, Asked
from training.horizons import at_horizon
from training.interval_coverage import IntervalCoverage, interval_coverage
from training.intervals import fit_spread
from training.judged_rows import Floats, Labels, Mask, NothingToJudge
from training.segments import segments_of
from training.splits import BEGINNING
from training.trial import Fold, Trial

AMOUNT = "deal_amount"
MOST_DEALS = 60_000
"""Enough for every figure to stand; more would take memory and minutes."""


def asked_of(trial: Trial, most_deals: int = MOST_DEALS) -> list[Asked]:
    """The questions, the nearest horizon first, "ever" last; rows are those of all folds in their order.

    Where more than `most_deals` were judged, those are drawn at random, with all their rows.
    """
    trial = _thinned(trial, most_deals)
    judged = [fold.judged for fold in trial.folds]
    segments = segments_of(*judged)
    amount = _amount(judged)
    days = [each for each in said_by(trial.folds[0]) if all(each in said_by(fold) for fold in trial.folds)]
    return [_question(trial, each, segments, amount) for each in sorted({*days, EVER})]


def _thinned(trial: Trial, most_deals: int) -> Trial:
    deals = np.unique(trial.subject.astype(str))
    if len(deals) <= most_deals:
        return trial
    drawn = np.random.default_rng(0).choice(deals, most_deals, replace=False)
    return Trial(tuple(_rows(fold, np.isin(fold.judged.subject.astype(str), drawn)) for fold in trial.folds))


def _rows(fold: Fold, chosen: Mask) -> Fold:
    by = {days: {name: p[chosen] for name, p in said.items()} for days, said in said_by(fold).items()}
    said = {name: p[chosen] for name, p in fold.said.items()}
    return replace(fold, judged=fold.judged.rows(chosen), said=said, said_by=by)


def said_by(fold: Fold) -> Mapping[float, Mapping[str, Floats]]:
    """What each estimate said of a fold's rows, by horizon in days."""
    return fold.said_by


def _as_known(fold: Fold, cut: int) -> Fold:
    """A fold with outcomes and weights as whoever states an interval at a later cut knows them.

    Those decided by then alone would be the fast ones: weights make them stand for all.
    """
    early = fold.judged.as_of.astype("datetime64[us]").astype(np.int64) < cut
    return replace(_rows(fold, early), judged=fold.judged.between(BEGINNING, cut, cut))


def _question(trial: Trial, days: float, segments: Mapping[str, Labels], amount: Floats | None) -> Asked:
    parts = [at_horizon(fold.judged, days) for fold in trial.folds]
    if days == EVER:
        said = {name: trial.said(name) for name in trial.names}
    else:
        spoke = [set(said_by(fold)[days]) for fold in trial.folds]
        names = [name for name in trial.names if all(name in there for there in spoke)]
        said = {name: np.concatenate([said_by(fold)[days][name] for fold in trial.folds]) for name in names}
    return Asked(
        days,
        np.concatenate([part.outcome for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.subject for part in parts]),
        said,
        segments,
        amount,
    )


def _amount(judged: Sequence[Dataset]) -> Floats | None:
    if not all(AMOUNT in each.x for each in judged):
        return None
    return np.concatenate([each.x[AMOUNT].to_numpy(np.float64) for each in judged])


def coverage_of(trial: Trial, name: str) -> IntervalCoverage | None:
    """Whether 80 % intervals of an estimate held: those of each fold learned from the folds before it.

    None with a single fold, or where nothing can be judged.
    """
    done: list[tuple[Floats, ...]] = []
    for number in range(1, len(trial.folds)):
        fold = trial.folds[number]
        before = Trial(tuple(_as_known(each, fold.cut) for each in trial.folds[:number]))
        known = before.weight > 0
        if not known.any() or not (fold.judged.weight > 0).any():
            continue
        said = fold.said[name]
        spread = fit_spread(
            before.outcome[known],
            before.said(name)[known],
            before.weight[known],
            before.subject[known],
            before.at[known],
        )
        inside = np.clip(said, 1e-9, 1 - 1e-9)
        bounds = np.array([spread.around(odds) for odds in np.log(inside / (1 - inside))]).reshape(-1, 2)
        at = fold.judged.as_of.astype("datetime64[us]").astype(np.float64)
        done.append((fold.judged.outcome, said, bounds[:, 0], bounds[:, 1], fold.judged.weight, at))
    if not done:
        return None
    deals = np.concatenate([fold.judged.subject for fold in trial.folds[-len(done) :]])
    y, p, low, high, weight, at = (np.concatenate(column) for column in zip(*done, strict=True))
    try:
        return interval_coverage(y, p, low, high, weight, deals, at)
    except NothingToJudge:
        return None
