"""What does a contact do, and to whom? The laws a company can be given.

A contact is one action of a seller towards a deal or a customer. Its strength is that of a call, 1, times what the
action weighs; what comes of it depends on the receptivity of whom it meets. The constants are chosen so that the
sizes are sensible (`docs/simulation.md` gives the measured sizes); nobody measured them in a real company.
"""

import numpy as np

from simulation.chain import HARM, TOUCH
from simulation.chance import Floats, Ints
from simulation.company import AS_EVER, DIFFERS, LEAST_MOVABLE_ON_TOP, NOTHING

ACTIONS = ("call", "email", "meeting", "visit", "chat")
"""The actions of a seller, by the names that activities have."""
MINUTES: Ints = np.array([20, 10, 60, 120, 10], dtype=np.int64)
"""What each action usually takes, the way included."""
STRENGTH = np.array([1.0, 0.5, 2.0, 3.0, 0.5])
"""What each action weighs towards a deal, in calls."""
CARE_DAYS: Ints = np.array([14, 7, 28, 42, 7], dtype=np.int64)
"""For how long a customer feels looked after, from the day of the action on."""
NO_ACTION = -1

_USUAL = np.array(
    [
        [0.46, 0.36, 0.05, 0.03, 0.10],
        [0.36, 0.30, 0.16, 0.08, 0.10],
        [0.28, 0.32, 0.20, 0.12, 0.08],
        [0.30, 0.24, 0.24, 0.16, 0.06],
    ]
)
"""Shares of the actions that sellers take unasked, by stage."""
_EDGES = np.cumsum(_USUAL, axis=1)

_SOURCE = np.array([0.10, -0.15, 0.20, -0.35, 0.35])
_TYPE = np.array([0.1, 0.25, -0.35])
_COMPETITOR, _NO_COMPETITOR = 0.35, -0.25
_STAGES_ON_TOP = np.repeat([1.35, 1.1, 0.55, 0.12], 4)


def usual_action(stage: Ints, draw: Floats) -> Ints:
    """The action a seller takes unasked in each stage, as positions in ACTIONS, given draws in [0, 1)."""
    return np.asarray((draw[:, None] >= _EDGES[stage][:, :-1]).sum(axis=1), dtype=np.int64)


def strength_of(law: str, action: Ints) -> Floats:
    """What each action weighs; 0 where there was none. Under the law of old every contact weighs the same."""
    made = action != NO_ACTION
    return made.astype(np.float64) if law == AS_EVER else np.where(made, STRENGTH[action], 0.0)


def usual_strength(law: str, states: Ints) -> Floats:
    """What a contact made unasked weighs on average in each open state."""
    return np.asarray(np.ones(states.shape) if law == AS_EVER else (_USUAL @ STRENGTH)[states // 4])


def touch(law: str) -> Floats:
    """For each open state, the chance that a call to a deal of receptivity 1 warms its mood."""
    return np.asarray(TOUCH * _STAGES_ON_TOP if law == LEAST_MOVABLE_ON_TOP else TOUCH)


def harm(law: str) -> Floats:
    """For each open state, the chance that a call to a deal of receptivity -1 cools its mood."""
    return np.asarray(HARM * _STAGES_ON_TOP if law == LEAST_MOVABLE_ON_TOP else HARM)


def deal_receptivity(law: str, noise: Floats, source: Ints, kind: Ints, competitor: Ints, quality: Floats) -> Floats:
    """What a contact does for each deal: 1 is usual, below 0 it does harm.

    `noise` is standard normal and hidden. Where effects differ, three quarters of the spread follow from what is
    on record.
    """
    if law == NOTHING:
        return np.zeros(noise.size)
    if law == DIFFERS:
        seen = _SOURCE[source] + _TYPE[kind] + np.where(competitor >= 0, _COMPETITOR, _NO_COMPETITOR)
        return np.asarray(np.clip(0.4 + 2.6 * seen + 0.6 * noise, -0.8, 3.5))
    if law == LEAST_MOVABLE_ON_TOP:
        return np.clip(2.2 / (1 + np.exp(1.6 * quality)) + 0.25 * noise, 0.0, 2.5)
    return np.clip(1 + 0.6 * noise, -0.4, 3)


def customer_receptivity(law: str, noise: Floats, risk: Floats, segment: Ints, industry: Ints) -> Floats:
    """The share by which care lowers each customer's risk of leaving; below 0 it reminds them to leave.

    `risk` is the customer's own proneness to leave, standard normal and hidden, as `noise` is.
    """
    if law == DIFFERS:
        seen = np.array([0.15, 0.0, -0.2])[segment] + np.array([0.15, -0.2, 0.1, -0.15, 0.1, -0.1])[industry]
        return np.asarray(np.clip(0.5 + 1.6 * seen + 0.35 * noise, -0.5, 0.95))
    if law == LEAST_MOVABLE_ON_TOP:
        return np.clip(0.9 / (1 + np.exp(2.5 * risk)) + 0.1 * noise, 0.0, 0.95)
    return np.zeros(noise.size)


def soothing(law: str) -> float:
    """The share of a grudge that a contact after the complaint takes away."""
    return 0.7 if law in (DIFFERS, LEAST_MOVABLE_ON_TOP) else 0.0
