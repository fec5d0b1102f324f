"""Forecasts made from past moments, each learning only from what was on record then, beside every rival.

Moments are first days of periods. Series models and win curves are fitted at the first moment of each fold;
the blend of pipeline and series and its spread are learned from moments whose months were over by then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import date_of, day_of, edges_between
from features.bookings.pace import Sales, sales
from features.calendar import Days
from features.history import History
from training.bookings.blending import Told, came_by, learn_blend
from training.bookings.chances import GRID, CurveChances, TableChances
from training.bookings.deals_rest import deals_rest
from training.bookings.fitting import Deals, fit_chances, fit_parts, fit_sides, of_orders, profile_of
from training.bookings.foretold import Foretold, foretold_at, shocks_of
from training.bookings.judged import Block, Judged
from training.bookings.levels import labels
from training.bookings.measure import SERIES_DRAWS, Blend, Side
from training.bookings.moved import moved
from training.bookings.profile import DayProfile
from training.bookings.rest import QUANTILES, Rest
from training.bookings.series_view import base_frequency, series_view
from training.bookings.shocks import Shocks
from training.bookings.standing import standing
from training.bookings.views import Later, View, asked, levels_on_record, view
from training.rivals.bookings import MODEL_RIVALS, PIPELINE_RIVALS, PLAIN_RIVALS, Moment, residual_quantiles

Floats = NDArray[np.float64]
Progress = Callable[[str], None]
OURS = "ours"
KINDS = (CurveChances.name, TableChances.name)
OURS_BY = {CurveChances.name: OURS, TableChances.name: "ours by stage and age"}
ONLY_PIPELINE = "pipeline alone"
ONLY_SERIES = "series alone"
HORIZON = {"week": 8, "month": 6, "quarter": 4, "year": 2}
DRAWS = 500
DAYS_AHEAD = 280
LEAST_PAST = {"week": 6, "month": 6, "quarter": 5, "year": 3}
MOST_MOMENTS = 9
MOMENTS_A_FOLD = 3
"""A win curve, or the series models of orders, are fitted once for so many moments."""
MOST_MODELLED = 20
"""Levels with more groups are left to the rules of thumb: a model each would take too long."""


@dataclass(frozen=True)
class Trial:
    """What was judged, and what the past moments taught each kind of chances: shocks and the blend with series.

    `lessons` tells the latter as of an earlier day, from what was on record then.
    """

    judged: Judged
    taught: Mapping[str, tuple[Shocks, Blend]] = field(default_factory=dict)
    origins: tuple[datetime, ...] = ()
    frequency: str = "month"
    lessons: Callable[[Sales, int], Mapping[str, tuple[Shocks, Blend]]] = lambda sold, day: {}
    moments: tuple[Moment, ...] = ()
    """What rivals that look at open deals were given."""


def try_orders(
    history: History,
    measure: str,
    until: datetime,
    folds: int,
    seed: int = 0,
    progress: Progress = lambda _: None,
    *,
    thorough: bool = False,
) -> Trial:
    """Judge series models on the last spaced moments before `until` (naive UTC), fitted at the first of each fold."""
    every = sales(history, measure, until)
    now = every.as_of(until)
    last_day = day_of(until, history.timezone)
    frequency = base_frequency(now.day, last_day) if len(now) else "month"
    starts = _starts(now, last_day, frequency)
    count = MOMENTS_A_FOLD * folds
    step = max(1, min(HORIZON[frequency] // 2, len(starts) // (folds + 2)) // MOMENTS_A_FOLD)
    chosen = [starts[-1 - step * number] for number in range(count) if step * number < len(starts)][::-1]
    blocks: list[Block] = []
    origins: list[datetime] = []
    for part in np.array_split(np.array(chosen, np.int64), folds):
        sides: tuple[Side, ...] = ()
        for day in part.tolist():
            origin, number = moment_of(day, history.timezone), len(origins)
            known = every.as_of(origin)
            progress(f"{measure} as of {date_of(day)} ({number + 1} of {len(chosen)})")
            profile = profile_of(history, known, origin)
            sides = sides or fit_sides(history, known, origin, profile, seed=seed)
            rest = of_orders(profile, sides, seed, measure).rest(history, known, origin)
            views = _views(history, known, now, origin, until, day, last_day, frequency)
            blocks += _answers(history, number, views, {OURS: rest}, origin)
            blocks += _plain(number, views, profile.country, thorough)
            origins.append(origin)
    return Trial(Judged(measure, tuple(blocks)), origins=tuple(origins), frequency=frequency)


def try_deals(
    history: History,
    deals: Deals,
    until: datetime,
    folds: int,
    kinds: Sequence[str] = KINDS,
    seed: int = 0,
    progress: Progress = lambda _: None,
    *,
    thorough: bool = False,
) -> Trial:
    """Judge simulations of deals, blended with series of the company, on monthly moments before `until`.

    `kinds` are those of chances, the preferred one first; each is simulated and blended by itself.
    """
    every = sales(history, "bookings", until)
    now = every.as_of(until)
    last_day = day_of(until, history.timezone)
    starts = _starts(now, last_day, "month")[-min(MOMENTS_A_FOLD * folds, MOST_MOMENTS) :]
    groups = [part for part in np.array_split(starts, min(folds, max(len(starts), 1))) if len(part)]
    blocks: list[Block] = []
    told: dict[str, list[Told]] = {kind: [] for kind in kinds}
    foretold: dict[str, list[Foretold]] = {kind: [] for kind in kinds}
    moments: list[Moment] = []
    for part in groups:
        first = moment_of(int(part[0]), history.timezone)
        learned = {kind: fit_chances(deals, first, kind, seed) for kind in kinds}
        profile = profile_of(history, every.as_of(first), first)
        side = fit_sides(history, every.as_of(first), first, profile, company_only=True, seed=seed)[0]
        for day in part.tolist():
            origin = moment_of(day, history.timezone)
            number = len(moments)
            progress(f"bookings as of {date_of(day)} ({number + 1} of {len(starts)})")
            known = every.as_of(origin)
            at = standing(history, every, deals.features, origin)
            edges = edges_between(day, day + DAYS_AHEAD - 32, "month")
            series = _company_series(known, day, profile, side, edges, seed)
            views = _views(history, known, now, origin, until, day, last_day, "month")
            rests: dict[str, Rest] = {}
            for kind, chances in learned.items():
                if chances is None:
                    continue
                shocks = shocks_of(foretold[kind], known, day)
                parts = fit_parts(deals, known, origin, chances, shocks, profile)
                said = chances.by(at.x, GRID) if len(at.open) else np.zeros((0, len(GRID)))
                raw = deals_rest(at, parts, DRAWS, seed, said, DAYS_AHEAD)
                simulated = raw.totals(np.zeros(len(raw.owners["rep"]), np.int64), 1, edges)[0]
                blend = learn_blend([one.as_known(known, day) for one in told[kind] if one.day < day], day)
                rests[OURS_BY[kind]] = moved(raw, edges, blend.target(simulated, series), seed)
                rests.setdefault(ONLY_PIPELINE, raw)
                rests.setdefault(ONLY_SERIES, moved(raw, edges, Blend((1.0,)).target(simulated, series), seed))
                came = came_by(known, edges, day)
                told[kind].append(Told(day, edges, np.sort(simulated, axis=1), np.sort(series, axis=1), came))
                foretold[kind].append(foretold_at(at, said, profile, day))
            blocks += _answers(history, number, views, rests, origin)
            blocks += _plain(number, views, profile.country, thorough)
            moments.append(Moment(number, origin, at, every, deals, profile, tuple(views)))
    blocks += _from_pipeline(history, moments)

    def lessons(sold: Sales, day: int) -> Mapping[str, tuple[Shocks, Blend]]:
        then = {kind: [one.as_known(sold, day) for one in told[kind] if one.day < day] for kind in kinds}
        return {kind: (shocks_of(foretold[kind], sold, day), learn_blend(then[kind], day)) for kind in kinds}

    origins = tuple(moment.as_of for moment in moments)
    return Trial(Judged("bookings", tuple(blocks)), lessons(now, last_day), origins, "month", lessons, tuple(moments))


def _starts(sold: Sales, last_day: int, frequency: str) -> Days:
    """First days of periods before which enough had been sold, and after which at least one period is over."""
    if not len(sold):
        return np.empty(0, np.int64)
    edges = edges_between(int(sold.day.min()), max(last_day, int(sold.day.min())), frequency)
    over = edges[1:] <= last_day
    return edges[:-1][over][LEAST_PAST[frequency] :]


def _views(
    history: History,
    known: Sales,
    now: Sales,
    origin: datetime,
    until: datetime,
    day: int,
    last_day: int,
    frequency: str,
) -> list[View]:
    told = labels(history, origin, known.owners)
    later = Later.read(history, known, now, origin, until)
    asked_for = [(by, frequency) for by in levels_on_record(told)]
    asked_for += [((), other) for other in _others(frequency)]
    found = []
    for by, freq in asked_for:
        if freq != frequency and edges_between(day, day, freq)[0] != day and freq != "week":
            continue
        one = view(known, later, told, day, last_day, by, freq, HORIZON[freq])
        if np.isfinite(one.actual).any() and one.past.shape[1] >= 2:
            found.append(one)
    return found


def _others(frequency: str) -> tuple[str, ...]:
    return ("quarter",) if frequency == "month" else ()


def _answers(
    history: History, number: int, views: Sequence[View], rests: dict[str, Rest], origin: datetime
) -> list[Block]:
    found = []
    for name, rest in rests.items():
        for one in views:
            mean, quantiles = asked(history, rest, one, origin)
            found.append(one.block(number, name, mean, quantiles))
    return found


def _plain(number: int, views: Sequence[View], country: str | None, thorough: bool) -> list[Block]:
    """Rules of thumb at every level, and series models at the small ones; `thorough` asks the slow models there too."""
    found = []
    for one in views:
        panel = one.panel(country)
        for rival in PLAIN_RIVALS:
            said = rival().forecast(panel, [], one.horizon, QUANTILES, False)
            found.append(one.block(number, rival.name, said.mean, said.quantiles))
        if len(one.keys) > (MOST_MODELLED if thorough else 1):
            continue
        alone = len(one.keys) == 1
        for rival in MODEL_RIVALS:
            said = rival().forecast(panel, [()] if not alone else [], one.horizon, QUANTILES, not alone)
            mine = slice(0 if alone else 1, None)
            found.append(one.block(number, rival.name, said.mean[mine], said.quantiles[:, mine]))
    return found


def _from_pipeline(history: History, moments: Sequence[Moment]) -> list[Block]:
    """Rivals that look at open deals: figures from each moment, intervals from what earlier ones got wrong."""
    found = []
    for rival in PIPELINE_RIVALS:
        points = [rival().points(history, moments[: place + 1]) for place in range(len(moments))]
        for place, moment in enumerate(moments):
            for one, mean in zip(moment.views, points[place] or (), strict=False):
                quantiles = residual_quantiles(history, one, mean, moment.as_of, moments[:place], points[:place])
                found.append(one.block(moment.number, rival.name, mean, quantiles))
    return found


def _company_series(known: Sales, day: int, profile: DayProfile, side: Side, edges: Days, seed: int) -> Floats:
    """Draws of the company's months by series models alone: [months, draws]."""
    shown = series_view(known, {}, (), side.frequency, day, profile)
    rest = shown.rest(side.model, profile, day, SERIES_DRAWS, seed)
    return np.asarray(rest.totals(np.zeros(len(shown.lumps), np.int64), 1, edges)[0])


def moment_of(day: int, timezone: str | None) -> datetime:
    """A local day's first moment, naive UTC."""
    local = datetime.combine(date_of(day), datetime.min.time(), ZoneInfo(timezone or "UTC"))
    return local.astimezone(UTC).replace(tzinfo=None)
