"""How does a backup lie on disk? One tar file, with a checksum for every file in it at its end.

Whatever was cut off, or has changed since, is found before anything of it is used.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from serving.backup.errors import BackupDamaged, BackupTooNew

FORM = 1
"""Version of this layout; a later one is refused."""
MANIFEST, SEAL = "manifest.json", "manifest.sha256"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file of a backup."""

    sha256: str
    size: int


@dataclass
class Manifest:
    """What a backup holds. `made_at` is naive UTC in ISO format, `home` where the folder lay."""

    release: str
    made_at: str
    home: str
    layout: str
    tables: dict[str, int] = field(default_factory=dict)
    """Rows of each table of the database, in the order in which they can be loaded."""
    history: int = 0
    """Number of the history's latest entry; 0 for no history."""
    secrets: bool = False
    """Whether the keys that encrypt secrets are in it."""
    left_out: list[str] = field(default_factory=list)
    """What lies elsewhere and is not in it, in words."""
    members: dict[str, Member] = field(default_factory=dict)
    form: int = FORM


class Writer:
    """Writes a backup file, member by member."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.manifest = manifest
        self._tar = tar

    def add(self, name: str, stream: BinaryIO, size: int, mode: int = 0o600, changed: float = 0) -> None:
        """Add so many bytes of a stream, last `changed` then (seconds since 1970). Raises EOFError where it ends."""
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, mode, changed
        reader = _Summed(stream, size)
        self._tar.addfile(info, reader)
        self.manifest.members[name] = Member(reader.digest.hexdigest(), size)

    def add_file(self, name: str, path: Path) -> bool:
        """Add a file as it is when it is opened; False where there is none any more."""
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            return False
        with stream:
            found = os.fstat(stream.fileno())
            self.add(name, stream, found.st_size, found.st_mode & 0o777, found.st_mtime)
        return True

    def finish(self) -> None:
        """Write the checksums."""
        content = json.dumps(asdict(self.manifest), ensure_ascii=False, indent=1).encode()
        for name, text in ((MANIFEST, content), (SEAL, hashlib.sha256(content).hexdigest().encode())):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            self._tar.addfile(info, io.BytesIO(text))


class _Summed(io.RawIOBase):
    """Reads so many bytes of a stream and sums them on the way."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left, self.digest = stream, size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; tarfile asks for no more than are left."""
        wanted = self._left if size < 0 else min(size, self._left)
        found = self._stream.read(wanted)
        if len(found) < wanted:
            raise EOFError("a file became shorter while it was read")
        self._left -= len(found)
        self.digest.update(found)
        return found


def unpack(file: Path, folder: Path | None, leave: Callable[[str], bool] = lambda _: False) -> Manifest:
    """Check every file of a backup, and put it below a folder where one is given; what it holds.

    Files that are to be left by their name are checked like the others, and written nowhere. Raises BackupDamaged,
    BackupTooNew: the folder then holds what cannot be trusted.
    """
    found: dict[str, Member] = {}
    texts: dict[str, bytes] = {}
    try:
        with tarfile.open(file, "r:") as tar:
            for info, stream in _members(tar):
                if info.name in (MANIFEST, SEAL):
                    texts[info.name] = stream.read()
                else:
                    found[info.name] = _copied(info, stream, None if leave(info.name) else folder)
    except (tarfile.TarError, EOFError, ValueError, OSError) as broken:
        if isinstance(broken, OSError) and not isinstance(broken, tarfile.TarError) and broken.errno:
            raise
        raise BackupDamaged(file, str(broken) or "it ends before its end") from broken
    manifest = _manifest(file, texts)
    for name in sorted({*found, *manifest.members}):
        if name not in found:
            raise BackupDamaged(file, f"{name} is missing")
        if found[name] != manifest.members.get(name):
            raise BackupDamaged(file, f"{name} is not what was written")
    return manifest


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for info in tar:
        stream = tar.extractfile(info) if info.isreg() else None
        path = PurePosixPath(info.name)
        if stream is None or path.is_absolute() or ".." in path.parts or "\\" in info.name:
            raise ValueError(f"{info.name} is not a file that a backup holds")
        yield info, stream


def _copied(info: tarfile.TarInfo, stream: IO[bytes], folder: Path | None) -> Member:
    digest = hashlib.sha256()
    target: BinaryIO | None = None
    if folder is not None:
        path = folder / info.name
        path.parent.mkdir(parents=True, exist_ok=True)
        target = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, info.mode & 0o777 | 0o600), "wb")
    try:
        size = 0
        while block := stream.read(BLOCK):
            digest.update(block)
            size += len(block)
            if target is not None:
                target.write(block)
        if size != info.size:
            raise EOFError(f"it ends within {info.name}")
        if target is not None:
            target.flush()
            os.fsync(target.fileno())
    finally:
        if target is not None:
            target.close()
    if target is not None and info.mtime:
        os.utime(path, (info.mtime, info.mtime))
    return Member(digest.hexdigest(), size)


def _manifest(file: Path, texts: dict[str, bytes]) -> Manifest:
    if set(texts) != {MANIFEST, SEAL}:
        raise BackupDamaged(file, "it ends before its end")
    if hashlib.sha256(texts[MANIFEST]).hexdigest().encode() != texts[SEAL]:
        raise BackupDamaged(file, f"{MANIFEST} is not what was written")
    read: dict[str, Any] = json.loads(texts[MANIFEST])
    if read["form"] > FORM:
        raise BackupTooNew(file, read["release"])
    members = {name: Member(**one) for name, one in read.pop("members").items()}
    return Manifest(**read, members=members)
