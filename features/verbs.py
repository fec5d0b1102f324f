"""The few ways to compute a feature. What each does at a moment is in `features.evaluate`.

Every verb looks at the events of a stream that were on record before the moment; an event at the
moment itself is not seen. Windows are measured on when things happened. Of several events that
happened at the same time, the one recorded last is the latest.

`of` says whose events: those of the deal or customer asked about (`deal`, `customer`), or those that
share its customer, rep, team, product, contact, stage, segment, source, an attribute (`attr_<name>`),
or both of two (`rep&segment`); or those of `everyone`. A deal without an owner has no such events.

A window is `within_days` of the moment, or it opens with the event that `since` counts from.
Where there is nothing to look at, counts and sums are 0 and everything else is missing.
"""

from dataclasses import dataclass
from typing import Literal, Union

Of = str
"""A key, or two joined by `&`. `features.owners` says how a deal or a customer finds its own."""
Where = tuple[tuple[str, str], ...]
"""Pairs of column and value that an event must have; empty for all events."""


@dataclass(frozen=True)
class Count:
    """How many events."""

    stream: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"
    since: Union["DaysSince", None] = None


@dataclass(frozen=True)
class CountGiven:
    """How many events have a value in a number column."""

    stream: str
    column: str
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
    since: Union["DaysSince", None] = None


@dataclass(frozen=True)
class Mean:
    """The mean of a number column over the events that have it."""

    stream: str
    column: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"
    since: Union["DaysSince", None] = None


@dataclass(frozen=True)
class Deviation:
    """The sample standard deviation of a number column; missing below two values."""

    stream: str
    column: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class Trend:
    """The slope of a number column by the day an event happened, least squares, in units a day.

    Missing where the events with a value do not fall on two days at least.
    """

    stream: str
    column: str
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class Share:
    """The share of events that have the values of `where`; missing where there are none."""

    stream: str
    where: Where
    within_days: float | None = None
    of: Of = "deal"


@dataclass(frozen=True)
class TimeMean:
    """The mean of a number column over time, each value lasting from its event to the next, to the minute.

    Counts from the first known event to the moment, by when events became known; missing where no time has passed.
    An event without a value counts as none: the value before it lasts.
    """

    stream: str
    column: str
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
    within_days: float | None = None
    where: Where = ()
    of: Of = "deal"


@dataclass(frozen=True)
class SmoothedRate:
    """The mean of a 0/1 column among the key's past events, drawn toward everyone's rate at that moment.

    (sum + strength * everyone's rate) / (count + strength): the posterior mean under a beta prior
    worth `strength` events. Only outcomes on record before the moment count. `above` gives it less everyone's
    rate: what does not rise and fall with that, and is 0 where the key's events are everyone's.
    """

    stream: str
    column: str
    of: Of
    strength: float = 20.0
    above: bool = False


@dataclass(frozen=True)
class SumBefore:
    """The sum of a number column over the key's events whose `by` is before that of the deal's own latest event.

    With events that add 1 when a deal opens and take 1 when it ends: the deals ahead in the queue.
    Missing where the deal has no such event.
    """

    stream: str
    column: str
    by: str
    of: Of


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
    """A fact of the moment's local day; working days are those of the history's country (`features.calendar`)."""

    part: Literal[
        "month",
        "weekday",
        "days_to_month_end",
        "days_to_quarter_end",
        "quarter_elapsed",
        "working_days_to_month_end",
        "working_days_to_quarter_end",
        "is_holiday",
        "days_to_holiday",
        "days_since_holiday",
    ]


Leaf = (
    Count
    | CountGiven
    | Sum
    | Mean
    | Deviation
    | Trend
    | Share
    | TimeMean
    | Latest
    | First
    | DaysSince
    | DaysSinceFirst
    | DaysUntil
    | Distinct
    | SumBefore
)
"""Verbs that look at the events of one stream by one key."""

Verb = Leaf | SmoothedRate | Ratio | Difference | Calendar


def inputs_of(verb: Verb, entity: str = "deal") -> tuple[Verb, ...]:
    """The verbs whose values a verb is made of, or that bound what it looks at.

    >>> [type(v).__name__ for v in inputs_of(Ratio(Count("activities"), DaysSince("creations")))]
    ['Count', 'DaysSince']
    """
    match verb:
        case Ratio(over, under):
            return (over, under)
        case Difference(left, right):
            return (left, right)
        case SmoothedRate(stream, column, of):
            return (
                Sum(stream, column, of=of),
                CountGiven(stream, column, of=of),
                Sum(stream, column, of="everyone"),
                CountGiven(stream, column, of="everyone"),
            )
        case SumBefore(stream, _, by):
            return (DaysUntil(stream, by, of=entity),)
        case Count() | Sum() | Mean() if verb.since is not None:
            return (verb.since,)
    return ()
