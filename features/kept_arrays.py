"""Where does what was read of a history lie? In one file: made once, used by every process of a machine at once.

Arrays are mapped, not read: processes share the pages, and a process that begins has its memory at once. A file is
written aside and renamed when it is whole; its checksum is looked at when it is opened.
"""

import ctypes
import gc
import json
import mmap
import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from struct import Struct
from tempfile import TemporaryFile
from typing import IO, Any, Protocol
from weakref import finalize

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from features.kept_texts import HeldTexts, Texts, raw, text_arrays

ENDING = ".memory"
MAGIC = b"FORESELM"
TRAILER = Struct("<QQI8s")
"""Where what is in the file is listed, how long the list is, the checksum of all before it."""
ALIGNED = 64
BYTES = np.dtype(np.uint8).str
CHUNK = 4 << 20
STAY = 2
"""Files of a folder that are left lying: processes that have not looked yet may still open an earlier one."""
Array = NDArray[Any]
Read = Callable[[int, int], bytes]
"""Some bytes of an array of bytes: from where on, and how many."""


@dataclass
class Group:
    """Arrays, texts and plain values (JSON) that belong together; `read` reads arrays of bytes without mapping them."""

    arrays: Mapping[str, Array] = field(default_factory=dict)
    texts: Mapping[str, Texts] = field(default_factory=dict)
    plain: Any = None
    read: Mapping[str, Read] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        held = sum(found.bytes for found in self.texts.values() if isinstance(found, HeldTexts))
        return held + sum(array.nbytes for array in self.arrays.values())


class Keep(Protocol):
    """Groups by their names: made when a file is made, else as they lie in it."""

    def group(self, name: str, make: Callable[[], Group]) -> Group:
        """A group; `make` is called where it is not there yet."""

    def find(self, name: str) -> Group | None:
        """A group that is there already."""


class Fleeting:
    """Keeps nothing: every group is made."""

    def group(self, name: str, make: Callable[[], Group]) -> Group:
        """What `make` makes."""
        return make()

    def find(self, name: str) -> Group | None:
        """Nothing."""
        return None


class NoPlace(Exception):
    """The file could not be written."""


class Making:
    """A file that is being made."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = 0
        self._sum = 0
        self._listed: dict[str, dict[str, Any]] = {}
        self._write(MAGIC)

    def group(self, name: str, make: Callable[[], Group]) -> Group:
        """Make a group and write it. Raises NoPlace."""
        made = make()
        self.put(name, made)
        return made

    def find(self, name: str) -> Group | None:
        """Nothing: all is made anew."""
        return None

    def put(self, name: str, made: Group) -> None:
        """Write a group. Raises NoPlace."""
        texts = {key: text_arrays(found) for key, found in made.texts.items()}
        self._listed[name] = {
            "arrays": {key: self._array(array) for key, array in made.arrays.items()},
            "texts": {key: {part: self._array(array) for part, array in found.items()} for key, found in texts.items()},
            "plain": made.plain,
        }

    def finish(self) -> None:
        """Write the list of what is in the file. Raises NoPlace."""
        listed = json.dumps(self._listed).encode()
        at = self._at
        self._write(listed)
        self._write(TRAILER.pack(at, len(listed), self._sum, MAGIC))
        try:
            self._file.flush()
            if not isinstance(self._file, BytesIO):
                os.fsync(self._file.fileno())
        except OSError as failure:
            raise NoPlace from failure

    def _array(self, array: Array) -> tuple[int, int, str]:
        self._write(b"\0" * (-self._at % ALIGNED))
        at = self._at
        self._write(raw(np.ascontiguousarray(array)).cast("B") if array.size else b"")
        return at, len(array), array.dtype.str

    def _write(self, data: "bytes | memoryview[int]") -> None:
        try:
            self._file.write(data)
        except OSError as failure:
            raise NoPlace from failure
        self._at += len(data)
        self._sum = zlib.crc32(data, self._sum)


class _Open:
    """A file that is open as long as anybody may read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.number = os.dup(file.fileno())
        finalize(self, os.close, self.number)


