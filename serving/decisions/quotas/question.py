"""What is asked of a quota plan? People, teams, what each would book, and what the company wishes.

All money is in whole minor units of one currency (`money.minor`); draws of money are floats in minor units
(`money.minor_draws`). The functions count: they may as well be new customers, with a unit of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from features.errors import ForesellError
from serving.decisions.quotas.money import Floats

Policy = Literal["equal-chance", "proportional", "potential", "contracted", "even"]
POLICIES: tuple[Policy, ...] = ("equal-chance", "proportional", "potential", "contracted", "even")


class BadQuestion(ForesellError):
    problem = "{0}: {1}."
    fix = "{2}."


@dataclass(frozen=True)
class Contract:
    """包干: a territory answers for a fixed amount, never below `floor`, in whole `step`s above it.

    Without an `amount`, as many steps as are made with the stated chance; where nobody is free to share the rest of the
    company's number, its part of that in steps (`stepping`).
    """

    floor: int
    step: int
    amount: int | None = None


@dataclass(frozen=True)
class Team:
    """A node of the tree. `least` and `most` bound its number; `least_chance` is how sure it must be of it."""

    id: str
    parent: str | None = None
    name: str | None = None
    least: int | None = None
    most: int | None = None
    locked: int | None = None
    least_chance: float | None = None


@dataclass(frozen=True)
class Seller:
    """A leaf of the tree. `ramp` is the share of full strength a newcomer has (`presence.ramp`), `present` the share
    of the period's working days there (`presence.present`). `last_quota` and `last_result` are of the period before,
    `tenure_days` since joining."""

    id: str
    team: str
    name: str | None = None
    ramp: float = 1.0
    present: float = 1.0
    potential: float | None = None
    last_quota: int | None = None
    last_result: int | None = None
    tenure_days: float | None = None
    floor: int | None = None
    ceiling: int | None = None
    locked: int | None = None
    contract: Contract | None = None


@dataclass(frozen=True)
class Move:
    """A share of what one seller would have booked goes to another: a territory changes hands."""

    giver: str
    taker: str
    share: float


@dataclass(frozen=True)
class Wish:
    """What the company wants. `target` is its number, None for bottom-up at `chance`.

    `most_change` bounds a quota against the last one (0.2: a fifth up or down, for the days present), `chances` the
    attainment of every seller (least, most). `company_chance` is how sure the company wants to be of its number: the
    sellers are then given more in sum. `unit` is what quotas are rounded to.
    """

    target: int | None = None
    chance: float = 0.6
    policy: Policy = "equal-chance"
    most_change: float | None = None
    chances: tuple[float | None, float | None] = (None, None)
    company_chance: float | None = None
    most_over: float = 0.25
    """The most that sellers are given beyond the company's number, as a share of it."""
    unit: int = 1
    stretch_chance: float = 0.35
    challenge_chance: float = 0.15


@dataclass(frozen=True)
class QuotaQuestion:
    """One plan asked for. `totals` [draws, sellers] in the order of `sellers`: what each would book in the period when
    there all the time and at full strength; a column without any number (NaN) is a newcomer's, who is judged by the
    colleagues of the team."""

    period: str
    currency: str
    teams: Sequence[Team]
    sellers: Sequence[Seller]
    totals: Floats
    wish: Wish = field(default_factory=Wish)
    moves: Sequence[Move] = ()
