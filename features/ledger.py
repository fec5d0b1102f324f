"""Which deliveries the history consists of: a numbered log whose entries appear whole or not at all.

A delivery's Parquet files are written first and count for nothing until their entry stands in the log. The
entry takes the next number in one atomic step, so a process killed at any moment leaves the history as it was.
A compaction is an entry too: it names the files that replace those of all entries before it, and repeats what
those entries say besides their files, so that the log is read from its end back to the latest compaction.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from features.errors import ForesellError
from features.storage import LocalStore, Store, flush_folder

SCHEMA = 2
"""Version of the layout on disk; a history of a later version is refused, an earlier one is read as it is."""
LOG = "log"
ATTEMPTS = 5
"""How often the log is read anew when its files are swept away meanwhile."""

Known = Mapping[str, Mapping[str, str]]


class HistoryTooNew(ForesellError):
    problem = "The history at {0} has layout {1}; this release reads layouts up to {2}."
    fix = "upgrade Foresell, or open the history with the release that wrote it."


class HistoryDamaged(ForesellError):
    problem = "The history at {0} is damaged: {1}."
    fix = "restore the folder from a backup, or delete it and import again."


@dataclass(frozen=True)
class Part:
    """One Parquet file of one table. `versions` says whether it may hold later versions of known keys.

    `deletions` counts the rows that say a row was deleted; `layout` is the layout the file was written in.
    """

    file: str
    rows: int
    sha256: str
    columns: tuple[str, ...]
    versions: bool
    deletions: int = 0
    layout: int = 1


Parts = Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True)
class Entry:
    """One delivery as the log keeps it. Times are naive UTC in ISO format.

    `captured` counts by field the changes of deals that the import found itself. `sums` are the checksums of
    the delivery's own files and `tables` the tables it brought, which stay when a compaction replaces the files.
    """

    number: int
    origin: str
    taken_at: str
    timezone: str
    currency: str
    known: Known
    parts: Parts = field(default_factory=dict)
    captured: Mapping[str, int] = field(default_factory=dict)
    sums: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    schema: int = SCHEMA


@dataclass(frozen=True)
class Compaction:
    """The log's other kind of entry: from here on `parts` stand for the files of all entries before.

    `superseded` are files no longer named, with the moment since when: readers that opened earlier may still
    use them, so they are kept for a while.
    """

    number: int
    at: str
    deliveries: tuple[Entry, ...]
    parts: Parts
    superseded: Mapping[str, str]
    schema: int = SCHEMA


@dataclass(frozen=True)
class Log:
    """The whole log at one moment: every delivery, oldest first, and the files that hold their rows."""

    entries: tuple[Entry, ...] = ()
    compaction: Compaction | None = None
    number: int = 0

    @cached_property
    def parts(self) -> Parts:
        """The files of each table that stand."""
        found: dict[str, tuple[Part, ...]] = dict(self.compaction.parts) if self.compaction else {}
        for entry in self.later:
            for table, parts in entry.parts.items():
                found[table] = (*found.get(table, ()), *parts)
        return found

    @property
    def later(self) -> tuple[Entry, ...]:
        """The deliveries since the latest compaction."""
        return self.entries[len(self.compaction.deliveries) :] if self.compaction else self.entries

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file that stands."""
        return frozenset(part.file for parts in self.parts.values() for part in parts)

    @property
    def schema(self) -> int:
        """The oldest layout in use."""
        layouts = [part.layout for parts in self.parts.values() for part in parts if part.rows]
        return min(layouts, default=SCHEMA)

    def with_entry(self, entry: Entry) -> "Log":
        """The log as it is with one delivery more."""
        return replace(self, entries=(*self.entries, entry), number=entry.number)


