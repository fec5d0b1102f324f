"""How many scores were served, written and lost, even by a process that was killed?

Four numbers in a small file that is mapped into memory: what was counted stays, since the pages are the system's.
A lock on the file tells whether its process still lives.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
except ImportError:  # pragma: no cover - there is no such lock on Windows
    flock = None  # type: ignore[assignment]

LAYOUT = struct.Struct("<4q")
ENDING = ".counts"


@dataclass(frozen=True)
class Count:
    """Scores of one process, or of several: taken into the queue, written, lost for want of room or of a disk, and
    answers that a shadow failed to give."""

    taken: int = 0
    written: int = 0
    lost: int = 0
    shadow_failed: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.taken + other.taken,
            self.written + other.written,
            self.lost + other.lost,
            self.shadow_failed + other.shadow_failed,
        )


class Counting:
    """The count of this process, kept in a file where one can be made. For one writing thread at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self.taken = self.written = self.lost = self.shadow_failed = 0
        self._map: mmap.mmap | None = None
        self._file = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / f"{name}{ENDING}", os.O_RDWR | os.O_CREAT, 0o600)
            if flock is not None:
                flock(self._file, LOCK_EX | LOCK_NB)
            os.ftruncate(self._file, LAYOUT.size)
            self._map = mmap.mmap(self._file, LAYOUT.size)
        except OSError:
            # Then the numbers live in memory and in the metrics alone.
            self._map = None

    def keep(self) -> None:
        """Put the numbers where they outlive the process."""
        if self._map is not None:
            LAYOUT.pack_into(self._map, 0, self.taken, self.written, self.lost, self.shadow_failed)

    def keep_for_good(self) -> None:
        """Let the disk have what was kept: then it outlives the machine's power too."""
        with suppress(OSError):
            if self._map is not None:
                self._map.flush()

    def close(self) -> None:
        """Keep the numbers and let the file go."""
        self.keep()
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def counted(folder: Path) -> tuple[Count, Count]:
    """What all processes counted: those that live, and those that ended. Of the latter what is neither written nor
    lost went down with them."""
    living, ended = Count(), Count()
    for path, lives in _files(folder):
        with suppress(OSError, struct.error):
            found = Count(*LAYOUT.unpack(path.read_bytes()))
            living, ended = (living + found, ended) if lives else (living, ended + found)
    return living, ended


def _files(folder: Path) -> Iterator[tuple[Path, bool]]:
    for path in sorted(folder.glob(f"*{ENDING}")):
        if flock is None:
            yield path, False
            continue
        try:
            file = os.open(path, os.O_RDWR)
        except OSError:
            continue
        try:
            flock(file, LOCK_EX | LOCK_NB)
            flock(file, LOCK_UN)
            lives = False
        except OSError:
            lives = True
        finally:
            os.close(file)
        yield path, lives
