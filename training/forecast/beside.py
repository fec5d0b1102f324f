"""A new forecast beside the champion: both forecast moments that neither had seen, and the same totals judge them."""

from dataclasses import replace
from datetime import datetime

from features.bookings.calendar import day_of
from features.bookings.pace import sales
from features.history import History
from training.bookings.judged import Block, Judged
from training.bookings.levels import labels, parse_by
from training.bookings.trial import HORIZON, Trial
from training.bookings.views import Later, asked, view
from training.forecast.bundle import ForecastBundle
from training.paired import Comparison

CHAMPION = "champion"
MOST_MOMENTS = 4


def beside(history: History, trial: Trial, served: str, champion: ForecastBundle, measure: str) -> Comparison | None:
    """The candidate's fold estimates less the champion's, over the latest moments from the champion's `until` on."""
    model = champion.measure(measure)
    blocks: list[Block] = []
    until = max(trial.origins)
    numbers = [number for number, at in enumerate(trial.origins) if at >= champion.until][-MOST_MOMENTS:]
    mine = [b for b in trial.judged.blocks if b.estimate == served and b.origin in numbers]
    for number in numbers:
        at: datetime = trial.origins[number]
        every = sales(history, measure, at)
        known = every.as_of(at)
        rest = model.rest(history, known, at)
        told = labels(history, at, known.owners)
        later = Later.read(history, known, known, at, at)
        day, last_day = day_of(at, history.timezone), day_of(until, history.timezone)
        for block in (b for b in mine if b.origin == number):
            by = parse_by(block.level)
            periods = block.actual.shape[1] or HORIZON[block.frequency]
            laid = view(known, later, told, day, last_day, by, block.frequency, periods)
            if len(laid.keys) != len(block.actual):
                continue
            mean, quantiles = asked(history, rest, laid, at)
            blocks.append(replace(block, estimate=CHAMPION, mean=mean, quantiles=quantiles))
    return Judged(measure, (*mine, *blocks)).compare(served, CHAMPION)
