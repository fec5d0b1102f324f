"""Where does an import put down its papers, and who clears them away when it fails or is killed?

One import at a time works in a home; the lock is the operating system's, so a killed import holds none. What
lies in the staging folder when the lock is taken was left by a killed import and is removed.
"""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb
from filelock import FileLock, Timeout

from features.errors import ForesellError
from features.home import make_private

FOLDER = "staging"
WAIT_SECONDS = 600.0
"""How long an import waits for another one to finish."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("no space left", "file too large", "disk quota", "max_temp_directory_size")


class DiskFull(ForesellError):
    """No room for the import's files."""

    problem = "The disk that holds {0} is full ({1}); the history is as it was."
    fix = "free some space there (an import needs about three times the size of its files), then run it again."


class ImportNotWritten(ForesellError):
    """The home folder cannot be written for another reason."""

    problem = "The import could not write to {0} ({1}); the history is as it was."
    fix = "mend the folder's permissions or free memory, or choose another folder with --home, then run it again."


class ImportRunning(ForesellError):
    """Another import holds the lock."""

    problem = "Another import into {0} has been running for more than {1} seconds."
    fix = "wait until it ends, then run this one again."


@contextmanager
def staging_folder(home: Path, progress: Callable[[str], None], wait: float = WAIT_SECONDS) -> Iterator[Path]:
    """An empty folder under the home for the time of one import. `wait` is in seconds.

    Raises ImportRunning; turns errors of the disk, also those of DuckDB and Arrow, into DiskFull or
    ImportNotWritten.
    """
    with _writing_to(home):
        make_private(home)
        root = home / FOLDER
        root.mkdir(parents=True, exist_ok=True)
        with _lock(root / ".lock", home, progress, wait):
            for left in root.iterdir():
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
            folder = root / uuid4().hex
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(path: Path, home: Path, progress: Callable[[str], None], wait: float) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another import to end")
        try:
            lock.acquire(timeout=wait)
        except Timeout as still:
            raise ImportRunning(home, int(wait)) from still
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing_to(home: Path) -> Iterator[None]:
    """Name what goes wrong with the disk under `home`. Raises DiskFull, ImportNotWritten."""
    try:
        yield
    except ForesellError:
        raise
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as failure:
        reason = str(failure).splitlines()[0]
        words = str(failure).lower()
        if getattr(failure, "errno", None) in _FULL or any(word in words for word in _FULL_WORDS):
            raise DiskFull(home, reason) from failure
        raise ImportNotWritten(home, reason) from failure
