"""What of a year's number falls to each quarter, month and week? By season and calendar, exactly.

Weeks are cut where a month ends, so weeks add up to months, months to quarters, quarters to the year. A week that is
asked for whole is the sum of its pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from features.bookings.calendar import date_of, edges_between
from features.calendar import Days
from serving.decisions.quotas.money import Floats, Wholes, shared_rows
from serving.decisions.quotas.presence import working
from serving.decisions.quotas.question import BadQuestion
from training.bookings.profile import DayProfile

MONTHS = 12
PRIOR_YEARS = 1.0
"""Learned shares of months are drawn toward even ones as by so many years."""


@dataclass(frozen=True)
class Part:
    """One period of a split: its name (2027, 2027Q1, 2027-01, 2027-W05 or a piece of a week as 2027-W05/2027-01),
    [first, until) in days, and the `amounts` of all sellers [sellers]."""

    name: str
    frequency: str
    first: int
    until: int
    amounts: Wholes


def day_weights(
    first: int,
    until: int,
    country: str | None = None,
    seasons: Sequence[float] | None = None,
    profile: DayProfile | None = None,
) -> Floats:
    """What each day of [first, until) weighs: working days alike, or as a learned `profile` has it.

    `seasons` are the shares of the twelve months of a year (`seasons_of`): a month then weighs its share, however
    many working days it has; within it days weigh as before. Raises BadQuestion.
    """
    days = np.arange(first, until)
    weight = working(first, until, country) if profile is None else profile.weight(days)
    if seasons is None:
        return weight
    share = np.asarray(seasons, np.float64)
    if share.shape != (MONTHS,) or not np.isfinite(share).all() or (share < 0).any() or share.sum() <= 0:
        raise BadQuestion("seasons", "they are not the shares of twelve months", "give twelve numbers, 0 or more")
    edges = edges_between(first, until - 1, "month")
    whole = np.arange(edges[0], edges[-1])
    all_days = working(int(edges[0]), int(edges[-1]), country) if profile is None else profile.weight(whole)
    month = np.searchsorted(edges, whole, side="right") - 1
    sums = np.bincount(month, all_days)
    of_year = whole.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % MONTHS
    weight = all_days / np.where(sums > 0, sums, 1.0)[month] * share[of_year]
    return np.asarray(weight[first - edges[0] : until - edges[0]], np.float64)


def seasons_of(years: Floats) -> Floats:
    """The shares of the months, learned from full past years [years, 12]: the mean share, drawn toward even ones.

    >>> bool(seasons_of(np.zeros((0, 12)))[0] == 1 / 12)
    True
    """
    sold = np.maximum(np.asarray(years, np.float64).reshape(-1, MONTHS), 0.0)
    sold = sold[sold.sum(axis=1) > 0]
    shares = sold / sold.sum(axis=1, keepdims=True)
    return np.asarray((shares.sum(axis=0) + PRIOR_YEARS / MONTHS) / (len(sold) + PRIOR_YEARS), np.float64)


def split(amounts: Wholes, first: int, until: int, weights: Floats, there: Floats | None = None) -> tuple[Part, ...]:
    """The period whole, then its quarters, months and pieces of weeks, in order of time within each.

    `amounts` [sellers] are whole; `weights` by day of [first, until); `there` [sellers, days] takes away the days on
    which a seller is not (`presence.there`). Every level adds up exactly to the one above, for every seller.
    """
    if len(weights) != until - first:
        raise BadQuestion("weights", f"{len(weights)} of them", f"give one for each of the {until - first} days")
    amounts = np.asarray(amounts, np.int64)
    whole = Part(_name(first, until), "whole", first, until, amounts)
    found, above = [whole], [whole]
    for frequency in ("quarter", "month", "week"):
        below: list[Part] = []
        for part in above:
            below += _cut(part, frequency, weights, there, first)
        found += below
        above = below
    return tuple(found)


def weeks(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Whole weeks: the pieces of each week added up."""
    pieces: dict[str, list[Part]] = {}
    for part in parts:
        if part.frequency == "week":
            pieces.setdefault(part.name.split("/")[0], []).append(part)
    return tuple(
        Part(name, "week", group[0].first, group[-1].until, np.sum([one.amounts for one in group], axis=0))
        for name, group in pieces.items()
    )


def _cut(part: Part, frequency: str, weights: Floats, there: Floats | None, origin: int) -> list[Part]:
    edges = np.clip(edges_between(part.first, part.until - 1, frequency), part.first, part.until)
    days = slice(part.first - origin, part.until - origin)
    starts: Days = edges[:-1] - part.first
    common = np.add.reduceat(weights[days], starts)
    share = common if there is None else np.add.reduceat(weights[days] * there[:, days], starts, axis=1)
    if there is not None:
        share = np.where(share.sum(axis=1, keepdims=True) > 0, share, common)
    amounts = shared_rows(part.amounts, share)
    return [
        Part(_named(int(begin), int(end), frequency), frequency, int(begin), int(end), amounts[:, at])
        for at, (begin, end) in enumerate(pairwise(edges))
    ]


def _named(first: int, until: int, frequency: str) -> str:
    """A period as the history's quotas name it; a piece of a week names its month too."""
    day = date_of(first)
    if frequency == "quarter":
        return f"{day.year}Q{(day.month + 2) // 3}"
    if frequency == "month":
        return f"{day.year}-{day.month:02d}"
    year, week, _ = day.isocalendar()
    name = f"{year}-W{week:02d}"
    return name if until - first == 7 else f"{name}/{day.year}-{day.month:02d}"


def _name(first: int, until: int) -> str:
    begin, end = date_of(first), date_of(until)
    if (begin.month, begin.day, end.month, end.day) == (1, 1, 1, 1) and end.year == begin.year + 1:
        return str(begin.year)
    return f"{begin.isoformat()}..{date_of(until - 1).isoformat()}"
