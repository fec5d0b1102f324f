"""What a rival that looks at open deals is given at a past moment, and how its errors become intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import day_of
from features.bookings.pipeline import NO_DAY
from features.history import History
from training.bookings.levels import grouped, labels
from training.bookings.pipeline_call import Learned
from training.bookings.rest import QUANTILES
from training.bookings.views import Later, View, usual

if TYPE_CHECKING:
    from features.bookings.pace import Sales
    from training.bookings.fitting import Deals
    from training.bookings.profile import DayProfile
    from training.bookings.standing import Standing

Floats = NDArray[np.float64]
FEWEST = 6
"""Errors from which on they are taken for intervals."""
ROUGH = 0.6
"""Standard error, beside what is usually sold, of a rival whose errors are not known yet."""


@dataclass(frozen=True)
class Moment:
    """A past moment: how sales stood, all that was sold (`every`, to be cut), and what is asked (`views`)."""

    number: int
    as_of: datetime
    at: "Standing"
    every: "Sales"
    deals: "Deals"
    profile: "DayProfile"
    views: tuple[View, ...]
    places: dict[tuple[str, ...], NDArray[np.int64]] = field(default_factory=dict, compare=False)
    """The group of each open deal, by level, once it was looked up."""
    later: dict[datetime, Later] = field(default_factory=dict, compare=False)

    def came(self, history: History, view: View, by: datetime) -> Floats:
        """What came of a view [groups, periods] as on record at a later moment `by`; NaN of periods not over then."""
        if by not in self.later:
            known, now = self.every.as_of(self.as_of), self.every.as_of(by)
            self.later[by] = Later.read(history, known, now, self.as_of, by)
        return self.later[by].of(view, day_of(by, history.timezone))


class PipelineRival(Protocol):
    """A plain forecast from open deals."""

    name: str
    meaning: str

    def points(self, history: History, moments: Sequence[Moment]) -> tuple[Floats, ...] | None:
        """One figure for each group and period of each view of the last moment [groups, periods]; the earlier ones may
        be learned from. None where the history lacks what it takes."""
        ...

    def learn(
        self, history: History, earlier: Sequence[Moment], as_of: datetime, deals: "Deals", every: "Sales"
    ) -> Learned:
        """What it multiplies open amounts by in the company's months, from what was on record before a moment."""
        ...


def residual_quantiles(
    history: History,
    view: View,
    mean: Floats,
    as_of: datetime,
    earlier: Sequence[Moment],
    said: Sequence[tuple[Floats, ...] | None],
) -> Floats:
    """Quantiles [11, groups, periods] about a rival's figures at a moment, from what it got wrong at earlier ones."""
    spread = residual_spread(history, (view.frequency, view.by), mean.shape[1], as_of, earlier, said)
    found = mean[None] + spread.T[:, None, :] * usual(view)[None, :, None]
    return np.asarray(np.maximum(found, 0.0))


def residual_spread(
    history: History,
    level: tuple[str, tuple[str, ...]],
    horizon: int,
    as_of: datetime,
    earlier: Sequence[Moment],
    said: Sequence[tuple[Floats, ...] | None],
) -> Floats:
    """Quantiles [periods, 11] of what came over what a rival said at earlier moments, beside what groups usually sell.

    Over all groups of a frequency and level, by periods ahead: of periods over by the moment `as_of`, and with what was
    on record of them then.
    """
    from scipy.stats import norm

    off: list[list[Floats]] = [[] for _ in range(horizon)]
    for moment, points in zip(earlier, said, strict=True):
        for other, point in zip(moment.views, points or (), strict=False):
            if (other.frequency, other.by) != level:
                continue
            wrong = (moment.came(history, other, as_of) - point) / usual(other)[:, None]
            for ahead in range(min(horizon, other.horizon)):
                off[ahead].append(wrong[:, ahead][np.isfinite(wrong[:, ahead])])
    found = np.empty((horizon, len(QUANTILES)))
    for ahead, some in enumerate(off):
        known = np.concatenate(some) if some else np.empty(0)
        found[ahead] = np.quantile(known, QUANTILES) if len(known) >= FEWEST else ROUGH * norm.ppf(QUANTILES)
    return found


def by_group(history: History, moment: Moment, view: View, worth: Floats) -> Floats:
    """What open deals are worth, each in the period in which its close is expected: [groups, periods].

    Deals overdue, or without a date, count in the first period.
    """
    there = moment.at.open
    number = _places(history, moment, view)
    due = np.where(there.expected == NO_DAY, view.edges[0], there.expected)
    period = np.maximum(np.searchsorted(view.edges, due, side="right") - 1, 0)
    inside = period < view.horizon
    found = np.zeros((len(view.keys) + 1, view.horizon))
    np.add.at(found, (number[inside], period[inside]), worth[inside])
    return found[:-1]


def _places(history: History, moment: Moment, view: View) -> NDArray[np.int64]:
    """The number of each open deal's group; one more than there are for others."""
    if view.by not in moment.places:
        there = moment.at.open
        told = dict(labels(history, moment.as_of, there.owners))
        for level in view.by:
            told.setdefault(level, np.full(len(there), "", object))
        keys, code = grouped(told, view.by, len(there))
        place = {key: number for number, key in enumerate(view.keys)}
        numbers = np.array([place.get(key, len(place)) for key in keys], np.int64)
        moment.places[view.by] = numbers[code] if len(there) else np.empty(0, np.int64)
    return moment.places[view.by]


def amounts(moment: Moment) -> Floats | None:
    """Amounts of the open deals, the mean of won deals where one has none; None where nothing is known of any."""
    known = moment.every.as_of(moment.as_of).amount
    held = moment.at.open.amount
    if not len(held) or (np.isnan(held).all() and not len(known)):
        return None
    mean = float(known.mean()) if len(known) else float(np.nanmean(held))
    return np.where(np.isnan(held), mean, held)
