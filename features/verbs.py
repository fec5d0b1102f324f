"""The few ways to compute a feature. What each does at a moment is in `features.kernel` and `features.evaluate`.

Every verb looks at the events of a stream that were on record before the moment; an event at the
moment itself is not seen. `of` says whose events: the deal's own (`deal`), or those of its
`customer`, `rep`, `product`, `team`, or of `everyone`. Windows are measured on when things happened.
Where there is nothing to look at, counts and sums are 0 and everything else is missing.
"""

from dataclasses import dataclass
from typing import Literal

Of = Literal["deal", "customer", "rep", "product", "team", "everyone"]
Where = tuple[tuple[str, str], ...]
"""Pairs of column and value that an event must have; empty for all events."""


@dataclass(frozen=True)
class Count:
    """How many events; `within_days` of the moment, or ever."""

    stream: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class Sum:
    """The sum of a number column; a missing value adds nothing."""

    stream: str
    column: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class Mean:
    """The mean of a number column over the events that have it."""

    stream: str
    column: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class Latest:
    """The value of the event that happened last; of several at the same time, the one recorded last."""

    stream: str
    column: str
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class First:
    """The value of the event that was known first."""

    stream: str
    column: str
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class DaysSince:
    """Days from the last event to the moment."""

    stream: str
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class DaysSinceFirst:
    """Days from the first known event to the moment."""

    stream: str
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class DaysUntil:
    """Days from the moment to the latest value of a moment column; negative when it has passed."""

    stream: str
    column: str
    of: Of = "deal"


@dataclass(frozen=True)
class Distinct:
    """How many different values a category column has had."""

    stream: str
    column: str
    of: Of = "deal"


@dataclass(frozen=True)
class SmoothedRate:
    """The mean of a 0/1 column among the key's past events, drawn toward everyone's rate at that moment.

    (sum + strength * everyone's rate) / (count + strength): the posterior mean under a beta prior
    worth `strength` events.
    """

    stream: str
    column: str
    of: Of
    strength: float = 20.0


@dataclass(frozen=True)
class Ratio:
    """One verb's value over another's; missing where the divisor is 0 or missing."""

    over: "Verb"
    under: "Verb"


@dataclass(frozen=True)
class Difference:
    """One verb's value less another's."""

    left: "Verb"
    right: "Verb"


@dataclass(frozen=True)
class Calendar:
    """A fact of the moment's local day: month, weekday, days to the end of month or quarter."""

    part: Literal["month", "weekday", "days_to_month_end", "days_to_quarter_end"]


Verb = (
    Count
    | Sum
    | Mean
    | Latest
    | First
    | DaysSince
    | DaysSinceFirst
    | DaysUntil
    | Distinct
    | SmoothedRate
    | Ratio
    | Difference
    | Calendar
)
