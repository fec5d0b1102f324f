"""From history to a churn candidate. Read this first: each line of `train_churn` is a file of this folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np

from features.as_of import DAY
from features.history import History
from training.churn.asked import asked
from training.churn.bundle import ChurnBundle
from training.churn.candidate import ChurnCandidate, Judged
from training.churn.choice import choose_churn
from training.churn.dataset import Base, ChurnData, churn_data
from training.churn.estimate import PerHorizon
from training.churn.plain_estimates import MomentRate
from training.churn.served import Served
from training.churn.trial import ChurnTrial, estimates, run_churn_trial
from training.churn.value import fit_value
from training.churn.width import Width, fit_width, width_of_rate, width_of_snapshot
from training.dataset import Dataset
from training.segment_words import words_of
from training.wording.comparisons import Comparisons

FOLDS = 3


def train_churn(
    history: History, until: datetime, folds: int = FOLDS, progress: Callable[[str], None] = lambda _: None
) -> ChurnCandidate:
    """Train the churn model on what was on record before `until` (naive UTC); nothing later is looked at.

    Customers with a running contract and those without are learned apart. Raises NobodyToWatch, TooYoung.
    """
    return trained_on(churn_data(history, until, progress), folds, progress)


def trained_on(data: ChurnData, folds: int, progress: Callable[[str], None] = lambda _: None) -> ChurnCandidate:
    """Train on customers already looked at."""
    judged: dict[str, Judged] = {
        base.kind: judge_base(base, data, folds, progress) for base in data.bases if base.horizons
    }
    served: dict[str, Served] = {}
    for kind, one in judged.items():
        progress(f"fitting {one.choice.name}")
        served[kind] = serve(one, data)
    meta: dict[str, object] = {
        "serves": {kind: one.choice.name for kind, one in judged.items()},
        "says": " ".join([*(one.choice.says for one in judged.values()), *horizon_said(data, "en")]),
        "says_zh": "".join([*(one.choice.says_zh for one in judged.values()), *horizon_said(data, "zh")]),
        "kinds": {kind: len(set(one.base.subject.tolist())) for kind, one in judged.items()},
        "suggested_horizon_days": data.suggested,
        "moments": sum(len(one.base) for one in judged.values()),
        "leaks": data.leaks,
    }
    main = max(judged.values(), key=lambda one: len(one.base))
    bundle = ChurnBundle(
        "candidate", main.choice.rung, data.until, data.features, served, fit_value(_buyers(data.bases)), meta
    )
    return ChurnCandidate(bundle, data, judged)


def judge_base(base: Base, data: ChurnData, folds: int, progress: Callable[[str], None] = lambda _: None) -> Judged:
    """Every estimate on later moments of one kind of customers, and which may be served."""
    trial = run_churn_trial(base, folds, progress)
    progress("judging")
    scores = trial.scores(words_of(data.features)) if trial.folds else None
    return Judged(base, trial, scores, choose_churn(base, trial, scores))


def serve(judged: Judged, data: ChurnData) -> Served:
    """What was chosen, fitted on everything, with its base rate and how sure it is."""
    base, known = judged.base, judged.base.known(judged.base.until)
    horizons = base.horizons
    make = estimates(base.kind, snapshot=base.snapshot)[judged.choice.name]
    estimate = make().fit(known, base.market, horizons)
    rate = PerHorizon(MomentRate.name, MomentRate).fit(known, base.market, horizons)
    churned = {}
    for days, rival in rate.rivals.items():
        event = rival.score({})
        churned[days] = 1 - event if base.kind == "orders" else event
    widths = {days: width_of_rate(p, len(set(base.subject.tolist()))) for days, p in churned.items()}
    if judged.trial.folds:
        widths = widths_of(judged.trial, judged.choice.name)
    first = asked(known, min(judged.trial.horizons or horizons))
    comparisons = Comparisons.fit(first, "churn", event_is_leaving=base.kind == "contract")
    return Served(base.kind, estimate, churned, widths, max(horizons), base.snapshot, base.every, comparisons)


def widths_of(trial: ChurnTrial, name: str, known: int | None = None, lag: float = 0.0) -> dict[float, Width]:
    """How far what was said was off on later moments, by horizon; with `known`, those whose days and `lag` were over.

    Without a horizon that was over there is no width for it.
    """
    at = np.concatenate([fold.rows.at for fold in trial.folds])
    found = {}
    for place, each in enumerate(trial.asked(plain=True)):
        rows = np.isfinite(each.outcome)
        if known is not None:
            rows &= at + (each.days + lag) * DAY <= known
        if not rows.any():
            continue
        y, p, subject = each.outcome[rows], each.said[name][rows], np.asarray(each.subject, object)[rows]
        if trial.folds[0].cut:
            unsure = np.concatenate([fold.unsure[name][:, place] for fold in trial.folds])
            found[each.days] = fit_width(y, p, unsure[rows], subject, at[rows], each.days)
        else:
            found[each.days] = width_of_snapshot(y, p, each.weight[rows], subject, at[rows])
    return found


def _buyers(bases: tuple[Base, ...]) -> Dataset | None:
    """Those who buy, for what purchases are worth: those without a contract if there are any."""
    chosen = next((base for base in bases if base.kind == "orders"), bases[0] if bases else None)
    return None if chosen is None else chosen.known(chosen.until)


def horizon_said(data: ChurnData, language: str) -> list[str]:
    """The horizon that the base's own rhythm suggests, in words."""
    if data.suggested is None:
        return []
    if language == "en":
        return [f"Nine in ten customers who come back do so within {data.suggested:g} days: a horizon to ask for."]
    return [f"会再次购买的客户中九成在 {data.suggested:g} 天内购买：建议以此为期限。"]
