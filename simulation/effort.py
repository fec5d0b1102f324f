"""How do sellers answer a quota? Effort, deals moved over a period's end, and fear of the ratchet.

Three known habits, each with a constant of its own that can be set to nothing:

* effort follows the goal: it rises as a goal within reach comes near, and slackens when it is made or out of reach
  (the goal gradient, Hull 1932; Misra and Nair, "A structural model of sales-force compensation dynamics",
  Quantitative Marketing and Economics 9, 2011);
* deals are pulled into a period, at a discount, where that makes the goal, and held back where it is made or lost
  (Oyer, "Fiscal year ends and nonlinear incentive contracts", QJE 113, 1998; Larkin, "The cost of high-powered
  incentives", Journal of Labor Economics 32, 2014: 6 to 8 % of the revenue of the deals that are timed);
* who has learned that a good result raises the next quota holds back more (Misra and Nair, above).

The forms and sizes are chosen after these sources, not estimated.
"""

from dataclasses import dataclass

import numpy as np

from simulation.chance import Floats

MOST_EFFORT = 1.6
"""No answer exceeds this multiple of the usual effort."""


@dataclass(frozen=True)
class Answers:
    """How strongly sellers answer; 0 everywhere gives sellers whom quotas leave cold."""

    gradient: float = 0.3
    """Added effort at the height of a goal within reach, at the period's end; a third of it at the beginning."""
    slack: float = 0.12
    """Effort given up when the goal is made or out of reach."""
    gaming: float = 1.0
    """Share of the deals that would serve to be moved over a period's end that are moved."""
    discount: float = 0.07
    """What a deal loses that is pulled forward."""
    fear: float = 0.25
    """Effort given up, once the goal is made, by sellers whose every unit above it raises the next quota by one."""


def effort(answers: Answers, need: Floats, elapsed: float, ratchet: float) -> Floats:
    """Each seller's effort, 1 is usual.

    `need` is what is still asked over what usual effort would bring in the rest of the period: 0 or less when the goal
    is made, 1 when it is just in reach. `elapsed` is the share of the period that is over, `ratchet` how much of an
    excess sellers expect to find in their next quota, 0 to 1.
    """
    made = need <= 0
    near = np.exp(-((np.log(np.maximum(need, 1e-6)) / 0.6) ** 2))
    pull = answers.gradient * (1 + 2 * elapsed) / 3
    goal = 1 - answers.slack * (1 - near) + pull * near
    idle = 1 - answers.slack - answers.fear * ratchet
    return np.clip(np.where(made, idle, goal), 0.2, MOST_EFFORT)


def pulled_forward(answers: Answers, gap: Floats, at_hand: Floats) -> Floats:
    """The share of the deals at hand, ready in the next weeks, that sellers sign now to make their goal.

    Just enough where that makes it, none where it does not.
    """
    brings = (1 - answers.discount) * at_hand
    serves = (gap > 0) & (gap <= brings)
    return np.where(serves, answers.gaming * gap / np.maximum(brings, 1e-9), 0.0)


def held_back(answers: Answers, need: Floats, ratchet: float) -> Floats:
    """The share of the last weeks' deals that wait for the next period: half of them, all where the ratchet bites."""
    idle = (need <= 0) | (need > 3)
    return np.where(idle, answers.gaming * np.where(need <= 0, 0.3 + 0.5 * ratchet, 0.3), 0.0)


def felt_ratchet(quotas: Floats, booked: Floats) -> float:
    """How much of a result comes back in a later quota, at a given quota: 0 to 1.

    Both (periods, sellers), of the periods with quotas. In logarithms and within periods, the later quota is regressed
    on quota and result together, one period and four periods on; the larger weight of the result is what sellers feel.
    Of the quota alone regression to the mean would make a ratchet.
    """
    asked = np.log(np.maximum(quotas, 1.0))
    came = np.log(np.maximum(booked, np.maximum(0.05 * quotas, 1.0)))
    weights = [_weight_of_result(asked[lag:], asked[:-lag], came[:-lag]) for lag in (1, 4) if len(quotas) > lag]
    return min(max([0.0, *weights]), 1.0)


def _weight_of_result(later: Floats, asked: Floats, came: Floats) -> float:
    """The coefficient of `came` in a regression of `later` on `asked` and `came`, all less their periods' means."""
    later, asked, came = ((part - part.mean(axis=1, keepdims=True)).ravel() for part in (later, asked, came))
    both = float((asked * came).sum())
    grams = np.array([[float((asked**2).sum()), both], [both, float((came**2).sum())]])
    grams += np.eye(2) * (1e-9 + 1e-6 * float(np.trace(grams)))
    return float(np.linalg.solve(grams, np.array([(asked * later).sum(), (came * later).sum()]))[1])
