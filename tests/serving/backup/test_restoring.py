"""What a backup holds comes back: row by row, from either database to either, and never over anything."""

import gzip
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from features.history import History
from serving.access import audit
from serving.access.keys import list_keys
from serving.backup.archive import Manifest, Writer
from serving.backup.errors import BackupDamaged, BackupTooNew, TargetNotEmpty
from serving.backup.restoring import restore
from serving.backup.taking import take_backup
from serving.problems.errors import StoreTooNew
from serving.settings import ServingSettings
from serving.store.opening import Store, open_engine, open_store
from serving.store.upgrading import HEAD, layout_of
from tests.conftest import Story
from tests.serving.backup.filled import NOW, contents, fill, make_mlflow, promote, settings_of


@pytest.fixture
def told(story: Story) -> Story:
    """A home with a history of two deliveries, a champion, an MLflow store, and odds and ends."""
    story.deal("D-1", amount=1000)
    story.import_now()
    story.deal("D-2", amount=5)
    story.import_now()
    promote(story.home, "1")
    make_mlflow(story.home)
    for name in ("run/metrics/1.db", "spill/x", "served/a.parquet", "own.py", ".cache/x.bin", ".some.lock", "half.tmp"):
        (story.home / name).parent.mkdir(parents=True, exist_ok=True)
        (story.home / name).write_text(name)
    os.utime(story.home / "served/a.parquet", (1e9, 1e9))
    return story


@pytest.fixture
def backed_up(told: Story, tmp_path: Path) -> Path:
    """A backup of that home, whose database has a few rows."""
    settings = settings_of(told.home)
    store = open_store(settings.store_address)
    fill(store)
    store.close()
    return take_backup(settings, tmp_path / "b.tar", NOW, "1.2.3").file


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_every_row_comes_back_on_either_database(
    store: Store, store_address: str, told: Story, tmp_path: Path, request: pytest.FixtureRequest, target: str
) -> None:
    fill(store)
    taken = take_backup(settings_of(told.home, store_address), tmp_path / "b.tar", NOW, "1.2.3")
    with store.session() as session:
        trail = [entry.hash for entry in audit.every(session)][:-1]
    postgres = request.getfixturevalue("postgres") if target == "postgres" else None
    settings = settings_of(tmp_path / "new", postgres.address(postgres.make()) if postgres else None)
    restored = restore(settings, taken.file, NOW, keep_access=True)

    other = open_store(settings.store_address)
    assert contents(other) == {**contents(store), "sessions": [], "sign_in_tries": []}
    with other.session() as session:
        again = list(audit.every(session))
        audit.verify(session)
    other.close()
    assert [entry.hash for entry in again[:-1]] == trail
    assert (again[-1].action, again[-1].subject) == ("restore", "b.tar")
    assert restored.rows == taken.rows > 50
    assert stat_of(taken.file) == 0o600


