"""Who looks after customers, and who leaves for want of it?

Under the laws of a trial company (`CompanySettings.contact`) a customer's habit of buying may end any day, more
easily where nobody calls. A contact looks after the customer for some days and soothes the complaints before it. The
risks of a day are independent, one of leaving plainly and one for each grudge, so that the truth is exact.
"""

from dataclasses import dataclass

import numpy as np

from simulation.calendar import build_calendar
from simulation.chance import Flags, Floats, Ints, normal, streams, uniform
from simulation.company import AS_EVER, CompanySettings
from simulation.customers import Customers, desk_of
from simulation.response import (
    CARE_DAYS,
    NO_ACTION,
    customer_receptivity,
    soothing,
    usual_action,
)
from simulation.staff import build_staff
from simulation.waves import wave

GRUDGE_DAYS = 60
GRUDGE = 6.0
"""The risk of leaving from one grudge, as a multiple of the plain risk."""
_LEFT_ALONE = 0.002
_CALLS = 0.03
"""Chance of a contact with a middling customer on a working day, unasked."""
_MOST_RISK = 0.1


@dataclass(frozen=True)
class Leaving:
    """What makes some customers leave, one row each."""

    plain: Floats
    """(n, days): the day's risk where nobody looks after the customer and nothing rankles."""
    receptivity: Floats
    """(n,): the share of every risk that care takes away."""
    soothed: float
    """The share of a grudge that a contact takes away."""


def proneness(settings: CompanySettings, some: Customers) -> Floats:
    """Each customer's own readiness to leave: hidden, standard normal."""
    return normal(streams(settings.seed, "habit of buying", some.number), 11)


def leaving(settings: CompanySettings, some: Customers, first: int, after: int) -> Leaving:
    """The risks of the days from `first` to before `after`, under a trial company's law."""
    risk = proneness(settings, some)
    noise = normal(streams(settings.seed, "care", some.number), 0)
    plain = _LEFT_ALONE * np.exp(0.5 * risk)[:, None] * wave(settings, some, first, after)
    return Leaving(
        plain=np.minimum(plain, _MOST_RISK),
        receptivity=customer_receptivity(settings.contact, noise, risk, some.segment, some.industry),
        soothed=soothing(settings.contact),
    )


def usual_care(settings: CompanySettings, some: Customers, first_win: Ints, end: int, first: int = 0) -> Ints:
    """The action each customer meets when sellers do as they please, or NO_ACTION: (n, days `first` to before `end`).

    They call large customers, and those it is pleasant to call: the loyal ones. The company of old calls nobody but
    about deals.
    """
    if settings.contact == AS_EVER:
        return np.full((some.number.size, end - first), NO_ACTION, dtype=np.int64)
    staff, working = build_staff(settings), build_calendar(settings).working[first:end]
    days = np.arange(first, end, dtype=np.int64)
    luck = streams(settings.seed, "caring", some.number)[:, None]
    desk = desk_of(settings, some)
    diligence = np.stack([staff.diligence[staff.owner(desk, int(day))] for day in days], axis=1)
    liking = np.array([0.7, 1.1, 1.6])[some.segment] * np.exp(-0.35 * proneness(settings, some))
    chance = np.minimum(_CALLS * liking[:, None] * diligence, 0.5) * working
    known = some.established[:, None] & (days >= 0) | (days > first_win[:, None])
    called = (uniform(luck, days) < chance) & known & (days > some.created_day[:, None])
    who, day = np.nonzero(called)
    actions = np.full(called.shape, NO_ACTION, dtype=np.int64)
    actions[who, day] = usual_action(np.zeros(who.size, dtype=np.int64), uniform(luck[who, 0], days[day] + (1 << 20)))
    return actions


def looked_after(actions: Ints) -> Flags:
    """(n, days): whether some contact of that day or before still counts, given the actions of every day."""
    day = np.arange(actions.shape[1])
    lasts = np.where(actions != NO_ACTION, day + CARE_DAYS[actions], 0)
    return np.asarray(np.maximum.accumulate(lasts, axis=1) > day)


def grudges(complaints: Flags, actions: Ints) -> tuple[Ints, Ints]:
    """(n, days) twice: complaints of the last GRUDGE_DAYS days that rankle, and those a later contact soothed."""
    days = np.arange(actions.shape[1])
    total = np.zeros((complaints.shape[0], days.size + 1), dtype=np.int64)
    np.cumsum(complaints, axis=1, out=total[:, 1:])
    last = np.maximum.accumulate(np.where(actions != NO_ACTION, days, 0), axis=1)
    start = np.broadcast_to(np.maximum(days + 1 - GRUDGE_DAYS, 0), last.shape)
    until = total[:, 1:]
    recent = until - np.take_along_axis(total, start, axis=1)
    rankling = until - np.take_along_axis(total, np.maximum(start, last), axis=1)
    return rankling, recent - rankling


def risk_of_leaving(law: Leaving, cared: Flags, rankling: Ints, soothed: Ints) -> Floats:
    """(n, days): the chance that a habit ends that day, from everything that may end it."""
    plain = law.plain * np.where(cared, 1 - law.receptivity[:, None], 1.0)
    stays = (1 - plain) * (1 - GRUDGE * plain) ** rankling
    return np.asarray(1 - stays * (1 - GRUDGE * (1 - law.soothed) * plain) ** soothed)
