"""Events in a file: what belongs to one key lies together, so that one read brings all that is asked of it.

Of keys with few events each has a block: how many events it has of each stream, then stream by stream the times and
columns, those of most bytes first, so that each is aligned. Keys with very many events have arrays instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.kept_arrays import Group, Read
from features.kept_texts import raw
from features.kernel import MISSING
from features.live_arrays import Loaded, standing, summed_run
from features.live_segment import FEW, Shape
from features.packed import Packed
from features.runs import Run
from features.summed import SummedRun

KNOWN, HAPPENED, RETIRED = "\x1fknown", "\x1fhappened", "\x1fretired"
WORD = 8
COUNT = 2
"""Bytes of a number of events in a block."""
Ints = NDArray[np.int64]
Placed = tuple[int, int, str, int | None]
"""Of a column: bytes of an event before it, its own, its type's letter, the number that stands for none."""


def laid_out(streams: Mapping[str, Loaded], keys: int) -> Group:
    """The streams of one kind of key, of so many keys, in blocks and arrays."""
    arrays: dict[str, NDArray[Any]] = {}
    plain: dict[str, Any] = {}
    few: dict[str, Ints] = {}
    stored: dict[str, dict[str, Packed]] = {}
    for stream, held in streams.items():
        counts = np.zeros(keys, np.int64)
        codes = _codes(held)
        counts[codes] = np.diff(held.starts)
        few[stream] = np.where(counts > FEW, 0, counts)
        stored[stream] = _columns(held)
        listed = [[name, values.dtype.str] for name, values in stored[stream].items()]
        plain[stream] = {"columns": listed, "large": sorted(codes[np.diff(held.starts) > FEW].tolist())}
        arrays |= {f"{stream}/{name}": array for name, array in _large(held, stored[stream]).items()}
    plain = {"order": list(streams), "streams": plain}
    sizes = {s: few[s] * sum(v.itemsize for v in stored[s].values()) for s in streams}
    header = _padded(np.full(keys, COUNT * len(streams), np.int64))
    sizes = {stream: _padded(found) for stream, found in sizes.items()}
    total = np.where(sum(few.values()) > 0, header + sum(sizes.values()), 0) if streams else np.zeros(keys, np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(total)])
    blocks = np.zeros(int(begins[-1]), np.uint8)
    there = np.flatnonzero(total)
    at = begins[:-1] + header
    for place, (stream, held) in enumerate(streams.items()):
        blocks.view(np.uint16)[begins[there] // COUNT + place] = few[stream][there]
        _scatter(blocks, held, stored[stream], at, few[stream])
        at = at + sizes[stream]
    words = begins // WORD
    arrays |= {"begins": words if words[-1] >= 2**31 else words.astype(np.int32), "blocks": blocks}
    return Group(arrays, plain=plain)


def _padded(sizes: Ints) -> Ints:
    return -(-sizes // WORD) * WORD


def _codes(held: Loaded) -> Ints:
    """The code of each segment's key."""
    codes = np.empty(len(held.starts) - 1, np.int64)
    there = np.flatnonzero(held.segments >= 0)
    codes[held.segments[there]] = there
    return codes


def _columns(held: Loaded) -> dict[str, Packed]:
    """Times and columns, those of most bytes first: known first of all, then happened where it is another."""
    found: dict[str, Packed] = {KNOWN: held.known}
    if held.happened is not held.known:
        found[HAPPENED] = held.happened
    if held.retired is not None:
        found[RETIRED] = held.retired
    found |= held.columns
    return dict(sorted(found.items(), key=lambda item: -item[1].itemsize))


def _scatter(blocks: NDArray[np.uint8], held: Loaded, stored: Mapping[str, Packed], at: Ints, few: Ints) -> None:
    """Put the events of keys that have few into their blocks, which begin `at`."""
    codes, counts = _codes(held), np.diff(held.starts)
    chosen = counts <= FEW
    rows = np.repeat(chosen, counts)
    codes, counts = codes[chosen], counts[chosen]
    place = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    before = 0
    for values in stored.values():
        size = values.itemsize
        begin = (at[codes] + few[codes] * before) // size
        blocks.view(values.dtype)[np.repeat(begin, counts) + place] = values[rows]
        before += size


def _large(held: Loaded, stored: Mapping[str, Packed]) -> dict[str, NDArray[Any]]:
    """The events of keys that have very many, key by key in the order of their codes; nothing where there are none."""
    counts, codes = np.diff(held.starts), _codes(held)
    chosen = np.flatnonzero(counts > FEW)
    if not len(chosen):
        return {}
    chosen = chosen[np.argsort(codes[chosen])]
    rows = np.concatenate([np.arange(held.starts[s], held.starts[s + 1]) for s in chosen])
    ends = np.cumsum(counts[chosen])
    found: dict[str, NDArray[Any]] = {name: values[rows] for name, values in stored.items()}
    found["starts"] = np.concatenate([np.zeros(1, np.int64), ends])
    if HAPPENED in found:
        happened, begins = found[HAPPENED], found["starts"]
        orders = [np.argsort(happened[a:b], kind="stable") for a, b in pairwise(begins)]
        found["order"] = np.concatenate(orders).astype(np.int32)
    return found


@dataclass(slots=True)
class Block:
    """The block of a key, in bytes and in words; the numbers of its events and where they begin, stream by stream."""

    block: "memoryview[int]"
    words: "memoryview[int]"
    numbers: list[int]
    begins: list[int]


class HeldColumns(dict[str, list[int]]):
    """The columns of some events in a block, each made a list when it is first looked at."""

    __slots__ = ("_begin", "_block", "_layout", "_number")

    def __init__(self, block: "memoryview[int]", begin: int, number: int, layout: "Mapping[str, Placed]") -> None:
        super().__init__()
        self._block = block
        self._begin = begin
        self._number = number
        self._layout = layout

    def __missing__(self, name: str) -> list[int]:
        before, size, char, least = self._layout[name]
        first = self._begin + self._number * before
        values: list[int] = self._block[first : first + self._number * size].cast(char).tolist()  # type: ignore[call-overload]
        if least is not None and least in values:
            values = [MISSING if value == least else value for value in values]
        self[name] = values
        return values


class Blocks:
    """The blocks of one kind of key. The last that was read is held: one key is asked of many streams."""

    def __init__(self, group: Group) -> None:
        self._begins = raw(group.arrays["begins"])
        self._read: Read = group.read.get("blocks") or _reader(group.arrays["blocks"])
        order: Sequence[str] = group.plain["order"]
        layouts = group.plain["streams"]
        self._sizes = [sum(np.dtype(kind).itemsize for _, kind in layouts[s]["columns"]) for s in order]
        self._header = -(-COUNT * len(order) // WORD) * WORD
        self._code = -1
        self._found: Block | None = None

    def block(self, code: int) -> "Block | None":
        """The block of a key; None for none."""
        if code == self._code:
            return self._found
        begins = self._begins
        found = None
        if 0 <= code < len(begins) - 1 and (first := begins[code]) < (end := begins[code + 1]):
            block = memoryview(self._read(first * WORD, (end - first) * WORD))
            sizes = self._sizes
            numbers = block[: COUNT * len(sizes)].cast("H").tolist()
            at, starts = self._header, []
            for number, size in zip(numbers, sizes, strict=True):
                starts.append(at)
                at += (number * size + WORD - 1) & -WORD
            found = Block(block, block.cast("q"), numbers, starts)
        self._code, self._found = code, found
        return found


def _reader(blocks: NDArray[np.uint8]) -> Read:
    return lambda at, length: blocks[at : at + length].tobytes()


class KeptEvents:
    """One stream by one key in a file."""

    def __init__(self, group: Group, blocks: Blocks, stream: str, shape: Shape) -> None:
        self._blocks = blocks
        self._place = group.plain["order"].index(stream)
        self._shape = shape
        layout = group.plain["streams"][stream]
        self._columns: dict[str, Placed] = {}
        before = 0
        for name, kind in layout["columns"]:
            dtype = np.dtype(kind)
            packed = name not in shape.texts and dtype.itemsize < WORD
            self._columns[name] = (before, dtype.itemsize, dtype.char, int(np.iinfo(dtype).min) if packed else None)
            before += dtype.itemsize
        self._late = HAPPENED in self._columns
        self._replaced = RETIRED in self._columns
        self._large = {code: place for place, code in enumerate(layout["large"])}
        self._summed: dict[int, SummedRun] = {}
        arrays = {
            name.removeprefix(f"{stream}/"): a for name, a in group.arrays.items() if name.startswith(f"{stream}/")
        }
        self._starts = arrays.pop("starts", np.zeros(1, np.int64))
        self._order = arrays.pop("order", None)
        self._arrays = arrays

    def has(self, code: int) -> bool:
        if code in self._large:
            return True
        found = self._blocks.block(code)
        return found is not None and found.numbers[self._place] > 0

    def base(self, code: int) -> Run | SummedRun | None:
        found = self._blocks.block(code)
        number = 0 if found is None else found.numbers[self._place]
        if found is None or not number:
            return self._many(code) if code in self._large else None
        begin, words = found.begins[self._place], found.words
        word = begin // WORD
        known: list[int] = words[word : word + number].tolist()
        happened = known
        if self._late:
            happened = words[word + number : word + 2 * number].tolist()
        held = HeldColumns(found.block, begin, number, self._columns)
        return Run(known, happened, held, self._shape.texts, standing(held[RETIRED]) if self._replaced else None)

    def _many(self, code: int) -> SummedRun:
        found = self._summed.get(code)
        if found is None:
            place = self._large[code]
            rows = slice(int(self._starts[place]), int(self._starts[place + 1]))
            order = None if self._order is None else self._order[rows]
            found = self._summed[code] = summed_run(self, self._shape, rows, order)
        return found

    @property
    def known(self) -> Ints:
        """When the events of keys with very many became known."""
        return self._arrays[KNOWN]

    @property
    def happened(self) -> Ints:
        """When they happened."""
        return self._arrays.get(HAPPENED, self._arrays[KNOWN])

    @property
    def retired(self) -> Ints | None:
        """When they were replaced."""
        return self._arrays.get(RETIRED)

    @property
    def columns(self) -> Mapping[str, Packed]:
        """Their columns."""
        return {name: array for name, array in self._arrays.items() if name not in (KNOWN, HAPPENED, RETIRED)}

    @property
    def bytes(self) -> int:
        """What the arrays of keys with very many events take."""
        return sum(array.nbytes for array in self._arrays.values())
