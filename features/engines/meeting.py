"""What happens where moments and their events meet? Events are put in order, and the kernel answers every ask."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.engines.chapters import Job
from features.engines.local import ROWS, tell
from features.engines.parcels import Ints, Parcel, by_bucket, parcelled, unpacked
from features.engines.rounds import Errand, Round
from features.indexing import index_of
from features.kernel import Index, codes_in, take
from features.plan import Step
from features.stream import StreamSet
from features.streams import open_streams
from features.values_at import Category, Values
from features.verbs import inputs_of


def answered(job: Job, errands: Round, parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    """What is told to the moments of each bucket, on its way back to their chapters."""
    streams = open_streams(job.history)
    for bucket, turns in by_bucket(parcels):
        errand = next(e for e in errands if e.first <= bucket < e.first + e.buckets)
        events: dict[int, list[bytes]] = {}
        indexes: list[Index] = []
        for turn, arrived in turns:
            if turn < len(errand.steps):
                events[turn] = [freight for _, freight in arrived]
                continue
            for asks in _some(arrived):
                indexes = indexes or [_index(s, events.pop(t, []), streams) for t, s in enumerate(errand.steps)]
                told = _told(job, errand, indexes, asks)
                yield from parcelled(told, told["row"].to_numpy() // job.chapter, 1 + errand.number, bucket)


def _some(parcels: Iterable[Parcel]) -> Iterator[pa.Table]:
    """The rows of parcels, so many at once as the kernel likes."""
    waiting: list[pa.Table] = []
    rows = 0
    for _, freight in parcels:
        waiting.append(unpacked([freight]))
        rows += len(waiting[-1])
        if rows >= ROWS:
            yield pa.concat_tables(waiting)
            waiting, rows = [], 0
    if waiting:
        yield pa.concat_tables(waiting)


def _told(job: Job, errand: Errand, indexes: list[Index], asks: pa.Table) -> pa.Table:
    """The values of an errand's verbs, by row."""
    owners = asks["id"].combine_chunks().dictionary_encode()
    held = codes_in(owners.indices)
    at = asks["at"].to_numpy()
    columns = {"row": asks["row"]}
    for step, index in zip(errand.steps, indexes, strict=True):
        segments = codes_in(pc.index_in(owners.dictionary, index.ids))
        codes = take(segments, held, -1)
        inputs = [tuple(asks[job.name(part)].to_numpy() for part in inputs_of(v, job.entity)) for v in step.verbs]
        for verb, values in zip(step.verbs, tell(step, index, codes, at, inputs), strict=True):
            columns[job.name(verb)] = _column(values)
    return pa.table(columns)


def _column(values: Values) -> pa.Array:
    if isinstance(values, Category):
        codes = pa.array(values.codes, mask=values.codes < 0)
        return pa.array(values.levels, pa.string()).take(codes)
    return pa.array(values, pa.float64())


def _index(step: Step, freight: list[bytes], streams: StreamSet) -> Index:
    kinds = streams.columns(step.stream)
    categories = [column for column, kind in kinds.items() if kind == "category"]
    zone = ZoneInfo(streams.history.timezone or "UTC")
    if freight:
        table = in_order(unpacked(freight))
    else:
        stored = streams.stored(step.stream, step.columns & kinds.keys())
        types = {column: pa.string() if column in categories else pa.int64() for column in stored}
        times = dict.fromkeys(("known", "happened", "retired"), pa.int64())
        table = pa.schema({"id": pa.string(), **times, **types}).empty_table()
    return index_of(table, categories, step.stream, step.columns, zone)


def in_order(events: pa.Table) -> pa.Table:
    """Events in the order of `StreamSet.select`: by key, when known, when it happened, and by `tie`, which is dropped.

    Keys stand in the order in which they appear: the kernel asks only that each key's events stand together.
    """
    ids = events["id"].combine_chunks().dictionary_encode()
    keys = codes_in(ids.indices)
    known, happened = events["known"].to_numpy(), events["happened"].to_numpy()
    order = np.lexsort((happened, known, keys))
    same = (np.diff(keys[order]) == 0) & (np.diff(known[order]) == 0) & (np.diff(happened[order]) == 0)
    if same.any():
        tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
        run = np.cumsum(np.insert(~same, 0, True))[tied]
        rows = order[tied]
        # What no tie breaks either is put in an order of its own, so that a repeated run says the same.
        rest = [c for c in events.column_names if c not in ("id", "known", "happened", "tie")]
        ranks = [_ranks(events[c].take(pa.array(rows))) for c in ("tie", *rest)]
        order[tied] = rows[np.lexsort((*reversed(ranks), run))]
    table = events.drop_columns(["id", "tie"]).take(pa.array(order))
    sorted_keys, first = np.unique(keys[order], return_index=True)
    del first
    indices = pa.array(np.searchsorted(sorted_keys, keys[order]).astype(np.int32))
    names = ids.dictionary.take(pa.array(sorted_keys))
    return table.append_column("id", pa.DictionaryArray.from_arrays(indices, names))


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Each value's place among the different ones, by its bytes where it is a text; missing is last."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = codes_in(encoded.indices)
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return take(ranks, codes, len(order))
