"""Each verb's value at a moment: the one meaning of a feature, for many moments at once and for a single one.

A leaf is told by a look (`features.looks` for many moments, `features.segments` for one), which finds what was on
record; the rest is arithmetic, which both share. So offline, distributed and online values agree by construction.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from features import verbs
from features.as_of import DAY
from features.kernel import SCALE
from features.values_at import Category, Floats, Values
from features.verbs import Leaf, Verb

__all__ = ["Category", "Values", "leaf", "made_of", "told_by"]


def leaf(look: Any, verb: Leaf, inputs: tuple[Any, ...] = ()) -> Any:
    """The value of a verb that looks at events: an array of floats or a Category, or one float or text.

    `look` is a VectorLook or a SegmentLook; `inputs` are the values of `verbs.inputs_of(verb)`.
    """
    return _LEAVES[type(verb)](look, verb, inputs)


def told_by(verb: Leaf) -> Callable[[Any, Any, tuple[Any, ...]], Any]:
    """What tells the value of verbs of this kind: `leaf` without the choice."""
    return _LEAVES[type(verb)]


def made_of(math: Any, verb: Verb, inputs: tuple[Any, ...]) -> Any:
    """The value of a verb made of others' values; `math` is Vectors or Scalars."""
    if isinstance(verb, verbs.Ratio):
        return math.divide(*inputs)
    if isinstance(verb, verbs.Difference):
        return inputs[0] - inputs[1]
    assert isinstance(verb, verbs.SmoothedRate)
    hits, tries, all_hits, all_tries = inputs
    if verb.above:
        # Products of counts are exact: where the key has all events the difference is 0, not what rounding left.
        return math.divide(hits * all_tries - all_hits * tries, all_tries * (tries + verb.strength))
    return (hits + verb.strength * math.divide(all_hits, all_tries)) / (tries + verb.strength)


JOINT = "\x1f"
"""Between the two names of a crossed key: ASCII's unit separator."""


def crossed(one: Category, other: Category) -> Category:
    """The pairs of two owners' names as one name each; missing where either is."""
    there = (one.codes >= 0) & (other.codes >= 0)
    pairs, codes = np.unique(one.codes[there] * len(other.levels) + other.codes[there], return_inverse=True)
    levels = np.array(
        [f"{one.levels[pair // len(other.levels)]}{JOINT}{other.levels[pair % len(other.levels)]}" for pair in pairs],
        object,
    )
    found = np.full(len(one.codes), -1, np.int64)
    found[there] = codes
    return Category(found, levels)


def _window(look: Any, verb: Any, inputs: tuple[Any, ...]) -> Any:
    """The window of a verb: since an event where it names one, else some days."""
    if getattr(verb, "since", None) is not None:
        return look.window_from(verb.since, inputs[0])
    return look.days_window(verb.within_days)


def _count(look: Any, verb: verbs.Count, inputs: tuple[Any, ...]) -> Any:
    return look.math.real(look.count(verb.where, _window(look, verb, inputs)))


def _count_given(look: Any, verb: verbs.CountGiven, _: tuple[Any, ...]) -> Any:
    return look.math.real(look.count(verb.where, look.days_window(verb.within_days), verb.column))


def _sum(look: Any, verb: verbs.Sum, inputs: tuple[Any, ...]) -> Any:
    return look.math.real(look.sum(verb.where, verb.column, _window(look, verb, inputs))) / SCALE


def _mean(look: Any, verb: verbs.Mean, inputs: tuple[Any, ...]) -> Any:
    window = _window(look, verb, inputs)
    total = look.math.real(look.sum(verb.where, verb.column, window)) / SCALE
    return look.math.divide(total, look.math.real(look.count(verb.where, window, verb.column)))


