"""Events come some keys at a time, whole keys, in order, none lost."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.chunks import chunks

SCHEMA = pa.schema([("id", pa.string()), ("n", pa.int64())])


@given(
    sizes=st.lists(st.integers(1, 7), max_size=9),
    batch=st.integers(1, 9),
    events=st.integers(1, 12),
)
def test_every_key_is_in_one_table_and_in_order(sizes, batch, events):
    ids = [f"k{key:02}" for key, size in enumerate(sizes) for _ in range(size)]
    table = pa.table({"id": ids, "n": list(range(len(ids)))}, SCHEMA)

    found = list(chunks(pa.RecordBatchReader.from_batches(SCHEMA, table.to_batches(batch)), events))

    assert [row for part in found for row in part["n"].to_pylist()] == list(range(len(ids)))
    keys = [set(part["id"].to_pylist()) for part in found]
    assert sum(len(part) for part in keys) == len(sizes)
    assert all(len(part) for part in found) or len(found) == 1


@pytest.mark.parametrize("batches", [[], [pa.record_batch([[], []], schema=SCHEMA)]])
def test_nothing_is_one_table_without_rows(batches):
    found = list(chunks(pa.RecordBatchReader.from_batches(SCHEMA, batches), 5))

    assert [part.num_rows for part in found] == [0]
    assert found[0].schema == SCHEMA
