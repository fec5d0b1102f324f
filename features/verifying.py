"""Are the files of a history what the log says they are?"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from features.ledger import HistoryDamaged, Ledger, Part
from features.storage import Store

BLOCK = 1 << 20
NAMED = 5
"""Damaged files named in the error; the JSON has all."""


@dataclass(frozen=True)
class Damage:
    """One file that is not as it was written. `trouble` says how."""

    table: str
    file: str
    trouble: str


@dataclass(frozen=True)
class Verdict:
    """What a verification found: the files and rows looked at, and what is wrong with them."""

    files: int
    rows: int
    bytes: int
    damages: tuple[Damage, ...]


class HistoryUnsound(HistoryDamaged):
    problem = "{1} of {2} files of the history at {0} are damaged: {3}."
    fix = "restore these files from a backup; where there is none, delete the history and import again."


def _silent(_: str) -> None:
    """No progress."""


def verify(store: Store, progress: Callable[[str], None] = _silent) -> Verdict:
    """Read every file of a history and compare it with the log: there, unchanged, with all its rows.

    Raises HistoryDamaged or HistoryTooNew where the log itself cannot be read.
    """
    log = Ledger(store).read(check_files=False)
    files = rows = size = 0
    damages: list[Damage] = []
    for table, parts in log.parts.items():
        for part in parts:
            progress(f"verifying {part.file}")
            files += 1
            found, trouble = _look(store, part)
            size += found
            rows += part.rows
            if trouble:
                damages.append(Damage(table, part.file, trouble))
    return Verdict(files, rows, size, tuple(damages))


def _look(store: Store, part: Part) -> tuple[int, str]:
    """The bytes of a file and what is wrong with it, or nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    digest, size = hashlib.sha256(), 0
    try:
        with store.open(part.file) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        return 0, "it is missing"
    except OSError as failure:
        return size, f"it cannot be read ({failure.strerror or failure})"
    if digest.hexdigest() != part.sha256:
        return size, f"its content has changed since it was written ({size:,} bytes)"
    try:
        with store.open(part.file) as stream:
            rows = pq.read_metadata(stream).num_rows
    except (OSError, pa.ArrowInvalid) as failure:
        return size, f"it is not a Parquet file ({str(failure).splitlines()[0]})"
    return size, "" if rows == part.rows else f"it has {rows:,} rows where the log says {part.rows:,}"


def unsound(store: Store, verdict: Verdict) -> tuple[str, int, int, str]:
    """The facts of HistoryUnsound for a verdict with damages."""
    named = "; ".join(f"{damage.file}: {damage.trouble}" for damage in verdict.damages[:NAMED])
    return store.place, len(verdict.damages), verdict.files, named
