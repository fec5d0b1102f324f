"""From history to a forecast: for each measure judge on past moments, choose, and fit on all that is on record.

Read `train_forecast` first: each line is a file of `training/bookings/`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from features.bookings.calendar import day_of, edges_between
from features.bookings.pace import Sales, measures_of, sales
from features.history import History
from training.bookings.fitting import (
    Deals,
    fit_call,
    fit_chances,
    fit_parts,
    fit_sides,
    of_deals,
    of_orders,
    plain_model,
    profile_of,
    read_deals,
)
from training.bookings.judged import Judged
from training.bookings.measure import Blend, MeasureModel
from training.bookings.series_view import base_frequency
from training.bookings.shocks import Shocks
from training.bookings.trial import KINDS, OURS_BY, Trial, try_deals, try_orders
from training.candidate import CannotTeach
from training.forecast.bundle import ForecastBundle
from training.forecast.candidate import ForecastCandidate
from training.forecast.choice import FEWEST_LINES, TOO_LITTLE, ForecastChoice, choose
from training.rivals.bookings import MODEL_RIVALS, PIPELINE_RIVALS, PLAIN_RIVALS

Progress = Callable[[str], None]
FOLDS = 3
SEED = 0
FEW_PERIODS = 4


class NothingToForecast(CannotTeach):
    problem = "There is nothing to forecast from before {0}: {1}."
    fix = "import deals won with their amounts, or orders with theirs, or train as of a later day (--until)."


def train_forecast(
    history: History,
    until: datetime,
    folds: int = FOLDS,
    progress: Progress = lambda _: None,
    only: Sequence[str] = (),
) -> ForecastCandidate:
    """Train the forecast of every measure on what was on record before `until` (naive UTC). Raises NothingToForecast.

    `only` names the measures wanted, where not all that can be forecast are.
    """
    found = usable_measures(history, until)
    measures = {measure: sold for measure, sold in found.items() if not only or measure in only} or found
    models: dict[str, MeasureModel] = {}
    trials: dict[str, Trial] = {}
    choices: dict[str, ForecastChoice] = {}
    notes: dict[str, dict[str, list[str]]] = {}
    for measure, sold in measures.items():
        trial, deals = judge(history, measure, until, folds, progress)
        choice = choose(trial.judged, servable(), len(sold))
        models[measure] = fit(history, measure, sold, until, trial, choice, deals, progress)
        trials[measure], choices[measure] = trial, choice
        notes[measure] = _notes(sold, until, history)
    first = next(iter(choices.values()))
    says, says_zh = (" ".join(getattr(choice, name) for choice in choices.values()) for name in ("says", "says_zh"))
    rung = first.rung if len({choice.rung for choice in choices.values()}) == 1 else "model"
    meta: dict[str, Any] = {
        "says": says,
        "says_zh": says_zh,
        "serves": {measure: choice.name for measure, choice in choices.items()},
        "notes": notes,
        "lines": {measure: len(sold) for measure, sold in measures.items()},
    }
    bundle = ForecastBundle("candidate", rung, until, {name: model.to_json() for name, model in models.items()}, meta)
    served = ForecastChoice(", ".join(dict.fromkeys(c.name for c in choices.values())), rung, says, says_zh)
    return ForecastCandidate(bundle, served, choices, trials, history, SEED)


def usable_measures(history: History, until: datetime) -> dict[str, Sales]:
    """The measures that have sales on record, the default first. Raises NothingToForecast."""
    found = {}
    for measure in measures_of(history):
        sold = sales(history, measure, until).as_of(until)
        if len(sold) and np.abs(sold.amount).sum() > 0:
            found[measure] = sold
    if not found:
        tables = history.tables()
        if "deals" in tables:
            raise NothingToForecast(until.date(), "no deal was won with an amount, and no orders are on record")
        raise NothingToForecast(until.date(), "neither deals nor orders with amounts are on record")
    return found


def judge(
    history: History,
    measure: str,
    until: datetime,
    folds: int,
    progress: Progress,
    *,
    thorough: bool = False,
) -> tuple[Trial, Deals | None]:
    """Forecast from past moments, with the simulation of deals where there is a pipeline; not where hardly a sale is on
    record."""
    if len(sales(history, measure, until).as_of(until)) < FEWEST_LINES:
        return Trial(Judged(measure)), None
    deals = read_deals(history, until) if measure == "bookings" else None
    if deals is None:
        return try_orders(history, measure, until, folds, SEED, progress, thorough=thorough), None
    return try_deals(history, deals, until, folds, KINDS, SEED, progress, thorough=thorough), deals


def fit(
    history: History,
    measure: str,
    sold: Sales,
    until: datetime,
    trial: Trial,
    choice: ForecastChoice,
    deals: Deals | None,
    progress: Progress,
) -> MeasureModel:
    """Fit what was chosen on all that is on record."""

    progress(f"fitting {measure}")
    profile = profile_of(history, sold, until)
    if choice.rung == TOO_LITTLE:
        return plain_model(measure, profile, SEED)
    rival = choice.name if choice.rung == "rival" else None
    kind = next((kind for kind, name in OURS_BY.items() if name == choice.name), KINDS[0])
    chances = None if deals is None else fit_chances(deals, until, kind, SEED)
    if deals is None or chances is None:
        sides = fit_sides(history, sold, until, profile, seed=SEED, progress=progress)
        return replace(of_orders(profile, sides, SEED, measure), rival=rival)
    shocks, blend = trial.taught.get(kind, (Shocks(), Blend()))
    sides = fit_sides(history, sold, until, profile, company_only=True, seed=SEED, progress=progress)
    parts = fit_parts(deals, sold, until, chances, shocks, profile)
    call = None
    if rival is not None and rival in [one.name for one in PIPELINE_RIVALS]:
        call = fit_call(history, rival, trial.moments, until, deals, sales(history, measure, until))
    return replace(of_deals(profile, sides, deals, parts, blend, SEED), rival=rival, call=call)


def servable() -> tuple[str, ...]:
    """The rivals that can be served where they win: all of them."""
    series = tuple(rival.name for rival in (*PLAIN_RIVALS, *MODEL_RIVALS))
    return (*series, *(rival.name for rival in PIPELINE_RIVALS))


def _notes(sold: Sales, until: datetime, history: History) -> dict[str, list[str]]:
    day = day_of(until, history.timezone)
    frequency = base_frequency(sold.day, day)
    periods = len(edges_between(int(sold.day.min()), max(day, int(sold.day.min())), frequency)) - 2
    if periods >= FEW_PERIODS:
        return {"en": [], "zh": []}
    return {
        "en": [f"only {max(periods, 0)} complete {frequency}s are on record: the intervals are rough."],
        "zh": [f"历史中只有 {max(periods, 0)} 个完整周期，区间较粗略。"],
    }


__all__ = ["FOLDS", "NothingToForecast", "train_forecast"]
