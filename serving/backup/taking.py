"""How is everything that the service keeps put into one file while it goes on serving?

First the database, as it stood at one moment; then the models that answer; then the history, as one state of its log
names it; then what else lies in the home folder. In this order nothing that the database knows to be elsewhere is
missing there: what came in between is in the history as well, and found to be there already.
"""

import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.history import History
from features.ledger import LOG
from features.storage import FOLDER, LocalStore
from serving.access import audit
from serving.backup.archive import Manifest, Writer
from serving.backup.code_files import CACHE, is_code
from serving.backup.errors import BackupExists, BackupNotWritten, NothingToBackUp
from serving.backup.mlflow_file import FILE as MLFLOW
from serving.backup.mlflow_file import copy_store
from serving.backup.rows import write_rows
from serving.settings import ServingSettings
from serving.store.addresses import read_address
from serving.store.opening import open_store
from serving.store.upgrading import HEAD

DATABASE, HOME, HISTORY = "database", "home", "history"
"""Folders of a backup."""
SECRET_KEYS = "secret.keys"
NOT_KEPT = frozenset({"run", "spill", "staging", "near", CACHE})
"""Folders of the home that can be made again, or mean nothing elsewhere."""
NOT_KEPT_ENDS = (".lock", ".tmp", ".partial")
ATTEMPTS = 5


@dataclass(frozen=True)
class Taken:
    """What a backup holds, in numbers."""

    file: Path
    size: int
    files: int
    rows: int
    left_out: tuple[str, ...]

    def says(self) -> str:
        """The same in words."""
        said = f"{self.file}: {self.rows:,} rows and {self.files:,} files, {self.size / 1e6:,.1f} MB."
        return "\n".join([said, *(f"Not in it: {one}" for one in self.left_out)])


def take_backup(
    settings: ServingSettings,
    out: Path,
    now: datetime,
    release: str,
    with_secrets: bool = False,
    say: Callable[[str], None] = lambda _: None,
    by: audit.By | None = None,
) -> Taken:
    """Write a backup to a new file, whole or not at all; `now` is naive UTC.

    Raises NothingToBackUp, BackupExists, BackupNotWritten, StoreNotOpened, StoreAway and what reading the history
    raises.
    """
    home = settings.home
    if not home.is_dir():
        raise NothingToBackUp(home)
    if out.exists():
        raise BackupExists(out)
    manifest = Manifest(release, now.isoformat(timespec="seconds"), str(home.absolute()), HEAD)
    draft = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar, manifest)
                _fill(writer, settings, out, with_secrets, say)
                writer.finish()
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(out)
    except (OSError, EOFError) as failure:
        raise BackupNotWritten(failure) from failure
    finally:
        draft.unlink(missing_ok=True)
    _note(settings, out, manifest, by or audit.by_command(), now)
    rows = sum(manifest.tables.values())
    return Taken(out, out.stat().st_size, len(manifest.members), rows, tuple(manifest.left_out))


def _fill(writer: Writer, settings: ServingSettings, out: Path, with_secrets: bool, say: Callable[[str], None]) -> None:
    home, manifest = settings.home, writer.manifest
    with tempfile.TemporaryDirectory(prefix=".foresell-backup-", dir=out.parent) as name:
        folder = Path(name)
        say("the database")
        _add_database(writer, settings, folder)
        say("the models")
        _add_pointers(writer, home)
        _add_mlflow(writer, home, folder)
        say("the history")
        _add_history(writer, home)
        say("the home folder")
        for file in _files(settings, out):
            relative = file.relative_to(home).as_posix()
            if relative == SECRET_KEYS:
                manifest.secrets = with_secrets
                if not with_secrets:
                    continue
            if is_code(relative):
                manifest.left_out.append(f"{relative}: it is code, and a backup holds data alone. Keep it elsewhere.")
                continue
            if f"{HOME}/{relative}" not in manifest.members:
                writer.add_file(f"{HOME}/{relative}", file)
    if not manifest.secrets and (home / SECRET_KEYS).exists():
        manifest.left_out.append(
            f"{SECRET_KEYS}: without it secrets of connections cannot be read. Keep it apart, or use --with-secrets."
        )


