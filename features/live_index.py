"""One stream by one key, in memory: as it was loaded, and the keys whose events grew since.

What was loaded is never changed: the events of a key that grows are copied first. So a question that supposes
something can lie over the memory as a layer and be forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.kernel import MISSING, Index
from features.live_segment import FEW, Entry, OrderUnclear, Segment, Shape, empty_run, walked
from features.names import Names
from features.segments import Run, RunLook, SegmentLook
from features.summed import Packed, SummedRun, bisected, packed

FAR = 2**62
"""A moment after all others."""


@dataclass(frozen=True)
class Loaded:
    """The events of a stream by one key as they were read: arrays, and the stretch of each key by its code."""

    known: NDArray[np.int64]
    happened: NDArray[np.int64]
    retired: NDArray[np.int64] | None
    columns: dict[str, Packed]
    starts: NDArray[np.int64]
    segments: NDArray[np.int32]

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        own: list[NDArray[np.signedinteger]] = [self.known, self.starts, self.segments, *self.columns.values()]
        own += [self.happened] if self.happened is not self.known else []
        own += [self.retired] if self.retired is not None else []
        return sum(array.nbytes for array in own)


def loaded(index: Index, shape: Shape, keys: Names) -> Loaded:
    """An index as it is kept: names shared with others, numbers in as few bytes as hold them."""
    columns: dict[str, Packed] = {}
    for column in (*shape.stored, *shape.derived):
        values = index.columns.pop(column)
        if column in shape.texts:
            names = shape.texts[column]
            renamed = np.array([names.add(text) for text in index.levels[column].tolist()], np.int64)
            values = np.where(values < 0, -1, renamed[np.maximum(values, 0)]) if len(renamed) else values
        columns[column] = packed(values, column in shape.texts)
    ids = index.ids if isinstance(index.ids, list) else index.ids.to_pylist()
    codes = np.array([keys.add(name) for name in ids], np.int64)
    segments = np.full(len(keys), -1, np.int32)
    segments[codes] = np.arange(len(codes))
    return Loaded(index.known, index.happened, index.retired, columns, index.starts, segments)


class _Columns(dict[str, list[int]]):
    """The columns of a stretch, each made a list when it is first looked at."""

    __slots__ = ("_end", "_first", "_held", "_texts")

    def __init__(self, held: dict[str, Packed], first: int, end: int, texts: Any) -> None:
        super().__init__()
        self._held, self._first, self._end, self._texts = held, first, end, texts

    def __missing__(self, column: str) -> list[int]:
        stretch = self._held[column][self._first : self._end]
        values: list[int] = stretch.tolist()
        if stretch.dtype != np.int64 and column not in self._texts:
            least = int(np.iinfo(stretch.dtype).min)
            if least in values:
                values = [MISSING if value == least else value for value in values]
        self[column] = values
        return values


class LiveIndex:
    """The events of one stream by one key. `over` is the index of which this is a layer, as known before a moment."""

    def __init__(
        self,
        of: str,
        shape: Shape,
        keys: Names,
        held: Loaded,
        over: "LiveIndex | None" = None,
        before: int = FAR,
    ) -> None:
        self.of = of
        self.shape = shape
        self.held = held
        self.unclear: set[str] = set()
        self._segments: memoryview[int] = over._segments if over is not None else bisected(held.segments)
        self._starts: memoryview[int] = over._starts if over is not None else bisected(held.starts)
        self._keys = keys
        self._over = over
        self._before = before
        self._grown: dict[str, Segment] = {}
        self._large: dict[str, SummedRun] = {} if over is None else over._large
        self.read: Callable[[str], Loaded] | None = over.read if over is not None else None

    def layer(self, shape: Shape, before: int) -> "LiveIndex":
        """An index over this one that takes additions to itself."""
        return LiveIndex(self.of, shape, self._keys, self.held, self, before)

    def has(self, key: str) -> bool:
        """Whether there are any events of a key."""
        return self.grown(key) is not None or self._stretch(key) is not None

    def look(self, key: str | None, at: int) -> SegmentLook:
        """The events of a key at a moment; of nobody where there is no key."""
        runs = self._runs(key, at) if key is not None else ()
        return SegmentLook(runs, self.shape.texts, at, self.shape.codes)

    def _runs(self, key: str, at: int) -> list[RunLook]:
        grown = self.grown(key)
        if grown is not None:
            return [run.at(at) for run in grown.runs]
        run = self.base(key)
        return [] if run is None else [run.at(at)]

    def grown(self, key: str) -> Segment | None:
        """The events of a key that grew since loading; None where they did not."""
        if self.unclear and key in self.unclear:
            self._read_again(key)
        found = self._grown.get(key)
        return self._over.grown(key) if found is None and self._over is not None else found

    def _stretch(self, key: str) -> tuple[int, int] | None:
        code = self._keys.code(key)
        if not 0 <= code < len(self._segments):
            return None
        segment = self._segments[code]
        return None if segment < 0 else (self._starts[segment], self._starts[segment + 1])

    def base(self, key: str) -> Run | SummedRun | None:
        """The events of a key as they were loaded."""
        found = self._stretch(key)
        if found is None:
            return None
        first, end = found
        if end - first > FEW:
            if key not in self._large:
                self._large[key] = self._large_run(first, end)
            return self._large[key]
        held, texts = self.held, self.shape.texts
        known = held.known[first:end].tolist()
        happened = known if held.happened is held.known else held.happened[first:end].tolist()
        retired = None
        if held.retired is not None:
            retired = held.retired[first:end].tolist()
            if retired.count(MISSING) == len(retired):
                retired = None
        return Run(known, happened, _Columns(held.columns, first, end, texts), texts, retired)

    def _large_run(self, first: int, end: int) -> SummedRun:
        held = self.held
        known = held.known[first:end]
        happened = held.happened[first:end]
        punctual = held.happened is held.known or bool((known == happened).all())
        columns = {column: values[first:end] for column, values in held.columns.items()}
        retired = None if held.retired is None else held.retired[first:end]
        return SummedRun(known, known if punctual else happened, columns, self.shape.texts, retired)

    def grow(self, key: str) -> Segment:
        """The events of a key, to be added to."""
        found = self._grown.get(key)
        if found is not None:
            return found
        under = self._over.grown(key) if self._over is not None else None
        found = under.copy(self.shape, self._before) if under is not None else self._from_base(key)
        self._grown[key] = found
        return found

    def _from_base(self, key: str) -> Segment:
        run = self.base(key)
        if run is None:
            return Segment(self.shape, (), empty_run(self.shape), loose=self._over is not None)
        if isinstance(run, SummedRun):
            segment = Segment(self.shape, (run.copy(),), empty_run(self.shape), loose=self._over is not None)
        else:
            columns = {column: run.columns[column] for column in (*self.shape.stored, *self.shape.derived)}
            whole = Run(run.known, run.happened, columns, self.shape.texts, run.retired)
            segment = Segment(self.shape, (), whole)
        return segment if self._over is None else segment.copy(self.shape, self._before)

    def add(self, key: str, entry: Entry) -> None:
        """An event of a key became known. Where its place is unclear, the key has to be read again."""
        if key in self.unclear:
            return  # it will be read with this event in it
        try:
            self.grow(key).add(entry)
        except OrderUnclear:
            self.unclear.add(key)

    def retire(self, key: str, entry: Entry, when: int) -> None:
        """An event of a key counts no longer from a moment on."""
        if key in self.unclear:
            return
        try:
            self.grow(key).retire(entry, when)
        except OrderUnclear:
            self.unclear.add(key)

    def _read_again(self, key: str) -> None:
        """Take the events of a key from the history, with what came since."""
        assert self.read is not None
        self.unclear.discard(key)
        other = LiveIndex(self.of, self.shape, self._keys, self.read(key))
        run = other.base(key)
        if isinstance(run, SummedRun):
            self._grown[key] = Segment(self.shape, (run,), empty_run(self.shape))
        else:
            self._grown[key] = other.grow(key)

    def told(self, key: str, column: str | None, before: int) -> list[tuple[int, int, Any]]:
        """The events of a key known before a moment, replaced ones too: known, happened, the number or text."""
        grown = self.grown(key)
        base = self.base(key) if grown is None else None
        runs: list[Any] = grown.runs if grown is not None else [] if base is None else [base]
        found: list[tuple[int, int, Any]] = []
        for run in runs:
            look = run.at(before)
            if column is None:
                known = look.times()
                found += [(one, one, None) for one in known]
                continue
            known, values = look.seen(column)
            names = self.shape.texts.get(column)
            for row, (one, value) in enumerate(zip(known, values, strict=True)):
                text = names.text(value) if names is not None else None if value == MISSING else value
                found.append((one, look.happened(row), text))
        return found

    @property
    def grown_keys(self) -> int:
        """How many keys grew since loading."""
        return len(self._grown)


__all__ = ["Entry", "LiveIndex", "Loaded", "loaded", "walked"]
