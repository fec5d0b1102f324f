"""How verbs are computed: events sorted by key and by when they became known, prefix sums, positions.

A window count is a difference of two look-ups. Values are integers (microseconds, ten-thousandths),
so sums are exact and do not depend on who else is in the arrays: every engine gets the same bits.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.as_of import Micros, known_before

Ints = NDArray[np.int64]
MISSING = np.iinfo(np.int64).min
"""A number that is not there, in the integer columns of an index."""
FEW = 2_000
"""Up to so many names are looked up in a dictionary, which is kept; more by a vectorised join.

The service asks for a thousand at most: making an Arrow array would load pandas into it.
"""
SCALE = 10_000
"""Numbers are kept as ten-thousandths."""


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

    @property
    def punctual(self) -> bool:
        """Whether every event was known when it happened."""
        found = self.cache.get("punctual")
        if found is None:
            found = self.cache["punctual"] = bool((self.known == self.happened).all())
        return bool(found)

    def prefix(self, column: str | None) -> Ints:
        """Running count, or running sum of a column without its missing values; length n + 1."""
        found = self.cache.get(("prefix", column))
        if found is None:
            if column is None:
                found = np.arange(len(self.known) + 1, dtype=np.int64)
            else:
                values = self.columns[column]
                found = np.concatenate([[0], np.cumsum(np.where(values == MISSING, 0, values))])
            self.cache["prefix", column] = found
        return found  # type: ignore[return-value]

    def best(self) -> Ints:
        """For each event, which of its key's events known so far happened last."""
        found = self.cache.get("best")
        if found is None:
            n = len(self.known)
            rank = np.empty(n, np.int64)
            rank[np.lexsort((np.arange(n), self.happened))] = np.arange(n)
            owner = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
            leader = np.maximum.accumulate(owner * n + rank) - owner * n if n else rank
            at_rank = np.empty(n, np.int64)
            at_rank[rank] = np.arange(n)
            found = self.cache["best"] = at_rank[leader]
        return found  # type: ignore[return-value]

    def codes_of(self, names: NDArray[np.object_]) -> Ints:
        """The segment of each name, -1 for a name without events or None."""
        if len(names) > FEW:
            encoded = pa.array(names, pa.string()).dictionary_encode()
            found = codes_in(
                pc.index_in(
                    encoded.dictionary, pa.array(self.ids, pa.string()) if isinstance(self.ids, list) else self.ids
                )
            )
            return take(found, codes_in(encoded.indices), -1)
        segments = self.cache.get("segments")
        if segments is None:
            segments = self.cache["segments"] = {
                name: k for k, name in enumerate(self.ids if isinstance(self.ids, list) else self.ids.to_pylist())
            }
        return np.array([segments.get(name, -1) for name in names], np.int64)  # type: ignore[attr-defined]

    def only(self, where: tuple[tuple[str, str], ...]) -> "Index":
        """The index of the events that have these values."""
        if not where:
            return self
        found = self.cache.get(where)
        if found is None:
            keep = np.ones(len(self.known), bool)
            for column, value in where:
                code = np.flatnonzero(self.levels[column] == value)
                keep &= self.columns[column] == (code[0] if len(code) else -2)
            found = self.cache[where] = self._subset(keep)
        return found  # type: ignore[return-value]

    def having(self, column: str) -> "Index":
        """The index of the events in which a number column is not missing."""
        found = self.cache.get(("having", column))
        if found is None:
            found = self.cache["having", column] = self._subset(self.columns[column] != MISSING)
        return found  # type: ignore[return-value]

    def _subset(self, keep: NDArray[np.bool_]) -> "Index":
        kept = np.concatenate([[0], np.cumsum(keep)])
        return build_index(
            self.ids,
            kept[self.starts],
            self.known[keep],
            self.happened[keep],
            {name: values[keep] for name, values in self.columns.items()},
            self.levels,
            None if self.retired is None else self.retired[keep],
        )


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
        owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[replaced]
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


def tally(index: Index, codes: Ints, at: Micros, since: Micros | None, column: str | None) -> Ints:
    """Count (or sum of a column) of events on record before `at` that happened at or after `since`."""
    prefix = index.prefix(column)
    first = _first(index, codes)
    result = prefix[known_before(index.starts, index.known, codes, at)] - prefix[first]
    if since is not None:
        result = result - _earlier(index, codes, at, since, column)
    if index.gone is not None:
        result = result - tally(index.gone, codes, at, since, column)
    return result


