"""What do customers complain and ask about?

A complaint on a day sends the customer's open deals from warm to cold (`life` draws the same luck) and
makes a buyer more likely to stop (`orders`).
"""

import numpy as np
import pyarrow as pa

from simulation.calendar import SECOND, build_calendar
from simulation.chance import Flags, Ints, normal, pick, streams, uniform
from simulation.company import CompanySettings
from simulation.customers import Customers, customer_ids
from simulation.tables import moments, named, numbered

_KINDS = ("complaint", "question", "feedback")


def complaints(settings: CompanySettings, some: Customers) -> Flags:
    """(n, days): whether each customer complained on each day of the whole history."""
    days = np.arange(settings.days, dtype=np.int64)
    luck = streams(settings.seed, "complaint", some.number)
    upset = uniform(luck[:, None], days) < some.complaint_rate[:, None]
    return np.asarray(upset & (days > some.created_day[:, None]))


def ticket_table(settings: CompanySettings, some: Customers, upset: Flags, end: int) -> pa.Table:
    """The table `tickets` at 00:00 of the day `end`: the complaints, and harmless questions and feedback."""
    days, upset = np.arange(end, dtype=np.int64), upset[:, :end]
    asking = streams(settings.seed, "asking", some.number)[:, None]
    rate = np.where(some.established, 0.0012, 0.0004)[:, None]
    asks = (uniform(asking, days) < rate) & (days > some.created_day[:, None])
    told = (uniform(asking, days + (1 << 20)) < rate / 3) & (days > some.created_day[:, None])
    who, day, kind = _listed(upset, asks, told)
    luck = streams(settings.seed, "ticket", (some.number[who] * (1 << 14) + day) * 3 + kind)
    calendar = build_calendar(settings)
    opened = calendar.moment(day, 30_000 + 36_000 * uniform(luck, 0))
    lasts = np.exp(11.5 + 1.0 * normal(luck, 10)) + np.where(kind == 0, 90_000, 600)
    closed = opened + lasts.astype(np.int64) * SECOND
    severity = np.where(kind == 0, pick(uniform(luck, 1), (0.3, 0.45, 0.25)), 0)
    score = np.where(kind == 0, 2.2 - 0.5 * severity, 3.9) + 0.8 * normal(luck, 11)
    rated = uniform(luck, 2) < 0.8
    return pa.table(
        {
            "ticket_id": numbered("K{:07}-{:04}-{:1}", some.number[who] + 1, day, kind),
            "customer_id": customer_ids(some.number[who]),
            "opened_at": moments(opened),
            "closed_at": moments(closed, closed < calendar.midnight[end]),
            "kind": named(_KINDS, kind),
            "severity": named(("low", "medium", "high"), severity),
            "satisfaction": pa.array(np.clip(np.round(score), 1, 5), mask=~rated),
        }
    )


def _listed(*kinds: Flags) -> tuple[Ints, Ints, Ints]:
    found = [np.nonzero(kind) for kind in kinds]
    who = np.concatenate([rows for rows, _ in found])
    day = np.concatenate([columns for _, columns in found])
    kind = np.repeat(np.arange(len(kinds)), [rows.size for rows, _ in found])
    order = np.lexsort((kind, day, who))
    return who[order], day[order], kind[order]