def _deviation(look: Any, verb: verbs.Deviation, _: tuple[Any, ...]) -> Any:
    math, window = look.math, look.days_window(verb.within_days)
    count = math.real(look.count(verb.where, window, verb.column))
    total = math.real(look.sum(verb.where, verb.column, window))
    spread = look.squares(verb.where, verb.column, window) - math.divide(total * total, count)
    variance = math.divide(spread, count - 1.0)
    return math.where(count > 1, math.root(variance), np.nan) / SCALE


def _trend(look: Any, verb: verbs.Trend, _: tuple[Any, ...]) -> Any:
    math, window = look.math, look.days_window(verb.within_days)
    count = look.count(verb.where, window, verb.column)
    total = look.sum(verb.where, verb.column, window)
    days, squares, products = look.by_days(verb.where, verb.column, window)
    # Days counted from about their mean: the integers stay exact, the floats lose nothing to cancellation.
    middle = math.floor_divide(days, count)
    n, y, d = math.real(count), math.real(total), math.real(days - count * middle)
    dd = math.real(squares - 2 * middle * days + count * middle * middle)
    dy = math.real(products - middle * total)
    return math.divide(n * dy - d * y, n * dd - d * d) / SCALE


def _share(look: Any, verb: verbs.Share, _: tuple[Any, ...]) -> Any:
    math, window = look.math, look.days_window(verb.within_days)
    return math.divide(math.real(look.count(verb.where, window)), math.real(look.count((), window)))


def _time_mean(look: Any, verb: verbs.TimeMean, _: tuple[Any, ...]) -> Any:
    area, minutes = look.area(verb.column)
    return look.math.divide(look.math.real(area) / SCALE, look.math.real(minutes))


def _latest(look: Any, verb: verbs.Latest, _: tuple[Any, ...]) -> Any:
    return _picked(look, verb.column, look.latest(verb.where))


def _first(look: Any, verb: verbs.First, _: tuple[Any, ...]) -> Any:
    return _picked(look, verb.column, look.earliest(verb.where))


def _picked(look: Any, column: str, found: Any) -> Any:
    if look.is_text(column):
        return look.text(column, found)
    return look.math.over(look.number(column, found), SCALE)


def _days_since(look: Any, verb: verbs.DaysSince, _: tuple[Any, ...]) -> Any:
    return look.math.over(look.math.less(look.at, look.happened(look.latest(verb.where))), DAY)


def _days_since_first(look: Any, verb: verbs.DaysSinceFirst, _: tuple[Any, ...]) -> Any:
    return look.math.over(look.math.less(look.at, look.happened(look.earliest(verb.where))), DAY)


def _days_until(look: Any, verb: verbs.DaysUntil, _: tuple[Any, ...]) -> Any:
    return look.math.over(look.math.less(look.number(verb.column, look.latest(())), look.at), DAY)


def _distinct(look: Any, verb: verbs.Distinct, _: tuple[Any, ...]) -> Any:
    return look.math.real(look.distinct(verb.where, verb.column, look.days_window(verb.within_days)))


def _sum_before(look: Any, verb: verbs.SumBefore, inputs: tuple[Any, ...]) -> Any:
    own: Floats | float = inputs[0]
    limit, there = look.moment_after(own)
    return look.math.where(there, look.math.real(look.sum_before(verb.column, verb.by, limit)) / SCALE, np.nan)


_LEAVES: dict[type, Callable[[Any, Any, tuple[Any, ...]], Any]] = {
    verbs.Count: _count,
    verbs.CountGiven: _count_given,
    verbs.Sum: _sum,
    verbs.Mean: _mean,
    verbs.Deviation: _deviation,
    verbs.Trend: _trend,
    verbs.Share: _share,
    verbs.TimeMean: _time_mean,
    verbs.Latest: _latest,
    verbs.First: _first,
    verbs.DaysSince: _days_since,
    verbs.DaysSinceFirst: _days_since_first,
    verbs.DaysUntil: _days_until,
    verbs.Distinct: _distinct,
    verbs.SumBefore: _sum_before,
}
