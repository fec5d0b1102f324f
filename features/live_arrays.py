"""The events of one stream by one key as they were read: arrays, and the stretch of each key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from features.kernel import MISSING, Index
from features.live_segment import FEW, Shape
from features.names import Names
from features.packed import Packed, packed
from features.runs import Run
from features.summed import SummedRun


class Held(Protocol):
    """Events that were read, by the code of their key."""

    def base(self, code: int) -> Run | SummedRun | None:
        """The events of a key; None for none."""

    def has(self, code: int) -> bool:
        """Whether a key has any."""

    @property
    def bytes(self) -> int:
        """What the arrays take."""


@dataclass(frozen=True)
class Loaded:
    """Events in arrays of their own; `segments` is the stretch of each key by its code."""

    known: NDArray[np.int64]
    happened: NDArray[np.int64]
    retired: NDArray[np.int64] | None
    columns: dict[str, Packed]
    starts: NDArray[np.int64]
    segments: NDArray[np.int32]
    shape: Shape
    _large: dict[int, SummedRun] = field(default_factory=dict, repr=False, compare=False)

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        own: list[NDArray[np.signedinteger]] = [self.known, self.starts, self.segments, *self.columns.values()]
        own += [self.happened] if self.happened is not self.known else []
        own += [self.retired] if self.retired is not None else []
        return sum(array.nbytes for array in own)

    def has(self, code: int) -> bool:
        return 0 <= code < len(self.segments) and self.segments[code] >= 0

    def base(self, code: int) -> Run | SummedRun | None:
        if not self.has(code):
            return None
        segment = int(self.segments[code])
        first, end = int(self.starts[segment]), int(self.starts[segment + 1])
        if end - first > FEW:
            if code not in self._large:
                self._large[code] = summed_run(self, self.shape, slice(first, end))
            return self._large[code]
        known = self.known[first:end].tolist()
        happened = known if self.happened is self.known else self.happened[first:end].tolist()
        retired = standing(None if self.retired is None else self.retired[first:end].tolist())
        texts = self.shape.texts

        def column(name: str) -> list[int]:
            stretch = self.columns[name][first:end]
            return unpacked(stretch.tolist(), stretch.dtype, is_text=name in texts)

        return Run(known, happened, Columns(column), texts, retired)


class Arrays(Protocol):
    """What many events are kept in."""

    @property
    def known(self) -> NDArray[np.int64]: ...
    @property
    def happened(self) -> NDArray[np.int64]: ...
    @property
    def retired(self) -> NDArray[np.int64] | None: ...
    @property
    def columns(self) -> Mapping[str, Packed]: ...


def summed_run(held: Arrays, shape: Shape, rows: slice, order: NDArray[np.int32] | None = None) -> SummedRun:
    """Very many events of one key; `order` is that of their happening, where it is known and another."""
    known, happened = held.known[rows], held.happened[rows]
    punctual = held.happened is held.known or bool((known == happened).all())
    columns = {column: values[rows] for column, values in held.columns.items()}
    retired = None if held.retired is None else held.retired[rows]
    return SummedRun(known, known if punctual else happened, columns, shape.texts, retired, order)


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
    return Loaded(index.known, index.happened, index.retired, columns, index.starts, segments, shape)


class Columns(dict[str, list[int]]):
    """The columns of a stretch, each made a list when it is first looked at."""

    __slots__ = ("_column",)

    def __init__(self, column: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, name: str) -> list[int]:
        values = self[name] = self._column(name)
        return values


def unpacked(values: list[int], kind: "np.dtype[Any]", *, is_text: bool) -> list[int]:
    """Packed values as they were."""
    if kind != np.int64 and not is_text:
        least = int(np.iinfo(kind).min)
        if least in values:
            return [MISSING if value == least else value for value in values]
    return values


def standing(retired: list[int] | None) -> list[int] | None:
    """When events were replaced; None where none was."""
    return None if retired is None or retired.count(MISSING) == len(retired) else retired
