"""How many minutes has each seller for follow-ups today?"""

import numpy as np

from simulation.calendar import build_calendar
from simulation.chance import Floats, Ints, streams, uniform
from simulation.company import CompanySettings
from simulation.staff import HOLDERS, build_staff, weekly_hours

SHARE = 0.1
"""Of a seller's hours, what follow-ups may take unless said otherwise: 48 minutes of an eight-hour day."""
_LEAVE = 0.06
"""Chance that a seller is on leave in a given week: about three weeks a year."""


def minutes_for_follow_ups(settings: CompanySettings, day: int, share: float = SHARE) -> Floats:
    """Minutes of every seller there ever is, by number: none off duty, on leave, or when not employed."""
    staff = build_staff(settings)
    seller: Ints = np.arange(settings.desks * HOLDERS, dtype=np.int64)
    if not build_calendar(settings).working[day]:
        return np.zeros(seller.size)
    here = (staff.hired <= day) & (staff.left > day)
    on_leave = uniform(streams(settings.seed, "leave", seller), day // 7) < _LEAVE
    return np.where(here & ~on_leave, weekly_hours(settings, seller) * 60 / 5 * share, 0.0)
