"""How good would forecasts have been, and beside whom? Rolling origins, every rival, error by week of the quarter."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.bookings.calendar import day_of, period_edges
from features.bookings.pace import sales
from features.history import History
from training.bookings.trial import Trial, moment_of
from training.forecast.candidate import differences, scorecard
from training.forecast.choice import ForecastChoice, choose
from training.forecast.recipe import fit, judge, servable, usable_measures
from training.forecast.report import HINDSIGHT, page, table_lines
from training.reports.words import Language

WEEKS = (1, 4, 8, 12)
"""Weeks of a quarter at whose end its total is forecast once more."""
QUARTERS = 2
Errors = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class ForecastBacktest:
    """What was judged, and what it says. `by_week`: (week of the quarter, mean relative error of its total) by
    estimate.
    """

    until: datetime
    trials: Mapping[str, Trial]
    choices: Mapping[str, ForecastChoice]
    by_week: Mapping[str, Errors]

    def lines(self) -> list[str]:
        """A table for the terminal."""
        found: list[str] = []
        for measure, trial in self.trials.items():
            found += [""] if found else []
            found += table_lines(trial.judged, self.choices[measure].name) if trial.judged.blocks else []
            for name, errors in self.by_week.get(measure, {}).items():
                told = ", ".join(f"week {week:g}: {error:.0%}" for week, error in errors)
                found.append(f"error of a quarter's total, {name}: {told}")
            if self.by_week.get(measure):
                found.append(HINDSIGHT["en"])
            found.append(self.choices[measure].says)
        return found

    def to_json(self) -> str:
        """The same as JSON."""
        measures = {}
        for measure, trial in self.trials.items():
            judged, choice = trial.judged, self.choices[measure]
            measures[measure] = {
                "served": choice.name,
                "rung": choice.rung,
                "says": choice.says,
                "says_zh": choice.says_zh,
                "moments": [at.isoformat() for at in trial.origins],
                "estimates": scorecard(judged),
                "ours_less_rival": differences(judged, choice.name, judged.estimates),
                "error_by_week_of_quarter": {name: list(e) for name, e in self.by_week.get(measure, {}).items()},
                "absent": dict(judged.absent),
            }
        return json.dumps({"until": self.until.isoformat(), "measures": measures}, ensure_ascii=False)

    def to_html(self, language: Language = "en") -> str:
        """A page a manager can read."""
        judged = {measure: trial.judged for measure, trial in self.trials.items()}
        return page(judged, self.choices, self.until, self.by_week, language)


def backtest_forecast(
    history: History, until: datetime, folds: int = 3, progress: Callable[[str], None] = lambda _: None
) -> ForecastBacktest:
    """Judge the forecasts of every measure on moments before `until` (naive UTC). Raises NothingToForecast."""
    trials, choices, weeks = {}, {}, {}
    for measure, sold in usable_measures(history, until).items():
        trial, _ = judge(history, measure, until, folds, progress, thorough=True)
        trials[measure], choices[measure] = trial, choose(trial.judged, servable(), len(sold))
        weeks[measure] = errors_by_week(history, measure, until, trial, choices[measure], progress)
    return ForecastBacktest(until, trials, choices, weeks)


def errors_by_week(
    history: History,
    measure: str,
    until: datetime,
    trial: Trial,
    choice: ForecastChoice,
    progress: Callable[[str], None],
) -> Errors:
    """How far the total of a quarter was off when forecast after so many of its weeks, over the last quarters.

    The model is that fitted at the quarter's beginning, with what past moments had taught by then; which estimate it is
    was chosen on all moments (`HINDSIGHT`). Beside it: what is booked so far, and that stretched to the whole quarter
    by the share of its days that is over.
    """
    from training.bookings.fitting import read_deals

    every = sales(history, measure, until)
    now = every.as_of(until)
    last = day_of(until, history.timezone)
    found: dict[str, dict[int, list[float]]] = {choice.name: {}, "booked so far": {}, "booked so far, stretched": {}}
    for back in range(1, QUARTERS + 1):
        first = int(period_edges(last - 1, "quarter", 0)[0])
        for _ in range(back):
            first = int(period_edges(first - 1, "quarter", 0)[0])
        edges = period_edges(first, "quarter", 1)
        begin = moment_of(first, history.timezone)
        known = every.as_of(begin)
        if not len(known) or first - int(known.day.min()) < 180:
            continue
        progress(f"{measure} by week of the quarter")
        came = float(now.amount[(now.day >= edges[0]) & (now.day < edges[1])].sum())
        deals = read_deals(history, begin) if measure == "bookings" else None
        then = replace(trial, taught=trial.lessons(known, first))
        model = fit(history, measure, known, begin, then, choice, deals, progress)
        for week in WEEKS if came > 0 else ():
            at = moment_of(first + 7 * week, history.timezone)
            told = every.as_of(at)
            booked = float(told.amount[(told.day >= edges[0]) & (told.day < edges[1])].sum())
            rest = model.rest(history, told, at)
            mean = rest.totals(np.zeros(len(rest.owners["rep"]), np.int64), 1, edges).mean() + booked
            share = (7 * week) / (edges[1] - edges[0])
            figures = (mean, booked, booked / share)
            for name, figure in zip(found, figures, strict=True):
                found[name].setdefault(week, []).append(abs(float(figure) - came) / came)
    return {
        name: [(float(week), float(np.mean(errors))) for week, errors in sorted(by.items())]
        for name, by in found.items()
        if by
    }
