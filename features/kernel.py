"""Events in memory as the look-ups need them: sorted by key and by when they became known, with running sums.

Values are integers (microseconds, ten-thousandths), so sums are exact and do not depend on who else is in the
arrays: every engine gets the same bits. The look-ups themselves are in `features.looks`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import Micros
from features.dominance import running_sum
from features.verbs import Where

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Weigh = Callable[["Index"], Ints | Flags | None]
MISSING = np.iinfo(np.int64).min
"""A number that is not there, in the integer columns of an index."""
EVER = -62_135_596_800_000_000
"""When a row was known, and happened, of which nobody knows when: from ever, the first moment of the year 1."""
FEW = 2_000
"""Up to so many names are looked up in a dictionary, which is kept; more by a vectorised join.

The service asks for a thousand at most: making an Arrow array would load pandas into it.
"""
SCALE = 10_000
"""Numbers are kept as ten-thousandths."""
HALF_BITS = 25
"""Squares are summed in two halves of so many bits: three exact sums instead of one that overflows."""


@dataclass
class Index:
    """The events of one stream by one key. Segment k holds the events of `ids[k]`.

    `columns` hold ten-thousandths, microseconds or category codes (-1 missing, names in `levels`).
    An event counts from `known` until `retired`, which only replaced events have; `gone` is the index
    of those alone, by when they were replaced.
    """

    ids: pa.Array | list[str]
    starts: Ints
    known: Micros
    happened: Micros
    columns: dict[str, Ints]
    levels: dict[str, NDArray[np.object_]]
    retired: Micros | None = None
    gone: "Index | None" = None
    cache: dict[object, object] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.known)

    @property
    def punctual(self) -> bool:
        """Whether every event was known when it happened."""
        found = self.cache.get("punctual")
        if found is None:
            found = self.cache["punctual"] = self.happened is self.known or bool((self.known == self.happened).all())
        return bool(found)

    @property
    def owners(self) -> Ints:
        """The segment of each event."""
        found = self.cache.get("owners")
        if found is None:
            found = self.cache["owners"] = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return found  # type: ignore[return-value]

    def mask(self, where: Where, having: str | None = None) -> Flags | None:
        """Which events have these values, and a number in `having`; None for all."""
        found = self.cache.get(("mask", where, having))
        if found is None and (where or having is not None):
            keep = np.ones(len(self), bool)
            for column, value in where:
                code = np.flatnonzero(self.levels[column] == value)
                keep &= self.columns[column] == (code[0] if len(code) else -2)
            if having is not None:
                keep &= self.given(having)
            found = self.cache["mask", where, having] = keep
        return found  # type: ignore[return-value]

    def chosen(self, where: Where, column: str) -> Flags:
        """Which events have these values, and one in a number column."""
        found = self.mask(where, column)
        assert found is not None
        return found

    def given(self, column: str) -> Flags:
        """Which events have a value in a column."""
        return np.asarray(self.columns[column] != (-1 if column in self.levels else MISSING))

    def weights(self, where: Where, column: str | None, having: str | None = None) -> Ints | Flags | None:
        """What each event adds to a sum of a column, or to a count; None for one each."""
        if column is None:
            return self.mask(where, having)
        return np.where(self.chosen(where, column), self.columns[column], 0)

    def squares(self, where: Where, column: str) -> tuple[Ints, Ints, Ints]:
        """The squares of a column in three parts: high * high, high * low, low * low."""
        found = self.cache.get(("squares", where, column))
        if found is None:
            values = np.where(self.chosen(where, column), self.columns[column], 0)
            high, low = values >> HALF_BITS, values & ((1 << HALF_BITS) - 1)
            found = self.cache["squares", where, column] = (high * high, high * low, low * low)
        return found  # type: ignore[return-value]

    def by_days(self, where: Where, column: str) -> tuple[Ints, Ints, Ints]:
        """Of events with a value: the day (since 1970), the day squared, the day times the value."""
        found = self.cache.get(("days", where, column))
        if found is None:
            keep = self.chosen(where, column)
            days = np.where(keep, self.happened // 86_400_000_000, 0)
            times = days * np.where(keep, self.columns[column], 0)
            found = self.cache["days", where, column] = (days, days * days, times)
        return found  # type: ignore[return-value]

    def running(self, name: object, weigh: Weigh, within: int | None = None, *, by_happening: bool = False) -> Ints:
        """Running sum of what `weigh` (known by its `name`) gives for each event, None for one each; length n + 1.

        `within` leaves out the events recorded so many microseconds or more after they happened: no window so
        long that ends when they were on record can hold them. `by_happening` sums in the order of happening.
        """
        found = self.cache.get(("running", name, within, by_happening))
        if found is None:
            values = weigh(self)
            if within is not None:
                prompt = self.prompt(within)
                values = prompt if values is None else values & prompt if values.dtype == bool else values * prompt
            if values is not None and by_happening:
                values = values[self.happening[0]]
            found = running_sum(values, len(self))
            self.cache["running", name, within, by_happening] = found
        return found  # type: ignore[return-value]

    def prompt(self, within: int) -> Flags:
        """Which events were recorded sooner than so many microseconds after they happened."""
        found = self.cache.get(("prompt", within))
        if found is None:
            found = self.cache["prompt", within] = self.known - self.happened < within
        return found  # type: ignore[return-value]

    @property
    def happening(self) -> tuple[Ints, Micros]:
        """The events of each key in the order in which they happened, and when they did."""
        found = self.cache.get("happening")
        if found is None:
            order = np.lexsort((self.happened, self.owners))
            found = self.cache["happening"] = (order, self.happened[order])
        return found  # type: ignore[return-value]

    def area(self, column: str) -> tuple[Ints, Ints]:
        """Running sum of value times the minutes it lasted, up to each event; and the value held after each."""
        found = self.cache.get(("area", column))
        if found is None:
            place = np.arange(len(self))
            there = np.maximum.accumulate(np.where(self.given(column), place, -1)) if len(self) else place
            held = take(self.columns[column], np.where(there >= self.starts[self.owners], there, -1), 0)
            minutes = self.known // 60_000_000
            lasted = np.zeros(len(self), np.int64)
            lasted[1:] = np.where(np.diff(self.owners) == 0, np.diff(minutes), 0)
            before = np.concatenate([[0], held[:-1]]) if len(self) else held
            found = self.cache["area", column] = (np.cumsum(before * lasted), held)
        return found  # type: ignore[return-value]

    def best(self, where: Where) -> Ints:
        """For each event, which of its key's events known so far, and with these values, happened last.

        Where the key has none yet: -1, or an event of a key before it.
        """
        found = self.cache.get(("best", where))
        if found is None:
            n, keep = len(self), self.mask(where)
            if self.punctual:
                rank = at_rank = np.arange(n)
            else:
                at_rank = self.happening[0]
                rank = np.empty(n, np.int64)
                rank[at_rank] = np.arange(n)
            # Ranks grow from key to key: the leader may be another key's, which the look then sees.
            leader = np.maximum.accumulate(rank if keep is None else np.where(keep, rank, -1)) if n else rank
            found = self.cache["best", where] = take(at_rank, leader, -1)
        return found  # type: ignore[return-value]

    def fresh(self, column: str, where: Where) -> Flags:
        """Whether an event is the first known of its key with its value of a category column."""
        found = self.cache.get(("fresh", column, where))
        if found is None:
            values = self.columns[column]
            keep = self.mask(where, column)
            chosen = np.flatnonzero(keep) if keep is not None else np.arange(len(self))
            order = chosen[np.lexsort((chosen, values[chosen], self.owners[chosen]))]
            first = np.ones(len(order), bool)
            first[1:] = (np.diff(self.owners[order]) != 0) | (np.diff(values[order]) != 0)
            found = np.zeros(len(self), bool)
            found[order] = first
            self.cache["fresh", column, where] = found
        return found  # type: ignore[return-value]

    def codes_of(self, names: NDArray[np.object_]) -> Ints:
        """The segment of each name, -1 for a name without events or None."""
        if len(names) > FEW:
            encoded = pa.array(names, pa.string()).dictionary_encode()
            ids = pa.array(self.ids, pa.string()) if isinstance(self.ids, list) else self.ids
            import pyarrow.compute as pc

            return take(codes_in(pc.index_in(encoded.dictionary, ids)), codes_in(encoded.indices), -1)
        segments = self.cache.get("segments")
        if segments is None:
            segments = self.cache["segments"] = {
                name: k for k, name in enumerate(self.ids if isinstance(self.ids, list) else self.ids.to_pylist())
            }
        return np.array([segments.get(name, -1) for name in names], np.int64)  # type: ignore[attr-defined]


def build_index(
    ids: pa.Array | list[str],
    starts: Ints,
    known: Micros,
    happened: Micros,
    columns: dict[str, Ints],
    levels: dict[str, NDArray[np.object_]],
    retired: Micros | None,
) -> Index:
    """An index over events already sorted by key and `known`; sets replaced events apart."""
    index = Index(ids, starts, known, happened, columns, levels, retired)
    if retired is not None and (replaced := retired != MISSING).any():
        owner = index.owners[replaced]
        order = np.lexsort((retired[replaced], owner))
        index.gone = Index(
            ids,
            np.searchsorted(owner[order], np.arange(len(starts))),
            retired[replaced][order],
            happened[replaced][order],
            {name: values[replaced][order] for name, values in columns.items()},
            levels,
        )
    return index


def take(values: Ints, found: Ints, missing: int) -> Ints:
    """The values at these positions; `missing` where the position is -1."""
    if not len(values):
        return np.full(len(found), missing, np.int64)
    return np.where(found < 0, missing, values[np.maximum(found, 0)])


def codes_in(indices: pa.Array) -> Ints:
    """An Arrow array of 32-bit positions as integers, -1 for missing; without a detour through pandas."""
    values = np.frombuffer(indices.buffers()[1] or b"", np.int32)[indices.offset : indices.offset + len(indices)]
    if indices.null_count == 0:
        return values.astype(np.int64)
    bits = np.unpackbits(np.frombuffer(indices.buffers()[0], np.uint8), bitorder="little")
    return np.where(bits[indices.offset : indices.offset + len(indices)] == 0, -1, values).astype(np.int64)
