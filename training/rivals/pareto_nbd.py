"""When does a customer order again, if they buy at random until they drop out at a random time? Pareto/NBD.

Schmittlein, Morrison and Colombo, "Counting your customers: who are they and what will they do next?", *Management
Science* 33 (1987). A customer buys at a constant rate, rates differ as a gamma distribution (r, alpha); drop-out comes
at a constant risk, risks differ as a gamma distribution (s, beta). Times are days. The integral over the unseen time of
drop-out is taken numerically (Gauss-Legendre), which needs no hypergeometric function and loses nothing.
"""

from __future__ import annotations

import numpy as np

from training.rivals.buying import Buying
from training.rivals.purchase_rival import Four, PurchaseRival, most_likely
from training.rivals.rival import Floats

START = (1.0, 60.0, 0.5, 300.0)
"""Where the search begins."""
BOUNDS = ((-7.0, 7.0), (-7.0, 12.0), (-9.0, 9.0), (-7.0, 14.0))
"""Of the logs of the parameters."""
POINTS = 24
"""Places at which the time of drop-out is looked at."""


class ParetoNbd(PurchaseRival):
    """P(orders again within the horizon) under Pareto/NBD, by maximum likelihood over customers' latest moments."""

    name = "pareto_nbd"
    meaning = "Pareto/NBD: buys at random at an own rate until dropping out at a random time."

    PARAMETERS = ("r", "alpha", "s", "beta")

    r: float
    alpha: float
    s: float
    beta: float

    def most_likely(self, told: Buying) -> Four:
        """r, alpha, s, beta by maximum likelihood."""
        return fit_parameters(told)

    def alive(self, told: Buying) -> Floats:
        """P(not dropped out yet)."""
        stays, gone = _parts(told, self.r, self.alpha, self.s, self.beta)
        return np.asarray(np.exp(stays - np.logaddexp(stays, gone)))

    def by(self, told: Buying, days: float) -> Floats:
        """P(a purchase within `days`): alive, and the purchase comes before drop-out."""
        at, weight = _nodes(0.0, 1.0)
        now, drop = (self.alpha + told.T)[:, None], (self.beta + told.T)[:, None]
        # In even steps of log(alpha + time), as in `_parts`.
        width = np.log1p(days / now)
        rate = (self.r + told.x)[:, None] * np.exp(-(self.r + told.x)[:, None] * width * at)
        first = (rate * (drop / (drop + now * np.expm1(width * at))) ** self.s * width * weight).sum(axis=1)
        return np.asarray(self.alive(told) * np.minimum(first, 1.0))


def log_likelihood(told: Buying, r: float, alpha: float, s: float, beta: float) -> Floats:
    """Log-likelihood of each customer."""
    from scipy.special import gammaln

    shared = gammaln(r + told.x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return np.asarray(shared + np.logaddexp(*_parts(told, r, alpha, s, beta)))


def _parts(told: Buying, r: float, alpha: float, s: float, beta: float) -> tuple[Floats, Floats]:
    """Logs of the two ways in which it came about, but for what they share: still there, or gone since the last."""
    stays = -(r + told.x) * np.log(alpha + told.T) - s * np.log(beta + told.T)
    at, weight = _nodes(0.0, 1.0)
    # In even steps of log(alpha + time): who bought often has likely gone at once, which even days would miss.
    begin = np.log(alpha + told.tx)
    width = np.maximum(np.log(alpha + told.T) - begin, 0.0)
    late = begin[:, None] + width[:, None] * at
    when = np.exp(late) - alpha
    logs = -(r + told.x - 1)[:, None] * late - (s + 1) * np.log(beta + when) + np.log(s * weight)
    top = logs.max(axis=1)
    with np.errstate(divide="ignore"):
        gone = top + np.log(np.exp(logs - top[:, None]).sum(axis=1)) + np.log(width)
    return np.asarray(stays), np.asarray(gone)


def _nodes(start: float, end: float) -> tuple[Floats, Floats]:
    at, weight = np.polynomial.legendre.leggauss(POINTS)
    return start + (end - start) * (at + 1) / 2, (end - start) / 2 * weight


def fit_parameters(told: Buying) -> Four:
    """r, alpha, s, beta by maximum likelihood in their logs."""
    return most_likely(told, log_likelihood, START, BOUNDS)
