"""The forecast of a moment as a table: any frequency, any level, from one set of draws.

Separate calls as of the same moment add up: whatever is asked, the draws are the same, and an answer is a sum of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.bookings.calendar import check_frequency, date_of, day_of, period_edges
from features.bookings.pace import MEASURES, OWNERS, Sales
from features.errors import ForesellError
from features.history import History
from training.bookings.levels import COMPANY, LevelNotOnRecord, grouped, key_text, labels, level_name, parse_by
from training.bookings.measure import read_sales
from training.bookings.rest import QUANTILES, Rest, describe
from training.bookings.series_view import HORIZON_DAYS
from training.forecast.bundle import ForecastBundle
from training.predict import ModelKnowsTheFuture

Floats = NDArray[np.float64]
DEFAULT_HORIZON = {"week": 13, "month": 6, "quarter": 4}
AT_ONCE = 400
"""Groups whose draws are held at once, for 13 periods or so."""
LEAST = 1e-9
"""What is less than so much of a total is nothing."""


class UnknownMeasure(ForesellError):
    problem = "'{0}' is no measure that version {2} forecasts; it forecasts {1}."
    fix = "write --measure {1}, or train again once the other's table is on record: foresell train forecast."


class HorizonTooLong(ForesellError):
    problem = "{0} {1}s from {2} reach beyond the {3} days for which there are draws."
    fix = "ask for at most {4} with --horizon."


class BadHorizon(ForesellError):
    problem = "A forecast of {0} periods is none."
    fix = "write --horizon 1 or more; the first period is the running one."


@dataclass(frozen=True)
class Forecast:
    """The table, its measure, and what must be said beside it."""

    table: pa.Table
    measure: str
    notes: tuple[str, ...]


def predict_forecast(
    history: History,
    bundle: ForecastBundle,
    as_of: datetime,
    freq: str = "month",
    horizon: int | None = None,
    by: str = COMPANY,
    measure: str | None = None,
    language: str = "en",
) -> Forecast:
    """One row per group and period, in the columns of docs/commands.md, from what was on record before `as_of` (naive
    UTC).

    The first period is the running one; its mean and quantiles hold what is booked so far. Groups with nothing sold in
    it and nothing to be expected are left out. Raises UnknownFrequency, BadHorizon, HorizonTooLong, UnknownLevel,
    LevelNotOnRecord, UnknownMeasure, ModelKnowsTheFuture.
    """
    check_frequency(freq)
    levels = parse_by(by)
    periods = DEFAULT_HORIZON[freq] if horizon is None else horizon
    chosen = _measure(bundle, measure)
    if as_of < bundle.until:
        moment, until = as_of.isoformat(timespec="seconds"), bundle.until.isoformat(timespec="seconds")
        raise ModelKnowsTheFuture(bundle.version, bundle.model, f"{until} UTC", f"{moment} UTC", f"{moment}Z")
    day = day_of(as_of, history.timezone)
    edges = _edges(day, freq, periods)
    sold = read_sales(history, chosen, as_of)
    rest = bundle.measure(chosen).rest(history, sold, as_of)
    keys, mean, quantiles, booked = answer(history, as_of, sold, rest, levels, edges)
    table = _table(level_name(levels), keys, edges, chosen, booked, mean, quantiles)
    zone = ZoneInfo(history.timezone or "UTC")
    said = as_of.replace(tzinfo=UTC).astimezone(zone).isoformat()
    table = table.append_column("as_of", pa.array([said] * table.num_rows, pa.string()))
    table = table.append_column("model_version", pa.array([bundle.version] * table.num_rows, pa.string()))
    return Forecast(table, chosen, _notes(bundle, chosen, sold, language))


def answer(
    history: History, as_of: datetime, sold: Sales, rest: Rest, by: tuple[str, ...], edges: NDArray[np.int64]
) -> tuple[list[tuple[str, ...]], Floats, Floats, Floats]:
    """Keys of the groups; mean [groups, periods]; quantiles [groups, periods, 11]; what is sold so far [groups,
    periods].

    Raises LevelNotOnRecord.
    """
    running = (sold.day >= edges[0]) & (sold.day < edges[-1])
    lines = sold.rows(running)
    owners = {owner: np.concatenate([rest.owners[owner], lines.owners[owner]]) for owner in OWNERS}
    told = labels(history, as_of, owners)
    if missing := [level for level in by if level not in told]:
        raise LevelNotOnRecord(missing[0], "sales", as_of.date())
    atoms = len(rest.owners[OWNERS[0]])
    keys, code = grouped(told, by, atoms + len(lines))
    booked = np.zeros((len(keys), len(edges) - 1))
    place = np.searchsorted(edges, lines.day, side="right") - 1
    np.add.at(booked, (code[atoms:], place), lines.amount)
    mean = np.zeros_like(booked)
    quantiles = np.zeros((*booked.shape, len(QUANTILES)))
    of_atom = code[:atoms]
    totals = rest.totals(of_atom, len(keys), edges)
    for start in range(0, len(keys), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        mean[some], quantiles[some] = describe(totals[some], booked[some])
    total = max(float(np.abs(mean).sum()), LEAST)
    kept = (np.abs(mean).sum(axis=1) > LEAST * total) | (np.abs(booked).sum(axis=1) > 0)
    if not by:
        kept[:] = True
    rows = np.flatnonzero(kept)
    return [keys[row] for row in rows.tolist()], mean[rows], quantiles[rows], booked[rows]


def _measure(bundle: ForecastBundle, measure: str | None) -> str:
    if measure is None:
        return bundle.measures[0]
    if measure not in bundle.measures or measure not in MEASURES:
        raise UnknownMeasure(measure, " or ".join(bundle.measures), bundle.version)
    return measure


def _edges(day: int, freq: str, periods: int) -> NDArray[np.int64]:
    if periods < 1:
        raise BadHorizon(periods)
    most = int(np.searchsorted(period_edges(day, freq, 200), day + HORIZON_DAYS - 32, side="right")) - 1
    if periods > most:
        raise HorizonTooLong(periods, freq, date_of(day), HORIZON_DAYS, most)
    return period_edges(day, freq, periods)


def _table(
    level: str,
    keys: list[tuple[str, ...]],
    edges: NDArray[np.int64],
    measure: str,
    booked: Floats,
    mean: Floats,
    quantiles: Floats,
) -> pa.Table:
    periods = len(edges) - 1
    rows = len(keys) * periods
    columns = {
        "level": pa.array([level] * rows, pa.string()),
        "key": pa.array([key_text(key) for key in keys for _ in range(periods)], pa.string()),
        "period_start": pa.array([date_of(day) for day in edges[:-1]] * len(keys), pa.date32()),
        "period_end": pa.array([date_of(day - 1) for day in edges[1:]] * len(keys), pa.date32()),
        "measure": pa.array([measure] * rows, pa.string()),
        "booked_so_far": pa.array(booked.ravel(), pa.float64()),
        "mean": pa.array(mean.ravel(), pa.float64()),
    }
    for place, level_of in enumerate(QUANTILES):
        columns[f"q{round(level_of * 100):02d}"] = pa.array(quantiles[:, :, place].ravel(), pa.float64())
    return pa.table(columns)


def _notes(bundle: ForecastBundle, measure: str, sold: Sales, language: str) -> tuple[str, ...]:
    told = bundle.meta.get("notes", {}).get(measure, {})
    found = [*_served(bundle, measure, language), *told.get("zh" if language == "zh" else "en", [])]
    if sold.unpriced:
        found.append(
            f"有 {sold.unpriced:,} 行没有金额或汇率，未计入。"
            if language == "zh"
            else f"{sold.unpriced:,} {'line has' if sold.unpriced == 1 else 'lines have'} no amount, or no exchange "
            f"rate on record, and {'is' if sold.unpriced == 1 else 'are'} left out."
        )
    return tuple(found)


def _served(bundle: ForecastBundle, measure: str, language: str) -> list[str]:
    """What answers, where it is not ours."""
    model = bundle.measure(measure)
    if model.plain:
        return [
            "历史过短：延用最近几个周期的平均值，区间取自其波动。"
            if language == "zh"
            else "too little history: the mean of the last periods is continued, as wide as they vary."
        ]
    if model.rival is None:
        return []
    return [
        f"公司总额采用“{model.rival}”：在历史时点上优于我方模型；各团队、客户与产品的划分来自我方模型。"
        if language == "zh"
        else f"the company's totals are those of '{model.rival}', which was better than ours at past moments; "
        "who and when are ours."
    ]
