"""How does the engine do it? The only file here that calls it."""

from pathlib import Path
from shutil import rmtree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.feature_engine.needed import asked
from features.as_of import Moments
from features.catalog import select
from features.engines.local import MEMORY_MB, prepare_all
from features.history import History
from features.table import build_table
from features.table import write_features as write
from features.without_pandas import keep_arrow_from_pandas


def prepare(home: Path, names: tuple[str, ...], memory_mb: int | None) -> bool:
    """What is made once for each import and read by every table afterwards: the streams, sorted by key."""
    keep_arrow_from_pandas()
    rmtree(home / "prepared", ignore_errors=True)
    prepare_all(select(*names), History.existing(home), memory_mb or MEMORY_MB)
    return True


def features_of(home: Path, names: tuple[str, ...], memory_mb: int | None, weekly: bool = False) -> pa.Table:
    """The feature table at the moments of the benchmark, their order kept."""
    return build_table(select(*names), moments(home, weekly), History.existing(home), memory_mb=memory_mb or MEMORY_MB)


def write_features(home: Path, names: tuple[str, ...], memory_mb: int | None, target: Path, weekly: bool) -> int:
    """The same table into a Parquet file; its rows."""
    found = moments(home, weekly)
    write(select(*names), found, History.existing(home), target, memory_mb=memory_mb or MEMORY_MB)
    return len(found)


def moments(home: Path, weekly: bool) -> Moments:
    """The moments of the benchmark."""
    keep_arrow_from_pandas()
    table = pq.ParquetFile(asked(home, weekly)).read()
    coded = table["deal_id"].combine_chunks().dictionary_encode()
    at = np.asarray(table["as_of"].combine_chunks().cast(pa.int64()))
    return Moments.coded(np.array(coded.dictionary.to_pylist(), object), np.asarray(coded.indices, np.int64), at)