class Ledger:
    """The log of one history."""

    def __init__(self, store: Store | Path) -> None:
        self.store: Store = LocalStore(store) if isinstance(store, Path) else store

    def entries(self) -> tuple[Entry, ...]:
        """Every delivery, oldest first. Raises HistoryTooNew or HistoryDamaged."""
        return self.read().entries

    def read(self, check_files: bool = True) -> Log:
        """The log as it stands. Raises HistoryTooNew or HistoryDamaged, also where a file is missing
        (unless not to be checked)."""
        trouble = ""
        for _ in range(ATTEMPTS):
            try:
                log = self._read()
            except FileNotFoundError as swept:
                trouble = f"{Path(str(swept.filename or swept)).name} is missing"
                continue
            except HistoryDamaged as damage:
                trouble = str(damage.args[1])  # a listing made while a delivery came may have a gap
                continue
            there = self._files(log) if check_files else log.files
            if not (lost := sorted(log.files - there)):
                return log
            trouble = f"{lost[0]} is missing"
        raise HistoryDamaged(self.store.place, trouble)

    def _files(self, log: Log) -> frozenset[str]:
        if isinstance(self.store, LocalStore):
            return frozenset(file for file in log.files if (self.store.folder / file).is_file())
        return frozenset(self.store.sizes()) if log.files else frozenset()

    def _read(self) -> Log:
        names = {name for name in self.store.names(LOG) if name.endswith(".json")}
        numbers = [int(word) for name in names if (word := name.removesuffix(".json")).isdigit()]
        last = max(numbers, default=len(names))
        later: list[Entry] = []
        for number in range(last, 0, -1):
            name = f"{number:08d}.json"
            if name not in names:
                raise HistoryDamaged(self.store.place, f"delivery {number} is missing from the log")
            found = self._entry(name)
            if isinstance(found, Compaction):
                return Log((*found.deliveries, *reversed(later)), found, last)
            later.append(found)
        return Log(tuple(reversed(later)), None, last)

    def _entry(self, name: str) -> Entry | Compaction:
        content = self.store.read(f"{LOG}/{name}")
        try:
            read = json.loads(content.decode("utf-8"))
            if read["schema"] > SCHEMA:
                raise HistoryTooNew(self.store.place, read["schema"], SCHEMA)
            return _compaction(read) if "deliveries" in read else _entry(read)
        except (ValueError, KeyError, TypeError, AttributeError) as broken:
            raise HistoryDamaged(self.store.place, f"{name} cannot be read ({broken})") from broken

    def commit(self, entry: Entry | Compaction) -> None:
        """Make a delivery or a compaction part of the history, in one atomic step.

        Raises FileExistsError where its number was given already.
        """
        text = json.dumps(asdict(entry), ensure_ascii=False, indent=1)
        self.store.create(f"{LOG}/{entry.number:08d}.json", text.encode("utf-8"))

    def sweep(self, log: Log) -> None:
        """Remove files that no entry names: what a killed import left. Call only under the lock."""
        named = log.files | frozenset(log.compaction.superseded if log.compaction else ())
        self._remove(file for file in self.store.sizes() if file not in named)
        self.store.tidy()

    def retire(self, log: Log, at: datetime, grace: timedelta) -> int:
        """Remove what compactions replaced `grace` or longer before `at`; return how many files. Under the lock."""
        if log.compaction is None:
            return 0
        until = text_of(at - grace)
        there = self.store.sizes()
        files = [file for file, since in log.compaction.superseded.items() if since <= until and file in there]
        if log.compaction.at <= until:
            below = f"{log.compaction.number:08d}.json"
            files += [f"{LOG}/{name}" for name in self.store.names(LOG) if name < below]
        self._remove(files)
        return len(files)

    def _remove(self, files: Iterable[str]) -> None:
        for file in files:
            self.store.remove(file)


def _part(read: dict[str, Any]) -> Part:
    return Part(**{**read, "columns": tuple(read["columns"])})


def _parts(read: dict[str, Any]) -> dict[str, tuple[Part, ...]]:
    """The files of each table; layout 1 had one for each."""
    return {
        table: tuple(_part(part) for part in (parts if isinstance(parts, list) else [parts]))
        for table, parts in read.items()
    }


def _entry(read: dict[str, Any]) -> Entry:
    parts = _parts(read.pop("parts"))
    sums = tuple(read.pop("sums", ())) or sums_of(parts)
    tables = tuple(read.pop("tables", ())) or tuple(parts)
    return Entry(**read, parts=parts, sums=sums, tables=tables)


def _compaction(read: dict[str, Any]) -> Compaction:
    deliveries = tuple(_entry(delivery) for delivery in read.pop("deliveries"))
    return Compaction(**{**read, "parts": _parts(read["parts"])}, deliveries=deliveries)


def sums_of(parts: Parts) -> tuple[str, ...]:
    """The checksums of a delivery's files, in their order."""
    return tuple(part.sha256 for found in parts.values() for part in found)


def seal(path: Path) -> str:
    """Flush a finished file to disk and return its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
        os.fsync(stream.fileno())
    flush_folder(path.parent)
    return digest.hexdigest()


def text_of(moment: datetime) -> str:
    """A naive UTC moment as the log writes it."""
    return moment.isoformat(timespec="microseconds")
