"""How are served scores kept? As Parquet files by day, each on the disk whole or not at all."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "served"
PARTS, COUNTS = "parts", "counts"
MOMENTS = ("scored_at", "as_of", "data_as_of", "level_as_of")
TEXTS = ("model", "version", "role", "rung", "fingerprint", "subject", "kind", "form", "actor", "request_id")
NUMBERS = ("probability", "low", "high", "amount")
LISTS = ("horizons", "chances")
COLUMNS = (*MOMENTS, *TEXTS, "place", *NUMBERS, *LISTS)
"""Moments are naive UTC. `role` is champion or shadow; `place` is the subject's in its request; `chances` go with the
`horizons` (days); `amount` is the amount expected if won, or the value at risk."""
KEY = ("request_id", "place", "subject", "form", "role", "version")
"""One served score, however often it is found."""

Columns = Mapping[str, Sequence[object]]


def parts_folder(home: Path) -> Path:
    """Where the parts lie, a folder for each day."""
    return home / FOLDER / PARTS


def counts_folder(home: Path) -> Path:
    """Where the counts of the processes lie."""
    return home / FOLDER / COUNTS


def schema() -> "pa.Schema":
    """The columns of a part."""
    import pyarrow as pa

    kinds = {
        **dict.fromkeys(MOMENTS, pa.timestamp("us")),
        **dict.fromkeys(TEXTS, pa.string()),
        "place": pa.int32(),
        **dict.fromkeys(NUMBERS, pa.float64()),
        **dict.fromkeys(LISTS, pa.list_(pa.float64())),
    }
    return pa.schema([(name, kinds[name]) for name in COLUMNS])


def write_part(home: Path, name: str, at: datetime, columns: Columns) -> Path:
    """Write scores as a part of the day `at` (naive UTC); it outlives a power cut once this returns.

    Raises OSError where it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = parts_folder(home) / at.date().isoformat()
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _sync(folder.parent)
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in _kinds()}, schema())
    path = folder / f"{name}.parquet"
    draft = path.with_suffix(".draft")
    try:
        pq.write_table(table, draft, compression="zstd")
        _sync(draft)
        draft.replace(path)
        _sync(folder)
    except pa.ArrowException as failure:
        raise OSError(str(failure)) from failure
    finally:
        draft.unlink(missing_ok=True)
    return path


def _sync(path: Path) -> None:
    """Wait until the disk has a file, or the names of a folder; elsewhere than on POSIX that is left to the system."""
    if os.name != "posix":
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _kinds() -> list[tuple[str, "pa.DataType"]]:
    return [(field.name, field.type) for field in schema()]
