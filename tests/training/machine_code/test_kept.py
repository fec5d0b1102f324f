"""Machine code is kept as Python keeps its byte code, and made again wherever it cannot be trusted."""

import sys
from pathlib import Path

import pytest

from training.machine_code.kept import kept


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """Byte code, and what is kept beside it, goes under a folder of its own."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.bin*"))


def never() -> bytes:
    raise AssertionError("made again")


def test_what_was_made_once_is_read(folder):
    assert kept("loop", ["source", 1], lambda: b"code") == b"code"
    assert len(files(folder)) == 1
    assert kept("loop", ["source", 1], never) == b"code"


def test_what_is_kept_under_another_name_stays(folder):
    kept("loop", ["source"], lambda: b"code")
    kept("other", ["source"], lambda: b"other code")

    assert kept("loop", ["source"], never) == b"code"
    assert kept("other", ["source"], never) == b"other code"


def test_of_another_source_or_processor_it_is_made_anew_and_the_old_goes(folder):
    kept("loop", ["source", "cpu"], lambda: b"old")

    assert kept("loop", ["source", "other cpu"], lambda: b"new") == b"new"
    assert len(files(folder)) == 1
    assert kept("loop", ["source", "cpu"], lambda: b"again") == b"again"


@pytest.mark.parametrize(
    "damage", [lambda code: code[:-1], lambda code: code[:5], lambda code: b"", lambda c: c + b"!"]
)
def test_what_is_cut_short_or_altered_is_made_again(folder, damage):
    kept("loop", ["source"], lambda: b"some code")
    (place,) = files(folder)
    place.write_bytes(damage(place.read_bytes()))

    assert kept("loop", ["source"], lambda: b"made again") == b"made again"
    assert kept("loop", ["source"], never) == b"made again"


def test_where_python_writes_no_byte_code_nothing_is_written(folder, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    assert kept("loop", ["source"], lambda: b"code") == b"code"
    assert files(folder) == []


def test_where_nothing_can_be_written_it_is_made_each_time(folder, monkeypatch):
    blocked = folder / "a file"
    blocked.write_text("and no folder")
    monkeypatch.setattr(sys, "pycache_prefix", str(blocked))

    assert kept("loop", ["source"], lambda: b"code") == b"code"
    assert kept("loop", ["source"], lambda: b"code again") == b"code again"
