"""Calibration on later deals than the fit: one straight line in log-odds over one or several estimates."""

import numpy as np
from numpy.typing import NDArray

from training.judged_rows import Floats, losses
from training.rivals.rival import probabilities

PRIOR_DEALS = 1000.0
"""The line is drawn to no correction (even weights, intercept 0) as by so many deals' evidence."""


def fit_line(
    odds: Floats, won: Floats, weight: Floats, deals: int, prior_deals: float = PRIOR_DEALS
) -> tuple[float, Floats]:
    """Intercept and weights [m] such that sigmoid(intercept + odds [n, m] @ weights) fits the outcomes.

    Weights are not negative and are drawn toward an even share (Platt 1999, for one estimate; linear
    stacking in log-odds for several), as by `prior_deals` deals. The likelihood counts deals, not rows.
    """
    from scipy.optimize import minimize

    m = odds.shape[1]
    even = np.full(m, 1 / m)
    per_deal = deals * weight / weight.sum()

    def cost(line: Floats) -> tuple[float, Floats]:
        raw = line[0] + odds @ line[1:]
        p = probabilities(raw)
        pull = per_deal * (p - won)
        away = line[1:] - even
        value = float((per_deal * losses(won, p)).sum() + prior_deals * 0.5 * ((away**2).sum() + line[0] ** 2))
        return value, np.concatenate([[pull.sum() + prior_deals * line[0]], odds.T @ pull + prior_deals * away])

    start = np.concatenate([[0.0], even])
    found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(None, None), *[(0.0, 3.0)] * m])
    return float(found.x[0]), np.asarray(found.x[1:])


def held_out_losses(odds: Floats, won: Floats, deal: NDArray[np.object_], weight: Floats, parts: int = 5) -> Floats:
    """Each row's log loss under such a line fitted on other deals, in `parts` turns by deal."""
    _, number = np.unique(deal.astype(str), return_inverse=True)
    turn = number % parts
    predicted = np.empty(len(won))
    for part in range(parts):
        seen, unseen = turn != part, turn == part
        if not unseen.any():
            continue
        intercept, weights = fit_line(odds[seen], won[seen], weight[seen], len(set(number[seen].tolist())))
        predicted[unseen] = probabilities(intercept + odds[unseen] @ weights)
    return losses(won, predicted)


def clearly_less(ours: Floats, other: Floats, weight: Floats, deal: NDArray[np.object_]) -> bool:
    """Whether mean losses of `ours` are below the `other`'s by more than a standard error, counted over deals.

    The rule of one standard error (Breiman and others 1984): a richer choice must earn its place.
    """
    _, number = np.unique(deal.astype(str), return_inverse=True)
    gain = np.bincount(number, weight * (other - ours)) / weight.sum()
    return float(gain.sum()) > float(np.sqrt(((gain - gain.mean()) ** 2).sum()))
