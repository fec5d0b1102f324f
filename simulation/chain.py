"""How does a deal move in a day? The one law that both the simulation and the truth obey.

An open deal is in one of 16 states, stage (visible) times mood (hidden). On a working day one of
{advance, lose, step back, warm up, cool down, nothing} happens, with chances that depend on the state,
the deal's traits, its seller, the day, and on whether the seller makes contact. On any day a complaint
of the customer sends a warm mood to cold first. Given traits, seller and calendar the process is Markov,
so the probability of every outcome follows by recursion.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simulation.chance import Flags, Floats, Ints

STAGES = ("Prospecting", "Qualified", "Proposal", "Negotiation", "Won", "Lost")
OPEN_STATES = 16
WON, LOST = 16, 17
"""A state is 4 * stage + mood (dormant, cold, warm, hot); these two end it. `state // 4` is the stage only of open
states."""
COLD = 1

_ADVANCE = np.outer([0.062, 0.058, 0.060, 0.0], [0.02, 0.3, 1.0, 1.9]).ravel()
_SIGN = np.outer([0.0, 0.0, 0.0, 0.058], [0.02, 0.25, 1.0, 1.9]).ravel()
_LOSE = np.outer([0.020, 0.0155, 0.016, 0.0215], [0.22, 2.0, 0.8, 0.35]).ravel()
_BACK = np.outer([0.0, 0.005, 0.006, 0.009], [0.3, 1.6, 1.0, 0.4]).ravel()
_COOL = np.outer([1.0, 1.0, 1.0, 0.9], [0.0, 0.020, 0.055, 0.075]).ravel()
_WARM = np.outer([1.0, 1.0, 1.0, 1.0], [0.002, 0.010, 0.015, 0.0]).ravel()
TOUCH = np.outer([1.0, 1.0, 1.0, 1.0], [0.03, 0.085, 0.047, 0.0]).ravel()
HARM = np.outer([1.0, 1.0, 1.0, 1.0], [0.0, 0.085, 0.047, 0.0]).ravel()
_HABIT = np.outer([0.8, 1.0, 1.15, 1.3], [0.065, 0.21, 0.46, 0.6]).ravel()

DROPPED: Ints = np.array([min(state, 4 * (state // 4) + min(state % 4, COLD)) for state in range(OPEN_STATES)])
"""Where a complaint sends each open state."""


@dataclass(frozen=True)
class Today:
    """What a day means for some deals; the arrays broadcast against the states asked about."""

    day: Ints | int
    deal: Ints
    """The deals' numbers, for a policy that treats deals differently."""
    drive: Floats
    """Log-odds in favour: the deal's quality and its seller's effect."""
    pace: Floats
    receptivity: Floats
    diligence: Floats
    push: float | Floats
    """How eagerly papers are signed (`Calendar.push`)."""
    touch: Floats = field(default_factory=lambda: TOUCH)
    """For each open state, the chance that a contact warms a deal of receptivity 1."""
    harm: Floats = field(default_factory=lambda: HARM)
    """For each open state, the chance that a contact cools a deal of receptivity -1."""


Contact = Callable[[Ints, Today], Floats]
"""A policy: the chance that the seller makes contact, given states and what is true of them today."""


@dataclass(frozen=True)
class Chances:
    """Of one working day; what is left over to 1 is that nothing happens."""

    advance: Floats
    lose: Floats
    back: Floats
    warm: Floats
    cool: Floats


def usual_contact(states: Ints, today: Today) -> Floats:
    """What sellers do unasked: they call whom it is pleasant to call."""
    return np.minimum(_HABIT[states] * today.diligence, 0.9)


def chances(states: Ints, today: Today, contact: Floats | Flags) -> Chances:
    """Chances of the day's events; linear in `contact`, so a probability may stand for the fact.

    `contact` is what a contact weighs, 1 for a call, times the chance that it is made.
    """
    drive = np.clip(today.drive, -3.0, 3.0)
    up = np.exp(0.34 * drive) * today.pace
    down = np.exp(-0.5 * drive) * today.pace
    advance = (_ADVANCE[states] + _SIGN[states] * today.push) * up
    lose = _LOSE[states] * down
    back, cool, warm = _BACK[states], _COOL[states], _WARM[states]
    scale = 1.0 / (1.0 + advance + lose + back + cool + warm)
    return Chances(
        advance=advance * scale,
        lose=lose * scale,
        back=back * scale,
        warm=(warm + today.touch[states] * contact * np.maximum(today.receptivity, 0)) * scale,
        cool=(cool + today.harm[states] * contact * np.maximum(-today.receptivity, 0)) * scale,
    )


def moved(states: Ints, odds: Chances, draw: Floats) -> Ints:
    """The states after the day's event, given one draw in [0, 1) for each deal."""
    edge = odds.advance
    stage, result = states // 4, states.copy()
    result[draw < edge] += 4
    result[(draw < edge) & (stage == 3)] = WON
    for chance, step in ((odds.lose, None), (odds.back, -4), (odds.warm, 1), (odds.cool, -1)):
        hit = (draw >= edge) & (draw < edge + chance)
        result[hit] = LOST if step is None else result[hit] + step
        edge = edge + chance
    return result
