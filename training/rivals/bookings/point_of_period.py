"""Projection by the point of the period, as Gong documents its own forecast.

Won so far, plus open amounts expected in the period times the share of such amounts of that stage that was won from the
same day of earlier periods, plus what came in earlier periods after that day from other deals: created since, pulled
in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import day_of
from features.bookings.pipeline import NO_DAY
from features.history import History
from training.bookings.pipeline_call import Learned, usual_month
from training.bookings.views import View
from training.rivals.bookings.moment import Moment, amounts, by_group

if TYPE_CHECKING:
    from features.bookings.pace import Sales
    from training.bookings.fitting import Deals

Floats = NDArray[np.float64]
PULL = 1.0
"""A stage's share is drawn toward that of all stages as by so many periods."""


class PointOfPeriod:
    """Shares by stage and what else came, from the same point of earlier periods."""

    name = "point of period"
    meaning = (
        "Open amounts by stage times the share won from the same day of earlier periods, plus what else came then."
    )

    def points(self, history: History, moments: Sequence[Moment]) -> tuple[Floats, ...] | None:
        """Learn from the earlier moments whose periods were over by the last one."""
        moment = moments[-1]
        held = amounts(moment)
        if held is None:
            return None
        found = []
        for view in moment.views:
            mean = np.zeros((len(view.keys), view.horizon))
            for ahead in range(view.horizon):
                mean[:, ahead] = self._one(history, moments[:-1], moment, view, ahead, held)
            found.append(mean)
        return tuple(found)

    def learn(
        self, history: History, earlier: Sequence[Moment], as_of: datetime, deals: "Deals", every: "Sales"
    ) -> Learned:
        """Shares by stage, and what else came, by months ahead; the last months' sales while no month is over."""
        longest = max((view.horizon for moment in earlier for view in moment.views), default=1)
        by_stage, otherwise, others = [], [], []
        for ahead in range(longest):
            found = self._point(history, earlier, as_of, every, ("month", ()), ahead)
            if found is None:
                break
            by_stage.append(found.share)
            otherwise.append(found.overall)
            others.append(found.others([()])[0])
        if not others:
            return Learned(otherwise=(0.0,), others=(usual_month(every.as_of(as_of), day_of(as_of, history.timezone)),))
        return Learned(tuple(by_stage), tuple(otherwise), tuple(float(one) for one in others))

    def _one(
        self, history: History, earlier: Sequence[Moment], now: Moment, view: View, ahead: int, held: Floats
    ) -> Floats:
        found = self._point(history, earlier, now.as_of, now.every, (view.frequency, view.by), ahead)
        if found is None:
            return np.asarray(view.past[:, -3:].mean(axis=1))
        stages = now.at.open.stage.astype(str).tolist()
        worth = held * np.array([found.share.get(stage, found.overall) for stage in stages])
        asked = _due(now, view, ahead)
        return np.asarray(by_group(history, now, _only(view, ahead), worth * asked)[:, 0] + found.others(view.keys))

    def _point(
        self,
        history: History,
        earlier: Sequence[Moment],
        as_of: datetime,
        every: "Sales",
        level: tuple[str, tuple[str, ...]],
        ahead: int,
    ) -> "_Point | None":
        """What earlier moments tell of periods so far ahead; None where none of these was over by the moment."""
        day = day_of(as_of, history.timezone)
        sold = every.as_of(as_of)
        open_amount: dict[str, float] = {}
        won_amount: dict[str, float] = {}
        others: list[dict[tuple[str, ...], float]] = []
        for moment in earlier:
            same = next((v for v in moment.views if (v.frequency, v.by) == level), None)
            then = amounts(moment)
            if same is None or then is None or ahead >= same.horizon or same.edges[ahead + 1] > day:
                continue
            asked = _due(moment, same, ahead)
            inside = (sold.day >= same.edges[ahead]) & (sold.day < same.edges[ahead + 1])
            won = dict(zip(sold.line[inside].tolist(), sold.amount[inside].tolist(), strict=True))
            came = np.array([won.get(deal, 0.0) for deal in moment.at.open.deal_id.tolist()]) * asked
            for stage in np.unique(moment.at.open.stage.astype(str)).tolist():
                rows = moment.at.open.stage == stage
                open_amount[stage] = open_amount.get(stage, 0.0) + float((then * asked)[rows].sum())
                won_amount[stage] = won_amount.get(stage, 0.0) + float(came[rows].sum())
            mine = by_group(history, moment, _only(same, ahead), came)[:, 0]
            there = moment.came(history, same, as_of)[:, ahead]
            others.append(dict(zip(same.keys, (np.nan_to_num(there) - mine).tolist(), strict=True)))
        if not others:
            return None
        overall = sum(won_amount.values()) / max(sum(open_amount.values()), 1e-9)
        typical = max(sum(open_amount.values()) / max(len(open_amount), 1) / len(others), 1e-9) * PULL
        share = {s: (won_amount[s] + typical * overall) / (open_amount[s] + typical) for s in open_amount}
        return _Point(share, overall, others)


@dataclass(frozen=True)
class _Point:
    """Shares won by stage and over all, and what else came at each earlier moment, by group."""

    share: dict[str, float]
    overall: float
    came: list[dict[tuple[str, ...], float]]

    def others(self, keys: Sequence[tuple[str, ...]]) -> Floats:
        """What else came on average, [groups]."""
        return np.array([np.mean([one.get(key, 0.0) for one in self.came]) for key in keys])


def _due(moment: Moment, view: View, ahead: int) -> NDArray[np.bool_]:
    """Which open deals are expected to close in a period; those overdue or without a date in the first."""
    due = np.where(moment.at.open.expected == NO_DAY, view.edges[0], moment.at.open.expected)
    period = np.maximum(np.searchsorted(view.edges, due, side="right") - 1, 0)
    return np.asarray(period == ahead)


def _only(view: View, ahead: int) -> View:
    """The view of one period, which takes every deal given to it."""
    from dataclasses import replace

    edges = np.array([view.edges[0], 10**7])
    return replace(view, edges=edges, actual=view.actual[:, ahead : ahead + 1])
