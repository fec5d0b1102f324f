"""What does a feature add to the chance that an event ever happens, when it acts in every interval of a curve?

The log-odds g of the chance are a smooth function of the heads' log-odds z: the chances to end in each interval and to
be the event there. Along the straight line from where the heads start, z0, to where a row has them, each head's
share of the difference is (z - z0) times the mean slope of g along the way (Aumann and Shapley, *Values of Non-Atomic
Games*, 1974; Sundararajan, Taly and Yan, *Axiomatic Attribution*, ICML 2017). A head's own difference is the sum of its
features' effects, so each feature gets its sum over heads; all of them together are the difference of g.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.rivals.rival import probabilities

Floats = NDArray[np.float64]
STEPS, WEIGHTS = np.polynomial.legendre.leggauss(24)
SMALL = 1e-15


def chance(ends: Floats, event: Floats, last: int) -> Floats:
    """The chance [n] of the event in intervals before `last`, from log-odds [n, intervals] and [n, intervals + 1].

    `last` past the intervals asks whether ever.
    """
    return np.asarray(_terms(probabilities(ends), probabilities(event))[:, :last].sum(axis=1))


def attribute(
    ends: tuple[Floats, Mapping[str, Floats]], event: tuple[Floats, Mapping[str, Floats]], last: int
) -> dict[str, float]:
    """Effects by feature in log-odds of the chance; each head comes as its start and its features' effects."""
    (start_ends, of_ends), (start_event, of_event) = ends, event
    way_ends = sum(of_ends.values(), np.zeros(len(start_ends)))
    way_event = sum(of_event.values(), np.zeros(len(start_event)))
    slope_ends, slope_event = _mean_slopes(start_ends, way_ends, start_event, way_event, last)
    found: dict[str, float] = {}
    for effects, slope in ((of_ends, slope_ends), (of_event, slope_event)):
        for name, each in effects.items():
            found[name] = found.get(name, 0.0) + float(slope @ each)
    begin, arrive = (
        _odds(chance(np.array([start_ends + t * way_ends]), np.array([start_event + t * way_event]), last))
        for t in (0.0, 1.0)
    )
    # What the quadrature leaves, some billionths, goes where the effects are.
    left, size = float(arrive - begin) - sum(found.values()), sum(abs(effect) for effect in found.values())
    if size > 0:
        found = {name: effect + left * abs(effect) / size for name, effect in found.items()}
    return found


def _mean_slopes(
    start_ends: Floats, way_ends: Floats, start_event: Floats, way_event: Floats, last: int
) -> tuple[Floats, Floats]:
    at = (STEPS[:, None] + 1) / 2
    ends = probabilities(start_ends + at * way_ends)
    event = probabilities(start_event + at * way_event)
    terms = _terms(ends, event)
    terms[:, last:] = 0.0
    total = terms.sum(axis=1)
    beside = np.maximum(total * (1 - total), SMALL)[:, None]
    later = total[:, None] - np.cumsum(terms, axis=1)[:, :-1]
    by_ends = ((1 - ends) * terms[:, :-1] - ends * later) / beside
    by_event = terms * (1 - event) / beside
    share = WEIGHTS / 2
    return np.asarray(share @ by_ends), np.asarray(share @ by_event)


def _terms(ends: Floats, event: Floats) -> Floats:
    """The chance of the event in each interval, and beyond the last."""
    staying = np.cumprod(np.column_stack([np.ones(len(ends)), 1 - ends]), axis=1)
    return np.column_stack([staying[:, :-1] * ends, staying[:, -1]]) * event


def _odds(p: Floats) -> float:
    inside = min(max(float(p[0]), SMALL), 1 - SMALL)
    return float(np.log(inside) - np.log1p(-inside))
