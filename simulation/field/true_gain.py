"""What is one contact today truly worth, for a deal or for a customer? The answer no policy may see.

Benchmarks judge by it what is learned from records, and let an oracle choose by it what could be reached at most.
"""

import numpy as np

from simulation.chain import Contact, usual_contact
from simulation.chance import Floats, Ints
from simulation.errors import BadCompany
from simulation.field.customer_worth import customer_gains
from simulation.field.deal_worth import deal_worth
from simulation.field.field import Field
from simulation.response import ACTIONS, strength_of


def true_gain_of_deals(
    field: Field, deal: Ints, action: str = "call", horizon: int = 180, later: Contact = usual_contact
) -> Floats:
    """Expected money (base currency) won within `horizon` days if these open deals meet the action today, less if not.

    Later contacts follow the policy `later` in both cases. The orders that a won customer may place by habit are left
    out. Raises BadCompany for an action or a horizon that cannot be.
    """
    until = _until(field, action, horizon)
    strength = float(strength_of(field.settings.contact, np.array([ACTIONS.index(action)]))[0])
    worth = deal_worth(field.settings, field.deals, field.day, until, later)
    return strength * worth.gain(field.day, deal, field.state(deal)) * field.amounts(deal)


def true_gain_of_customers(field: Field, customer: Ints, action: str = "call", horizon: int = 180) -> Floats:
    """Expected orders by habit (base currency, before returns) within `horizon` days that the action today keeps.

    Nobody calls them later. Raises BadCompany for an action or a horizon that cannot be.
    """
    until = _until(field, action, horizon)
    return customer_gains(field, customer, np.array([ACTIONS.index(action)]), until)[:, 0]


def _until(field: Field, action: str, horizon: int) -> int:
    if action not in ACTIONS:
        raise BadCompany("action", action, "one of " + ", ".join(ACTIONS))
    last = field.calendar.working.size - field.day - 1
    if not 1 <= horizon <= last:
        raise BadCompany("horizon", horizon, f"a number of days from 1 to {last}")
    return field.day + horizon
