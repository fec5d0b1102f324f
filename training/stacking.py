"""Calibration on later deals than the fit: one straight line in log-odds over one or several estimates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.judged_rows import Floats, losses
from training.rivals.rival import probabilities

PRIOR_DEALS = 1000.0
"""A line that only compares choices is drawn to no correction as by so many deals' evidence."""


@dataclass(frozen=True)
class Line:
    """A straight line in log-odds over estimates: intercept and one weight for each."""

    intercept: float
    weights: tuple[float, ...]

    def over(self, odds: Floats) -> Floats:
        """Its value for each row of log-odds [n, m]."""
        return np.asarray(self.intercept + odds @ np.array(self.weights))


def even_line(estimates: int) -> Line:
    """No correction: the mean of the estimates' log-odds."""
    return Line(0.0, (1 / estimates,) * estimates)


def fit_line(
    odds: Floats, won: Floats, weight: Floats, deals: int, drawn_to: Line, prior_deals: float = PRIOR_DEALS
) -> Line:
    """The line over odds [n, m] whose sigmoid fits the outcomes, drawn to another as by `prior_deals` deals.

    Weights are not negative (Platt 1999, for one estimate; linear stacking in log-odds for several). The
    likelihood counts deals, not rows.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    centre = np.array([drawn_to.intercept, *drawn_to.weights])
    per_deal = deals * weight / weight.sum()

    def cost(line: Floats) -> tuple[float, Floats]:
        p = probabilities(line[0] + odds @ line[1:])
        pull = per_deal * (p - won)
        away = line - centre
        value = float((per_deal * losses(won, p)).sum() + prior_deals * 0.5 * (away**2).sum())
        return value, np.concatenate([[pull.sum()], odds.T @ pull]) + prior_deals * away

    bounds = [(None, None), *[(0.0, 3.0)] * len(drawn_to.weights)]
    # Products this narrow gain nothing from a second thread, which spins between them.
    with threadpool_limits(1):
        found = minimize(cost, centre, jac=True, method="L-BFGS-B", bounds=bounds)
    return Line(float(found.x[0]), tuple(found.x[1:].tolist()))


def held_out_losses(odds: Floats, won: Floats, deal: NDArray[np.object_], weight: Floats, parts: int = 5) -> Floats:
    """Each row's log loss under such a line fitted on other deals, in `parts` turns by deal."""
    _, number = np.unique(deal.astype(str), return_inverse=True)
    turn = number % parts
    predicted = np.empty(len(won))
    for part in range(parts):
        seen, unseen = turn != part, turn == part
        if not unseen.any():
            continue
        deals = len(set(number[seen].tolist()))
        line = fit_line(odds[seen], won[seen], weight[seen], deals, even_line(odds.shape[1]))
        predicted[unseen] = probabilities(line.over(odds[unseen]))
    return losses(won, predicted)


def clearly_less(ours: Floats, other: Floats, weight: Floats, deal: NDArray[np.object_]) -> bool:
    """Whether mean losses of `ours` are below the `other`'s by more than a standard error, counted over deals.

    The rule of one standard error (Breiman and others 1984): a richer choice must earn its place.
    """
    _, number = np.unique(deal.astype(str), return_inverse=True)
    gain = np.bincount(number, weight * (other - ours)) / weight.sum()
    return float(gain.sum()) > float(np.sqrt(((gain - gain.mean()) ** 2).sum()))
