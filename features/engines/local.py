"""The engine of one machine: streams sorted by key pass by, some keys at a time, and their moments are told.

Each step of the plan (`features.plan`) reads one stream once: for few moments straight from the history, only the
events of their keys; for many in its prepared form (`features.prepared`). DuckDB sorts, on disk where memory does not
do; the kernel sees whole keys. So the time grows as events and moments do, and the memory is bounded by a setting.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import TracebackType
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from features.as_of import Micros, Moments
from features.chunks import chunks
from features.columns import Column, Rows
from features.definition import Feature
from features.engines.keyed import Keyed, keyed
from features.evaluate import crossed, leaf, made_of
from features.history import History
from features.indexing import index_of
from features.kernel import Index, Ints
from features.looks import VectorLook
from features.owners import EVERYONE, owner_of, parts_of
from features.plan import Step, plan
from features.prepared import Prepared, is_prepared, prepared
from features.processors import processors
from features.stream_reader import StreamReader
from features.values_at import Category, Values, Vectors
from features.verbs import Calendar, Leaf, Of, Verb, inputs_of

MEMORY_MB = 1024
"""What a feature table may take unless told otherwise."""
EVENTS = 100_000
"""Events in memory at once for each core, whole keys permitting: little enough for the processor's cache."""
ROWS = 30_000
"""Moments told at once."""
FEW_MOMENTS = 100_000
"""Up to so many moments only the events of their own keys are read."""


