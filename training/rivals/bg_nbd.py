"""When does a customer order again, if they buy at random until they quietly stop? BG/NBD.

Fader, Hardie and Lee, "Counting your customers the easy way", *Marketing Science* 24 (2005). A customer buys at a
constant rate, rates differ as a gamma distribution (r, alpha); after each purchase the customer stops for good with a
chance that differs as a beta distribution (a, b). Times are days. What is known of a customer: `x` repeat purchases,
the last of them `tx` days after the first, and `T` days since the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from training.rivals.buying import PURCHASES, SINCE_LAST, Buying, buying_of_row
from training.rivals.hypergeometric import hypergeometric
from training.rivals.purchase_rival import Four, PurchaseRival, most_likely
from training.rivals.rival import Floats, Row, log_odds

START = (1.0, 60.0, 1.0, 3.0)
"""Where the search begins; the likelihood has one top on all but tiny sets."""
BOUNDS = ((-7.0, 7.0), (-7.0, 12.0), (-9.0, 9.0), (-9.0, 9.0))
"""Of the logs of the parameters."""


class BgNbd(PurchaseRival):
    """P(orders again within the horizon) under BG/NBD, by maximum likelihood over customers' latest moments."""

    name = "bg_nbd"
    meaning = "BG/NBD: buys at random at an own rate, and after each purchase may quietly stop."

    PARAMETERS = ("r", "alpha", "a", "b")

    r: float
    alpha: float
    a: float
    b: float

    def most_likely(self, told: Buying) -> Four:
        """r, alpha, a, b by maximum likelihood."""
        return fit_parameters(told)

    def by(self, told: Buying, days: float) -> Floats:
        """P(a purchase within `days`) of each customer: alive, and not silent for so long."""
        return self.alive(told) * (1 - self._silent(told, days))

    def alive(self, told: Buying) -> Floats:
        """P(not stopped yet), after Fader, Hardie and Lee (2005), equation for P(alive)."""
        late = (self.r + told.x) * np.log((self.alpha + told.T) / (self.alpha + told.tx))
        stopped = np.where(told.x > 0, np.log(self.a) - np.log(self.b + np.maximum(told.x, 1) - 1) + late, -np.inf)
        return np.asarray(1 / (1 + np.exp(np.minimum(stopped, 700))))

    def _silent(self, told: Buying, days: float) -> Floats:
        """P(no purchase in `days` | alive): the rate is gamma (r + x, alpha + T); nobody stops between purchases."""
        return np.asarray(np.exp((self.r + told.x) * np.log((self.alpha + told.T) / (self.alpha + told.T + days))))

    def one_by(self, x: float, tx: float, T: float, days: Sequence[float]) -> tuple[float, list[float]]:  # noqa: N803
        """`alive`, and `by` for each of the days, of one customer: plain numbers cost a tenth of arrays of one."""
        own, known = self.r + x, self.alpha + T
        stopped = -math.inf
        if x > 0:
            stopped = math.log(self.a) - math.log(self.b + max(x, 1.0) - 1) + own * math.log(known / (self.alpha + tx))
        alive = 1 / (1 + math.exp(min(stopped, 700.0)))
        return alive, [alive * (1 - math.exp(own * math.log(known / (known + each)))) for each in days]

    def effects_by(self, row: Row, days: float) -> dict[str, float]:
        """Log-odds along the way from a new customer to this one, as every purchase model tells them."""
        told = buying_of_row(row)
        x, tx, age = float(told.x[0]), float(told.tx[0]), float(told.T[0])
        chances = (self.one_by(*known, [days])[1][0] for known in ((0.0, 0.0, 0.0), (x, tx, tx), (x, tx, age)))
        start, bought, now = (log_odds(min(max(p, 1e-12), 1 - 1e-12)) for p in chances)
        return {PURCHASES: bought - start, SINCE_LAST: now - bought}

    def expected(self, told: Buying, days: float) -> Floats:
        """Expected number of purchases within `days` (equation 10 of the paper)."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        if abs(a - 1) < 1e-6:  # a removable gap of the formula
            a = 1 + 1e-6
        x, far = told.x, alpha + told.T + days
        shrinks = np.exp((r + x) * np.log((alpha + told.T) / far)) * hypergeometric()(
            r + x, b + x, a + b + x - 1, days / far
        )
        if_alive = (a + b + x - 1) / (a - 1) * (1 - shrinks)
        return np.asarray(if_alive * self.alive(told))


def log_likelihood(told: Buying, r: float, alpha: float, a: float, b: float) -> Floats:
    """Log-likelihood of each customer (equation 6 of the paper)."""
    from scipy.special import betaln, gammaln

    x = told.x
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + told.T)
    stops = np.where(
        x > 0,
        betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + told.tx),
        -np.inf,
    )
    return np.asarray(shared + np.logaddexp(stays, stops))


def fit_parameters(told: Buying) -> Four:
    """r, alpha, a, b by maximum likelihood in their logs."""
    return most_likely(told, log_likelihood, START, BOUNDS)
