"""How do contacts with customers, about no deal in particular, look in the CRM? Rows of the table `activities`."""

import numpy as np
import pyarrow as pa

from simulation.activities import LATEST, recorded_late
from simulation.calendar import build_calendar
from simulation.chance import Ints, Keys, below, streams, uniform
from simulation.company import CompanySettings
from simulation.customers import Customers, contact_ids, customer_ids, desk_of
from simulation.response import ACTIONS, MINUTES, NO_ACTION
from simulation.staff import build_staff, seller_ids
from simulation.tables import ids, moments, named, numbered

_OUTCOMES = ("no answer", "reached", "positive", "neutral")


def care_table(settings: CompanySettings, some: Customers, actions: Ints, end: int, since: int = 0) -> pa.Table:
    """The contacts that `actions`, (n, days), tells of, as written down from 00:00 of `since` to that of `end`."""
    calendar, staff = build_calendar(settings), build_staff(settings)
    first = max(0, since - LATEST)
    at, column = np.nonzero(actions[:, first:end] != NO_ACTION)
    who, day = at.astype(np.int64), column.astype(np.int64) + first
    action = actions[who, day]
    luck = streams(settings.seed, "care of", some.number[who] * (1 << 14) + day)
    owner = staff.owner(desk_of(settings, some)[who], day)
    happened = calendar.moment(day, 30_600 + np.floor(34_200 * uniform(luck, 0)))
    made = np.ones(who.size, dtype=np.bool_)
    recorded = recorded_late(luck, np.full(who.size, 8), action, made, staff.lateness[owner], happened)
    after = calendar.midnight[since] if since else np.iinfo(np.int64).min
    known = np.flatnonzero((recorded >= after) & (recorded < calendar.midnight[end]))
    rows = _rows(some, who[known], day[known], action[known], luck[known], owner[known])
    rows |= {"happened_at": moments(happened[known]), "recorded_at": moments(recorded[known])}
    return pa.table(rows)


def _rows(some: Customers, who: Ints, day: Ints, action: Ints, luck: Keys, owner: Ints) -> dict[str, pa.Array]:
    place = below(uniform(luck, 1), some.contacts[who])
    written = np.isin(action, [ACTIONS.index("email"), ACTIONS.index("chat")])
    in_person = np.isin(action, [ACTIONS.index("meeting"), ACTIONS.index("visit")])
    minutes = np.where(written, 0, np.round(0.9 * MINUTES[action] * (0.4 + 0.6 * uniform(luck, 2))))
    outcome = np.where(in_person, np.where(uniform(luck, 3) < 0.5, 2, 3), (uniform(luck, 4) < 0.6).astype(np.int64))
    number = some.number[who]
    return {
        "activity_id": numbered("A-C{:07}-{:04}", number + 1, day),
        "deal_id": pa.nulls(who.size, pa.string()),
        "customer_id": customer_ids(number),
        "contact_id": ids(contact_ids(number, place), np.ones(who.size, dtype=np.bool_)),
        "rep_id": seller_ids(owner),
        "type": named(ACTIONS, action),
        "direction": pa.repeat(pa.scalar("outbound"), who.size),
        "duration_minutes": pa.array(minutes, mask=written),
        "outcome": named(_OUTCOMES, outcome, ~written),
    }
