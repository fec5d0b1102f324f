"""Each verb's value at each moment: the one meaning of a feature, wherever it is computed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features import verbs
from features.as_of import DAY, Micros, Moments
from features.kernel import MISSING, SCALE, Index, distinct, first_known, latest, take, tally
from features.verbs import Of, Verb

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Category:
    """Texts as codes into `levels`; -1 is missing."""

    codes: Ints
    levels: NDArray[np.object_]

    def texts(self) -> NDArray[np.object_]:
        """The texts themselves, None where missing."""
        found = self.levels[np.maximum(self.codes, 0)] if len(self.levels) else np.empty(len(self.codes), object)
        found[self.codes < 0] = None
        return found


Values = Floats | Category


class Streams(Protocol):
    """Where the kernel's indexes come from: a history in memory, a partition, one deal."""

    def index(self, stream: str, of: Of) -> Index:
        """The events of a stream by one key."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendar."""


OWNERS: dict[str, Verb] = {
    "customer": verbs.Latest("deals", "customer_id"),
    "product": verbs.Latest("deals", "product_id"),
    "rep": verbs.Latest("owner_changes", "rep_id"),
    "team": verbs.Latest("reps", "team_id", of="rep"),
}
"""How a deal finds the others whose events it may look at, as known at the moment."""


class Evaluation:
    """The values of any verbs at the same moments; shared parts are computed once."""

    def __init__(self, streams: Streams, moments: Moments) -> None:
        self.streams = streams
        self.moments = moments
        self._values: dict[Verb, Values] = {}
        self._codes: dict[tuple[str, Of], Ints] = {}

    def value(self, verb: Verb) -> Values:
        """One verb's value at each moment."""
        if verb not in self._values:
            self._values[verb] = _COMPUTE[type(verb)](self, verb)
        return self._values[verb]

    def numbers(self, verb: Verb) -> Floats:
        """The value of a verb that gives numbers."""
        value = self.value(verb)
        if isinstance(value, Category):
            raise TypeError(f"{verb} gives texts, not numbers")
        return value

    def codes(self, stream: str, of: Of) -> Ints:
        """For each moment the segment of its owner in a stream's index."""
        if (stream, of) not in self._codes:
            self._codes[stream, of] = self._find(self.streams.index(stream, of), of)
        return self._codes[stream, of]

    def _find(self, index: Index, of: Of) -> Ints:
        if of == "everyone":
            return np.zeros(len(self.moments), np.int64) if len(index.ids) else np.full(len(self.moments), -1)
        if of == "deal":
            return index.codes_of(self.moments.ids)
        owner = self.value(OWNERS[of])
        assert isinstance(owner, Category)
        if len(owner.codes) < len(owner.levels):
            return index.codes_of(owner.texts())
        return take(index.codes_of(owner.levels), owner.codes, -1)


T = TypeVar("T", bound=Verb)


def _days(micros: Micros) -> Floats:
    return np.asarray(micros / DAY, np.float64)


def _since(evaluation: Evaluation, within_days: float | None) -> Micros | None:
    return None if within_days is None else evaluation.moments.at - round(within_days * DAY)


def _count(evaluation: Evaluation, verb: verbs.Count) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of).only(verb.where)
    codes = evaluation.codes(verb.stream, verb.of)
    counted = tally(index, codes, evaluation.moments.at, _since(evaluation, verb.within_days), None)
    return counted.astype(np.float64)


def _sum(evaluation: Evaluation, verb: verbs.Sum) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of).only(verb.where)
    codes = evaluation.codes(verb.stream, verb.of)
    total = tally(index, codes, evaluation.moments.at, _since(evaluation, verb.within_days), verb.column)
    return np.asarray(total / SCALE, np.float64)


def _mean(evaluation: Evaluation, verb: verbs.Mean) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of).only(verb.where).having(verb.column)
    codes, at = evaluation.codes(verb.stream, verb.of), evaluation.moments.at
    since = _since(evaluation, verb.within_days)
    return _divide(tally(index, codes, at, since, verb.column) / SCALE, tally(index, codes, at, since, None))


def _latest(evaluation: Evaluation, verb: verbs.Latest) -> Values:
    return _pick(evaluation, verb, latest)


