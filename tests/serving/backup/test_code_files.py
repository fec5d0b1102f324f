"""A backup holds data: code is not put into it, and is not brought back from one."""

import io
import tarfile
from pathlib import Path

import pytest

from serving.backup.archive import Manifest, Writer, unpack
from serving.backup.code_files import is_code
from serving.backup.errors import BackupDamaged
from serving.backup.restoring import restore
from serving.backup.taking import take_backup
from serving.store.upgrading import HEAD
from tests.serving.backup.filled import NOW, settings_of

CODE = (
    "json.py",
    "SITECUSTOMIZE.PY",
    "evil.pth",
    "features/own.py",
    "_speedups.so",
    ".cache/python/usr/lib/json.cpython-313.pyc",
    ".cache/forest.0011.bin",
    "champions/__pycache__/x.cpython-311.pyc",
)
DATA = ("served/a.parquet", "mlruns/1/model/code/own.py", "champions/win/1/bundle.json", ".cached")


def backup_with(names: tuple[str, ...], file: Path) -> Path:
    """A backup as an attacker writes it: whole, with the checksums that belong to it."""
    with tarfile.open(file, "w") as tar:
        writer = Writer(tar, Manifest("0.1.0", "2026-01-01T00:00:00", "/h", HEAD, {}))
        for name in names:
            writer.add(f"home/{name}", io.BytesIO(name.encode()), len(name))
        writer.finish()
    return file


def test_code_is_told_from_data() -> None:
    assert [name for name in (*CODE, *DATA) if is_code(name)] == [*CODE]


def test_code_is_not_brought_back_and_that_is_said(tmp_path: Path) -> None:
    file = backup_with((*CODE, *DATA, "run/memory/1.memory"), tmp_path / "b.tar")
    new = tmp_path / "new"

    restored = restore(settings_of(new), file, NOW)

    there = {path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()}
    assert {name for name in there if not name.startswith("foresell.db")} == {*DATA}
    assert set(restored.left) == {*CODE}
    assert "because it is code" in restored.says()
    assert restored.files == len(DATA)


def test_code_is_not_put_into_a_backup_and_that_is_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in (*CODE, *DATA):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)

    taken = take_backup(settings_of(home), tmp_path / "b.tar", NOW, "1.2.3")

    members = {name.removeprefix("home/") for name in unpack(taken.file, None).members if name.startswith("home/")}
    assert members == {*DATA}
    assert "json.py: it is code" in taken.says()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("home/link", tarfile.SYMTYPE),
        ("home/hard", tarfile.LNKTYPE),
        ("home/pipe", tarfile.FIFOTYPE),
        ("home/disk", tarfile.BLKTYPE),
        ("/etc/cron.d/x", tarfile.REGTYPE),
        ("home/../../x", tarfile.REGTYPE),
        ("home\\..\\x", tarfile.REGTYPE),
    ],
)
def test_what_would_lie_outside_or_is_no_file_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info, io.BytesIO(b""))
        Writer(tar, Manifest("0.1.0", "2026-01-01T00:00:00", "/h", HEAD, {})).finish()

    with pytest.raises(BackupDamaged, match="is not a file that a backup holds"):
        restore(settings_of(tmp_path / "new"), tmp_path / "b.tar", NOW)
    assert not (tmp_path / "new").exists()
