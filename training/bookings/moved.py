"""Single sales whose monthly totals are moved to where past errors and the series models say they should lie.

The totals of the draws keep their order: the draw with the highest total of a month gets the highest of the target's,
and all its sales of that month are scaled alike. So every level and period stays a sum over the same draws.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.calendar import Days
from training.bookings.rest import EventRest

Floats = NDArray[np.float64]


def blended(simulated: Floats, other: Floats, weight: Floats, scale: Floats) -> Floats:
    """Sorted target totals [periods, draws]: quantiles of both averaged, `weight` [periods] on the other, then spread
    by `scale` [periods] about their median; never below zero. `other` may have another number of draws."""
    draws = simulated.shape[1]
    level = (np.arange(draws) + 0.5) / draws
    ours = np.sort(simulated, axis=1)
    theirs = np.quantile(other, level, axis=1).T
    both = (1 - weight[:, None]) * ours + weight[:, None] * theirs
    middle = np.median(both, axis=1, keepdims=True)
    return np.asarray(np.maximum(middle + scale[:, None] * (both - middle), 0.0))


def moved(rest: EventRest, edges: Days, target: Floats, seed: int) -> EventRest:
    """The sales with the totals of the periods between `edges` moved to `target` (sorted, [periods, draws])."""
    periods = len(edges) - 1
    of_day = np.searchsorted(edges, rest.first_day + np.arange(int(rest.day.max(initial=0)) + 1), side="right") - 1
    period = of_day[rest.day]
    inside = (period >= 0) & (period < periods)
    cell = period[inside] * rest.draws + rest.draw[inside]
    flat: Floats = np.bincount(cell, rest.amount[inside], periods * rest.draws).astype(np.float64)
    total = flat.reshape(periods, rest.draws)
    random = np.random.default_rng([seed, 77])
    # Equal totals, as those of draws without a sale, are told apart by chance.
    order = np.lexsort((random.random(total.shape), total), axis=1)
    wanted = np.empty_like(total)
    np.put_along_axis(wanted, order, target, axis=1)
    factor = np.divide(wanted, total, out=np.ones_like(total), where=total > 0)
    amount = rest.amount.astype(np.float64)
    amount[inside] *= factor.ravel()[cell]
    return _with_missing(replace(rest, amount=amount.astype(np.float32)), edges, period, wanted, total, random)


def _with_missing(
    rest: EventRest,
    edges: Days,
    period: NDArray[np.int64],
    wanted: Floats,
    total: Floats,
    random: np.random.Generator,
) -> EventRest:
    """One sale more in each draw and period that should have some and has none: one like another draw's."""
    row, draw = np.nonzero((total <= 0) & (wanted > 0))
    if not len(row) or not len(rest.amount):
        return rest
    atom, day = np.empty(len(row), np.int32), np.empty(len(row), np.int16)
    for one in np.unique(row).tolist():
        places = np.flatnonzero(row == one)
        like = np.flatnonzero(period == one)
        first, last = max(int(edges[one]), rest.first_day), max(int(edges[one + 1]), rest.first_day + 1)
        chosen = random.choice(like if len(like) else len(rest.amount), len(places))
        atom[places] = rest.atom[chosen]
        day[places] = rest.day[chosen] if len(like) else random.integers(first, last, len(places)) - rest.first_day
    return replace(
        rest,
        atom=np.concatenate([rest.atom, atom]),
        draw=np.concatenate([rest.draw, draw.astype(np.int16)]),
        day=np.concatenate([rest.day, day]),
        amount=np.concatenate([rest.amount, wanted[row, draw].astype(np.float32)]),
    )
