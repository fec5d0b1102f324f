"""Customers, sellers and regions of a division of territories, and what a division costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serving.decisions.quotas.money import Floats, Wholes
from serving.decisions.quotas.question import BadQuestion

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Customer:
    """`potential` in money, `workload` in hours or visits; `region` is the attribute by which territories hang
    together. `stays`: must not change hands."""

    id: str
    region: str
    potential: float
    workload: float
    owner: str | None = None
    stays: bool = False


@dataclass(frozen=True)
class Territories:
    """What is asked. `sellers` with the share of a full load each takes (1.0: full time). `borders` are pairs of
    regions that touch: a seller may go where they have customers, and next door to where they keep some; one without
    any customer may begin anywhere. The weights say what a fair share off balance costs against moving all potential,
    or travelling to one region more."""

    customers: Sequence[Customer]
    sellers: Mapping[str, float]
    borders: Sequence[tuple[str, str]] = ()
    balance: float = 1.0
    continuity: float = 0.3
    travel: float = 0.02
    seconds: float = 20.0


@dataclass(frozen=True)
class Sums:
    """The question in numbers, customers and sellers in order of id; `may` [customers, sellers].

    `touch` are regions next to each other or the same, `home` [regions, sellers] where each has customers now.
    """

    ids: list[str]
    sellers: list[str]
    weight: Floats
    fair: Floats
    owner: Wholes
    region: Wholes
    may: Flags
    moved: Floats
    touch: Flags
    home: Flags
    ask: Territories = field(repr=False)

    def hangs(self, who: Wholes) -> bool:
        """Whether every region that a seller goes to is home, or next door to a home that the seller keeps."""
        there = np.zeros_like(self.home)
        there[self.region, who] = True
        kept = there & self.home
        return not bool((there & ~((self.touch.astype(float) @ kept.astype(float)) > 0)).any())

    def score(self, who: Wholes) -> float:
        """What a split costs."""
        load = np.stack([np.bincount(who, self.weight[:, k], len(self.sellers)) for k in (0, 1)])
        off = np.abs(load - self.fair).sum(axis=1) / 2 @ np.ones(2) / 2 + np.max(np.abs(load / self.fair - 1.0)) / 2
        moves = float(self.moved[who != self.owner].sum())
        pairs = len(np.unique(self.region * len(self.sellers) + who))
        return float(self.ask.balance * off + self.ask.continuity * moves + self.ask.travel * pairs / len(self.sellers))


def sums_of(ask: Territories) -> Sums:
    """The question in numbers. Raises BadQuestion."""
    customers = sorted(ask.customers, key=lambda one: one.id)
    sellers = sorted(ask.sellers)
    if not customers or not sellers:
        raise BadQuestion("territories", "no customers or no sellers", "name both")
    if len({one.id for one in customers}) != len(customers):
        raise BadQuestion("customers", "an id stands there twice", "give every customer an id of its own")
    share = np.array([ask.sellers[one] for one in sellers], np.float64)
    weight = np.array([[one.potential, one.workload] for one in customers], np.float64)
    if not np.isfinite(weight).all() or (weight < 0).any() or not (share > 0).all():
        raise BadQuestion(
            "territories", "a potential, workload or share is below 0 or unknown", "give all, shares above 0"
        )
    if any(one < 0 for one in (ask.balance, ask.continuity, ask.travel)) or ask.seconds <= 0:
        raise BadQuestion(
            "weights", "one is below 0, or there is no time", "give weights of 0 or more and some seconds"
        )
    weight = np.where(weight.sum(axis=0) > 0, weight, 1.0)
    weight /= weight.sum(axis=0)
    number = {one: at for at, one in enumerate(sellers)}
    names = sorted({one.region for one in customers})
    place = {one: at for at, one in enumerate(names)}
    region = np.array([place[one.region] for one in customers], np.int64)
    owner = np.array([-1 if one.owner is None else number.get(one.owner, -1) for one in customers], np.int64)
    touch = np.eye(len(names), dtype=bool)
    for one, other in ask.borders:
        if one in place and other in place:
            touch[place[one], place[other]] = touch[place[other], place[one]] = True
    home = np.zeros((len(names), len(sellers)), bool)
    home[region[owner >= 0], owner[owner >= 0]] = True
    # Somebody without any customer yet may begin anywhere.
    home[:, ~home.any(axis=0)] = True
    # So may anybody where nobody is near.
    home[~((touch.astype(float) @ home.astype(float)) > 0).any(axis=1)] = True
    may = ((touch.astype(float) @ home.astype(float)) > 0)[region]
    stays = np.array([one.stays for one in customers]) & (owner >= 0)
    may[stays] = False
    has = owner >= 0
    may[np.flatnonzero(has), owner[has]] = True
    fair = share / share.sum()
    moved = np.where(has, weight[:, 0], 0.0)
    return Sums([one.id for one in customers], sellers, weight, fair, owner, region, may, moved, touch, home, ask)
