"""A feature table as a file: of the deals open, or the customers active, at each of some moments."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from features.as_of import Moments
from features.catalog import offered
from features.definition import Entity, Feature
from features.engines import Engine, open_engine
from features.engines.local import MEMORY_MB
from features.errors import ForesellError
from features.history import History
from features.open_deals import active_customers, open_deals
from features.output import whole, write_table


class NobodyToAskOf(ForesellError):
    """The history has no table that tells of the entity."""

    problem = "The history says nothing of {0}: it has none of the tables {1}."
    fix = "import {1}, or build features of {2}."


TABLES: dict[Entity, tuple[str, ...]] = {"deal": ("deals",), "customer": ("orders", "subscriptions")}
"""The tables of which one at least tells that a deal is open, that a customer is active."""


def moments_of(history: History, entity: Entity, looks: Sequence[datetime]) -> Moments:
    """The deals open or the customers active at each of the moments (naive UTC), by moment, then by id.

    Raises NobodyToAskOf.
    """
    if not set(TABLES[entity]) & set(history.tables()):
        other = "customers" if entity == "deal" else "deals"
        raise NobodyToAskOf(f"{entity}s", " or ".join(TABLES[entity]), other)
    return open_deals(history, *looks) if entity == "deal" else active_customers(history, *looks)


def build(
    history: History,
    entity: Entity,
    looks: Sequence[datetime],
    path: Path,
    memory_mb: int = MEMORY_MB,
    engine: str = "local",
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[int, int]:
    """Write the table of all features the history offers at the latest of the moments; count its rows and features.

    Parquet is written some rows at a time; other formats hold the table in memory beside the `memory_mb` of the work.
    Raises NobodyToAskOf, NotWritable, UnknownEnding, and what `open_engine`, the engine and `catalog.own` raise.
    """
    chosen = open_engine(engine)
    progress(f"finding the {entity}s of {len(looks)} moments")
    moments = moments_of(history, entity, looks)
    features = offered(history, looks[-1], entity).features
    progress(f"computing {len(features)} features of {len(moments):,} rows")
    _write(features, moments, history, path, memory_mb, chosen)
    progress("")
    return len(moments), len(features)


def _write(
    features: tuple[Feature, ...], moments: Moments, history: History, path: Path, memory_mb: int, engine: Engine
) -> None:
    if path.suffix.lower() == ".parquet":
        with whole(path) as draft:
            engine.write_features(features, moments, history, draft, memory_mb)
        return
    import pyarrow.parquet as pq

    with TemporaryDirectory(prefix="features-") as folder:
        table = Path(folder) / "table.parquet"
        engine.write_features(features, moments, history, table, memory_mb)
        write_table(pq.read_table(table), path)