def _add_database(writer: Writer, settings: ServingSettings, folder: Path) -> None:
    store = open_store(settings.store_address)
    try:
        writer.manifest.tables = write_rows(store, folder)
    finally:
        store.close()
    for table in writer.manifest.tables:
        file = folder / f"{table}.jsonl.gz"
        writer.add_file(f"{DATABASE}/{file.name}", file)
        file.unlink()


def _add_pointers(writer: Writer, home: Path) -> None:
    """Before the folders they point to, which are never changed: so none of them points to nothing."""
    for file in sorted((home / "champions").glob("*.json")):
        writer.add_file(f"{HOME}/champions/{file.name}", file)


def _add_mlflow(writer: Writer, home: Path, folder: Path) -> None:
    """Before the artifacts, which it names."""
    address = os.environ.get("FORESELL_MLFLOW", "")
    if address:
        writer.manifest.left_out.append("the MLflow store that FORESELL_MLFLOW names: back it up by its own means.")
    if (home / MLFLOW).exists():
        copy_store(home / MLFLOW, folder / MLFLOW)
        writer.add_file(f"{HOME}/{MLFLOW}", folder / MLFLOW)


def _add_history(writer: Writer, home: Path) -> None:
    """The files that the log names, then the log as it stood. A file that was swept meanwhile has a successor."""
    swept = OSError("the history changed all the time")
    for _ in range(ATTEMPTS):
        history = History.open(home)
        if not history.entries:
            return
        try:
            for file in sorted(history.log.files):
                if f"{HISTORY}/{file}" not in writer.manifest.members:
                    content = history.store.open(file)
                    with content:
                        size = content.seek(0, os.SEEK_END)
                        content.seek(0)
                        writer.add(f"{HISTORY}/{file}", content, size)
            entries = _entries(history)
        except FileNotFoundError as gone:
            swept = gone
            continue
        for name, text in entries:
            writer.add(f"{HISTORY}/{LOG}/{name}", io.BytesIO(text), len(text))
        writer.manifest.history = history.log.number
        return
    raise swept


def _entries(history: History) -> list[tuple[str, bytes]]:
    log = history.log
    first = log.compaction.number if log.compaction else 1
    names = [f"{number:08d}.json" for number in range(first, log.number + 1)]
    return [(name, history.store.read(f"{LOG}/{name}")) for name in names]


def _files(settings: ServingSettings, out: Path) -> Iterator[Path]:
    """What else lies in the home: everything that is not in the backup otherwise, or can be made again."""
    home = settings.home
    read = read_address(settings.store_address)
    database = Path(read.url.database).absolute() if read.is_sqlite and read.url.database else None
    store = History.open(home).store
    history = store.folder.absolute() if isinstance(store, LocalStore) else (home / FOLDER).absolute()
    for folder, below, names in os.walk(home):
        here = Path(folder)
        below[:] = sorted(
            one
            for one in below
            if (here / one).absolute() != history
            and not (here == home and one in NOT_KEPT)
            and not one.startswith(".foresell-backup-")
        )
        for name in sorted(names):
            file = here / name
            if name.endswith(NOT_KEPT_ENDS) or not file.is_file() or file.absolute() == out.absolute():
                continue
            if database is not None and file.absolute().parent == database.parent and name.startswith(database.name):
                continue
            if here == home and name.startswith(MLFLOW):
                continue
            yield file


def _note(settings: ServingSettings, out: Path, manifest: Manifest, by: audit.By, now: datetime) -> None:
    """A backup takes everything out of the house: it stands in the audit trail."""
    detail = {"rows": sum(manifest.tables.values()), "files": len(manifest.members), "secrets": manifest.secrets}
    store = open_store(settings.store_address)
    try:
        with store.session() as session:
            audit.note(session, by, "backup", str(out.name), detail, now)
    finally:
        store.close()
