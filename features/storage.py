"""Where do the files of a history lie: in a folder of this machine, or at an address of an object store?

A store keeps small files that are created once and whole (the log) and large ones that count for nothing until
the log names them (the tables). Nothing is ever changed in place, so a store needs no more than these calls.
"""

import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from uuid import uuid4

from features.errors import ForesellError
from features.home import make_private

if TYPE_CHECKING:
    import duckdb

FOLDER = "history"
SETTING = "FORESELL_HISTORY"
"""Environment variable with the folder or address of the history; by default a folder in the home."""


class MissingStorage(ForesellError):
    problem = "The history is to be kept at {0}, and the package for that is not installed ({1})."
    fix = "install it: pip install 'foresell[storage]', and for s3:// also s3fs, for gs:// gcsfs, for az:// adlfs."


class UnknownAddress(ForesellError):
    problem = "{0} is not an address where a history can be kept: {1}."
    fix = "set FORESELL_HISTORY to a folder, or to an address such as s3://bucket/path."


class Store(Protocol):
    """Files by names relative to the history, with `/` between the folders."""

    @property
    def place(self) -> str:
        """The store as an error or a report names it."""

    @property
    def lock_file(self) -> Path:
        """The file whose lock one writer of this machine holds."""

    @property
    def shared(self) -> bool:
        """Whether writers of other machines, which the lock does not hold back, may reach it."""

    def names(self, folder: str) -> list[str]:
        """Names of the files right below a folder, sorted; none where the folder is not there."""

    def sizes(self) -> dict[str, int]:
        """Every Parquet file of the tables with its bytes."""

    def read(self, file: str) -> bytes:
        """A whole file. Raises FileNotFoundError."""

    def open(self, file: str) -> BinaryIO:
        """A file to read from. Raises FileNotFoundError."""

    def create(self, file: str, content: bytes) -> None:
        """A new file, whole or not at all. Raises FileExistsError where there is one of this name."""

    def draft(self, file: str) -> Path:
        """Where on this machine to write a new file before `keep`."""

    def keep(self, file: str, draft: Path) -> None:
        """Make a finished draft a file of the store."""

    def remove(self, file: str) -> None:
        """Take a file away, if it is there."""

    def address(self, file: str) -> str:
        """The file as DuckDB is to name it."""

    def prepare(self, con: "duckdb.DuckDBPyConnection") -> None:
        """Teach a DuckDB connection to read this store."""

    def tidy(self) -> None:
        """Remove what a killed writer may have left of its drafts. Call only under the lock."""


def open_store(home: Path, address: str | None = None) -> Store:
    """The store of a home's history: `address`, else the setting, else a folder in the home.

    Raises MissingStorage, UnknownAddress.
    """
    given = address or os.environ.get(SETTING) or ""
    if not given:
        return LocalStore(home / FOLDER)
    if given.startswith("file://"):
        return LocalStore(Path(given.removeprefix("file://")))
    if "://" not in given:
        return LocalStore(Path(given))
    try:
        fsspec = import_module("fsspec.core")
        fs, root = fsspec.url_to_fs(given)
    except ImportError as missing:
        raise MissingStorage(given, missing) from missing
    except (ValueError, OSError) as wrong:
        raise UnknownAddress(given, str(wrong).splitlines()[0]) from wrong
    return AddressStore(fs, root, home)


class LocalStore:
    """A folder of this machine. New log files are linked into place, which is atomic."""

    shared = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def place(self) -> str:
        return str(self.folder)

    @property
    def lock_file(self) -> Path:
        make_private(self.folder.parent)
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / ".lock"

    def names(self, folder: str) -> list[str]:
        path = self.folder / folder
        return sorted(entry.name for entry in path.iterdir() if entry.is_file()) if path.is_dir() else []

    def sizes(self) -> dict[str, int]:
        found = {}
        for path in (self.folder / "tables").glob("*/*.parquet"):
            try:
                found[path.relative_to(self.folder).as_posix()] = path.stat().st_size
            except FileNotFoundError:
                continue  # swept while we looked
        return found

    def read(self, file: str) -> bytes:
        return (self.folder / file).read_bytes()

    def open(self, file: str) -> BinaryIO:
        return (self.folder / file).open("rb")

    def create(self, file: str, content: bytes) -> None:
        target = self.folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"entry-{uuid4().hex}.tmp"
        try:
            with draft.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        flush_folder(target.parent)

    def draft(self, file: str) -> Path:
        target = self.folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def keep(self, file: str, draft: Path) -> None:
        """Nothing to do: the draft lies in its place."""

    def remove(self, file: str) -> None:
        (self.folder / file).unlink(missing_ok=True)

    def address(self, file: str) -> str:
        return str(self.folder / file)

    def prepare(self, con: "duckdb.DuckDBPyConnection") -> None:
        """Nothing to do: DuckDB reads folders."""

    def tidy(self) -> None:
        for draft in self.folder.glob("entry-*.tmp"):
            draft.unlink(missing_ok=True)


