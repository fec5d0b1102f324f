"""What would acting on these chances earn? Profit of a retention campaign, measured as churn research does.

A campaign contacts the customers most likely to leave. Each contact costs `contact`, each offer taken costs `offer`; a
customer about to leave takes it with a chance of accepting and then stays, worth `value`; one who would have stayed
takes the offer for nothing. Maximum profit chooses how far down the list to go; the expected maximum profit (EMPC;
Verbraken, Verbeke and Baesens, "A novel profit maximizing metric for measuring classification performance of customer
churn prediction models", *IEEE Transactions on Knowledge and Data Engineering* 25, 2013) averages it over chances of
accepting that follow a beta distribution. Both are per customer in the base.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from training.judged_rows import Floats

NEVER_ACCEPTS, ALWAYS_ACCEPTS = 0.0, 1.0


@dataclass(frozen=True)
class Campaign:
    """What a campaign costs and what a customer is worth; the defaults are those of Verbraken and others (2013)."""

    value: float = 200.0
    offer: float = 10.0
    contact: float = 1.0
    accepts_a: float = 6.0
    accepts_b: float = 14.0

    @property
    def accepts(self) -> float:
        """The mean chance that a customer about to leave accepts."""
        return self.accepts_a / (self.accepts_a + self.accepts_b)

    def said(self) -> str:
        """The assumptions in words."""
        return (
            f"a customer kept is worth {self.value:g}, an offer taken costs {self.offer:g}, a contact {self.contact:g}"
            f"; {self.accepts:.0%} of those about to leave accept (beta({self.accepts_a:g}, {self.accepts_b:g}))"
        )


@dataclass(frozen=True)
class Profit:
    """Profit per customer: `empc`; `best`, the most that any share contacted earns at the mean chance of accepting, and
    that `share`; `as_said`, where exactly those are contacted for whom the stated chance says it pays."""

    empc: float
    best: float
    share: float
    as_said: float

    def to_dict(self) -> Mapping[str, float]:
        """By name."""
        return asdict(self)


def profit_of(churned: Floats, p: Floats, campaign: Campaign | None = None) -> Profit:
    """The profit of contacting by the chances `p` [n], given who churned [n] (1 or 0)."""
    terms = campaign or Campaign()
    found, wrongly = roc_hull(churned, p)
    rate = float(churned.mean())
    kept, lost = rate * found, (1 - rate) * wrongly
    cost = (terms.offer + terms.contact) * lost + terms.contact * kept
    earned = terms.accepts * (terms.value - terms.offer) * kept - cost
    best = int(np.argmax(earned))
    margin = p * (terms.accepts * (terms.value - terms.offer) - terms.contact)
    pays = margin > (1 - p) * (terms.offer + terms.contact)
    per_churner = terms.accepts * (terms.value - terms.offer) - terms.contact
    as_said = float(np.mean(pays * np.where(churned == 1, per_churner, -(terms.offer + terms.contact))))
    return Profit(empc(churned, p, terms), float(earned[best]), float(kept[best] + lost[best]), as_said)


def empc(churned: Floats, p: Floats, campaign: Campaign | None = None) -> float:
    """The expected maximum profit per customer; 0 where contacting nobody is best whatever the chance of accepting.

    Exact: along the convex hull of the ROC curve the best point changes at known chances of accepting, and between
    them the profit is linear in the chance, so incomplete beta functions give the integral.
    """
    from scipy.special import betainc

    terms = campaign or Campaign()
    found, wrongly = roc_hull(churned, p)
    rate = float(churned.mean())
    kept, lost = rate * found, (1 - rate) * wrongly
    gained, wasted = np.diff(kept), np.diff(lost)
    with np.errstate(divide="ignore", invalid="ignore"):
        # From this chance of accepting on it pays to go on to the next point of the hull.
        turn = (wasted * (terms.offer + terms.contact) / gained + terms.contact) / (terms.value - terms.offer)
    turn = np.where(gained > 0, turn, np.inf)
    edges = np.clip(np.concatenate([[0.0], turn, [np.inf]]), NEVER_ACCEPTS, ALWAYS_ACCEPTS)
    a, b = terms.accepts_a, terms.accepts_b
    mass = np.diff(betainc(a, b, edges))
    mean = np.diff(betainc(a + 1, b, edges)) * terms.accepts
    cost = (terms.offer + terms.contact) * lost + terms.contact * kept
    return float(((terms.value - terms.offer) * kept * mean - cost * mass).sum())


def roc_hull(churned: Floats, p: Floats) -> tuple[Floats, Floats]:
    """The convex hull of the ROC curve, from nobody to all: shares of churners, and of the others, contacted."""
    order = np.argsort(-p, kind="stable")
    y = churned[order]
    ends = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    yes, no = np.cumsum(y)[ends], np.cumsum(1 - y)[ends]
    found = np.append(0.0, yes / max(float(yes[-1]), 1.0))
    wrongly = np.append(0.0, no / max(float(no[-1]), 1.0))
    hull: list[int] = []
    for place in range(len(found)):
        while len(hull) > 1 and _not_left(found, wrongly, hull[-2], hull[-1], place):
            hull.pop()
        hull.append(place)
    return found[hull], wrongly[hull]


def _not_left(found: Floats, wrongly: Floats, first: int, middle: int, last: int) -> bool:
    """Whether the middle point lies on or under the line from the first to the last."""
    rise = (found[middle] - found[first]) * (wrongly[last] - wrongly[first])
    return bool(rise <= (found[last] - found[first]) * (wrongly[middle] - wrongly[first]))
