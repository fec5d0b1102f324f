"""The engine of many machines: Spark brings moments and events together by key, and the kernel answers there.

Nothing is translated: the streams' SQL runs in DuckDB on the parts that workers read, `features.engines.local.tell`
computes the values. Spark sees neither rows nor columns, only parcels (`features.engines.parcels`) and where they go.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import numpy as np

from features.as_of import Moments
from features.definition import Feature
from features.engines.chapters import Job, asked, written
from features.engines.delivered import Target
from features.engines.local import MEMORY_MB, ROWS
from features.engines.meeting import answered
from features.engines.moment_files import MomentFiles, moments_cut, moments_read
from features.engines.parcels import Key
from features.engines.reading import (
    Reading,
    events_cut,
    events_told,
    events_whole,
    readings_of,
    rows_read,
    versions_told,
)
from features.engines.rounds import WORTH_IT, buckets_in, rounds_of
from features.engines.spark_session import running_spark
from features.engines.splits import PartOfHistory, items_of, may_be_cut_anywhere, versions_first
from features.history import History

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Parcels(Protocol):
    """What this engine uses of Spark's RDD: parcels, or what they are made of, wherever they lie."""

    def mapPartitions(self, work: Callable[[Iterator[Any]], Iterator[Any]]) -> "Parcels":  # noqa: N802
        """What each worker makes of what lies with it."""

    def repartitionAndSortWithinPartitions(self, buckets: int, place: Callable[[Key], int]) -> "Parcels":  # noqa: N802
        """Each parcel where it belongs, sorted there by key."""

    def persist(self, level: Any) -> "Parcels":
        """Kept, once they were made."""

    def unpersist(self) -> Any:
        """Not kept any more."""

    def count(self) -> int:
        """How many there are, once all were made."""

    def collect(self) -> list[Any]:
        """All of them, here."""


class Cluster(Protocol):
    """What this engine uses of Spark's context."""

    @property
    def defaultParallelism(self) -> int:  # noqa: N802
        """How many cores there are."""

    def parallelize(self, items: Sequence[Any], slices: int) -> Parcels:
        """Items spread over the workers."""

    def union(self, many: list[Any]) -> Parcels:
        """The parcels of all."""


EVENTS_PER_MB = 1_000
"""Events in a bucket for each megabyte a worker may take: an event with its columns takes less than a kilobyte."""
MOST_CHAPTERS = 512
"""Into so many chapters the moments are cut at most."""
MOST_COPIES = 16
"""Into so many buckets the events of everyone are copied at most."""
MOST_PARTITIONS = 10_000
"""Tasks of one stage at most."""


def write_features(
    features: tuple[Feature, ...],
    moments: Moments | str,
    history: History,
    path: Path | str,
    memory_mb: int = MEMORY_MB,
    threads: int | None = None,
    session: "SparkSession | None" = None,
) -> None:
    """The feature table, one row per moment, as Parquet: a file if `path` ends in .parquet, else a folder of files.

    `moments` may be the path or address of Parquet files. `memory_mb` is what each worker may take. Without a
    `session` the running one is used, or one is started on this machine with so many `threads`, and stopped.
    Raises NotInHistory, NotMoments, FolderInUse, NoJava, SparkNotStarted, SparkFailed.
    """
    from features import table

    table.check(features, history)
    place = _absolute(path)
    entity = features[0].entity if features else "deal"
    asked_at = MomentFiles.at(_absolute(moments), entity, history.home) if isinstance(moments, str) else moments
    as_file = place.endswith(".parquet")
    if as_file and not len(asked_at):
        nobody = Moments(np.empty(0, object), np.empty(0, np.int64))
        table.write_features(features, nobody, history, Path(place))
        return
    parts = f"{place}.{uuid4().hex[:8]}.parts" if as_file else place
    target = Target.at(parts, history.home)
    try:
        with running_spark(session, threads) as spark:
            run(spark, features, entity, asked_at, history, target, memory_mb)
        if as_file:
            target.joined(Path(place))
    finally:
        if as_file:
            rmtree(parts, ignore_errors=True)


def run(
    spark: Cluster,
    features: tuple[Feature, ...],
    entity: str,
    moments: Moments | MomentFiles,
    history: History,
    target: Target,
    memory_mb: int,
) -> int:
    """Compute the features at the moments and write them; how many rows were written."""
    from pyspark import StorageLevel

    chapter = ROWS * max(-(-len(moments) // (ROWS * MOST_CHAPTERS)), 1)
    chapters = max(-(-len(moments) // chapter), 1)
    spread = spark.defaultParallelism
    copies = min(chapters, spread, MOST_COPIES)
    rounds = rounds_of(features, entity, history, memory_mb * EVENTS_PER_MB, copies, spread)
    job = Job(features, entity, PartOfHistory.learned(history), rounds, chapter, memory_mb)
    told = [_moments(spark, moments, chapter)]
    try:
        for errands in rounds:
            asks = _arranged(spark.union(told), chapters).mapPartitions(partial(asked, job, errands))
            events = [_events(spark, reading, job) for reading in readings_of(errands, history, memory_mb)]
            met = _arranged(spark.union([*events, asks]), buckets_in(errands))
            told.append(met.mapPartitions(partial(answered, job, errands)).persist(StorageLevel.MEMORY_AND_DISK))
            told[-1].count()
        done = _arranged(spark.union(told), chapters).mapPartitions(partial(written, job, target)).collect()
    finally:
        for answers in told[1:]:
            answers.unpersist()
    return sum(rows for _, rows in done)


def _moments(spark: Cluster, moments: Moments | MomentFiles, chapter: int) -> Parcels:
    if isinstance(moments, Moments):
        parcels = list(moments_cut(moments, chapter))
        return spark.parallelize(parcels, max(len(parcels), 1))
    stretches = spark.parallelize(moments.stretches, max(len(moments.stretches), 1))
    return stretches.mapPartitions(partial(moments_read, moments, chapter))


def _events(spark: Cluster, reading: Reading, job: Job) -> Parcels:
    """The events of a reading, on their way to the buckets of their errands."""
    if not reading.split:
        return spark.parallelize([0], 1).mapPartitions(partial(events_whole, reading))
    items = items_of(job.history, tuple(table for table, _ in reading.split))
    found = spark.parallelize(items, len(items))
    if may_be_cut_anywhere(reading.split, job.history):
        return found.mapPartitions(partial(events_cut, reading))
    rows = sum(item.end - item.first for item in items)
    buckets = max(-(-rows // (job.memory_mb * EVENTS_PER_MB)), spark.defaultParallelism if rows > WORTH_IT else 1)
    versions = versions_first(reading.split, job.history)
    brought = _arranged(found.mapPartitions(partial(rows_read, reading, buckets, versions)), buckets)
    if versions:
        brought = _arranged(brought.mapPartitions(partial(versions_told, reading, buckets)), buckets)
    return brought.mapPartitions(partial(events_told, reading, versions))


def _arranged(parcels: Parcels, buckets: int) -> Parcels:
    """Every parcel where it is to go, in its turn."""
    return parcels.repartitionAndSortWithinPartitions(min(buckets, MOST_PARTITIONS), _bucket_of)


def _bucket_of(key: Key) -> int:
    return key[0]


def _absolute(place: Path | str) -> str:
    """A path from the root, since workers stand elsewhere; an address as it is."""
    return str(place) if "://" in str(place) else str(Path(place).absolute())