class LocalFeatures(AbstractContextManager["LocalFeatures"]):
    """Features at moments, ready to be read by rows. Use as a context: it may hold files."""

    def __init__(
        self,
        features: tuple[Feature, ...],
        moments: Moments,
        history: History,
        memory_mb: int = MEMORY_MB,
        threads: int | None = None,
    ) -> None:
        self.features = features
        self.moments = moments
        self.entity = features[0].entity if features else "deal"
        self._history = history
        self._zone = ZoneInfo(history.timezone or "UTC")
        self._threads = threads or cores()
        self._memory_mb = memory_mb
        self._columns: dict[Verb, Column] = {}
        self._keyed: dict[Of, Keyed] = {}
        self._folder: Path | None = None
        self._steps = plan(features, self.entity)
        self._reader = StreamReader(history, self._steps, memory_mb, self._threads)

    def __enter__(self) -> "LocalFeatures":
        """Look everything up."""
        leaves = sum(len(step.verbs) for step in self._steps)
        if leaves * len(self.moments) * 8 > self._memory_mb * 1_000_000 / 2:
            spill = self._history.home / "spill"
            spill.mkdir(parents=True, exist_ok=True)
            self._folder = Path(mkdtemp(prefix="features-", dir=spill))
        try:
            for number, step in enumerate(self._steps):
                self._run(step)
                if all(later.of != step.of for later in self._steps[number + 1 :]):
                    self._keyed.pop(step.of, None)
        except BaseException:
            self.close()
            raise
        self._reader.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was kept in files."""
        self._columns = {}
        self._reader.close()
        if self._folder is not None:
            rmtree(self._folder, ignore_errors=True)

    def blocks(self, rows: int = ROWS) -> Iterator[tuple[int, int, dict[str, Values]]]:
        """Row ranges [first, end) and each feature's values there, from the first moment to the last."""
        for first in range(0, len(self.moments), rows):
            end = min(first + rows, len(self.moments))
            found: dict[Verb, Values] = {}
            yield first, end, {f.name: self._value(f.verb, first, end, found) for f in self.features}

    def values(self) -> dict[str, Values]:
        """Each feature's values at all moments."""
        for _, _, found in self.blocks(max(len(self.moments), 1)):
            return found
        nothing: dict[Verb, Values] = {}
        return {f.name: self._value(f.verb, 0, 0, nothing) for f in self.features}

    def _value(self, verb: Verb, first: int, end: int, found: dict[Verb, Values]) -> Values:
        if verb in found:
            return found[verb]
        if isinstance(verb, Leaf):
            value = self._columns[verb].rows(first, end)
        elif isinstance(verb, Calendar):
            from features.calendar import calendar_values

            value = calendar_values(self.moments.at[first:end], verb.part, self._zone)
        else:
            inputs = tuple(self._value(part, first, end, found) for part in inputs_of(verb, self.entity))
            value = made_of(Vectors, verb, inputs)
        found[verb] = value
        return value

    def _run(self, step: Step) -> None:
        """Look up a step's verbs at all moments."""
        whose = self._whose(step.of)
        inputs = [tuple(self._columns[part].whole() for part in inputs_of(verb, self.entity)) for verb in step.verbs]
        columns = [self._column(verb) for verb in step.verbs]
        for rows, told in self._told(step, whose, inputs):
            for column, values in zip(columns, told, strict=True):
                column.put(values, rows)
        for column in columns:
            column.finish(whose.order)

    def _told(self, step: Step, whose: Keyed, inputs: list[tuple[Values, ...]]) -> Iterator[tuple[Rows, list[Values]]]:
        """The verbs' values for the moments in the order of their keys, some keys at a time, by several threads."""
        done = 0
        waiting: deque[tuple[Rows, Future[list[Values]]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            for index, codes, end in self._indexes(step, whose):
                # Of no moments too it is found out whether the values are texts.
                for first in range(done, max(end, int(not len(self.moments))), ROWS):
                    rows = whose.rows(first, min(first + ROWS, end))
                    task = pool.submit(self._tell, step, index, codes[whose.codes[rows]], rows, inputs)
                    waiting.append((rows, task))
                    if len(waiting) > self._threads:
                        told, finished = waiting.popleft()
                        yield told, finished.result()
                done = max(done, end)
            for told, finished in waiting:
                yield told, finished.result()

    def _tell(
        self, step: Step, index: Index, codes: Ints, rows: Rows, inputs: list[tuple[Values, ...]]
    ) -> list[Values]:
        return tell(step, index, codes, self.moments.at[rows], [tuple(_at(v, rows) for v in parts) for parts in inputs])

    def _indexes(self, step: Step, whose: Keyed) -> Iterator[tuple[Index, Ints, int]]:
        """Indexes of some keys each, the segment of each name in it, and up to where the moments' order is told by it.

        Moments of keys without events go with those before them; the last index takes the rest.
        """
        columns = step.columns & self._reader.streams.columns(step.stream).keys()
        if len(self.moments) > FEW_MOMENTS or is_prepared(self._reader, step.stream, step.of, columns):
            with prepared(self._reader, step.stream, step.of, columns) as stream:
                yield from self._slices(stream, sorted(columns), whose)
        else:
            yield from self._directly(step, columns, whose)

    def _slices(self, stream: Prepared, columns: list[str], whose: Keyed) -> Iterator[tuple[Index, Ints, int]]:
        """What was prepared, slice by slice; slices nobody asks about are not read."""
        segments = whose.segments(stream.ids)
        ranges = list(stream.ranges(EVENTS))
        done = 0
        for number, (first, end) in enumerate(ranges):
            last = number == len(ranges) - 1
            stop = len(self.moments) if last else int(whose.starts[whose.place_after(stream.ids[end - 1].as_py())])
            if stop == done and not (last and not number):
                continue
            local = segments - first
            yield stream.index(first, end, columns), np.where((local < 0) | (local >= end - first), -1, local), stop
            done = stop

    def _directly(self, step: Step, columns: frozenset[str], whose: Keyed) -> Iterator[tuple[Index, Ints, int]]:
        """The events of the moments' own keys, read and sorted for this once."""
        kinds = self._reader.streams.columns(step.stream)
        categories = [column for column, kind in kinds.items() if kind == "category"]
        among = None if step.of == EVERYONE else whose.names
        tables = chunks(self._reader.read(step.stream, step.of, columns, among), EVENTS)
        table: pa.Table | None = next(tables)
        while table is not None:
            following = next(tables, None)
            end = len(self.moments)
            if following is not None:
                end = int(whose.starts[whose.place_after(table["id"][-1].as_py())])
            index = index_of(table, categories, step.stream, step.columns, self._zone)
            assert isinstance(index.ids, pa.Array)
            yield index, whose.segments(index.ids), end
            table = following

    def _whose(self, of: Of) -> Keyed:
        """The moments by their owners of a kind."""
        if of not in self._keyed:
            self._keyed[of] = self._find(of)
        return self._keyed[of]

    def _find(self, of: Of) -> Keyed:
        if of == EVERYONE:
            return Keyed(pa.array(["all"]), np.zeros(len(self.moments), np.int64))
        found = [self._owner(key) for key in parts_of(of)]
        owner = found[0] if len(found) == 1 else crossed(found[0], found[1])
        return keyed(owner.levels, owner.codes)

    def _owner(self, key: str) -> Category:
        verb = owner_of(key, self.entity)
        if verb is None:
            names, codes = self.moments.names
            return Category(codes, names)
        value = self._columns[verb].whole()
        assert isinstance(value, Category)
        return value

    def _column(self, verb: Verb) -> Column:
        path = None if self._folder is None else self._folder / f"{len(self._columns)}.bin"
        return self._columns.setdefault(verb, Column(len(self.moments), path))


def prepare_all(
    features: tuple[Feature, ...], history: History, memory_mb: int = MEMORY_MB, threads: int | None = None
) -> None:
    """Make ready what these features look at, so that the next table is only looked up."""
    steps = plan(features, features[0].entity if features else "deal")
    with StreamReader(history, steps, memory_mb, threads or cores()) as reader:
        for step in steps:
            columns = step.columns & reader.streams.columns(step.stream).keys()
            with prepared(reader, step.stream, step.of, columns):
                pass


def cores() -> int:
    """How many threads to use unless told otherwise."""
    return min(processors(), 8)


def tell(step: Step, index: Index, codes: Ints, at: Micros, inputs: list[tuple[Values, ...]]) -> list[Values]:
    """The values of a step's verbs for rows (segment, moment): what every engine computes, wherever it runs."""
    look = VectorLook(index, codes, at)
    return [leaf(look, verb, parts) for verb, parts in zip(step.verbs, inputs, strict=True)]


def _at(values: Values, rows: Rows) -> Values:
    if isinstance(values, Category):
        return Category(values.codes[rows], values.levels)
    return values[rows]
