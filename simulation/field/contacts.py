"""Whom do the sellers contact today, and how? What a policy hands to the trial ground."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from simulation.chance import Ints
from simulation.errors import BadContacts
from simulation.response import ACTIONS, NO_ACTION


def _none() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Contacts:
    """The contacts of one day, each made by whoever holds the deal or the customer that day."""

    deal: Ints = field(default_factory=_none)
    """Numbers of deals: D0000012 has number 11."""
    deal_action: Ints = field(default_factory=_none)
    """For each deal, the position of the action in response.ACTIONS."""
    customer: Ints = field(default_factory=_none)
    """Numbers of customers: C0000012 has number 11."""
    customer_action: Ints = field(default_factory=_none)

    @property
    def count(self) -> int:
        """How many contacts there are."""
        return int(self.deal.size + self.customer.size)


NOBODY = Contacts()
"""A day without any contact."""


def contacts_of(
    day: int,
    deals: Sequence[str] = (),
    deal_actions: Sequence[str] = (),
    customers: Sequence[str] = (),
    customer_actions: Sequence[str] = (),
) -> Contacts:
    """The contacts with these identifiers, as the CRM has them, and these names of actions.

    Raises BadContacts for an identifier or an action that the company does not know.
    """
    return Contacts(
        deal=_numbers(day, "D", deals),
        deal_action=_actions(day, deal_actions),
        customer=_numbers(day, "C", customers),
        customer_action=_actions(day, customer_actions),
    )


def _numbers(day: int, letter: str, ids: Sequence[str]) -> Ints:
    for name in ids:
        if not (name[:1] == letter and name[1:].isascii() and name[1:].isdigit()):
            raise BadContacts(day, f"{name} is no identifier", f"give identifiers such as {letter}0000012")
    return np.array([int(name[1:]) - 1 for name in ids], dtype=np.int64)


def _actions(day: int, names: Sequence[str]) -> Ints:
    for name in names:
        if name not in ACTIONS:
            raise BadContacts(day, f"nobody knows the action {name}", "choose among " + ", ".join(ACTIONS))
    return np.array([ACTIONS.index(name) for name in names], dtype=np.int64)


def placed(day: int, what: str, size: int, number: Ints, action: Ints, possible: Ints) -> Ints:
    """The action of each of `size` entities, NO_ACTION for those who are not contacted.

    Raises BadContacts for entities that are not among the `possible`, are named twice or lack an action.
    """
    if number.size != action.size:
        raise BadContacts(day, f"{number.size} {what}s have {action.size} actions", f"give each {what} one action")
    if action.size and not ((action >= 0) & (action < len(ACTIONS))).all():
        raise BadContacts(day, "an action has no such position", f"count actions from 0 to {len(ACTIONS) - 1}")
    found, times = np.unique(number, return_counts=True)
    if (times > 1).any():
        raise BadContacts(day, f"{what} number {found[times > 1][0]} comes twice", f"contact a {what} once a day")
    if (strange := found[~np.isin(found, possible)]).size:
        raise BadContacts(
            day, f"{what} number {strange[0]} is not to be had", "choose deals open and customers known at 00:00"
        )
    actions = np.full(size, NO_ACTION, dtype=np.int64)
    actions[number] = action
    return actions
