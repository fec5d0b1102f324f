"""How does a backup become a home folder and a database again? In a new place, checked, brought up to date."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, delete, inspect, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from features.history import History
from features.home import make_private
from features.ledger import LOG
from features.storage import FOLDER, LocalStore, open_store
from serving.access import audit
from serving.backup.archive import Manifest, unpack
from serving.backup.code_files import is_code
from serving.backup.errors import NotRestored, TargetNotEmpty
from serving.backup.mlflow_file import FILE as MLFLOW
from serving.backup.mlflow_file import move_store
from serving.backup.rows import load_rows
from serving.backup.taking import DATABASE, HISTORY, HOME, NOT_KEPT
from serving.problems.errors import StoreTooNew
from serving.settings import ServingSettings
from serving.store.addresses import shown
from serving.store.opening import Store, not_opened, open_engine
from serving.store.people_tables import SignedIn, SignInTry, User
from serving.store.tables import ApiKey
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
    access: "Access"
    left: tuple[str, ...]
    """Files of the backup that are code, and were not brought back."""

    def says(self) -> str:
        """The same in words."""
        said = (
            f"{self.home}, as of {self.made_at}Z: {self.files:,} files; {self.rows:,} rows in the database "
            f"{self.database}."
        )
        if self.keys_missing:
            said += "\nThe keys that its secrets are encrypted with were not in it: put secret.keys into the folder."
        if self.left:
            shown = ", ".join(self.left[:3]) + (" ..." if len(self.left) > 3 else "")
            said += f"\nNot brought back, because it is code: {shown} ({len(self.left):,} files)."
        return f"{said}\n{self.access.says()}"


@dataclass(frozen=True)
class Access:
    """Who could call when the backup was made, and whether they still can."""

    keys: int
    users: int
    kept: bool

    def says(self) -> str:
        """The same in words."""
        who = f"{self.keys:,} keys and {self.users:,} users"
        if self.kept:
            return f"Everyone is signed out. {who} are as they were then: close again what was closed since."
        return (
            f"Everyone is signed out, and {who} are closed, because some may have been closed since the backup. "
            "Open accounts with foresell users disable NAME --undo and make new keys, or restore with --keep-access."
        )


def restore(
    settings: ServingSettings,
    file: Path,
    now: datetime,
    say: Callable[[str], None] = lambda _: None,
    keep_access: bool = False,
) -> Restored:
    """Restore a backup into the home folder and the database of the settings, which must be new or empty.

    A backup knows nothing of what was revoked later, so keys and users come back closed unless they are to be kept;
    sessions end in any case. `now` is naive UTC. Raises TargetNotEmpty, BackupDamaged, BackupTooNew, StoreTooNew,
    StoreNotOpened, NotRestored; nothing is left behind then.
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
        manifest = unpack(file, staging, _is_left)
        (staging / HOME).mkdir(exist_ok=True)
        say("the database")
        shown_as, access = _restore_database(address, staging, manifest, file, now, keep_access)
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
    left = tuple(name for name in map(_in_home, sorted(manifest.members)) if name and is_code(name))
    files = len(manifest.members) - sum(map(_is_left, manifest.members))
    return Restored(home, place, manifest.made_at, files, rows, keys_missing, access, left)


def _is_left(name: str) -> bool:
    """Whether a file of the backup is not brought back: code, and what this machine has to make for itself."""
    below = _in_home(name)
    return is_code(below) or below.partition("/")[0] in NOT_KEPT


def _in_home(name: str) -> str:
    """A file of the backup named from the home; "" for one that goes elsewhere."""
    folder, _, below = name.partition("/")
    return below if folder == HOME else ""


def _must_be_empty(home: Path) -> None:
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise TargetNotEmpty(home)
    store = open_store(home)
    if store.names(LOG):
        raise TargetNotEmpty(store.place)


def _restore_database(
    address: str, staging: Path, manifest: Manifest, file: Path, now: datetime, keep_access: bool
) -> tuple[str, Access]:
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
                access = _close_access(session, now, keep_access)
                detail = {"made_at": manifest.made_at, **vars(access)}
                audit.note(session, audit.by_command(), "restore", file.name, detail, now)
        except BaseException:
            _empty(engine)
            raise
        return shown(engine.url), access
    except SQLAlchemyError as failure:
        raise not_opened(engine.url, failure) from failure
    finally:
        engine.dispose()


def _close_access(session: Session, now: datetime, keep: bool) -> Access:
    """End every session, and close every key and user that was open unless they are to be kept."""
    session.execute(delete(SignedIn))
    session.execute(delete(SignInTry))
    open_keys, open_users = ApiKey.revoked_at.is_(None), User.disabled_at.is_(None)
    keys = session.query(ApiKey).where(open_keys).count()
    users = session.query(User).where(open_users).count()
    if not keep:
        session.execute(update(ApiKey).where(open_keys).values(revoked_at=now))
        session.execute(update(User).where(open_users).values(disabled_at=now))
    return Access(keys, users, keep)


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
