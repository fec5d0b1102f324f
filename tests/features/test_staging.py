"""A full disk, a folder that cannot be written, a second import: named, and the history as it was."""

import errno
import os
import subprocess
import sys
import textwrap
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from features.importing import import_folder
from features.staging import DiskFull, ImportNotWritten, ImportRunning, staging_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def crowded(settled):
    """A door with enough rows that every phase of an import writes some megabytes."""
    duckdb.execute(
        f"""COPY (SELECT 'a' || i AS activity_id, 'call' AS type, TIMESTAMP '2024-01-01' AS happened_at,
        md5(i::VARCHAR) AS outcome FROM range(60000) t(i)) TO '{settled.export}/activities.csv' (HEADER)"""
    )
    return settled


@pytest.mark.skipif(os.name == "nt", reason="no resource limits on Windows")
@pytest.mark.parametrize("limit", [0, 100_000, 1_000_000, 2_400_000])
def test_writes_that_really_fail(crowded, limit):
    """RLIMIT_FSIZE makes the kernel refuse to let any file grow beyond the limit."""
    before, rows = crowded.state(), crowded.rows("deals")
    script = f"""
        import resource, sys
        from datetime import datetime
        from pathlib import Path
        from features.importing import import_folder
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            import_folder(Path({str(crowded.export)!r}), Path({str(crowded.home)!r}), None, datetime(2024, 2, 1))
        except Exception as error:
            sys.stdout.write(type(error).__name__ + ": " + str(error))
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.split(":")[0] in ("DiskFull", "HistoryNotWritten"), found.stdout
    assert "the history is as it was" in found.stdout
    assert crowded.state() == before
    assert crowded.rows("deals") == rows
    assert crowded.leftovers() == []
    assert crowded.imports("2024-02-01").tables[0].new == 60_000


def test_a_disk_that_fills_while_rejects_are_written(settled, monkeypatch):
    before = settled.state()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("features.importing.write_rejects", full)
    with pytest.raises(DiskFull, match="No space left"):
        settled.deals("d1,open,soon,,1")
    assert settled.state() == before
    assert settled.leftovers() == []
    assert not (settled.home / "rejects").exists()


def test_a_home_that_is_a_file(tmp_path):
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(ImportNotWritten), staging_folder(tmp_path / "home", print):
        pass


def test_a_second_import_waits_and_then_says_so(tmp_path):
    (tmp_path / "staging").mkdir()
    told = []
    held = FileLock(tmp_path / "staging" / ".lock")
    with held, pytest.raises(ImportRunning), staging_folder(tmp_path, told.append, wait=0.05):
        pass
    assert told == ["waiting for another import to end"]


def test_the_lock_protects_the_papers_of_a_running_import(tmp_path):
    with staging_folder(tmp_path, print) as folder:
        (folder / "paper").write_text("x")
        with pytest.raises(ImportRunning), staging_folder(tmp_path, lambda _: None, wait=0):
            pass
        assert (folder / "paper").exists()
    assert not folder.exists()


def test_progress_is_told_by_phase(settled):
    settled.file("deals.csv", "deal_id,status,created_at\nd1,open,2024-01-01\n")
    told = []
    import_folder(settled.export, settled.home, None, datetime(2024, 1, 1), told.append)
    assert told[0] == "reading deals.csv"
    assert told[-1] == "adding to the history"
