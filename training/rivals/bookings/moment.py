"""What a rival that looks at open deals is given at a past moment, and how its errors become intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from features.bookings.pipeline import NO_DAY
from features.history import History
from training.bookings.levels import grouped, labels
from training.bookings.rest import QUANTILES
from training.bookings.views import View

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


class PipelineRival(Protocol):
    """A plain forecast from open deals."""

    name: str
    meaning: str

    def points(self, history: History, moments: Sequence[Moment]) -> tuple[Floats, ...] | None:
        """One figure for each group and period of each view of the last moment [groups, periods]; the earlier ones may
        be learned from. None where the history lacks what it takes."""
        ...


def residual_quantiles(
    view: View, mean: Floats, earlier: Sequence[Moment], said: Sequence[tuple[Floats, ...] | None]
) -> Floats:
    """Quantiles [11, groups, periods] about a rival's figures, from what it got wrong at earlier moments.

    Errors are taken beside what a group usually sells, over all groups of the level and by periods ahead, and only
    those that were known by then.
    """
    from scipy.stats import norm

    scale = usual(view)
    found = np.empty((len(QUANTILES), *mean.shape))
    day = int(view.edges[0])
    for ahead in range(mean.shape[1]):
        off: list[Floats] = []
        for moment, points in zip(earlier, said, strict=True):
            for other, point in zip(moment.views, points or (), strict=False):
                same = (other.frequency, other.by) == (view.frequency, view.by)
                if same and ahead < other.horizon and other.edges[ahead + 1] <= day:
                    wrong = (other.actual[:, ahead] - point[:, ahead]) / usual(other)
                    off.append(wrong[np.isfinite(wrong)])
        known = np.concatenate(off) if off else np.empty(0)
        spread = np.quantile(known, QUANTILES) if len(known) >= FEWEST else ROUGH * norm.ppf(QUANTILES)
        found[:, :, ahead] = np.maximum(mean[None, :, ahead] + spread[:, None] * scale[None], 0.0)
    return found


def usual(view: View) -> Floats:
    """What each group sells in a period of the last year, on average; a little where it is nothing."""
    late = np.abs(view.past[:, -12:]).mean(axis=1)
    return np.asarray(np.maximum(late, max(float(late.mean()), 1e-9) * 0.05))


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
