"""How does a backup become a home folder and a database again? In a new place, checked, brought up to date."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from features.history import History
from features.home import make_private
from features.ledger import LOG
from features.storage import FOLDER, LocalStore, open_store
from serving.access import audit
from serving.backup.archive import Manifest, unpack
from serving.backup.errors import NotRestored, TargetNotEmpty
from serving.backup.mlflow_file import FILE as MLFLOW
from serving.backup.mlflow_file import move_store
from serving.backup.rows import load_rows
from serving.backup.taking import DATABASE, HISTORY, HOME
from serving.problems.errors import StoreTooNew
from serving.settings import ServingSettings
from serving.store.addresses import shown
from serving.store.opening import Store, not_opened, open_engine
from serving.store.upgrading import bring_up_to_date, move, revisions

STAGING = ".restoring"


@dataclass(frozen=True)
class Restored:
    """What was restored, in numbers."""

    home: Path
    database: str
    made_at: str
    files: int
    rows: int
    keys_missing: bool

    def says(self) -> str:
        """The same in words."""
        said = (
            f"{self.home}, as of {self.made_at}Z: {self.files:,} files; {self.rows:,} rows in the database "
            f"{self.database}."
        )
        if self.keys_missing:
            said += "\nThe keys that its secrets are encrypted with were not in it: put secret.keys into the folder."
        return said


def restore(
    settings: ServingSettings, file: Path, now: datetime, say: Callable[[str], None] = lambda _: None
) -> Restored:
    """Restore a backup into the home folder and the database of the settings, which must be new or empty.

    `now` is naive UTC. Raises TargetNotEmpty, BackupDamaged, BackupTooNew, StoreTooNew, StoreNotOpened, NotRestored;
    nothing is left behind then.
    """
    home = settings.home
    _must_be_empty(home)
    new = not home.exists()
    make_private(home)
    staging = home / STAGING
    address = settings.store_address
    inside = settings.database is None
    if inside:
        address = f"sqlite:///{(staging / 'home' / 'foresell.db').absolute()}"
    try:
        say("checking and unpacking")
        manifest = unpack(file, staging)
        (staging / HOME).mkdir(exist_ok=True)
        say("the database")
        shown_as = _restore_database(address, staging, manifest, file, now)
        say("the history")
        _restore_history(home, staging)
        _restore_mlflow(home, staging, manifest)
        _move_up(staging, home)
    except OSError as failure:
        raise NotRestored(failure) from failure
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if new and not any(home.iterdir()):
            home.rmdir()
    rows = sum(manifest.tables.values())
    place = str(home / "foresell.db") if inside else shown_as
    keys_missing = bool(manifest.tables.get("secrets")) and not manifest.secrets
    return Restored(home, place, manifest.made_at, len(manifest.members), rows, keys_missing)


def _must_be_empty(home: Path) -> None:
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise TargetNotEmpty(home)
    store = open_store(home)
    if store.names(LOG):
        raise TargetNotEmpty(store.place)


def _restore_database(address: str, staging: Path, manifest: Manifest, file: Path, now: datetime) -> str:
    if manifest.layout not in revisions():
        raise StoreTooNew(manifest.layout)
    engine = open_engine(address)
    try:
        if inspect(engine).get_table_names():
            raise TargetNotEmpty(shown(engine.url))
        try:
            move(engine, manifest.layout)
            load_rows(engine, staging / DATABASE, list(manifest.tables))
            bring_up_to_date(engine)
            with Store(engine).session() as session:
                audit.note(session, audit.BY_COMMAND, "restore", file.name, {"made_at": manifest.made_at}, now)
        except BaseException:
            _empty(engine)
            raise
        return shown(engine.url)
    except SQLAlchemyError as failure:
        raise not_opened(engine.url, failure) from failure
    finally:
        engine.dispose()


def _empty(engine: Engine) -> None:
    """Leave the database as it was found: without tables."""
    try:
        move(engine, "base")
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    except SQLAlchemyError:
        return  # the trouble that led here says more


def _restore_history(home: Path, staging: Path) -> None:
    """Put the history where the settings keep it: in the home, or elsewhere; the log, which makes it count, last."""
    source = staging / HISTORY
    if not source.is_dir():
        return
    store = open_store(home)
    if isinstance(store, LocalStore) and store.folder.absolute() == (home / FOLDER).absolute():
        source.rename(staging / HOME / FOLDER)
        return
    for file in sorted(one for one in source.rglob("*") if one.is_file()):
        name = file.relative_to(source).as_posix()
        if not name.startswith(f"{LOG}/"):
            draft = store.draft(name)
            shutil.copyfile(file, draft)
            store.keep(name, draft)
    for file in sorted((source / LOG).iterdir()):
        store.create(f"{LOG}/{file.name}", file.read_bytes())
    History.existing(home)


def _restore_mlflow(home: Path, staging: Path, manifest: Manifest) -> None:
    file = staging / HOME / MLFLOW
    if file.exists():
        move_store(file, Path(manifest.home), home.absolute())


def _move_up(staging: Path, home: Path) -> None:
    """From the staging folder into the home; the database, without which the home is empty to the service, last."""
    names = sorted(os.listdir(staging / HOME), key=lambda name: (name.startswith("foresell.db"), name))
    for name in names:
        (staging / HOME / name).rename(home / name)
