"""Streams made ready to be looked up: sorted once after an import, kept as plain arrays, read slice by slice.

What a stream's SELECT says of a history is the same until the next delivery, so its sorted form is kept in the home
folder, a folder for each stream and key. It can be deleted at any time, and is made again. Folders of earlier
deliveries are removed when newer ones are made and nobody reads them.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.chunks import chunks
from features.history import History
from features.home import make_private
from features.indexing import index_of
from features.kernel import MISSING, Index, Ints, build_index
from features.stream_reader import StreamReader
from features.verbs import Of

LAYOUT = 1
"""Changes when the files do."""
FOLDER = "prepared"
WRITTEN = 1_000_000
"""Events written at once."""


@dataclass(frozen=True)
class Contents:
    """What a folder holds: how many events, each array's type, the levels of categories."""

    events: int
    punctual: bool
    retires: bool
    types: dict[str, str]
    levels: dict[str, list[str]]
    fingerprint: str


class Prepared:
    """One stream by one key, on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        content = json.loads((folder / "contents.json").read_text("utf-8"))
        self.contents = Contents(**content)
        with pa.memory_map(str(folder / "ids.arrow")) as source:
            self.ids = pa.ipc.open_file(source).read_all()["id"].combine_chunks()
        self.starts = np.fromfile(folder / "starts.bin", np.int64)
        self._levels = {c: np.array(names, object) for c, names in self.contents.levels.items()}

    def index(self, first: int, end: int, columns: Iterable[str]) -> Index:
        """The events of the keys in places [first, end), with these columns."""
        begin, stop = int(self.starts[first]), int(self.starts[end])
        known = self._read("known", begin, stop)
        happened = known if self.contents.punctual else self._read("happened", begin, stop)
        retired = self._read("retired", begin, stop) if self.contents.retires else None
        found = build_index(
            self.ids.slice(first, end - first),
            self.starts[first : end + 1] - begin,
            known,
            happened,
            {column: self._read(column, begin, stop) for column in columns},
            {column: self._levels[column] for column in columns if column in self._levels},
            retired if retired is not None and (retired != MISSING).any() else None,
        )
        if not self.contents.punctual:
            order = self._read("happening", begin, stop).astype(np.int64) - begin
            found.cache["happening"] = (order, happened[order])
        else:
            found.cache["punctual"] = True
        return found

    def ranges(self, events: int) -> Iterator[tuple[int, int]]:
        """Places [first, end) of keys that have about so many events together; one range at least, if empty."""
        first, keys = 0, len(self.ids)
        while first < keys:
            end = int(np.searchsorted(self.starts, self.starts[first] + events, side="right")) - 1
            end = min(max(end, first + 1), keys)
            yield first, end
            first = end
        if not keys:
            yield 0, 0

    def _read(self, array: str, begin: int, stop: int) -> Ints:
        kind = np.dtype(self.contents.types[array])
        return np.fromfile(self._folder / f"{array}.bin", kind, count=stop - begin, offset=begin * kind.itemsize)


@contextmanager
def prepared(reader: StreamReader, stream: str, of: Of, columns: Iterable[str]) -> Iterator[Prepared]:
    """A stream by one key with these columns, made now if need be; not removed while it is read."""
    wanted = sorted(columns)
    folder = place_of(reader, stream, of, wanted)
    for _ in range(3):
        if not (folder / "contents.json").exists():
            _make(reader, stream, of, wanted, folder)
        with _held(folder) as there:
            if there:
                yield Prepared(folder)
                return
    yield Prepared(folder)


def place_of(reader: StreamReader, stream: str, of: Of, columns: Iterable[str]) -> Path:
    """The folder of a stream by a key, at the history's present state."""
    history = reader.history
    sql = reader.streams.select(stream, of, columns)
    said = repr((LAYOUT, history.fingerprint, sql, sorted(columns), history.timezone))
    key = of.replace("&", "+")
    safe = "".join(c if c.isalnum() or c in "_+-" else "_" for c in key)
    return history.home / FOLDER / f"{stream}-{safe}-{sha256(said.encode()).hexdigest()[:16]}"


def is_prepared(reader: StreamReader, stream: str, of: Of, columns: Iterable[str]) -> bool:
    """Whether the folder stands already."""
    return (place_of(reader, stream, of, columns) / "contents.json").exists()