def _first(evaluation: Evaluation, verb: verbs.First) -> Values:
    return _pick(evaluation, verb, first_known)


def _pick(
    evaluation: Evaluation,
    verb: verbs.Latest | verbs.First,
    position: Callable[[Index, Ints, Micros], Ints],
) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of).only(verb.where)
    found = position(index, evaluation.codes(verb.stream, verb.of), evaluation.moments.at)
    values = take(index.columns[verb.column], found, -1 if verb.column in index.levels else MISSING)
    if verb.column in index.levels:
        return Category(values, index.levels[verb.column])
    return np.where(values == MISSING, np.nan, values / SCALE)


def _days_since(evaluation: Evaluation, verb: verbs.DaysSince) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of).only(verb.where)
    found = latest(index, evaluation.codes(verb.stream, verb.of), evaluation.moments.at)
    return _elapsed(evaluation, index, found)


def _days_since_first(evaluation: Evaluation, verb: verbs.DaysSinceFirst) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of).only(verb.where)
    found = first_known(index, evaluation.codes(verb.stream, verb.of), evaluation.moments.at)
    return _elapsed(evaluation, index, found)


def _elapsed(evaluation: Evaluation, index: Index, found: Ints) -> Floats:
    happened = take(index.happened, found, 0)
    return np.where(found < 0, np.nan, _days(evaluation.moments.at - happened))


def _days_until(evaluation: Evaluation, verb: verbs.DaysUntil) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of)
    found = latest(index, evaluation.codes(verb.stream, verb.of), evaluation.moments.at)
    values = take(index.columns[verb.column], found, MISSING)
    there = values != MISSING
    return np.where(there, _days(np.where(there, values, 0) - evaluation.moments.at), np.nan)


def _distinct(evaluation: Evaluation, verb: verbs.Distinct) -> Values:
    index = evaluation.streams.index(verb.stream, verb.of)
    codes = evaluation.codes(verb.stream, verb.of)
    return distinct(index, verb.column, codes, evaluation.moments.at).astype(np.float64)


def _smoothed_rate(evaluation: Evaluation, verb: verbs.SmoothedRate) -> Values:
    at = evaluation.moments.at

    def tallies(of: Of) -> tuple[Floats, Floats]:
        index = evaluation.streams.index(verb.stream, of).having(verb.column)
        codes = evaluation.codes(verb.stream, of)
        hits = tally(index, codes, at, None, verb.column) / SCALE
        return hits, tally(index, codes, at, None, None).astype(np.float64)

    hits, tries = tallies(verb.of)
    all_hits, all_tries = tallies("everyone")
    rate = _divide(all_hits, all_tries)
    return np.asarray((hits + verb.strength * rate) / (tries + verb.strength), np.float64)


def _ratio(evaluation: Evaluation, verb: verbs.Ratio) -> Values:
    return _divide(evaluation.numbers(verb.over), evaluation.numbers(verb.under))


def _difference(evaluation: Evaluation, verb: verbs.Difference) -> Values:
    return np.asarray(evaluation.numbers(verb.left) - evaluation.numbers(verb.right), np.float64)


def _divide(over: NDArray[np.generic], under: NDArray[np.generic]) -> Floats:
    result = np.full(len(over), np.nan)
    np.divide(over, under, out=result, where=np.asarray(under) != 0)
    return result


def _calendar(evaluation: Evaluation, verb: verbs.Calendar) -> Values:
    from features.calendar import local_days, part_of

    days, row = np.unique(local_days(evaluation.moments.at, evaluation.streams.zone), return_inverse=True)
    return part_of(days, verb.part)[row]


_COMPUTE: dict[type, Callable[..., Values]] = {
    verbs.Count: _count,
    verbs.Sum: _sum,
    verbs.Mean: _mean,
    verbs.Latest: _latest,
    verbs.First: _first,
    verbs.DaysSince: _days_since,
    verbs.DaysSinceFirst: _days_since_first,
    verbs.DaysUntil: _days_until,
    verbs.Distinct: _distinct,
    verbs.SmoothedRate: _smoothed_rate,
    verbs.Ratio: _ratio,
    verbs.Difference: _difference,
    verbs.Calendar: _calendar,
}
