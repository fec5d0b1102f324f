"""One stream by one key, in memory: as it was loaded, and the keys whose events grew since.

What was loaded is never changed: the events of a key that grows are copied first. So a question that supposes
something can lie over the memory as a layer and be forgotten.
"""

from collections.abc import Callable, Iterable
from typing import Any

from features.kernel import MISSING
from features.live_arrays import Held, Loaded
from features.live_segment import Entry, OrderUnclear, Segment, Shape, empty_run, walked
from features.names import Names
from features.runs import Run, RunLook
from features.segments import SegmentLook
from features.summed import SummedRun

FAR = 2**62
"""A moment after all others."""


class LiveIndex:
    """The events of one stream by one key. `over` is the index of which this is a layer, as known before a moment."""

    def __init__(
        self,
        of: str,
        shape: Shape,
        keys: Names,
        held: Held,
        over: "LiveIndex | None" = None,
        before: int = FAR,
    ) -> None:
        self.of = of
        self.shape = shape
        self.held = held
        self.unclear: set[str] = set()
        self._keys = keys
        self._over = over
        self._before = before
        self._grown: dict[str, Segment] = {}
        self.read: Callable[[str], Loaded] | None = over.read if over is not None else None

    def layer(self, shape: Shape, before: int) -> "LiveIndex":
        """An index over this one that takes additions to itself."""
        return LiveIndex(self.of, shape, self._keys, self.held, self, before)

    def has(self, key: str) -> bool:
        """Whether there are any events of a key."""
        return self.grown(key) is not None or self.held.has(self._keys.code(key))

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

    def base(self, key: str) -> Run | SummedRun | None:
        """The events of a key as they were loaded."""
        return self.held.base(self._keys.code(key))

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
        self.read_again([key], self.read(key))

    def read_again(self, keys: Iterable[str], held: Held) -> None:
        """The events of these keys are those that were read, where they are unclear still."""
        other = LiveIndex(self.of, self.shape, self._keys, held)
        for key in self.unclear.intersection(keys):
            self.unclear.discard(key)
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


__all__ = ["Entry", "LiveIndex", "walked"]