def _make(reader: StreamReader, stream: str, of: Of, columns: list[str], folder: Path) -> None:
    history = reader.history
    make_private(history.home)
    draft = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        kinds = reader.streams.columns(stream)
        categories = [column for column, kind in kinds.items() if kind == "category"]
        zone = ZoneInfo(history.timezone or "UTC")
        tables = chunks(reader.read(stream, of, columns), WRITTEN)
        indexes = (index_of(table, categories, stream, columns, zone) for table in tables)
        _write(indexes, columns, draft, history.fingerprint)
        with suppress(OSError):  # another process was first: its folder says the same
            os.rename(draft, folder)
    finally:
        rmtree(draft, ignore_errors=True)
    _sweep(history, folder)


def _write(indexes: Iterable[Index], columns: list[str], folder: Path, fingerprint: str) -> None:
    ids: list[pa.Array] = []
    starts = [np.zeros(1, np.int64)]
    codes: dict[str, dict[str, int]] = {}
    events = 0
    late = retires = False
    with _files(folder) as write:
        for index in indexes:
            ids.append(
                index.ids.cast(pa.string()) if isinstance(index.ids, pa.Array) else pa.array(index.ids, pa.string())
            )
            starts.append(index.starts[1:] + events)
            write("known", index.known)
            write("happened", index.happened)
            write("happening", index.happening[0] + events)
            write("retired", np.full(len(index), MISSING) if index.retired is None else index.retired)
            late |= not index.punctual
            retires |= index.retired is not None
            for column in columns:
                if column not in index.levels:
                    write(column, index.columns[column])
                    continue
                mine = codes.setdefault(column, {})
                named = [mine.setdefault(level, len(mine)) for level in index.levels[column].tolist()]
                write(column, np.array([*named, -1], np.int32)[index.columns[column]])
            events += len(index)
    np.concatenate(starts).tofile(folder / "starts.bin")
    table = pa.table({"id": pa.chunked_array(ids, pa.string()).combine_chunks()})
    with pa.ipc.new_file(str(folder / "ids.arrow"), table.schema) as file:
        file.write_table(table)
    for unneeded in (*(() if late else ("happened", "happening")), *(() if retires else ("retired",))):
        (folder / f"{unneeded}.bin").unlink()
    types = {"known": "int64"} | ({"happened": "int64", "happening": "int64"} if late else {})
    types |= {"retired": "int64"} if retires else {}
    for column in columns:
        types[column] = _narrowed(folder, column, len(codes[column])) if column in codes else "int64"
    contents = Contents(events, not late, retires, types, {c: list(names) for c, names in codes.items()}, fingerprint)
    (folder / "lock").touch()
    (folder / "contents.json").write_text(json.dumps(asdict(contents), ensure_ascii=False), "utf-8")


def _narrowed(folder: Path, column: str, levels: int) -> str:
    """Store codes in as few bytes as their number allows; the type that was chosen."""
    kind = np.int8 if levels < 128 else np.int16 if levels < 32_768 else np.int32
    if kind is not np.int32:
        path = folder / f"{column}.bin"
        np.fromfile(path, np.int32).astype(kind).tofile(path)
    return np.dtype(kind).name


@contextmanager
def _files(folder: Path) -> Iterator[Callable[[str, NDArray[np.generic]], None]]:
    """A way to append values to an array by name."""
    opened: dict[str, BinaryIO] = {}

    def write(array: str, values: NDArray[np.generic]) -> None:
        if array not in opened:
            opened[array] = (folder / f"{array}.bin").open("wb")
        values.tofile(opened[array])

    try:
        yield write
    finally:
        for file in opened.values():
            file.close()


@contextmanager
def _held(folder: Path, *, alone: bool = False) -> Iterator[bool]:
    """Hold a folder against removal (or, `alone`, for it); False where that cannot be."""
    if os.name == "nt":
        yield not alone and folder.exists()
        return
    import fcntl

    try:
        lock = (folder / "lock").open("rb")
    except FileNotFoundError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield (folder / "contents.json").exists()


def _sweep(history: History, made: Path) -> None:
    """Remove what was made of earlier states of the history, unless somebody reads it."""
    for folder in made.parent.iterdir():
        if folder == made or folder.name.startswith("."):
            continue
        try:
            of_now = json.loads((folder / "contents.json").read_text("utf-8"))["fingerprint"] == history.fingerprint
        except (OSError, ValueError, KeyError):
            continue
        if of_now:
            continue
        with _held(folder, alone=True) as free:
            if free:
                rmtree(folder, ignore_errors=True)
