"""What is said between sellers and customers, and when does the CRM hear of it?

How much is said follows the hidden mood, so silence tells something. Sellers write some meetings and calls
down days later.
"""

import numpy as np
import pyarrow as pa

from simulation.calendar import SECOND, Calendar
from simulation.chain import OPEN_STATES
from simulation.chance import Flags, Floats, Ints, Keys, below, uniform
from simulation.customers import contact_ids, customer_ids
from simulation.deals import Deals
from simulation.life import OUTBOUND_DRAWS, Day, Witness, second_of_change
from simulation.response import ACTIONS, NO_ACTION
from simulation.staff import Staff, seller_ids
from simulation.tables import ids, moments, named, numbered

_TYPES = (*ACTIONS, "note", "web")
_INBOUND = np.cumsum([0.22, 0.48, 0.0, 0.0, 0.14, 0.0, 0.16])
_ANSWERS = np.array([0.004, 0.03, 0.11, 0.2])
"""By mood: the customer's own contacts on a working day; a tenth of that on others."""
_CONNECTS = np.array([0.25, 0.45, 0.65, 0.8])
_OUTCOMES = ("no answer", "reached", "positive", "neutral")
_OUT, _IN, _NOTE = 0, 1, 2
LATEST = 8
"""Days after which everything is written down."""
_INWARD = 1 << 19


class Talks(Witness):
    """Keeps contacts made, contacts received, and notes on changes of stage."""

    def __init__(self, deals: Deals) -> None:
        self._deals = deals
        self._seen: list[tuple[Ints, Ints, Ints, Ints, Ints, Ints]] = []

    def see(self, day: Day) -> None:
        """Keep what was said that day."""
        rate = _ANSWERS[day.before % 4] * (1.0 if day.working else 0.1)
        received = uniform(self._deals.life[day.deal], _INWARD + day.number) < rate
        open_still = day.after < OPEN_STATES
        noted = open_still & (day.after // 4 != day.before // 4)
        for kind, chosen in ((_OUT, day.action != NO_ACTION), (_IN, received), (_NOTE, noted)):
            at = np.flatnonzero(chosen)
            when, what = (np.full(at.size, value, dtype=np.int64) for value in (day.number, kind))
            self._seen.append((day.deal[at], when, what, day.before[at], day.owner[at], day.action[at]))

    def table(self, staff: Staff, calendar: Calendar, closed_day: Ints, end: int, since: int = 0) -> pa.Table:
        """The table `activities` as written down before 00:00 of the day `end`, and not before that of `since`."""
        nothing = np.empty(0, dtype=np.int64)
        lately = [said for said in self._seen if not said[1].size or said[1][0] >= since - LATEST]
        lately.append((nothing,) * 6)
        deal, day, kind, state, owner, action = (np.concatenate(part) for part in zip(*lately, strict=True))
        order = np.lexsort((kind, day, deal))
        deal, day, kind, state, owner, action = (part[order] for part in (deal, day, kind, state, owner, action))
        keys, draw = self._deals.life[deal], OUTBOUND_DRAWS + 64 * day + 16 * kind
        second = _second(self._deals, keys, draw, deal, day, closed_day)
        happened = calendar.moment(day, second)
        type_ = _type(kind, action, uniform(keys, draw + 1))
        recorded = recorded_late(keys, draw, type_, kind == _OUT, staff.lateness[owner], happened)
        after = calendar.midnight[since] if since else np.iinfo(np.int64).min
        known = np.flatnonzero((recorded >= after) & (recorded < calendar.midnight[end]))
        rows = _rows(self._deals, deal, day, kind, state, owner, type_, keys, draw, happened, recorded)
        return rows if known.size == deal.size else rows.take(pa.array(known))


def _second(deals: Deals, keys: Keys, draw: Ints, deal: Ints, day: Ints, closed_day: Ints) -> Floats:
    """8:30 to 18:00, and before the deal closes on its last day."""
    until = np.where(closed_day[deal] == day, second_of_change(deals, deal, day) - 1, 64_800)
    return np.asarray(30_600 + np.floor(uniform(keys, draw) * (until - 30_600)))


def _type(kind: Ints, made: Ints, draw: Floats) -> Ints:
    received = np.searchsorted(_INBOUND[:-1], draw, side="right")
    note = np.full(kind.size, _TYPES.index("note"))
    return np.asarray(np.select([kind == _OUT, kind == _IN], [made, received], note), dtype=np.int64)


def recorded_late(keys: Keys, draw: Ints, type_: Ints, made: Flags, lateness: Floats, happened: Ints) -> Ints:
    """When a contact is written down: what sellers `made` themselves by hand, and some of it days later.

    Mail, chat and web are logged by machine at once.
    """
    by_hand = made & np.isin(type_, [_TYPES.index(name) for name in ("call", "meeting", "visit")])
    days_late = 1 + below(uniform(keys, draw + 2), 6)
    late = np.where(uniform(keys, draw + 3) < lateness, days_late * 86_400, 0)
    minutes = (60 * below(uniform(keys, draw + 4), 50)).astype(np.int64)
    return np.asarray(happened + np.where(by_hand, late + minutes, 0) * SECOND)


def _rows(
    deals: Deals,
    deal: Ints,
    day: Ints,
    kind: Ints,
    state: Ints,
    owner: Ints,
    type_: Ints,
    keys: Keys,
    draw: Ints,
    happened: Ints,
    recorded: Ints,
) -> pa.Table:
    customer = deals.customer.number[deal]
    decider = uniform(keys, draw + 5) < np.where(deals.access[deal], 0.45, 0.08)
    others = np.maximum(deals.customer.contacts[deal] - 1, 0)
    place = np.where(decider | (others == 0), 0, 1 + below(uniform(keys, draw + 6), np.maximum(others, 1)))
    minutes = np.array([8.0, 0.0, 55.0, 110.0, 0.0, 0.0, 0.0])[type_]
    minutes = np.round(minutes * (0.4 + 1.2 * uniform(keys, draw + 7)))
    reached = uniform(keys, draw + 8) < _CONNECTS[state % 4]
    warm = uniform(keys, draw + 9) < np.array([0.1, 0.25, 0.5, 0.7])[state % 4]
    in_person = np.isin(type_, (2, 3))
    outcome = np.where(in_person, np.where(warm, 2, 3), reached.astype(np.int64))
    return pa.table(
        {
            "activity_id": numbered("A{:07}-{:04}-{:1}", deals.number[deal] + 1, day, kind),
            "deal_id": numbered("D{:07}", deals.number[deal] + 1),
            "customer_id": customer_ids(customer),
            "contact_id": ids(contact_ids(customer, place), kind != _NOTE),
            "rep_id": seller_ids(owner),
            "type": named(_TYPES, type_),
            "direction": named(("outbound", "inbound", "internal"), kind),
            "happened_at": moments(happened),
            "recorded_at": moments(recorded),
            "duration_minutes": pa.array(minutes, mask=minutes == 0),
            "outcome": named(_OUTCOMES, outcome, (kind == _OUT) & ((type_ == 0) | in_person)),
        }
    )