class Kept:
    """A file that is whole, opened. Raises ValueError for one that is damaged, OSError for one that cannot be read."""

    def __init__(self, file: IO[bytes]) -> None:
        if isinstance(file, BytesIO):
            self._held: mmap.mmap | memoryview[int] = file.getbuffer()
            self._open: _Open | None = None
            size = len(self._held)
        else:
            self._open = _Open(file)
            size = os.fstat(self._open.number).st_size
            self._held = mmap.mmap(self._open.number, 0, access=mmap.ACCESS_READ) if size else memoryview(b"")
        listed = self._checked(file, size)
        self._listed: dict[str, dict[str, Any]] = json.loads(listed)

    def _checked(self, file: IO[bytes], size: int) -> bytes:
        """The list of what is in the file; the sum is taken of what is read, for what is mapped counts as held."""
        if size < TRAILER.size:
            raise ValueError("too short")
        file.seek(size - TRAILER.size)
        at, length, expected, magic = TRAILER.unpack(file.read(TRAILER.size))
        if magic != MAGIC or at + length + TRAILER.size != size:
            raise ValueError("cut off")
        file.seek(0)
        left, found = size - TRAILER.size, 0
        buffer = memoryview(bytearray(CHUNK))
        while left:
            number = file.readinto(buffer[: min(CHUNK, left)])  # type: ignore[attr-defined]
            if not number:
                raise ValueError("cut off")
            found = zlib.crc32(buffer[:number], found)
            left -= number
        if found != expected:
            raise ValueError("altered")
        file.seek(at)
        return file.read(length)

    def group(self, name: str, make: Callable[[], Group]) -> Group:
        """A group as it lies in the file; one that does not is made."""
        found = self.find(name)
        return make() if found is None else found

    def find(self, name: str) -> Group | None:
        """A group as it lies in the file."""
        listed = self._listed.get(name)
        if listed is None:
            return None
        arrays = {key: self._array(*where) for key, where in listed["arrays"].items()}
        texts: dict[str, Texts] = {
            key: HeldTexts({part: self._array(*where) for part, where in parts.items()})
            for key, parts in listed["texts"].items()
        }
        read = {key: self._reader(at) for key, (at, _, kind) in listed["arrays"].items() if kind == BYTES}
        return Group(arrays, texts, listed["plain"], read)

    def let_go(self) -> None:
        """Leave to the system what was mapped: it comes back from its cache when it is looked at again."""
        if isinstance(self._held, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._held.madvise(mmap.MADV_DONTNEED)

    def _array(self, at: int, length: int, kind: str) -> Array:
        if not length:
            return np.empty(0, np.dtype(kind))
        return np.frombuffer(self._held, np.dtype(kind), length, at)

    def _reader(self, begin: int) -> Read:
        held, opened = self._held, self._open
        if opened is not None and hasattr(os, "pread"):
            pread = os.pread
            return lambda at, length: pread(opened.number, length, begin + at)
        return lambda at, length: bytes(held[begin + at : begin + at + length])


def find_or_make(
    folder: Path, mark: str, make: Callable[[Making], None], apart: Callable[[Path], bool] | None = None
) -> Kept:
    """The file of a mark; made first where there is none, or a damaged one. Who makes it does so alone.

    `apart` may write the file in another process; False where it did not.

    Where the folder cannot be written to, it is made among the system's temporary files, without a name; where that
    is impossible too, in memory.
    """
    path = folder / f"{mark}{ENDING}"
    found = _opened(path)
    if found is not None:
        return found
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / "making.lock"):
            found = _opened(path)
            return found if found is not None else _made(path, make, apart)
    except (OSError, NoPlace):
        pass
    try:
        with TemporaryFile() as file:
            return _filled(file, make)
    except (OSError, NoPlace):
        return _filled(BytesIO(), make)


def give_back() -> None:
    """Return to the system what was freed: reading a history takes many times what is kept of it."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another system's library
        return


def _opened(path: Path) -> Kept | None:
    try:
        with path.open("rb") as file:
            return Kept(file)
    except (OSError, ValueError, KeyError):
        return None


def _made(path: Path, make: Callable[[Making], None], apart: Callable[[Path], bool] | None) -> Kept:
    aside = path.with_suffix(f".{os.getpid()}.part")
    try:
        with os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            kept = Kept(file) if apart is not None and apart(aside) else _filled(file, make)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    _sweep(path.parent)
    return kept


def _filled(file: IO[bytes], make: Callable[[Making], None]) -> Kept:
    file.seek(0)
    file.truncate()
    making = Making(file)
    make(making)
    making.finish()
    give_back()
    return Kept(file)


def _sweep(folder: Path) -> None:
    """Remove what a maker that was killed left, and all but the files made last. Who uses a file keeps it open."""
    files = sorted(folder.glob(f"*{ENDING}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in (*files[STAY:], *folder.glob("*.part")):
        try:
            path.unlink()
        except OSError:  # it is another's, or in use where files in use cannot be removed
            continue
