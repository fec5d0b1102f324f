"""What do Arrow's columns hold? Arrays for the kernel, without the detour through pandas that Arrow likes to take."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.kernel import codes_in

Ints = NDArray[np.int64]


def integers(column: pa.ChunkedArray) -> Ints:
    """A column of 64-bit values without missing ones, bit by bit: floats and unsigned numbers can be viewed as such."""
    parts = [np.frombuffer(c.buffers()[1], np.int64)[c.offset : c.offset + len(c)] for c in column.chunks if len(c)]
    return np.empty(0, np.int64) if not parts else parts[0] if len(parts) == 1 else np.concatenate(parts)


def codes_of(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Texts as codes into a dictionary; -1 is missing."""
    chunks = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if not chunks.num_chunks:
        return np.empty(0, np.int64), pa.nulls(0, pa.string())
    return np.concatenate([codes_in(chunk.indices) for chunk in chunks.chunks]), chunks.chunk(0).dictionary
