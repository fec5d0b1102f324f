"""Which deliveries the history consists of: a numbered log whose entries appear whole or not at all.

A delivery's Parquet files are written first and count for nothing until their entry stands in the
log. The entry is written beside the log, flushed, and linked into place under the next number: the
link is the one atomic step, so a process killed at any moment leaves the history as it was.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from features.errors import ForesellError

SCHEMA = 1
"""Version of the layout on disk; a history of a later version is refused."""


class HistoryTooNew(ForesellError):
    problem = "The history at {0} has layout {1}; this release reads layouts up to {2}."
    fix = "upgrade Foresell, or open the history with the release that wrote it."


class HistoryDamaged(ForesellError):
    problem = "The history at {0} is damaged: {1}."
    fix = "restore the folder from a backup, or delete it and import again."


@dataclass(frozen=True)
class Part:
    """One Parquet file of one table. `versions` says whether it may hold later versions of known keys."""

    file: str
    rows: int
    sha256: str
    columns: tuple[str, ...]
    versions: bool


@dataclass(frozen=True)
class Entry:
    """One delivery as the log keeps it. Times are naive UTC in ISO format."""

    number: int
    origin: str
    taken_at: str
    timezone: str
    currency: str
    known: Mapping[str, Mapping[str, str]]
    parts: Mapping[str, Part] = field(default_factory=dict)
    schema: int = SCHEMA


class Ledger:
    """The log of one history folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> tuple[Entry, ...]:
        """Every delivery, oldest first. Raises HistoryTooNew or HistoryDamaged."""
        paths = sorted((self.folder / "log").glob("*.json"))
        for number, path in enumerate(paths, 1):
            if path.name != f"{number:08d}.json":
                raise HistoryDamaged(self.folder, f"delivery {number} is missing from the log")
        return tuple(self._read(path) for path in paths)

    def _read(self, path: Path) -> Entry:
        try:
            content = json.loads(path.read_text("utf-8"))
            if content["schema"] > SCHEMA:
                raise HistoryTooNew(self.folder, content["schema"], SCHEMA)
            parts = {
                table: Part(**{**part, "columns": tuple(part["columns"])})
                for table, part in content.pop("parts").items()
            }
            entry = Entry(**content, parts=parts)
        except (ValueError, KeyError, TypeError, AttributeError) as broken:
            raise HistoryDamaged(self.folder, f"{path.name} cannot be read ({broken})") from broken
        for part in parts.values():
            if not (self.folder / part.file).is_file():
                raise HistoryDamaged(self.folder, f"{part.file} is missing")
        return entry

    def commit(self, entry: Entry) -> None:
        """Make a delivery part of the history: one atomic link."""
        log = self.folder / "log"
        log.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"entry-{uuid4().hex}.tmp"
        try:
            with draft.open("w", encoding="utf-8") as stream:
                json.dump(asdict(entry), stream, ensure_ascii=False, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(draft, log / f"{entry.number:08d}.json")
        finally:
            draft.unlink(missing_ok=True)
        _flush_folder(log)

    def sweep(self, entries: Iterable[Entry]) -> None:
        """Remove files that no entry names: what a killed import left. Call only under the lock."""
        named = {part.file for entry in entries for part in entry.parts.values()}
        for path in (self.folder / "tables").glob("*/*.parquet"):
            if path.relative_to(self.folder).as_posix() not in named:
                path.unlink(missing_ok=True)
        for draft in self.folder.glob("entry-*.tmp"):
            draft.unlink(missing_ok=True)


def seal(path: Path) -> str:
    """Flush a finished file to disk and return its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
        os.fsync(stream.fileno())
    _flush_folder(path.parent)
    return digest.hexdigest()


def _flush_folder(folder: Path) -> None:
    """Make new names in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def text_of(moment: datetime) -> str:
    """A naive UTC moment as the log writes it."""
    return moment.isoformat(timespec="microseconds")
