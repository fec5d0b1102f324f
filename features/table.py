"""The only way to get a feature table, for training and for scoring alike."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from features.as_of import Moments
from features.definition import Feature
from features.engines.local import MEMORY_MB, LocalFeatures
from features.errors import ForesellError
from features.evaluate import Category, Values
from features.history import History
from features.needs import lacking
from features.streams import open_streams


class NotInHistory(ForesellError):
    """A feature was asked of a history that cannot give it."""

    problem = "The feature {0} cannot be computed from this history: {1}."
    fix = "import what is missing, or choose among the features that it can give: foresell features list."


def feature_values(
    features: tuple[Feature, ...], moments: Moments, history: History, memory_mb: int = MEMORY_MB
) -> dict[str, Values]:
    """Each feature's values at the moments, by name. Looking up takes `memory_mb` beside them. Raises NotInHistory."""
    check(features, history)
    with LocalFeatures(features, moments, history, memory_mb) as found:
        return found.values()


def build_table(
    features: tuple[Feature, ...], moments: Moments, history: History, memory_mb: int = MEMORY_MB
) -> pa.Table:
    """A table with one row per moment: the id, `as_of` (UTC), then the features in their order.

    Numbers are float64 with NULL for missing, texts are strings. Looking up takes `memory_mb` beside the table.
    Raises NotInHistory.
    """
    check(features, history)
    with LocalFeatures(features, moments, history, memory_mb) as found:
        return feature_rows(features, moments, 0, len(moments), found.values())


def write_features(
    features: tuple[Feature, ...],
    moments: Moments,
    history: History,
    path: Path,
    memory_mb: int = MEMORY_MB,
    threads: int | None = None,
) -> None:
    """The same table as a Parquet file, written some rows at a time within `memory_mb`."""
    import pyarrow.parquet as pq

    check(features, history)
    with LocalFeatures(features, moments, history, memory_mb, threads) as found:
        writer: pq.ParquetWriter | None = None
        for first, end, values in found.blocks():
            table = feature_rows(features, moments, first, end, values)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is None:
            pq.write_table(feature_rows(features, moments, 0, 0, found.values()), path)
        else:
            writer.close()


def check(features: tuple[Feature, ...], history: History) -> None:
    """Raises NotInHistory for the first feature that the history cannot give."""
    streams = open_streams(history)
    for feature in features:
        if reason := lacking(feature, streams):
            raise NotInHistory(feature.name, reason)


def feature_rows(
    features: tuple[Feature, ...], moments: Moments, first: int, end: int, values: dict[str, Values]
) -> pa.Table:
    """The table's rows [first, end) from the features' values there."""
    entity = features[0].entity if features else "deal"
    names, codes = moments.names
    ids = pa.DictionaryArray.from_arrays(codes[first:end], pa.array(names, pa.string())).cast(pa.string())
    columns = {f"{entity}_id": ids, "as_of": pa.array(moments.at[first:end], pa.timestamp("us"))}
    return pa.table(columns | {name: _column(value) for name, value in values.items()})


def _column(value: Values) -> pa.Array:
    if isinstance(value, Category):
        codes = pa.array(value.codes, mask=value.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array(value.levels, pa.string())).cast(pa.string())
    return pa.array(value, pa.float64(), mask=np.isnan(value))
