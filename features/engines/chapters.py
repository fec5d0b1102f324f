"""Where do moments wait for what is told of them? In chapters: so many rows of the table, one file of it at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.as_of import Micros, Moments
from features.definition import Feature
from features.engines.delivered import Target
from features.engines.local import ROWS
from features.engines.parcels import Ints, Parcel, by_bucket, parcelled, unpacked
from features.engines.rounds import Errand, Round
from features.engines.splits import worker_connection
from features.evaluate import JOINT, made_of
from features.history import History
from features.kernel import codes_in, take
from features.owners import owner_of, parts_of
from features.values_at import Category, Values, Vectors
from features.verbs import Calendar, Leaf, Of, Verb, inputs_of


@dataclass(frozen=True)
class Job:
    """What every worker knows: the features, the history, the rounds, how many rows a chapter has."""

    features: tuple[Feature, ...]
    entity: str
    history: History
    rounds: tuple[Round, ...]
    chapter: int
    memory_mb: int

    @cached_property
    def _numbers(self) -> dict[Leaf, int]:
        steps = (step for errands in self.rounds for errand in errands for step in errand.steps)
        return {verb: number for number, verb in enumerate(verb for step in steps for verb in step.verbs)}

    def name(self, verb: Verb) -> str:
        """The column in which a verb's values travel."""
        assert isinstance(verb, Leaf)
        return f"v{self._numbers[verb]}"

    @cached_property
    def verbs(self) -> dict[str, Leaf]:
        """The verbs by the columns in which they travel."""
        return {f"v{number}": verb for verb, number in self._numbers.items()}


def asked(job: Job, errands: Round, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """The moments of each chapter, on their way to the events of a round."""
    with worker_connection(job.memory_mb) as con:
        for number, turns in by_bucket(parcels):
            chapter = Chapter(job, number, turns)
            for errand in errands:
                names = chapter.owners(errand.of)
                place = _places(con, names, errand, number, chapter.rows)
                asks = pa.table({"row": chapter.rows, "id": names, "at": chapter.moments.at, **chapter.inputs(errand)})
                yield from parcelled(asks, place, len(errand.steps), number, errand.first)


def _places(con: object, names: pa.Array, errand: Errand, chapter: int, rows: Ints) -> Ints:
    """The bucket of an errand that each moment goes to; where a moment has no owner any bucket will do."""
    if errand.is_for_all:
        return np.full(len(rows), chapter % errand.buckets)
    if errand.buckets == 1:
        return np.zeros(len(rows), np.int64)
    encoded = names.dictionary_encode()
    con.register("names", pa.table({"id": encoded.dictionary}))  # type: ignore[attr-defined]
    hashed = con.sql(f"SELECT (hash(id) % {errand.buckets})::BIGINT AS bucket FROM names")  # type: ignore[attr-defined]
    place = take(hashed.to_arrow_table()["bucket"].to_numpy(), codes_in(encoded.indices), -1)
    return np.where(place < 0, rows % errand.buckets, place)


def written(job: Job, target: Target, parcels: Iterable[Parcel]) -> Iterator[tuple[int, int]]:
    """Write the finished rows of each chapter; its number and how many rows it has."""
    from features.table import feature_rows as rows_of

    for number, turns in by_bucket(parcels):
        chapter = Chapter(job, number, turns)
        blocks = (
            rows_of(job.features, chapter.moments, first, end, chapter.values(first, end))
            for first, end in _ranges(len(chapter.moments))
        )
        target.write(number, blocks)
        yield number, len(chapter.moments)


def _ranges(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(0, rows, ROWS):
        yield first, min(first + ROWS, rows)


class Chapter:
    """The moments of a chapter, and what was told of them so far."""

    def __init__(self, job: Job, number: int, turns: Iterator[tuple[int, Iterator[Parcel]]]) -> None:
        self._job = job
        self._told: dict[Verb, Values] = {}
        first = number * job.chapter
        for turn, parcels in turns:
            table = unpacked([freight for _, freight in parcels])
            place = table["row"].to_numpy() - first
            order = np.empty(len(place), np.int64)
            order[place] = np.arange(len(place))
            table = table.take(pa.array(order)).combine_chunks()
            if turn == 0:
                self.rows: Ints = table["row"].to_numpy()
                self.moments = _moments(table["id"].combine_chunks(), table["at"].to_numpy())
            else:
                for column in table.column_names[1:]:
                    self._told[job.verbs[column]] = _values(table[column].combine_chunks())

    def inputs(self, errand: Errand) -> dict[str, Values]:
        """The values that the verbs of an errand take, by the columns in which they travel."""
        verbs = (verb for step in errand.steps for verb in step.verbs)
        taken = dict.fromkeys(part for verb in verbs for part in inputs_of(verb, self._job.entity))
        return {self._job.name(part): self._told[part] for part in taken}

    def owners(self, of: Of) -> pa.Array:
        """The name of each moment's owner of a kind; missing for none."""
        parts = [self._owner(key) for key in parts_of(of)]
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, JOINT)

    def _owner(self, key: str) -> pa.Array:
        verb = owner_of(key, self._job.entity)
        if verb is None and key != self._job.entity:
            return pa.array(np.full(len(self.moments), "all", object), pa.string())
        names, codes = self.moments.names
        if verb is not None:
            value = self._told[verb]
            assert isinstance(value, Category)
            names, codes = value.levels, value.codes
        return pa.array(names, pa.string()).take(pa.array(codes, mask=codes < 0))

    def values(self, first: int, end: int) -> dict[str, Values]:
        """Each feature's values at the moments [first, end)."""
        found: dict[Verb, Values] = {}
        return {feature.name: self._value(feature.verb, first, end, found) for feature in self._job.features}

    def _value(self, verb: Verb, first: int, end: int, found: dict[Verb, Values]) -> Values:
        if verb in found:
            return found[verb]
        if isinstance(verb, Leaf):
            told = self._told[verb]
            value = Category(told.codes[first:end], told.levels) if isinstance(told, Category) else told[first:end]
        elif isinstance(verb, Calendar):
            from features.calendar import calendar_values

            zone = ZoneInfo(self._job.history.timezone or "UTC")
            value = calendar_values(self.moments.at[first:end], verb.part, zone)
        else:
            inputs = tuple(self._value(part, first, end, found) for part in inputs_of(verb, self._job.entity))
            value = made_of(Vectors, verb, inputs)
        found[verb] = value
        return value


def _moments(ids: pa.Array, at: Micros) -> Moments:
    encoded = ids.dictionary_encode()
    return Moments.coded(np.array(encoded.dictionary.to_pylist(), object), codes_in(encoded.indices), at)


def _values(column: pa.Array) -> Values:
    if not pa.types.is_string(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    encoded = column.dictionary_encode()
    return Category(codes_in(encoded.indices), np.array(encoded.dictionary.to_pylist(), object))