def stat_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_history_models_and_the_rest_come_back_and_what_means_nothing_elsewhere_does_not(
    told: Story, backed_up: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    restored = restore(settings_of(new), backed_up, NOW)

    before, after = told.history, History.existing(new)
    assert after.log == before.log
    with before.connect() as old, after.connect() as now:
        rows = [con.execute(h.sql_latest("deals")).fetchall() for con, h in ((old, before), (now, after))]
    assert rows[0] == rows[1]
    pointed = json.loads((new / "champions" / "win.json").read_text())["folder"]
    assert json.loads((new / "champions" / pointed / "bundle.json").read_text()) == {"version": "1"}
    assert (new / "served" / "a.parquet").stat().st_mtime == 1e9
    there = {path.name for path in new.iterdir()}
    assert there >= {"foresell.db", "history", "champions", "mlflow.db", "mlruns", "served"}
    assert not there & {"run", "spill", ".some.lock", "half.tmp", ".restoring", "own.py", ".cache"}
    assert restored.made_at == "2026-11-28T12:00:00"


def test_the_mlflow_store_names_its_artifacts_by_the_new_folder(backed_up: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    restore(settings_of(new), backed_up, NOW)

    with closing(sqlite3.connect(new / "mlflow.db")) as store:
        named = store.execute("SELECT artifact_uri, note FROM runs ORDER BY at").fetchall()
    assert named[0] == ((new / "mlruns" / "1").as_uri(), str(new / "mlruns" / "1"))
    assert named[1] == (f"{tmp_path / 'home'}-else/1", "not ours")
    assert (new / "mlruns" / "1" / "model.txt").read_text() == "trees"


def test_a_history_goes_where_the_setting_says(
    backed_up: Path, told: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = told.history.log
    monkeypatch.setenv("FORESELL_HISTORY", str(tmp_path / "elsewhere"))
    restore(settings_of(tmp_path / "new"), backed_up, NOW)

    assert History.existing(tmp_path / "new").log == log
    assert not (tmp_path / "new" / "history").exists()
    assert (tmp_path / "elsewhere" / "log" / "00000002.json").exists()
    with pytest.raises(TargetNotEmpty, match="elsewhere"):
        restore(settings_of(tmp_path / "third"), backed_up, NOW)


def test_a_history_that_was_compacted_comes_back(told: Story, tmp_path: Path) -> None:
    from datetime import timedelta

    from features.compaction import compact

    told.import_now()
    compact(told.history, NOW, timedelta(0))
    taken = take_backup(settings_of(told.home), tmp_path / "b.tar", NOW, "1.2.3")
    restore(settings_of(tmp_path / "new"), taken.file, NOW)

    assert History.existing(tmp_path / "new").log.number == 3
    assert History.existing(tmp_path / "new").fingerprint == History.existing(told.home).fingerprint


def test_what_is_there_is_never_written_over(backed_up: Path, told: Story, empty_address: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("mine")
    with pytest.raises(TargetNotEmpty, match="full"):
        restore(settings_of(tmp_path / "full"), backed_up, NOW)

    store = open_store(empty_address)
    fill(store)
    before = contents(store)
    with pytest.raises(TargetNotEmpty):
        restore(settings_of(tmp_path / "new", empty_address), backed_up, NOW)
    assert contents(store) == before
    store.close()
    assert not (tmp_path / "new").exists()


def flip(content: bytearray) -> bytes:
    """One bit of the bundle is another."""
    content[content.index(b'{"version": "1"}') + 5] ^= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (flip, "bundle.json is not what was written"),
        (lambda content: bytes(content[: len(content) // 2]), "unexpected end of data"),
        (lambda content: bytes(content[: content.index(b"manifest.json")]), "it ends before its end"),
        (lambda content: b"no tar at all " * 100, "invalid header|not a tar|bad checksum"),
        (lambda content: bytes(content).replace(b'"layout": "0', b'"layout": "1'), "manifest"),
    ],
    ids=["a bit", "half", "the end", "another file", "the manifest"],
)
def test_a_damaged_backup_is_found_and_leaves_nothing_behind(
    backed_up: Path, tmp_path: Path, damage: Callable[[bytearray], bytes], says: str
) -> None:
    bad = tmp_path / "bad.tar"
    bad.write_bytes(damage(bytearray(backed_up.read_bytes())))

    with pytest.raises(BackupDamaged, match=says):
        restore(settings_of(tmp_path / "new"), bad, NOW)
    assert not (tmp_path / "new").exists()


def test_a_file_that_would_lie_outside_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        Writer(tar, Manifest("1", "", "/h", HEAD)).add("home/../../out.txt", io.BytesIO(b"x"), 1)

    with pytest.raises(BackupDamaged, match=r"out\.txt"):
        restore(settings_of(tmp_path / "new"), tmp_path / "b.tar", NOW)
    assert not (tmp_path / "out.txt").exists()


KEY_OF_0001 = [
    {"table": "api_keys", "columns": [[name, "text"] for name in ("key_id", "name", "scopes", "secret_hash")]},
    ["abcdefgh", "单", "score", "scrypt$1$1$1$00$00"],
]
KEY_OF_0001[0]["columns"] += [[name, "moment"] for name in ("created_at", "expires_at", "revoked_at")]  # type: ignore[call-overload]
KEY_OF_0001[1] += ["2026-01-01T00:00:00.000001", None, None]  # type: ignore[operator]


def backup_of(layout: str, file: Path, form: int = 1) -> Path:
    """A backup as a release with another layout made it."""
    rows = gzip.compress("".join(json.dumps(line) + "\n" for line in KEY_OF_0001).encode())
    with tarfile.open(file, "w") as tar:
        writer = Writer(tar, Manifest("0.1.0", "2026-01-01T00:00:00", "/h", layout, {"api_keys": 1}, form=form))
        writer.add("database/api_keys.jsonl.gz", io.BytesIO(rows), len(rows))
        writer.finish()
    return file


def test_a_backup_of_an_earlier_release_is_brought_up_to_date(empty_address: str, tmp_path: Path) -> None:
    restore(settings_of(tmp_path / "new", empty_address), backup_of("0001", tmp_path / "old.tar"), NOW)

    engine = open_engine(empty_address)
    assert layout_of(engine) == HEAD
    assert [(key.key_id, key.name) for key in list_keys(Store(engine))] == [("abcdefgh", "单")]
    engine.dispose()


def test_a_backup_of_a_later_release_is_refused_and_leaves_nothing_behind(empty_address: str, tmp_path: Path) -> None:
    settings: ServingSettings = settings_of(tmp_path / "new", empty_address)
    with pytest.raises(StoreTooNew, match="9999"):
        restore(settings, backup_of("9999", tmp_path / "new.tar"), NOW)
    with pytest.raises(BackupTooNew):
        restore(settings, backup_of(HEAD, tmp_path / "newer.tar", form=2), NOW)

    engine = open_engine(empty_address)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert not (tmp_path / "new").exists()