def latest(index: Index, codes: Ints, at: Micros) -> Ints:
    """Position of the event that happened last among those on record before `at`; -1 for none."""
    end = known_before(index.starts, index.known, codes, at)
    first = _first(index, codes)
    best = index.best()
    found = np.where(end > first, best[np.maximum(end - 1, 0)] if len(best) else -1, -1)
    if index.retired is None or index.gone is None:
        return found
    retired = index.retired[np.maximum(found, 0)] if len(index.retired) else found
    for row in np.flatnonzero((found >= 0) & (retired != MISSING) & (retired < at)):
        found[row] = _latest_standing(index, first[row], end[row], at[row])
    return found


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


def first_known(index: Index, codes: Ints, at: Micros) -> Ints:
    """Position of the event known first; -1 where none was known before `at`."""
    end = known_before(index.starts, index.known, codes, at)
    first = _first(index, codes)
    return np.where(end > first, first, -1)


def distinct(index: Index, column: str, codes: Ints, at: Micros) -> Ints:
    """How many different values of a category column stand in events on record before `at`."""
    flags = index.cache.get(("distinct", column))
    if flags is None:
        owner = np.repeat(np.arange(len(index.starts) - 1), np.diff(index.starts))
        values = index.columns[column]
        order = np.lexsort((np.arange(len(values)), values, owner))
        fresh = np.ones(len(values), bool)
        fresh[1:] = (np.diff(owner[order]) != 0) | (np.diff(values[order]) != 0)
        news = np.zeros(len(values), np.int64)
        news[order] = fresh & (values[order] >= 0)
        flags = index.cache["distinct", column] = np.concatenate([[0], np.cumsum(news)])
    counted: Ints = flags  # type: ignore[assignment]
    return counted[known_before(index.starts, index.known, codes, at)] - counted[_first(index, codes)]


def _first(index: Index, codes: Ints) -> Ints:
    return index.starts[np.maximum(codes, 0)]


def _latest_standing(index: Index, first: int, end: int, at: int) -> int:
    """The slow way, for the few keys whose latest event was replaced before the moment."""
    assert index.retired is not None
    retired = index.retired[first:end]
    standing = np.flatnonzero((retired == MISSING) | (retired >= at))
    if not len(standing):
        return -1
    happened = index.happened[first:end][standing]
    return int(first + standing[np.flatnonzero(happened == happened.max())[-1]])


def _earlier(index: Index, codes: Ints, at: Micros, since: Micros, column: str | None) -> Ints:
    """Count (or sum) of events on record before `at` that happened before `since` (not after `at`)."""
    first = _first(index, codes)
    if index.punctual:
        prefix = index.prefix(column)
        return prefix[known_before(index.starts, index.known, codes, since)] - prefix[first]
    by_time = _by_happening(index)
    prefix = by_time.prefix(column)
    result = prefix[known_before(by_time.starts, by_time.known, codes, since)] - prefix[first]
    return result - _not_yet_known(by_time, codes, at, since, column)


def _by_happening(index: Index) -> Index:
    """The same events sorted by when they happened; `happened` then says when each became known."""
    found = index.cache.get("by_happening")
    if found is None:
        owner = np.repeat(np.arange(len(index.starts) - 1), np.diff(index.starts))
        order = np.lexsort((index.known, index.happened, owner))
        columns = {name: values[order] for name, values in index.columns.items()}
        found = index.cache["by_happening"] = Index(
            index.ids, index.starts, index.happened[order], index.known[order], columns, index.levels
        )
    return found  # type: ignore[return-value]


def _not_yet_known(by_time: Index, codes: Ints, at: Micros, since: Micros, column: str | None) -> Ints:
    """Of the events that happened before `since`, those that were recorded only at or after `at`.

    Only events recorded later than they happened by more than the window can be among them, so these
    few are walked through one by one.
    """
    result = np.zeros(len(codes), np.int64)
    window = int((at - since).min(initial=np.iinfo(np.int64).max))
    late = np.flatnonzero(by_time.happened - by_time.known > window)
    if not len(late):
        return result
    order = np.argsort(codes, kind="stable")
    owners = np.searchsorted(by_time.starts, late, side="right") - 1
    lows = np.searchsorted(codes[order], owners, side="left")
    highs = np.searchsorted(codes[order], owners, side="right")
    for event, low, high in zip(late, lows, highs, strict=True):
        rows = order[low:high]
        hit = (by_time.known[event] < since[rows]) & (by_time.happened[event] >= at[rows])
        value = 1 if column is None else int(by_time.columns[column][event])
        result[rows[hit]] += 0 if value == MISSING else value
    return result