class AddressStore:
    """A place that fsspec reaches: S3, Google Cloud, Azure, memory and others.

    New log files are created exclusively (mode `xb`) where the file system knows how; else their absence is
    checked first, which holds back writers of this machine (they share a lock) and not those of others.
    """

    shared = True

    def __init__(self, fs: Any, root: str, home: Path) -> None:
        self.fs, self.root, self.home = fs, root.rstrip("/"), home

    @property
    def place(self) -> str:
        return str(self.fs.unstrip_protocol(self.root))

    @property
    def lock_file(self) -> Path:
        make_private(self.home)
        return self.home / f".{FOLDER}.lock"

    def names(self, folder: str) -> list[str]:
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(f"{self.root}/{folder}", detail=True)
        except FileNotFoundError:
            return []
        return sorted(str(info["name"]).rsplit("/", 1)[-1] for info in found if info["type"] == "file")

    def sizes(self) -> dict[str, int]:
        self.fs.invalidate_cache()
        try:
            found = self.fs.find(f"{self.root}/tables", detail=True)
        except FileNotFoundError:
            return {}
        start = len(self.fs._strip_protocol(self.root).rstrip("/")) + 1
        files = {str(path)[start:]: int(info["size"] or 0) for path, info in found.items()}
        return {file: size for file, size in files.items() if file.endswith(".parquet")}

    def read(self, file: str) -> bytes:
        return bytes(self.fs.cat_file(f"{self.root}/{file}"))

    def open(self, file: str) -> BinaryIO:
        return cast("BinaryIO", self.fs.open(f"{self.root}/{file}", "rb"))

    def create(self, file: str, content: bytes) -> None:
        path = f"{self.root}/{file}"
        self.fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        try:
            with self.fs.open(path, "xb") as stream:
                stream.write(content)
        except (ValueError, NotImplementedError) as unknown:
            if self.fs.exists(path):
                raise FileExistsError(path) from unknown
            self.fs.pipe_file(path, content)

    def draft(self, file: str) -> Path:
        path = self._drafts / f"{uuid4().hex}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, file: str, draft: Path) -> None:
        path = f"{self.root}/{file}"
        self.fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        self.fs.put_file(str(draft), path)
        draft.unlink()

    def remove(self, file: str) -> None:
        try:
            self.fs.rm_file(f"{self.root}/{file}")
        except FileNotFoundError:
            return

    def address(self, file: str) -> str:
        return str(self.fs.unstrip_protocol(f"{self.root}/{file}"))

    def prepare(self, con: "duckdb.DuckDBPyConnection") -> None:
        con.register_filesystem(self.fs)

    def tidy(self) -> None:
        for draft in self._drafts.glob("*.parquet") if self._drafts.is_dir() else ():
            draft.unlink(missing_ok=True)

    @property
    def _drafts(self) -> Path:
        return self.home / "spill" / "drafts"


class NearStore:
    """Copies of files that lie elsewhere, fetched when first asked for."""

    def __init__(self, far: Store, folder: Path) -> None:
        self.far, self.folder = far, folder

    def fetched(self, files: Iterable[str]) -> list[str]:
        """The local addresses of these files."""
        found = []
        for file in files:
            copy = self.folder / "near" / file
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                with self.far.open(file) as source, copy.open("wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)
            found.append(str(copy))
        return found


def flush_folder(folder: Path) -> None:
    """Make new names in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
